"""A kept request goes through its page again, exactly as it was posted, in the name of whoever asked."""

from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from onecard.base.errors import ConflictError
from onecard.base.texts import say
from onecard.tenants.approvals import Approval
from onecard.web.kit.guard import refusal
from onecard.web.kit.routes import Page
from onecard.web.kit.visit import Visit


async def replay(visit: Visit, approval: Approval) -> Response:
    """Carry out an approved request; `approval.effect` claims it there.

    Raises:
        ConflictError: it was asked for by somebody else, or this version has no such page any more.
    """
    if approval.asked_by != visit.who.operator_id:
        raise ConflictError(say("Only who asked for it can carry it out."))
    url = urlsplit(approval.payload["path"])
    scope = {
        **visit.request.scope, "method": "POST", "path": url.path, "raw_path": url.path.encode(),
        "query_string": url.query.encode(),
    }  # fmt: skip
    for page in visit.request.app.router.routes:
        match, more = page.matches(scope)
        if match is Match.FULL and isinstance(page, Page):
            return await _through(visit, page, scope | dict(more), approval)
    raise ConflictError(say("This version has no page for what was asked. Withdraw the request."))


async def _through(visit: Visit, page: Page, scope: dict[str, object], approval: Approval) -> Response:
    again = Visit(Request(scope, visit.request.receive), visit.services, visit.who)
    again.replay = approval.id
    again.posted = FormData([(name, value) for name, value in approval.payload["fields"]])
    refused = refusal(again, page)
    if refused is not None:
        return refused
    response = await page.open(again)
    visit.cookies += again.cookies
    return response
