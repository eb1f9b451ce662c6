"""The description of the API: OpenAPI 3.1, made of the calls themselves, in the reader's language."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import JSONResponse, Response

from onecard.base.texts import Text, say
from onecard.tenants.functions import LABELS, Function
from onecard.web.api.caller import FUNCTION, calling, described
from onecard.web.api.carrying import APPROVAL, KEY, REPLAYED
from onecard.web.api.problems import Problem, language_of
from onecard.web.kit.needs import Open
from onecard.web.kit.visit import SESSION_COOKIE, Visit

VERSION = "/api/v1"
DOCUMENT = f"{VERSION}/openapi.json"
_METHODS = ("get", "post", "patch", "put", "delete")
_ABOUT = say(
    "Everything the console does, for programs. Amounts are whole numbers in the minor unit of the currency,"
    " moments are ISO 8601 with their zone, lists come in pages with a cursor, and errors are problem"
    " documents (RFC 9457) whose type has a fixed name. Calls that change something take an"
    " Idempotency-Key, so that they can be sent again without being done twice."
)
_PARAMETERS = {
    "id": say("Id of the thing."),
    KEY: say("Any text of your own: the same call with the same key is done once, for a day."),
    APPROVAL: say("Number of the approved request for exactly this call, to carry it out now."),
}
_KEY_ABOUT = say("An API key: made in the console under API keys, sent as “Authorization: Bearer oc_…”.")
_SESSION_ABOUT = say("The session of a signed-in operator, for the documentation's own page.")
Remake = Callable[[str], Sequence[APIRoute]]


def add_description(router: APIRouter, remake: Remake) -> None:
    """Add the call that answers the description; `remake`: the calls with their words in a language."""

    @cache
    def made(language: str) -> dict[str, Any]:
        return describe(remake(language), language)

    async def show(visit: Annotated[Visit, Depends(calling(Open.SIGNED_IN))]) -> Response:
        # making it takes a second, which no other request should wait for
        return JSONResponse(await asyncio.to_thread(made, language_of(visit.request)))

    router.add_api_route(
        DOCUMENT.removeprefix(VERSION), show, methods=["GET"], response_model=None, include_in_schema=False,
        operation_id="get_openapi", openapi_extra=described(Open.SIGNED_IN),
    )  # fmt: skip


def describe(calls: Sequence[APIRoute], language: str) -> dict[str, Any]:
    """The document of some calls."""
    document = get_openapi(
        title="OneCard API", version=version("onecard"), openapi_version="3.1.0", routes=list(calls),
        description=_ABOUT.read(language), tags=_tags(calls),
    )  # fmt: skip
    parts = document["components"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    parts["securitySchemes"] = {
        "apiKey": {"type": "http", "scheme": "bearer", "description": _KEY_ABOUT.read(language)},
        "session": {
            "type": "apiKey", "in": "cookie", "name": SESSION_COOKIE,
            "description": _SESSION_ABOUT.read(language),
        },
    }  # fmt: skip
    for methods in document["paths"].values():
        for method in _METHODS:
            if method in methods:
                _finish(methods[method], language)
    for name in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(name, None)
    return document


def _tags(calls: Sequence[APIRoute]) -> list[dict[str, Any]]:
    return [{"name": name} for name in dict.fromkeys(str(tag) for call in calls for tag in call.tags)]


def _finish(operation: dict[str, Any], language: str) -> None:
    """What every call has, and the words for its right."""
    operation["security"] = [{"apiKey": []}, {"session": []}]
    needs = operation[FUNCTION]
    label: Text | None = LABELS.get(Function(needs)) if needs in set(Function) else None
    if label is not None:
        text = say("Needs the function “{function}”.", function=label)
        operation["description"] = f"{text.read(language)} (`{needs}`)"
    for each in operation.get("parameters", ()):
        if each["name"] in _PARAMETERS:
            each["description"] = _PARAMETERS[each["name"]].read(language)
    answers = operation["responses"]
    changes = any(each.get("name") == KEY for each in operation.get("parameters", ()))
    for status, answer in answers.items():
        headers: dict[str, Any] = answer.setdefault("headers", {})
        if status.startswith("2") and changes:
            headers[REPLAYED] = {
                "schema": {"type": "string", "const": "true"},
                "description": say("The answer of an earlier call with this key.").read(language),
            }
        if status == "429":
            headers["Retry-After"] = {"schema": {"type": "integer", "minimum": 1}, "required": True}
        if not headers:
            del answer["headers"]
