"""Problem documents (RFC 9457): the named errors of the API, for its calls and for the door before them."""

from typing import Any

from onecard.base.texts import LANGUAGES, Text, read, say

PROBLEM = "application/problem+json"
URN = "urn:onecard:problem:"

NAMES: dict[str, tuple[int, Text]] = {
    "invalid": (400, say("This cannot be done")),
    "unauthenticated": (401, say("Sign in first")),
    "forbidden": (403, say("You may not do this")),
    "confirmation-needed": (403, say("Confirm who you are")),
    "not-found": (404, say("Not found")),
    "method-not-allowed": (405, say("This cannot be done with that method")),
    "conflict": (409, say("This does not fit what is stored")),
    "key-reused": (409, say("The idempotency key belongs to another request")),
    "in-progress": (409, say("The same request is being done right now")),
    "too-large": (413, say("Too large")),
    "wrong-media-type": (415, say("Not a kind of content that is taken here")),
    "unprocessable": (422, say("Something that was sent is not usable")),
    "too-many": (429, say("Too many requests")),
    "broken": (500, say("Something went wrong on our side")),
    "unavailable": (503, say("Not available right now")),
}
"""Every named error and its status."""
_OF_STATUS = {status: name for name, (status, _) in reversed(NAMES.items())}


def language_of(accepted: str) -> str:
    """The language a program asks for in `Accept-Language`; English unless it is Chinese."""
    return LANGUAGES[0] if accepted.lower().startswith(LANGUAGES[0][:2]) else LANGUAGES[1]


def document(
    language: str, status: int, detail: str | Text = "", name: str = "", **more: Any
) -> tuple[dict[str, Any], dict[str, str]]:
    """Members and headers of a problem."""
    name = name or _OF_STATUS.get(status, "invalid")
    title = NAMES[name][1].read(language)
    members = {
        "type": URN + name,
        "title": title,
        "status": status,
        "detail": read(detail, language) or title,
    }
    return members | more, {"www-authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004  as HTTP has it
