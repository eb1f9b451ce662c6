"""Errors as people read them: what happened, whether anything changed, what to do next."""

import logging
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from onecard.base.errors import ConflictError, NotFoundError, OneCardError, UnavailableError
from onecard.base.texts import Text, say
from onecard.web.kit import render
from onecard.web.kit.views import Button, ErrorView, Tone
from onecard.web.kit.visit import Visit

log = logging.getLogger(__name__)

# from the more special class to the more general
_STATUS: tuple[tuple[type[OneCardError], int, Text, Text], ...] = (
    (
        NotFoundError,
        404,
        say("Not found"),
        say("It may have been deleted, or it belongs to somebody whose data you may not see."),
    ),
    (ConflictError, 409, say("This does not fit what is stored"), say("Nothing was changed.")),
    (
        UnavailableError,
        503,
        say("Not available right now"),
        say("Nothing was changed. Try again in a moment."),
    ),
    (OneCardError, 400, say("This cannot be done"), say("Nothing was changed.")),
)


def describe(visit: Visit, error: OneCardError) -> ErrorView:
    """An error a use case raised."""
    status, title, what_next = next(
        (status, title, what) for kind, status, title, what in _STATUS if isinstance(error, kind)
    )
    return ErrorView(status, visit.say(title), error.in_language(visit.language), visit.say(what_next))


def failure(visit: Visit, error: ErrorView) -> Response:
    """The error as a page, or as a part that htmx puts where the answer was expected."""
    if visit.partial:
        return render.html(
            visit, "_error.html", title=error.title, status=error.status, part=True, error=error
        )
    home = Button(visit.say(say("To the start page")), "/", "home", Tone.PRIMARY)
    page = ErrorView(
        error.status, error.title, error.sentence, error.next, (*error.actions, home), error.reference
    )
    return render.html(visit, "error.html", title=error.title, status=error.status, error=page)


async def no_such_page(request: Request, _error: Exception) -> Response:
    """An address that leads nowhere."""
    visit = Visit(request, request.app.state.services)
    sentence = say("There is no page at this address.")
    return failure(visit, ErrorView(404, visit.say(say("Not found")), visit.say(sentence)))


async def broken(request: Request, error: Exception) -> Response:
    """A fault of ours: logged with a reference that the page shows."""
    reference = uuid4().hex[:8]
    log.error("request %s %s failed (%s)", request.method, request.url.path, reference, exc_info=error)
    visit = Visit(request, request.app.state.services)
    view = ErrorView(
        500,
        visit.say(say("Something went wrong on our side")),
        visit.say(say("The request was not completed; what was to be changed is as it was before.")),
        visit.say(say("Try again. If it happens again, tell your administrator the reference.")),
        reference=reference,
    )
    return failure(visit, view)
