"""What is done to many people at once, each with a preview: move, change class, suspend, leave, graduate."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Field

from onecard.base.db import Row, Tx
from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say, say_count, say_in
from onecard.desk import personnel
from onecard.people import bulk, classes, departments
from onecard.people.rules import DepartmentTree
from onecard.people.year_up import a_year_on
from onecard.tenants.functions import F, Function
from onecard.web.kit.bulk import Bulk, Nothing, Preview, posted_token
from onecard.web.kit.columns import Column
from onecard.web.kit.fields import Ui
from onecard.web.kit.tables import as_rows, plain_table
from onecard.web.kit.views import Cell, Look, Option, TableView
from onecard.web.kit.visit import Visit
from onecard.web.pages.choices import department_options

Meant: TypeAlias = Callable[[Tx, Visit, list[int], Any], Awaitable[bulk.Action]]
_ID_MOST = 2**63 - 1


class MoveForm(BaseModel):
    """Where people go."""

    department_id: Annotated[
        int, Field(ge=1, le=_ID_MOST), Ui(say_in("move", "New department"), kind="departments")
    ]
    note: Annotated[str, Field(max_length=200), Ui(say("Reason"), help=say("Stands in the audit."))] = ""


class ClassForm(BaseModel):
    """The rules people's accounts live under from now on."""

    class_id: Annotated[int, Field(ge=1, le=_ID_MOST), Ui(say("New account class"), kind="select")]
    note: Annotated[str, Field(max_length=200), Ui(say("Reason"), help=say("Stands in the audit."))] = ""


class LeaveForm(BaseModel):
    """When people leave."""

    on: Annotated[date, Ui(say("Last day"))]
    note: Annotated[str, Field(max_length=200), Ui(say("Reason"), help=say("Stands in the audit."))] = ""


class GraduateForm(BaseModel):
    """Whose people leave, and when."""

    department_id: Annotated[
        int, Field(ge=1, le=_ID_MOST),
        Ui(say("Department"), kind="departments", help=say("With everything below it, e.g. a year group.")),
    ]  # fmt: skip
    on: Annotated[date, Ui(say("Last day"))]
    note: Annotated[str, Field(max_length=200), Ui(say("Reason"), help=say("Stands in the audit."))] = ""


def _side(name: str) -> Callable[[Visit, Row], Cell]:
    return lambda visit, row: Cell(visit.say(row[name]))


SAMPLE = (
    Column(name="number", title=say("Person number"), look=Look.CODE, phone="sub"),
    Column(name="name", title=say_in("person", "Name"), look=Look.STRONG, phone="title"),
    Column(name="before", title=say_in("change", "Before"), show=_side("before")),
    Column(name="after", title=say_in("change", "After"), show=_side("after")),
)


def shown(visit: Visit, seen: bulk.Preview) -> Preview:
    """What people's preview says, as the kit shows it."""
    sample: TableView | None = None
    if seen.sample:
        sample = plain_table(visit, "sample", SAMPLE, as_rows(seen.sample), say("Nobody."))
    refused = [(f"{each.number} {each.name}", each.reason) for each in seen.refused]
    words = say_count(
        seen.affected, "{n} person will change.", "{n} people will change.", n=f"{seen.affected:,}"
    )
    return Preview(seen.affected, refused, sample, seen.token, words)


def changed(done: bulk.Preview) -> Text:
    """The sentence after a change."""
    return say_count(done.affected, "{n} person changed.", "{n} people changed.", n=f"{done.affected:,}")


def _bulk(name: str, label: Text, icon: str, needs: Function, meant: Meant, **more: Any) -> Bulk:
    async def preview(tx: Tx, visit: Visit, keys: list[int], form: Any) -> Preview:
        action = await meant(tx, visit, keys, form)
        return shown(visit, await bulk.preview(tx, action, departments=visit.scope))

    async def carry_out(tx: Tx, visit: Visit, keys: list[int], form: Any) -> Text:
        token, note = await posted_token(visit), getattr(form, "note", "")
        action = await meant(tx, visit, keys, form)
        done = await personnel.carry_out(
            tx, action, token, note=note, departments=visit.scope, progress=visit.progress
        )
        return changed(done)

    return Bulk(
        name=name, label=label, icon=icon, needs=needs, preview=preview, carry_out=carry_out, long=True,
        **more,
    )  # fmt: skip


async def _departments(tx: Tx, visit: Visit) -> Mapping[str, Sequence[Option]]:
    return {"department_id": await department_options(tx, visit)}


async def _classes(tx: Tx, _visit: Visit) -> Mapping[str, Sequence[Option]]:
    offered = [Option(str(each.id), f"{each.number} {each.name}") for each in await classes.classes(tx)]
    return {"class_id": offered}


async def _today(_tx: Tx, visit: Visit) -> Mapping[str, Any]:
    return {"on": visit.today}


# --- a year on ----------------------------------------------------------------------------------------------

_ARROW = " → "


