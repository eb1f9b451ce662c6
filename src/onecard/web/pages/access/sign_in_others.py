"""Other ways in: one-time links, and the institution's own provider (OpenID Connect)."""

from urllib.parse import quote, unquote

from starlette.responses import RedirectResponse, Response

from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say
from onecard.tenants import oidc, sessions
from onecard.tenants.sessions.model import Refused
from onecard.web.kit.links import local
from onecard.web.kit.outcome import said
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.views import FieldView, FormView, Section
from onecard.web.kit.visit import Cookie, Visit
from onecard.web.pages.access import sign_in
from onecard.web.pages.access.sign_in import PROVIDER, admitted, bare_form, origin

ONCE, BACK = "/sign-in/once", "/sign-in/back"
STARTED_COOKIE = "__Host-onecard-provider"
_STARTED_S = 600


async def once(visit: Visit, error: Text | None = None) -> Response:
    """The page a one-time link opens; its secret is behind the #, which browsers keep to themselves."""
    field = FieldView("text", "code", visit.say(say("One-time code")), required=True, autofocus=True)
    view = FormView(
        id="from-fragment",
        title=visit.say(say("Sign in by a one-time link")),
        action=ONCE,
        sections=(Section((field,)),),
        submit=visit.say(say("Sign in")),
        error=visit.say(error) if error else "",
        note=visit.say(say("The link works once and for a short time.")),
        cancel_href=sign_in.PATH,
    )
    return bare_form(visit, view, say("Sign in"))


async def take_once(visit: Visit) -> Response:
    """Use a one-time link up."""
    posted = await visit.form()
    # whoever copies the whole link into the field means what is behind the #
    code = str(posted.get("code", "")).strip().rsplit("#", 1)[-1]
    outcome = await sessions.use_link(visit.services.db, code, **origin(visit))
    if isinstance(outcome, Refused):
        return await once(visit, outcome.text)
    return admitted(visit, outcome, "/")


async def begin(visit: Visit) -> Response:
    """To the provider, with a cookie that remembers what we asked."""
    code, onward = visit.query.get("tenant", ""), local(visit.query.get("next", "/"))
    try:
        started = await oidc.begin(
            visit.services.db, visit.services.providers, code, visit.base_url + BACK, where=visit.address
        )
    except OneCardError as error:
        return await sign_in.form(visit, said(error))
    visit.cookies.append(Cookie(STARTED_COOKIE, f"{started.cookie}|{quote(onward)}", _STARTED_S))
    return RedirectResponse(started.url, 303)


async def finish(visit: Visit) -> Response:
    """Back from the provider."""
    cookie, _, onward = visit.request.cookies.get(STARTED_COOKIE, "").partition("|")
    outcome = await oidc.finish(
        visit.services.db, visit.services.vault, visit.services.providers, cookie=cookie,
        answer=dict(visit.query), **origin(visit),
    )  # fmt: skip
    visit.cookies.append(Cookie(STARTED_COOKIE, ""))
    onward = local(unquote(onward) or "/")
    if isinstance(outcome, Refused):
        return await sign_in.form(visit, outcome.text, onward=onward)
    return admitted(visit, outcome, onward)


PAGES = [
    Page(ONCE, once, needs=Open.ANYBODY),
    Page(ONCE, take_once, needs=Open.ANYBODY, methods=["POST"]),
    Page(PROVIDER, begin, needs=Open.ANYBODY),
    Page(BACK, finish, needs=Open.ANYBODY),
]
