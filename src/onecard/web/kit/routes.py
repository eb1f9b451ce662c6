"""Routes that say what they need: a page without a declared right cannot be written."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from onecard.web.kit.guard import answer
from onecard.web.kit.needs import Needs as Needs
from onecard.web.kit.needs import Open as Open
from onecard.web.kit.visit import Visit

Endpoint: TypeAlias = Callable[[Visit], Awaitable[Response]]


class Page(Route):
    """A page or the target of a form.

    Attributes:
        needs: the function, or `Open`; the test of authority reads it from every route of the application.
        early: works also for whoever must first change the password somebody else set.
        open: the endpoint itself, once the right is known.
    """

    def __init__(
        self,
        path: str,
        endpoint: Endpoint,
        *,
        needs: Needs,
        methods: Sequence[str] = ("GET",),
        early: bool = False,
        confirm: bool = False,
    ) -> None:
        """`confirm`: the function is dangerous, so that the operator proves again who he is."""
        self.needs, self.early, self.confirm, self.open = needs, early, confirm, endpoint

        async def handle(request: Request) -> Response:
            try:
                return await answer(request, endpoint, self)
            finally:
                await request.close()  # files that were uploaded

        super().__init__(path, handle, methods=list(methods))
