"""The audit: who did what, when and from where; each entry by itself, and the proof that none was changed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from onecard.base.db import Row, Tx
from onecard.base.errors import NotFoundError
from onecard.base.listing import Condition, Op, Wish
from onecard.base.texts import Text, say, say_in
from onecard.tenants.audit.lists import ENTRIES, actors
from onecard.tenants.functions import F
from onecard.tenants.operators.lists import OPERATORS
from onecard.web.kit import render
from onecard.web.kit.columns import Column, Program
from onecard.web.kit.filters import Query
from onecard.web.kit.jobs import actor_words
from onecard.web.kit.routes import Page
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Button, Cell, Fact, Facts, Look, RecordView
from onecard.web.kit.visit import Visit
from onecard.web.pages.system import audit_proof, audit_words

PATH = "/system/audit"


def arguments(visit: Visit, query: Query) -> Mapping[str, Any]:
    """What the list is asked with."""
    return {"search": query.one("q") or None}


async def tailored(screen: Screen[Any], tx: Tx, visit: Visit) -> Screen[Any]:
    """The screen with the actors this tenant's audit names, to choose from."""
    names = await _names(tx)
    words = {actor: Text("{actor}", {"actor": _actor(visit, actor, names)}) for actor in await actors(tx)}
    columns = tuple(replace(each, words=words) if each.name == "actor" else each for each in screen.columns)
    return replace(screen, columns=columns)


async def _names(tx: Tx) -> dict[str, str]:
    wish = Wish(arguments={"search": "", "departments": None})
    return {row["account"]: row["name"] async for rows in OPERATORS.all(tx, wish) for row in rows}


def _actor(visit: Visit, actor: str, names: Mapping[str, str]) -> str:
    word = actor_words(visit, actor)
    return f"{word} {names[word]}" if word in names else word


def _changes(visit: Visit, row: Row) -> Cell:
    parts = audit_words.differences(visit, row["before"], row["after"])
    short = tuple((name, *map(audit_words.shortened, sides)) for name, *sides in parts[:_SHOWN])
    left = say("{count} more", count=len(parts) - _SHOWN)
    more = (("…", "", visit.say(left)),) if len(parts) > _SHOWN else ()
    return Cell("", Look.DIFF, parts=(*short, *more))


def _changes_in_file(visit: Visit, row: Row) -> str:
    parts = audit_words.differences(visit, row["before"], row["after"])
    return "; ".join(f"{name}: {before} → {after}" for name, before, after in parts)


class Changes(BaseModel):
    """What differs, as it was and as it became."""

    before: dict[str, Any] | None
    after: dict[str, Any] | None


def _sides(row: Row) -> dict[str, Any]:
    return {side: json.loads(row[side]) if row[side] else None for side in ("before", "after")}


class EntryStored(Changes):
    """An entry of the audit."""

    id: int
    at: datetime
    actor: str
    origin: str
    function: str
    thing: str
    subject: str
    note: str


