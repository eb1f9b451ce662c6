"""The list as a file: what the address asks for, with the columns this visit may see."""

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from onecard.base.errors import UnavailableError
from onecard.base.texts import say
from onecard.web.kit.routes import Page
from onecard.web.kit.visit import Visit

if TYPE_CHECKING:
    from onecard.web.kit.screen import Screen


def export_routes(screen: "Screen[Any]") -> list[Page]:
    """The export of a screen's list."""

    async def export(visit: Visit) -> Response:
        raise UnavailableError(say("Exports are being built."))

    return [Page(f"{screen.path}/export", export, needs=screen.export or screen.view, methods=["POST"])]
