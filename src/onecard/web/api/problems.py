"""Errors of the API as problem documents (RFC 9457), with the words the pages use."""

import logging
from typing import Any
from uuid import uuid4

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from onecard.base.errors import ConflictError, NotFoundError, OneCardError, UnavailableError
from onecard.base.texts import Text, read, say

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PREFIX = "/api/"

_NAMES: dict[int, tuple[str, Text]] = {
    400: ("invalid", say("This cannot be done")),
    401: ("unauthenticated", say("Sign in first")),
    403: ("forbidden", say("You may not do this")),
    404: ("not-found", say("Not found")),
    405: ("method-not-allowed", say("This cannot be done with that method")),
    409: ("conflict", say("This does not fit what is stored")),
    413: ("too-large", say("Too large")),
    422: ("unprocessable", say("Something that was sent is not usable")),
    429: ("too-many", say("Too many requests")),
    500: ("broken", say("Something went wrong on our side")),
    503: ("unavailable", say("Not available right now")),
}
_STATUS: tuple[tuple[type[OneCardError], int], ...] = (
    (NotFoundError, 404),
    (ConflictError, 409),
    (UnavailableError, 503),
    (OneCardError, 400),
)


class Refusal(Exception):  # noqa: N818  it is an answer, not a fault
    """An answer that is not the wanted one."""

    def __init__(self, status: int, detail: Text, **more: Any) -> None:
        """`more`: further members of the problem document."""
        super().__init__(str(detail))
        self.status, self.detail, self.more = status, detail, more


def problem(request: Request, status: int, detail: str | Text = "", **more: Any) -> Response:
    """The document, in the language the client asks for."""
    language = "zh-CN" if request.headers.get("accept-language", "").lower().startswith("zh") else "en"
    name, title = _NAMES.get(status, _NAMES[400])
    body = {
        "type": f"urn:onecard:problem:{name}",
        "title": title.read(language),
        "status": status,
        "detail": read(detail, language),
        **more,
    }
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


def of_error(request: Request, error: OneCardError) -> Response:
    """A use case's refusal."""
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    said = error.args[0] if error.args else ""
    return problem(request, status, said if isinstance(said, Text) else str(said))


def of_validation(request: Request, error: RequestValidationError) -> Response:
    """What is wrong with each field, as RFC 6901 pointers."""
    wrong = [
        {
            "pointer": "/" + "/".join(str(part) for part in each["loc"][1:]),
            "in": str(each["loc"][0]),
            "detail": str(each["msg"]),
        }
        for each in error.errors()
    ]
    return problem(request, 422, say("Look at “errors” for each field."), errors=wrong)


def of_refusal(request: Request, refusal: Refusal) -> Response:
    """An answer that is not the wanted one."""
    return problem(request, refusal.status, refusal.detail, **refusal.more)


def broken(request: Request, error: Exception) -> Response:
    """A fault of ours, with a reference that the log has too."""
    reference = uuid4().hex[:8]
    log.error("call %s %s failed (%s)", request.method, request.url.path, reference, exc_info=error)
    return problem(
        request, 500, say("The request was not completed; nothing was changed."), reference=reference
    )


def of_http(request: Request, error: HTTPException) -> Response:
    """An answer of the framework: no such address, another method."""
    answer = problem(request, error.status_code)
    answer.headers.update(error.headers or {})
    return answer
