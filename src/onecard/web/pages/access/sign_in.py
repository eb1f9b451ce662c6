"""Signing in and out: password, second factor, one-time links, the tenant's own provider."""

from typing import Any

from starlette.responses import Response

from onecard.base.texts import Text, say
from onecard.tenants import sessions
from onecard.tenants.sessions.model import NeedsFactor, Outcome, Refused
from onecard.web.kit import forms, render
from onecard.web.kit.links import local
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.views import FieldView, FormView, Section
from onecard.web.kit.visit import SESSION_COOKIE, Cookie, Visit

DEVICE_COOKIE = "__Host-onecard-device"
_YEAR_S = 31_536_000


async def form(visit: Visit, error: Text | None = None, account: str = "") -> Response:
    """The sign-in page."""
    if visit.signed_in:
        return render.go(visit, local(visit.query.get("next", "/")))
    fields = (
        FieldView(
            "text",
            "account",
            visit.say(say("Account number")),
            value=account,
            required=True,
            autofocus=not account,
            autocomplete="username",
        ),
        FieldView(
            "password",
            "password",
            visit.say(say("Password")),
            required=True,
            autofocus=bool(account),
            autocomplete="current-password",
        ),
    )
    hidden = (("next", local(visit.query.get("next", "/"))),)
    view = FormView(
        id="sign-in",
        title=visit.say(say("Sign in")),
        action="/sign-in",
        sections=(Section(fields),),
        submit=visit.say(say("Sign in")),
        error=visit.say(error) if error else "",
        hidden=hidden,
    )
    return bare_form(visit, view, say("Sign in"))


def bare_form(visit: Visit, view: FormView, title: Text) -> Response:
    """A form for somebody who is not signed in yet."""
    part = bool(visit.partial)
    template = "_form.html" if part else "bare_form.html"
    status = forms.UNPROCESSABLE if view.error else 200
    return render.html(visit, template, title=title, status=status, part=part, form=view)


async def take(visit: Visit) -> Response:
    """Check account and password."""
    posted = await visit.form()
    account = str(posted.get("account", ""))
    outcome = await sessions.sign_in(
        visit.services.db,
        account=account,
        password=str(posted.get("password", "")),
        **origin(visit),
    )
    return await admitted(visit, outcome, local(str(posted.get("next", "/"))), account)


async def once(visit: Visit, error: Text | None = None) -> Response:
    """The page a one-time link opens; its secret is behind the #, which browsers keep to themselves."""
    field = FieldView("text", "code", visit.say(say("One-time code")), required=True, autofocus=True)
    view = FormView(
        id="from-fragment",
        title=visit.say(say("Sign in by a one-time link")),
        action="/sign-in/once",
        sections=(Section((field,)),),
        submit=visit.say(say("Sign in")),
        error=visit.say(error) if error else "",
        note=visit.say(say("The link works once and for a short time.")),
    )
    return bare_form(visit, view, say("Sign in"))


async def take_once(visit: Visit) -> Response:
    """Use a one-time link up."""
    posted = await visit.form()
    outcome = await sessions.use_link(visit.services.db, str(posted.get("code", "")), **origin(visit))
    if isinstance(outcome, Refused):
        return await once(visit, outcome.text)
    return await admitted(visit, outcome, "/", "")


async def admitted(visit: Visit, outcome: Outcome, href: str, account: str) -> Response:
    """What follows from an attempt: in, the second step, or the form again."""
    if isinstance(outcome, Refused):
        return await form(visit, outcome.text, account)
    visit.cookies.append(Cookie(SESSION_COOKIE, outcome.cookie))
    if isinstance(outcome, NeedsFactor):
        return render.go(visit, "/sign-in/factor")
    visit.cookies.append(Cookie(DEVICE_COOKIE, outcome.device, _YEAR_S))
    return render.go(visit, href)


async def out(visit: Visit) -> Response:
    """End the session."""
    if visit.signed_in:
        async with visit.tx() as tx:
            await sessions.sign_out(tx, visit.who)
    visit.cookies.append(Cookie(SESSION_COOKIE, ""))
    visit.toast(say("You are signed out."))
    return render.go(visit, "/sign-in")


def origin(visit: Visit) -> dict[str, Any]:
    """Where an attempt comes from, as sessions ask it."""
    return {
        "where": visit.address,
        "agent": visit.request.headers.get("user-agent", ""),
        "device": visit.request.cookies.get(DEVICE_COOKIE, ""),
    }


PAGES = [
    Page("/sign-in", form, needs=Open.ANYBODY),
    Page("/sign-in", take, needs=Open.ANYBODY, methods=["POST"]),
    Page("/sign-in/once", once, needs=Open.ANYBODY),
    Page("/sign-in/once", take_once, needs=Open.ANYBODY, methods=["POST"]),
    Page("/sign-out", out, needs=Open.ANYBODY, methods=["POST"]),
]
