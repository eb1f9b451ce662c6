"""The second step of signing in: a code of the app, a recovery code, or a passkey."""

from urllib.parse import urlsplit

from starlette.responses import JSONResponse, Response

from onecard.base.texts import Text, say, say_in
from onecard.tenants import sessions
from onecard.tenants.factors import RelyingParty
from onecard.tenants.sessions.model import Refused, SignedIn
from onecard.web.kit import render
from onecard.web.kit.links import local
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.views import Button, FieldView, FormView, Section, Tone
from onecard.web.kit.visit import SESSION_COOKIE, Visit
from onecard.web.pages.access.sign_in import (
    FACTOR,
    PATH,
    admitted,
    bare_form,
    is_this_computer,
    origin,
    with_next,
)


def relying_party(visit: Visit) -> RelyingParty | None:
    """For whom passkeys are; None: browsers have none for this address (it is a number, or unencrypted)."""
    url = urlsplit(visit.base_url)
    host = url.hostname or ""
    named = bool(host) and ":" not in host and not host.replace(".", "").isdigit()
    if not named or (url.scheme != "https" and not is_this_computer(host)):
        return None
    return RelyingParty(host, "OneCard", f"{url.scheme}://{url.netloc}")


async def form(visit: Visit, error: Text | None = None, onward: str = "", *, typed: bool = False) -> Response:
    """The page that asks for the second proof; `typed`: a code was, and was refused."""
    onward = onward or local(visit.query.get("next", "/"))
    offered = await sessions.waiting_factors(visit.services.db, _cookie(visit))
    if offered is None:
        visit.toast(say("The sign-in took too long. Sign in again."), "warn")
        return render.go(visit, with_next(PATH, onward))
    # whoever has passkeys only types a recovery code when he asks for it
    typed = typed or "totp" in offered or visit.query.get("by") == "code" or relying_party(visit) is None
    by_code = typed and bool(offered & {"totp", "recovery"})
    field = FieldView(
        "code" if "totp" in offered else "text", "code", visit.say(say_in("factor", "Code")), required=True,
        autofocus=True, autocomplete="one-time-code",
        help=visit.say(
            say("Six digits from your authenticator app, or one of your recovery codes.")
            if "totp" in offered else say("One of your recovery codes.")
        ),
    )  # fmt: skip
    view = FormView(
        id="factor",
        title=visit.say(say("Second step")),
        action=FACTOR,
        sections=(Section((field,)),) if by_code else (),
        submit=visit.say(say("Continue")),
        error=visit.say(error) if error else "",
        hidden=(("next", onward),),
        cancel_href=PATH,
    )
    others, stuck = _passkey(visit, offered, Tone.PLAIN if by_code else Tone.PRIMARY)
    template = "sign_in.html" if by_code else "sign_in_factor.html"
    code = with_next(f"{FACTOR}?by=code", onward) if "recovery" in offered else ""
    return bare_form(
        visit, view, say("Second step"), template=template, others=others, stuck=visit.say(stuck), code=code
    )


def _passkey(visit: Visit, offered: frozenset[str], tone: Tone) -> tuple[tuple[Button, ...], Text | str]:
    if "passkey" not in offered:
        return (), ""
    if relying_party(visit) is None:
        return (), say(
            "Your passkey does not work at this address. Open the console by the address it was made for, or"
            " ask an administrator to take your second factors away."
        )
    words = visit.say(say("Use a passkey"))
    return (Button(words, f"{FACTOR}/options", "fingerprint", tone, passkey=f"{FACTOR}/passkey"),), ""


async def take(visit: Visit) -> Response:
    """Check a code."""
    posted = await visit.form()
    outcome = await sessions.finish_with_code(
        visit.services.db, visit.services.vault, _cookie(visit), str(posted.get("code", ""))[:64],
        **origin(visit),
    )  # fmt: skip
    return await _answer(visit, outcome, typed=True)


async def options(visit: Visit) -> Response:
    """What the browser's authenticator is asked."""
    party = relying_party(visit)
    asked = None
    if party is not None:
        asked = await sessions.passkey_options(visit.services.db, _cookie(visit), party)
    if asked is None:
        return JSONResponse({"error": visit.say(say("The sign-in took too long. Sign in again."))}, 409)
    return Response(asked, media_type="application/json")


async def take_passkey(visit: Visit) -> Response:
    """Check what the authenticator answered."""
    posted, party = await visit.form(), relying_party(visit)
    if party is None:
        return await form(visit, say("Passkeys do not work at this address."))
    outcome = await sessions.finish_with_passkey(
        visit.services.db, _cookie(visit), str(posted.get("credential", "")), party, **origin(visit)
    )
    return await _answer(visit, outcome)


async def _answer(visit: Visit, outcome: SignedIn | Refused, *, typed: bool = False) -> Response:
    onward = local(str((await visit.form()).get("next", "/")))
    if isinstance(outcome, Refused):
        return await form(visit, outcome.text, onward, typed=typed)
    return admitted(visit, outcome, onward)


def _cookie(visit: Visit) -> str:
    return visit.request.cookies.get(SESSION_COOKIE, "")


PAGES = [
    Page(FACTOR, form, needs=Open.ANYBODY),
    Page(FACTOR, take, needs=Open.ANYBODY, methods=["POST"]),
    Page(f"{FACTOR}/options", options, needs=Open.ANYBODY, methods=["POST"]),
    Page(f"{FACTOR}/passkey", take_passkey, needs=Open.ANYBODY, methods=["POST"]),
]
