"""Errors of the API as problem documents (RFC 9457), with the words the pages use."""

import logging
from typing import Any
from uuid import uuid4

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from onecard.base.errors import ConflictError, NotFoundError, OneCardError, UnavailableError
from onecard.base.texts import Text, say
from onecard.web.kit.fields import what_is_wrong
from onecard.web.kit.problems import NAMES, PROBLEM, URN, document
from onecard.web.kit.problems import language_of as wanted_language

log = logging.getLogger(__name__)

PREFIX = "/api/"

_STATUS: tuple[tuple[type[OneCardError], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (UnavailableError, 503),
    (OneCardError, 400),
)


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(description="JSON pointer (RFC 6901) into what was sent; empty: all of it.")
    place: str = Field(alias="in", description="`body`, `query`, `path` or `header`.")
    detail: str


class Problem(BaseModel):
    """Why something was not done (RFC 9457); `type` is the name to decide by, the rest is for people."""

    type: str = Field(description=", ".join(f"`{URN}{name}`" for name in NAMES))
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = Field(None, description="For `unprocessable`.")
    function: str | None = Field(None, description="For `forbidden`: the function that is missing.")
    reference: str | None = Field(None, description="For `broken`: what to tell whoever runs the server.")


class Refusal(Exception):  # noqa: N818  it is an answer, not a fault
    """An answer that is not the wanted one."""

    def __init__(self, status: int, detail: Text, name: str = "", **more: Any) -> None:
        """`name`: of the problem, when its status has several; `more`: further members of the document."""
        super().__init__(str(detail))
        self.status, self.detail, self.name, self.more = status, detail, name, more


def language_of(request: Request) -> str:
    """The language a program asks for."""
    return wanted_language(request.headers.get("accept-language", ""))


def problem(request: Request, status: int, detail: str | Text = "", name: str = "", **more: Any) -> Response:
    """The document, in the language the client asks for."""
    body, headers = document(language_of(request), status, detail, name, **more)
    return JSONResponse(body, status, headers=headers, media_type=PROBLEM)


def of_error(request: Request, error: OneCardError) -> Response:
    """A use case's refusal."""
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    said = error.args[0] if error.args else ""
    return problem(request, status, said if isinstance(said, Text) else str(said))


def of_validation(request: Request, error: RequestValidationError) -> Response:
    """What is wrong with each field, as RFC 6901 pointers."""
    language = language_of(request)
    wrong = [
        {
            "pointer": "".join(f"/{part}" for part in each["loc"][1:]),
            "in": str(each["loc"][0]),
            "detail": what_is_wrong(each).read(language),
        }
        for each in error.errors()
    ]
    return problem(request, 422, say("Look at “errors” for each field."), errors=wrong)


def of_refusal(request: Request, refusal: Refusal) -> Response:
    """An answer that is not the wanted one."""
    return problem(request, refusal.status, refusal.detail, refusal.name, **refusal.more)


def broken(request: Request, error: Exception) -> Response:
    """A fault of ours, with a reference that the log has too."""
    reference = uuid4().hex[:8]
    log.error("call %s %s failed (%s)", request.method, request.url.path, reference, exc_info=error)
    return problem(
        request, 500, say("The request was not completed; nothing was changed."), reference=reference
    )


def of_http(request: Request, error: HTTPException) -> Response:
    """An answer of the framework: no such address, another method, content of another kind."""
    answer = problem(request, error.status_code)
    answer.headers.update(error.headers or {})
    if error.status_code == 405:  # noqa: PLR2004  as HTTP has it
        answer.headers["allow"] = ", ".join(sorted(_methods(request)))
    return answer


def of_data(request: Request, error: Exception) -> Response:
    """A value the database cannot hold, e.g. a number of thirty digits; nothing was changed."""
    log.info("call %s %s: %s", request.method, request.url.path, error)
    return problem(request, 422, say("A value is too large, or holds a character that cannot be stored."))


def _methods(request: Request) -> set[str]:
    """The methods of an address: those of every route that has it."""
    found: set[str] = set()
    for route in request.app.state.calls:
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            found |= route.methods
    return found