class MoveUpForm(BaseModel):
    """Which department's people go where; one line for each."""

    lines: Annotated[
        str, Field(max_length=50_000),
        Ui(
            say("From → to"), kind="textarea", wide=True,
            help=say("One department in each line. Who is in a department without a line stays there."),
        ),
    ]  # fmt: skip
    note: Annotated[str, Field(max_length=200), Ui(say("Reason"), help=say("Stands in the audit."))] = ""


async def _year_on(tx: Tx, visit: Visit) -> Mapping[str, Any]:
    """Every department with people whose name tells the year, and the one of the next year."""
    lines = await departments.outline(tx, departments=visit.who.department_ids)
    known, seen = await departments.tree(tx), {each.department.id for each in lines}
    further = a_year_on(known)
    told = [
        f"{each.path}{_ARROW}{known.path(further[each.department.id])}"
        for each in lines
        if each.people and further.get(each.department.id) in seen
    ]
    return {"lines": "\n".join(told)}


async def _moving_up(tx: Tx, _visit: Visit, _keys: list[int], form: MoveUpForm) -> bulk.Action:
    known, mapping = await departments.tree(tx), dict[int, int]()
    for number, line in enumerate(form.lines.splitlines(), 1):
        if not line.strip():
            continue
        sides = re.split(r"\s*(?:→|->)\s*", line.strip())
        if len(sides) != 2:  # noqa: PLR2004  from and to
            raise OneCardError(say("Line {number} is not “from → to”: {line}", number=number, line=line[:80]))
        source, target = (_one(known, side, number) for side in sides)
        if source in mapping:
            raise OneCardError(say("Line {number}: {name} has a line already.", number=number, name=sides[0]))
        mapping[source] = target
    if not mapping:
        raise OneCardError(say("Write at least one line, e.g. “七年级1班 → 八年级1班”."))
    return bulk.MoveUp(mapping)


def _one(known: DepartmentTree, name: str, number: int) -> int:
    found = known.find(name)
    if not found:
        raise OneCardError(
            say("Line {number}: there is no department {name}.", number=number, name=name[:80])
        )
    if len(found) > 1:
        message = say("Line {number}: several departments are called {name}; write the path, such as {path}.",
                      number=number, name=name[:80], path=known.path(found[0]))  # fmt: skip
        raise OneCardError(message)
    return found[0]


# --- the actions --------------------------------------------------------------------------------------------


def _at_once(made: Callable[[list[int], Any], bulk.Action]) -> Meant:
    async def meant(_tx: Tx, _visit: Visit, keys: list[int], form: Any) -> bulk.Action:
        return made(keys, form)

    return meant


MOVE = _bulk(
    "move", say("Move to a department"), "arrow-right-circle", F.PEOPLE_PERSON_MOVE,
    _at_once(lambda keys, form: bulk.MoveTo(keys, form.department_id)), form=MoveForm, options=_departments,
)  # fmt: skip
CLASS = _bulk(
    "class", say("Change account class"), "arrows-exchange", F.PEOPLE_PERSON_CHANGE,
    _at_once(lambda keys, form: bulk.ChangeClass(keys, form.class_id)), form=ClassForm, options=_classes,
)  # fmt: skip
SUSPEND = _bulk(
    "suspend", say_in("person", "Suspend"), "user-pause", F.PEOPLE_PERSON_CHANGE,
    _at_once(lambda keys, _form: bulk.Suspend(keys)), form=Nothing, danger=True,
    note=say("Cards are refused and there is no new money until it is resumed. Nothing is lost."),
)  # fmt: skip
RESUME = _bulk(
    "resume", say_in("person", "Resume"), "user-check", F.PEOPLE_PERSON_CHANGE,
    _at_once(lambda keys, _form: bulk.Resume(keys)), form=Nothing,
    note=say("Cards are taken again, except those that are lost or frozen."),
)  # fmt: skip
LEAVE = _bulk(
    "leave", say_in("person", "Leave"), "door-exit", F.PEOPLE_PERSON_LEAVE,
    _at_once(lambda keys, form: bulk.Leave(keys, form.on)), form=LeaveForm, values=_today, danger=True,
    note=say("Access, cards, new money and face use end at once; the file stays."),
)  # fmt: skip
GRADUATE = _bulk(
    "graduate", say("Graduate a year group"), "school", F.PEOPLE_PERSON_LEAVE,
    _at_once(lambda _keys, form: bulk.Graduate([form.department_id], form.on)), form=GraduateForm,
    options=_departments, values=_today, rows=False, danger=True,
    note=say("Everybody of a department and of those below it leaves on one day."),
)  # fmt: skip

MOVE_UP = _bulk(
    "move-up", say("Move classes up a year"), "stairs-up", F.PEOPLE_PERSON_MOVE, _moving_up, form=MoveUpForm,
    values=_year_on, rows=False,
    note=say("All move at the same moment. Graduate the top year first, so that nobody joins it."),
)  # fmt: skip

ACTIONS = (MOVE, CLASS, SUSPEND, RESUME, LEAVE, MOVE_UP, GRADUATE)
