"""The API's own pages: every call, its fields, its answers and a form to try it, in the console's look.

They are rendered on the server out of the same description programs get, so that they work without any other
host and under the console's strict policy. See docs/adr/0055.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from starlette.responses import Response

from onecard.base.errors import NotFoundError
from onecard.base.texts import say, say_in
from onecard.tenants.functions import LABELS, F, Function
from onecard.web.api import schemas
from onecard.web.api.app import api_router, calls
from onecard.web.api.caller import FUNCTION
from onecard.web.api.description import DOCUMENT, VERSION, describe
from onecard.web.kit import nav, render
from onecard.web.kit.columns import Column
from onecard.web.kit.needs import Open
from onecard.web.kit.problems import NAMES, URN
from onecard.web.kit.routes import Page
from onecard.web.kit.tables import plain_table
from onecard.web.kit.views import Button, Cell, Fact, Facts, Look, RecordView, TableView, Tone
from onecard.web.kit.visit import Visit

PATH = "/api/docs"
TITLE = say("API documentation")
NOTHING = say("None.")
_TONES = {"GET": Tone.PLAIN, "POST": Tone.GOOD, "PATCH": Tone.WARN, "DELETE": Tone.BAD}


@dataclass(frozen=True, slots=True)
class Input:
    """A field of the form that tries a call."""

    name: str
    place: str
    required: bool
    hint: str


@dataclass(frozen=True, slots=True)
class CallView:
    """One call: what to send, and how it looks on a command line."""

    method: str
    path: str
    curl: str
    inputs: tuple[Input, ...]
    body: str


@cache
def _document(language: str) -> dict[str, Any]:
    return describe(calls(api_router(language)), language)


async def _described(visit: Visit) -> dict[str, Any]:
    return await asyncio.to_thread(_document, visit.language)


def operations(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every call with its method and path."""
    return [
        {**operation, "method": method.upper(), "path": path}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


# --- all calls ----------------------------------------------------------------------------------------------


async def index(visit: Visit) -> Response:
    """What the API is, and all of its calls."""
    document = await _described(visit)
    every = operations(document)
    tables = tuple(
        (tag["name"], _calls(visit, place, [each for each in every if tag["name"] in each["tags"]]))
        for place, tag in enumerate(document["tags"])
    )
    record = RecordView(
        title=visit.say(TITLE),
        subtitle=document["info"]["description"],
        actions=_ways(visit),
        parts=(_basics(visit),),
        tables=(*tables, (visit.say(say("Named errors")), _errors(visit))),
    )
    return render.html(visit, "record.html", title=TITLE, record=record)


def _ways(visit: Visit) -> tuple[Button, ...]:
    keys = Button(visit.say(say("API keys")), "/access/api-keys", "key")
    file = Button(visit.say(say("Description as a file (OpenAPI 3.1)")), DOCUMENT, "download", download=True)
    return (*((keys,) if visit.may(F.ACCESS_API_KEY_VIEW) else ()), file)


def _basics(visit: Visit) -> Facts:
    said = (
        (say("Address"), f"{visit.base_url}{VERSION}"),
        (say("Sign-in"), "Authorization: Bearer oc_…"),
        (say("Send again without doing it twice"), "Idempotency-Key: …"),
        (say("Language of errors"), "Accept-Language: zh-CN · en"),
    )
    facts = tuple(Fact(visit.say(label), Cell(value, Look.TERM)) for label, value in said)
    return Facts(visit.say(say("In short")), facts)


def _calls(visit: Visit, place: int, rows: Sequence[Any]) -> TableView:
    def link(_visit: Visit, row: Any) -> Cell:
        return Cell(row["summary"].partition(": ")[2], Look.STRONG, href=f"{PATH}/{row['operationId']}")

    columns = (
        Column(name="summary", title=say_in("api", "Call"), show=link, phone="title"),
        Column(name="method", title=say("Method"), show=_method),
        Column(name="path", title=say("Address"), look=Look.TERM, phone="sub"),
        Column(name=FUNCTION, title=say("Function"), show=_function),
    )
    return plain_table(visit, f"calls-{place}", columns, rows, NOTHING)


def _method(_visit: Visit, row: Any) -> Cell:
    return Cell(row["method"], Look.TERM)


def _function(visit: Visit, row: Any) -> Cell:
    word = row[FUNCTION]
    return Cell(visit.say(LABELS[Function(word)] if word in set(Function) else say("Anybody who is known")))


def _errors(visit: Visit) -> TableView:
    rows = [
        {"type": URN + name, "status": str(status), "title": title} for name, (status, title) in NAMES.items()
    ]
    columns = (
        Column(name="type", title=say_in("error", "Type"), look=Look.TERM, phone="title"),
        Column(name="status", title=say("Status"), look=Look.TERM),
        Column(name="title", title=say("Meaning"), show=lambda visit, row: Cell(visit.say(row["title"]))),
    )
    return plain_table(visit, "errors", columns, rows, NOTHING)


# --- one call -----------------------------------------------------------------------------------------------


async def one(visit: Visit) -> Response:
    """One call.

    Raises:
        NotFoundError: there is none of this name.
    """
    document, name = await _described(visit), visit.request.path_params["name"]
    found = next((each for each in operations(document) if each["operationId"] == name), None)
    if found is None:
        raise NotFoundError(say("There is no such call in the API."))
    parameters = found.get("parameters", [])
    body, answers = schemas.body(document, found), _answers(visit, document, found)
    record = RecordView(
        title=found["summary"],
        subtitle=found["path"],
        badges=((found["method"], _TONES[found["method"]]),),
        parts=(_right(visit, found),),
        tables=(*_sent(visit, document, parameters, body), (visit.say(say("Answers")), answers)),
    )
    call = _call(visit, document, found, body)
    return render.html(visit, "api_call.html", title=found["summary"], record=record, call=call)


def _sent(
    visit: Visit, document: Mapping[str, Any], parameters: Sequence[Any], body: Mapping[str, Any] | None
) -> tuple[tuple[str, TableView], ...]:
    """The tables of what a call is sent: parameters, and the fields of its content if it has one."""
    rows = schemas.parameters(document, parameters)
    found = [(visit.say(say("Parameters")), _fields(visit, "parameters", rows))]
    if body:
        rows = schemas.fields(document, body)
        found.append((visit.say(say_in("api", "Content")), _fields(visit, "body", rows)))
    return tuple(found)


def _right(visit: Visit, operation: Mapping[str, Any]) -> Facts:
    word = operation[FUNCTION]
    facts = [Fact(visit.say(say("Function")), _function(visit, operation))]
    if word in set(Function):
        facts.append(Fact(visit.say(say("Its name")), Cell(word, Look.TERM)))
        facts.append(Fact(visit.say(say("You may")), Cell(visit.say(_yes(may=visit.may(Function(word)))))))
    return Facts(visit.say(say("Who may call it")), tuple(facts))


def _yes(*, may: bool) -> Any:
    return say("Yes") if may else say("No")


def _fields(visit: Visit, id_: str, rows: Sequence[Any]) -> TableView:
    columns = (
        Column(name="name", title=say_in("field", "Name"), look=Look.TERM, phone="title"),
        Column(name="place", title=say_in("api", "Where"), look=Look.TERM),
        Column(name="type", title=say_in("error", "Type"), look=Look.TERM, phone="sub"),
        Column(name="words", title=say("Meaning"), show=lambda _visit, row: Cell(row["words"])),
    )
    shown = columns if id_ == "parameters" else (columns[0], *columns[2:])
    return plain_table(visit, id_, shown, rows, NOTHING)


def _answers(visit: Visit, document: Mapping[str, Any], operation: Mapping[str, Any]) -> TableView:
    rows: list[Any] = [
        {"status": status, "type": schemas.answer(document, answer), "words": answer["description"]}
        for status, answer in sorted(operation["responses"].items())
    ]
    columns = (
        Column(name="status", title=say("Status"), look=Look.TERM, phone="title"),
        Column(name="type", title=say_in("api", "Content"), look=Look.TERM),
        Column(name="words", title=say("Meaning"), show=lambda _visit, row: Cell(row["words"])),
    )
    return plain_table(visit, "answers", columns, rows, NOTHING)


def _call(
    visit: Visit, document: Mapping[str, Any], operation: Mapping[str, Any], body: Mapping[str, Any] | None
) -> CallView:
    sent = schemas.example(document, body) if body else ""
    method, path = operation["method"], operation["path"]
    lines = [f"curl -X {method} '{visit.base_url}{path}'", "-H 'Authorization: Bearer oc_…'"]
    if sent:
        lines += ["-H 'Content-Type: application/json'", f"-d '{schemas.one_line(sent)}'"]
    inputs = tuple(
        Input(each["name"], each["in"], bool(each.get("required")), schemas.kind(document, each["schema"]))
        for each in operation.get("parameters", [])
    )
    return CallView(method, path, " \\\n  ".join(lines), inputs, sent)


nav.add("access", nav.Entry(TITLE, PATH, "api", F.ACCESS_API_KEY_VIEW))
PAGES = [
    Page(PATH, index, needs=Open.SIGNED_IN),
    Page(f"{PATH}/{{name}}", one, needs=Open.SIGNED_IN),
]
