"""Pages and parts of pages out of templates, in the reader's language."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.responses import HTMLResponse, RedirectResponse, Response

from onecard.base.texts import LANGUAGES, NAMES, Text, say, say_count, say_in
from onecard.web.kit.views import Shell
from onecard.web.kit.visit import THEME_COOKIE, Visit

TOAST_COOKIE = "onecard-toast"
_THEMES = ("auto", "light", "dark")


@cache
def environment() -> Environment:
    """The templates; texts are read by `_("…")`, `_n(count, "one", "many")` and `_c("context", "…")`."""
    made = Environment(
        loader=PackageLoader("onecard.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def reads(text: Text, context: Context) -> str:
        return text.read(context["shell"].language)

    @pass_context
    def plain(context: Context, source: str, **values: Any) -> str:
        return reads(say(source, **values), context)

    @pass_context
    def counted(context: Context, count: int, one: str, many: str, **values: Any) -> str:
        return reads(say_count(count, one, many, **values), context)

    @pass_context
    def distinct(context: Context, word: str, source: str, **values: Any) -> str:
        return reads(say_in(word, source, **values), context)

    made.globals.update({"_": plain, "_n": counted, "_c": distinct})
    return made


def shell(visit: Visit, title: str | Text, **more: Any) -> Shell:
    """What surrounds a page."""
    from onecard.web.kit.nav import menu, recent  # noqa: PLC0415  the menu is made of screens, which render

    services = visit.services
    theme = visit.request.cookies.get(THEME_COOKIE, "auto")
    around: dict[str, Any] = {
        "title": visit.say(title),
        "language": visit.language,
        "theme": theme if theme in _THEMES else "auto",
        "languages": tuple((code, NAMES[code]) for code in LANGUAGES),
        "path": visit.request.url.path,
        "version": services.version,
        "schema": services.schema,
    }
    if visit.signed_in:
        who = visit.who
        around |= {
            "tenant": who.tenant_name,
            "tenant_logo": f"/logo?v={who.logo}" if who.logo else "",
            "operator": who.name,
            "account": who.account,
            "nav": menu(visit),
            "recent": recent(visit),
            "events": True,
        }
    return Shell(**(around | more))


def html(
    visit: Visit,
    template: str,
    *,
    title: str | Text,
    status: int = 200,
    part: bool = False,
    around: Mapping[str, Any] | None = None,
    **views: Any,
) -> Response:
    """A page; with `part` only the template itself, for htmx to swap in; `around`: more of the shell."""
    frame = Shell("", visit.language, "auto", ()) if part else shell(visit, title, **(around or {}))
    waiting = [] if part else _waiting(visit)
    text = (
        environment()
        .get_template(template)
        .render(shell=frame, asset=visit.services.assets.url, toasts=waiting, **views)
    )
    response = HTMLResponse(text, status)
    response.headers["vary"] = "HX-Request, HX-Target, Cookie"
    if waiting:
        response.delete_cookie(TOAST_COOKIE, path="/")
    return with_toasts(visit, response)


def with_toasts(visit: Visit, response: Response, **events: Any) -> Response:
    """Send the visit's toasts and other events with an answer that htmx takes."""
    if visit.toasts:
        events["toast"] = [{"text": text, "level": level} for text, level in visit.toasts]
    if events and visit.partial:
        response.headers["HX-Trigger"] = json.dumps(events)
    return response


def go(visit: Visit, href: str) -> Response:
    """Go to another page, from a form of the page or of the dialog; toasts wait for it there."""
    response: Response = (
        Response(status_code=204, headers={"HX-Redirect": href})
        if visit.partial
        else RedirectResponse(href, 303)
    )
    if visit.toasts:
        value = quote(json.dumps([{"text": text, "level": level} for text, level in visit.toasts]))
        response.set_cookie(TOAST_COOKIE, value, max_age=30, path="/", httponly=True, samesite="lax")
    return response


def _waiting(visit: Visit) -> list[dict[str, str]]:
    try:
        toasts = json.loads(unquote(visit.request.cookies.get(TOAST_COOKIE, "[]")))
        return [{"text": str(each["text"]), "level": str(each["level"])} for each in toasts][:5]
    except (ValueError, TypeError, KeyError):
        return []