async def load(tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
    """One entry, for programs."""
    row = await _entry(tx, key)
    return {name: row[name] for name in EntryStored.model_fields if name in row} | _sides(row)


async def _entry(tx: Tx, number: int) -> Row:
    wish = Wish(arguments={"search": None}, conditions=[Condition("number", Op.IS, (number,))])
    page = await ENTRIES.page(tx, wish)
    if not page.rows:
        raise NotFoundError(say("There is no entry {number} in the audit.", number=number))
    return page.rows[0]


def _thing(visit: Visit, row: Row) -> Cell:
    return Cell(visit.say(audit_words.THINGS.get(row["thing"], row["thing"])))


def _where(visit: Visit, row: Row) -> Cell:
    return Cell(visit.say(say("shell")) if row["origin"] == "shell" else row["origin"], Look.CODE)


async def one(visit: Visit) -> Response:
    """One entry, whole."""
    number = visit.number()
    async with visit.tx() as tx:
        row, names = await _entry(tx, number), await _names(tx)
        newest = await ENTRIES.count(tx, Wish(arguments={"search": None}))
    label = audit_words.FUNCTIONS.get(row["function"], row["function"])
    record = RecordView(
        title=visit.say(label),
        subtitle=visit.say(say("Entry {number}", number=number)),
        actions=_around(visit, number, newest),
        parts=(_facts(visit, row, names), *_changed(visit, row)),
    )
    return render.html(visit, "record.html", title=label, record=record)


def _around(visit: Visit, number: int, newest: int) -> tuple[Button, ...]:
    before = Button(visit.say(say("Entry before")), f"{PATH}/{number - 1}", "arrow-left", key="p")
    after = Button(visit.say(say("Entry after")), f"{PATH}/{number + 1}", "arrow-right", key="n")
    return (*([before] if number > 1 else []), *([after] if number < newest else []))


def _facts(visit: Visit, row: Row, names: Mapping[str, str]) -> Facts:
    facts = (
        Fact(visit.say(say("When")), Cell(visit.exactly(row["at"]), Look.INSTANT)),
        Fact(visit.say(say("Who")), Cell(_actor(visit, row["actor"], names))),
        Fact(visit.say(say("From where")), _where(visit, row)),
        Fact(visit.say(say("Thing")), _thing(visit, row)),
        Fact(visit.say(say("Which one")), Cell(row["subject"], Look.STRONG)),
        Fact(visit.say(say("Function")), Cell(row["function"], Look.CODE)),
        Fact(visit.say(say("Note")), Cell(row["note"]), wide=True),
    )
    return Facts(visit.say(say("What happened")), facts)


def _changed(visit: Visit, row: Row) -> tuple[Facts, ...]:
    parts = audit_words.differences(visit, row["before"], row["after"])
    if not parts:
        return ()
    facts = tuple(Fact(name, Cell("", Look.DIFF, parts=(("", *sides),)), wide=True) for name, *sides in parts)
    return (Facts(visit.say(say("What changed")), facts),)


def buttons(visit: Visit, query: Query) -> tuple[Button, ...]:
    """What else can be done with the audit as a whole."""
    return (Button(visit.say(say("Prove the chain")), f"{PATH}/verify", "shield-check", post=True, key="v"),)


_SHOWN = 3
SCREEN: Screen[Any] = Screen(
    path=PATH, area="system", title=say_in("screen", "Audit"), icon="history", listing=ENTRIES,
    api="audit", load=load, stored=EntryStored,
    view=F.SYSTEM_AUDIT_VIEW, export=F.SYSTEM_AUDIT_EXPORT, arguments=arguments, tailored=tailored,
    actions=buttons, search_hint=say("Number or name it was about"),
    row_href=lambda row: f"{PATH}/{row['number']}", label="subject",
    none=say("Nothing was done yet that the audit keeps."),
    columns=(
        Column(name="number", title=say("Entry"), shown=False, filter=False),
        Column(name="at", title=say("When"), phone="sub"),
        Column(name="actor", title=say("Who"), look=Look.TEXT),
        Column(name="area", title=say("Area"), words=audit_words.AREAS, shown=False),
        Column(name="function", title=say("Function"), words=audit_words.FUNCTIONS, look=Look.TEXT),
        Column(name="thing", title=say("Thing"), show=_thing, phone="hide"),
        Column(name="subject", title=say("Which one"), look=Look.STRONG, phone="title"),
        Column(
            name="changes", title=say("Before and after"), show=_changes, in_file=_changes_in_file,
            program=Program(Changes, lambda _visit, row: _sides(row)),
        ),
        Column(name="origin", title=say("From where"), show=_where, shown=False, filter=False),
        Column(name="note", title=say("Note"), phone="hide"),
    ),
    more=(
        Page(f"{PATH}/{{id:int}}", one, needs=F.SYSTEM_AUDIT_VIEW),
        Page(f"{PATH}/verify", audit_proof.verify, needs=F.SYSTEM_AUDIT_VIEW, methods=["POST"]),
    ),
)  # fmt: skip
