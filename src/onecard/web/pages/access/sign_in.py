"""Signing in and out by account number and password; the other ways in stand beside it."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from onecard.base.db import SYSTEM
from onecard.base.errors import NotFoundError
from onecard.base.texts import Text, say
from onecard.tenants import oidc, sessions
from onecard.tenants import service as tenants
from onecard.tenants.model import Tenant
from onecard.tenants.sessions.model import NeedsFactor, Outcome, Refused
from onecard.web.kit import forms, render
from onecard.web.kit.links import local
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.views import Button, FieldView, FormView, Section
from onecard.web.kit.visit import SESSION_COOKIE, Cookie, Visit

DEVICE_COOKIE = "__Host-onecard-device"
PATH, FACTOR, PROVIDER = "/sign-in", "/sign-in/factor", "/sign-in/provider"
YEAR_S = 31_536_000


async def form(
    visit: Visit, error: Text | None = None, account: str = "", onward: str = "", code: str = ""
) -> Response:
    """The sign-in page.

    Args:
        visit: of somebody who is not signed in.
        error: why the last attempt was refused.
        account: what was typed.
        onward: where to go afterwards; empty: as the address says.
        code: of the tenant; empty: as the address says.
    """
    onward = onward or local(visit.query.get("next", "/"))
    if visit.signed_in:
        return render.go(visit, onward)
    code = code or visit.query.get("tenant", "")
    tenant = await _tenant(visit, code)
    fields = (
        FieldView(
            "text", "account", visit.say(say("Account number")), value=account, required=True,
            autofocus=not account, autocomplete="username", placeholder=f"{tenant.code}…" if tenant else "",
        ),
        FieldView(
            "password", "password", visit.say(say("Password")), required=True, autofocus=bool(account),
            autocomplete="current-password",
        ),
    )  # fmt: skip
    view = FormView(
        id="sign-in",
        title=visit.say(say("Sign in")),
        action=PATH,
        sections=(Section(fields),),
        submit=visit.say(say("Sign in")),
        error=visit.say(error) if error else "",
        note=tenant.name if tenant else "",
        hidden=(("next", onward), *((("tenant", code),) if code else ())),
    )
    others = await _others(visit, tenant, onward)
    return bare_form(visit, view, say("Sign in"), tenant=tenant, others=others)


async def _tenant(visit: Visit, code: str) -> Tenant | None:
    """The institution whose page this is: named in the address, or the only one there is."""
    db = visit.services.db
    try:
        if code:
            route = await tenants.route(db, code, SYSTEM)
        else:
            routes = await tenants.routes(db, SYSTEM)
            if len(routes) != 1:
                return None
            route = routes[0]
    except NotFoundError:
        return None
    async with db.tenant_tx(route.tenant_id, SYSTEM) as tx:
        return await tenants.get(tx)


async def _others(visit: Visit, tenant: Tenant | None, onward: str) -> tuple[Button, ...]:
    if tenant is None:
        return ()
    label = await oidc.button(visit.services.db, tenant.code)
    if label is None:
        return ()
    words = visit.say(say("Sign in with {provider}", provider=label) if label else say("Single sign-on"))
    return (Button(words, with_next(f"{PROVIDER}?tenant={tenant.code}", onward), "building"),)


def bare_form(
    visit: Visit,
    view: FormView,
    title: Text,
    *,
    tenant: Tenant | None = None,
    template: str = "sign_in.html",
    **more: Any,
) -> Response:
    """A form for somebody who is not signed in yet."""
    part = bool(visit.partial)
    status = forms.UNPROCESSABLE if view.error else 200
    return render.html(
        visit, "_form.html" if part else template, title=title, status=status, part=part, form=view,
        around={"tenant": tenant.name} if tenant else {}, insecure=visit.say(_unsafe(visit) or ""), **more,
    )  # fmt: skip


def _unsafe(visit: Visit) -> Text | None:
    """What is wrong with the way this page was opened: browsers keep our cookies over TLS only.

    The computer itself is excepted, as W3C's Secure Contexts has it (3.1).
    """
    url = visit.request.url
    if url.scheme == "https" or is_this_computer(url.hostname or ""):
        return None
    return say(
        "This page came unencrypted over http, so the browser will not keep you signed in. Open it by an"
        " address that begins with https://, or on the server itself as http://localhost."
    )


def is_this_computer(host: str) -> bool:
    """Whether a host name is the computer the browser runs on."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def take(visit: Visit) -> Response:
    """Check account and password."""
    posted = await visit.form()
    account, onward = str(posted.get("account", "")), local(str(posted.get("next", "/")))
    outcome = await sessions.sign_in(
        visit.services.db, account=account, password=str(posted.get("password", "")), **origin(visit)
    )
    if isinstance(outcome, Refused):
        return await form(visit, outcome.text, account, onward, str(posted.get("tenant", "")))
    return admitted(visit, outcome, onward)


def admitted(visit: Visit, outcome: Outcome, onward: str) -> Response:
    """What follows from a good first proof: in, or the second step."""
    if isinstance(outcome, Refused):
        message = "a refused attempt is told on its own page"
        raise TypeError(message)
    visit.cookies.append(Cookie(SESSION_COOKIE, outcome.cookie))
    if isinstance(outcome, NeedsFactor):
        return render.go(visit, with_next(FACTOR, onward))
    visit.cookies.append(Cookie(DEVICE_COOKIE, outcome.device, YEAR_S))
    return render.go(visit, onward)


def with_next(href: str, onward: str) -> str:
    """An address that knows where to go afterwards."""
    if onward == "/":
        return href
    return f"{href}{'&' if '?' in href else '?'}next={quote(onward)}"


async def out(visit: Visit) -> Response:
    """End the session."""
    if visit.signed_in:
        async with visit.tx() as tx:
            await sessions.sign_out(tx, visit.who)
    visit.cookies.append(Cookie(SESSION_COOKIE, ""))
    visit.toast(say("You are signed out."))
    return render.go(visit, PATH)


def origin(visit: Visit) -> dict[str, Any]:
    """Where an attempt comes from, as sessions ask it."""
    return {
        "where": visit.address,
        "agent": visit.request.headers.get("user-agent", ""),
        "device": visit.request.cookies.get(DEVICE_COOKIE, ""),
    }


PAGES = [
    Page(PATH, form, needs=Open.ANYBODY),
    Page(PATH, take, needs=Open.ANYBODY, methods=["POST"]),
    Page("/sign-out", out, needs=Open.ANYBODY, methods=["POST"]),
]
