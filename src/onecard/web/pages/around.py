"""What surrounds the screens: start page, global search, preferences, events."""

from starlette.responses import Response, StreamingResponse

from onecard.base.texts import LANGUAGES, say
from onecard.web.kit import nav, render
from onecard.web.kit.links import local
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.search import find
from onecard.web.kit.views import SearchView
from onecard.web.kit.visit import LANGUAGE_COOKIE, THEME_COOKIE, YEAR_S, Visit

_THEMES = ("auto", "light", "dark")


async def start(visit: Visit) -> Response:
    """The first page: whatever the operator's menu begins with, or the own account."""
    for area in nav.menu(visit):
        return render.go(visit, area.items[0].href)
    return render.go(visit, "/account")


async def preferences(visit: Visit) -> Response:
    """Take language and theme into cookies, and go back."""
    posted = await visit.form()
    response = render.go(visit, local(str(posted.get("next", "/"))))
    for name, cookie, words in (("language", LANGUAGE_COOKIE, LANGUAGES), ("theme", THEME_COOKIE, _THEMES)):
        if (value := posted.get(name)) in words:
            response.set_cookie(cookie, str(value), max_age=YEAR_S, path="/", samesite="lax")
    return response


async def search(visit: Visit) -> Response:
    """What the global search finds: pages, and whatever the operator may see of the rest."""
    query = visit.query.get("q", "").strip()[:100]
    view = SearchView(query, await find(visit, query))
    part = bool(visit.partial)
    template = "_search.html" if part else "search.html"
    return render.html(visit, template, title=say("Search"), part=part, search=view)


async def events(visit: Visit) -> Response:
    """The stream of hints that something changed (Server-Sent Events)."""
    stream = visit.services.hub.stream(visit.who.tenant_id)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"x-accel-buffering": "no"})


PAGES = [
    Page("/", start, needs=Open.SIGNED_IN),
    Page("/preferences", preferences, needs=Open.ANYBODY, methods=["POST"]),
    Page("/search", search, needs=Open.SIGNED_IN),
    Page("/events", events, needs=Open.SIGNED_IN),
]
