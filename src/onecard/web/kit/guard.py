"""Who may pass: the session behind a request, the right a page declares, what is said when one is missing."""

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from onecard.base.errors import OneCardError
from onecard.base.texts import say
from onecard.tenants import sessions
from onecard.tenants.functions import LABELS, Function
from onecard.web.kit import nav
from onecard.web.kit.approval import HeldError, waits
from onecard.web.kit.errors import describe, failure
from onecard.web.kit.first_run import SETUP
from onecard.web.kit.render import go
from onecard.web.kit.views import ErrorView
from onecard.web.kit.visit import SESSION_COOKIE, Cookie, Visit
from onecard.web.services import Services

SIGN_IN = "/sign-in"
OWN_PASSWORD = "/account/password"  # noqa: S105  an address
OWN_FACTORS = "/account/factors"


class Declared(Protocol):
    """What the guard reads of a page."""

    @property
    def needs(self) -> object:
        """The function, or a word."""

    @property
    def path(self) -> str:
        """Its address."""

    @property
    def early(self) -> bool:
        """Works before the password is changed."""


async def answer(
    request: Request, endpoint: Callable[[Visit], Awaitable[Response]], page: Declared
) -> Response:
    """The page's answer, or why there is none."""
    services: Services = request.app.state.services
    visit = Visit(request, services, await recognise(request, services))
    refused = await _first_run(visit, page) or refusal(visit, page)
    if refused is not None:
        return refused
    try:
        response = await endpoint(visit)
    except HeldError as held:
        response = waits(visit, held)
    except OneCardError as error:
        return failure(visit, describe(visit, error))
    for cookie in visit.cookies:
        set_cookie(response, cookie)
    remembered = nav.remember(visit) if request.method == "GET" and not visit.partial else None
    if remembered is not None:
        response.set_cookie(nav.RECENT_COOKIE, remembered, path="/", httponly=True, samesite="lax")
    return response


async def _first_run(visit: Visit, page: Declared) -> Response | None:
    """To the wizard, while nobody can sign in."""
    if visit.signed_in or page.path.startswith((SETUP, "/preferences")):
        return None
    return go(visit, SETUP) if await visit.services.first_run.waits(visit.services.db) else None


def set_cookie(response: Response, cookie: Cookie) -> None:
    """Send a cookie that only this host gets back, over an encrypted wire, and that no script reads."""
    age = 0 if not cookie.value else cookie.max_age
    response.set_cookie(
        cookie.name, cookie.value, max_age=age, path="/", secure=True, httponly=True, samesite="lax"
    )


async def recognise(request: Request, services: Services) -> sessions.Session | None:
    """The session of the request's cookie, if it still lives."""
    cookie = request.cookies.get(SESSION_COOKIE)
    where = request.client.host if request.client else ""
    return await sessions.resume(services.db, cookie, where) if cookie else None


def refusal(visit: Visit, page: Declared) -> Response | None:
    """Why a page does not open for this visit; None: it does."""
    if page.needs == "anybody":
        return None
    if not visit.signed_in:
        return sign_in_first(visit)
    if not page.early:
        if visit.who.must_change_password:
            return go(visit, OWN_PASSWORD)
        if visit.who.must_add_factor:
            return go(visit, OWN_FACTORS)
    if isinstance(page.needs, Function) and not visit.may(page.needs):
        return failure(visit, missing_right(visit, page.needs))
    return None


def sign_in_first(visit: Visit) -> Response:
    """To the sign-in page and back to this one; from a panel the whole page goes."""
    here = visit.request.url.path
    if visit.request.method == "GET" and not visit.partial:
        query = visit.request.url.query
        here += f"?{query}" if query else ""
    elif visit.partial:
        # a panel's address is no page: come back to the page the panel is on
        here = "/" + visit.request.headers.get("hx-current-url", "/").split("/", 3)[-1].split("#")[0]
    return go(visit, f"{SIGN_IN}?next={quote(here)}")


def missing_right(visit: Visit, function: Function) -> ErrorView:
    """Names the right that is missing and who can give it (design/web.md, rule 10)."""
    return ErrorView(
        403,
        visit.say(say("You may not do this")),
        visit.say(say("Your account lacks the function “{function}”.", function=LABELS[function])),
        visit.say(say("Ask an administrator to grant it to you. Nothing was changed.")),
    )
