"""Mass changes of people: first a preview, then the same again in one transaction, or nothing.

The preview's token stands for everything that it showed. Who carries out passes it on; what would be done is
worked out again with all rows locked, and when it is no longer the same, nothing happens.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.texts import Text, say, say_in
from onecard.people import classes
from onecard.people.departments import subtree, tree
from onecard.people.leaving import cannot_leave, let_go, put_state
from onecard.people.model import AccountClass, PersonState
from onecard.people.rules import DepartmentTree
from onecard.people.scope import Scope, covers, distinct, refuse_outside
from onecard.tenants import audit
from onecard.tenants.functions import F

_persons = load_queries("onecard.people", "persons.sql")
_sql = load_queries("onecard.people", "bulk.sql")
SAMPLE_MOST = 20
_PORTION = 1_000

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many people of how many are done."""


def silent(done: int, total: int) -> None:
    """Nobody waits for the end."""


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Put people into a department."""

    ids: Collection[int]
    department_id: int


@dataclass(frozen=True, slots=True)
class ChangeClass:
    """Give people another account class."""

    ids: Collection[int]
    class_id: int


@dataclass(frozen=True, slots=True)
class MoveUp:
    """Everybody of each department on the left into the one on the right, all at the same moment."""

    mapping: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Graduate:
    """Everybody of these departments, and of those below them, leaves on a day."""

    department_ids: Collection[int]
    on: date


@dataclass(frozen=True, slots=True)
class Leave:
    """These people leave on a day."""

    ids: Collection[int]
    on: date


@dataclass(frozen=True, slots=True)
class Suspend:
    """Refuse cards and new money of these people until they are resumed."""

    ids: Collection[int]


@dataclass(frozen=True, slots=True)
class Resume:
    """End the suspension of these people."""

    ids: Collection[int]


Action: TypeAlias = MoveTo | ChangeClass | MoveUp | Graduate | Leave | Suspend | Resume


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one person, in words."""

    person_id: int
    number: str
    name: str
    before: str | Text
    after: str | Text


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing happens to one person."""

    person_id: int
    number: str
    name: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mass change would do.

    Attributes:
        affected: how many people would change.
        refused: who would not, and why; the others change without them.
        sample: the first of those who would, by number.
        ids: everybody who would change.
        token: to be given to `carry_out`.
    """

    affected: int
    refused: tuple[Refusal, ...]
    sample: tuple[Change, ...]
    ids: tuple[int, ...]
    token: str


@dataclass(slots=True)
class _Plan:
    rows: list[Any] = field(default_factory=list)  # of those who change
    targets: list[int] = field(default_factory=list)  # department or class of each
    changes: list[Change] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    def add(self, row: Any, target: int, before: str | Text, after: str | Text) -> None:
        self.rows.append(row)
        self.targets.append(target)
        self.changes.append(Change(row["id"], row["number"], row["name"], before, after))

    def refuse(self, row: Any, reason: Text) -> None:
        self.refused.append(Refusal(row["id"], row["number"], row["name"], reason))

    def preview(self) -> Preview:
        shown = [(each.person_id, str(each.before), str(each.after)) for each in self.changes]
        shown += [(each.person_id, str(each.reason), "") for each in self.refused]
        token = hashlib.sha256(repr(shown).encode()).hexdigest()
        ids = tuple(each.person_id for each in self.changes)
        return Preview(len(ids), tuple(self.refused), tuple(self.changes[:SAMPLE_MOST]), ids, token)


async def preview(tx: Tx, action: Action, *, departments: Scope = None) -> Preview:
    """What a mass change would do; changes nothing.

    Raises:
        NotFoundError: a person, department or class does not exist, or not for the caller.
        OneCardError: the change makes no sense.
    """
    return (await _plan(tx, action, departments, lock=False)).preview()


async def carry_out(
    tx: Tx,
    action: Action,
    token: str,
    *,
    note: str = "",
    departments: Scope = None,
    progress: Progress = silent,
) -> Preview:
    """Do what the preview with this token showed; returns it.

    Raises:
        ConflictError: it would be something else by now; nothing was changed.
        NotFoundError: a person, department or class does not exist, or not for the caller.
        OneCardError: the change makes no sense.
    """
    plan = await _plan(tx, action, departments, lock=True)
    result = plan.preview()
    if result.token != token:
        message = say("Somebody changed these people meanwhile. Nothing was done; look at the preview again.")
        raise ConflictError(message)
    total = len(plan.rows)
    for start in range(0, total, _PORTION):
        progress(start, total)
        await _apply(tx, action, plan, slice(start, start + _PORTION), note)
    return result


async def _apply(tx: Tx, action: Action, plan: _Plan, part: slice, note: str) -> None:
    rows, key = plan.rows[part], {"tenant_id": tx.tenant_id}
    if isinstance(action, Suspend | Resume):
        state = PersonState.SUSPENDED if isinstance(action, Suspend) else PersonState.ACTIVE
        await put_state(tx, F.PEOPLE_PERSON_CHANGE, rows, state, left_on=None, note=note)
        return
    if isinstance(action, Graduate | Leave):
        await let_go(tx, F.PEOPLE_PERSON_LEAVE, rows, on=action.on, note=note)
        return
    ids = [row["id"] for row in rows]
    if isinstance(action, ChangeClass):
        await _persons.set_class(tx.connection, **key, ids=ids, class_id=action.class_id)
        function, what = F.PEOPLE_PERSON_CHANGE, "class"
    else:
        await _persons.set_departments(tx.connection, **key, ids=ids, departments=plan.targets[part])
        function, what = F.PEOPLE_PERSON_MOVE, "department"
    entries = [
        audit.Entry(function, "person", each.number, {what: str(each.before)}, {what: str(each.after)}, note)
        for each in plan.changes[part]
    ]
    await audit.write(tx, *entries)


async def _plan(tx: Tx, action: Action, departments: Scope, *, lock: bool) -> _Plan:
    known = await tree(tx)
    if isinstance(action, ChangeClass):
        wanted = await classes.get(tx, action.class_id)
        names = {each.id: each.name for each in await classes.classes(tx)}
        return _plan_class(await _rows(tx, action.ids, departments, lock=lock), wanted, names)
    if isinstance(action, Leave):
        return _plan_leaving(await _rows(tx, action.ids, departments, lock=lock), known)
    if isinstance(action, Suspend | Resume):
        return _plan_state(await _rows(tx, action.ids, departments, lock=lock), action)
    if isinstance(action, MoveTo):
        _refuse_unknown(known, departments, [action.department_id])
        rows = await _rows(tx, action.ids, departments, lock=lock)
        return _plan_moves(rows, {row["department_id"]: action.department_id for row in rows}, known)
    if isinstance(action, MoveUp):
        _refuse_unknown(known, departments, [*action.mapping, *action.mapping.values()])
        if any(source == target for source, target in action.mapping.items()):
            raise OneCardError(say("A department cannot move up into itself."))
        ids = await _people_of(tx, action.mapping)
        return _plan_moves(await _rows(tx, ids, departments, lock=lock), action.mapping, known)
    _refuse_unknown(known, departments, action.department_ids)
    below = [each for top in action.department_ids for each in await subtree(tx, top)]
    rows = await _rows(tx, await _people_of(tx, below), departments, lock=lock)
    return _plan_leaving(rows, known)


def _plan_moves(rows: Sequence[Any], mapping: Mapping[int, int], known: DepartmentTree) -> _Plan:
    plan = _Plan()
    for row in rows:
        target = mapping[row["department_id"]]
        if target == row["department_id"]:
            plan.refuse(row, say("{name} is there already.", name=row["name"]))
        else:
            plan.add(row, target, known.path(row["department_id"]), known.path(target))
    return plan


def _plan_class(rows: Sequence[Any], wanted: AccountClass, names: Mapping[int, str]) -> _Plan:
    plan = _Plan()
    for row in rows:
        name = row["name"]
        if row["class_id"] == wanted.id:
            plan.refuse(row, say("{name} has this account class already.", name=name))
        elif row["state"] == PersonState.LEFT:
            plan.refuse(row, say("{name} has left.", name=name))
        elif row["carries_class"]:
            plan.refuse(
                row, say("The card of {name} carries the account class; change it at a desk.", name=name)
            )
        elif row["cards"] > wanted.cards_most:
            plan.refuse(row, say("{name} has more cards than the account class allows.", name=name))
        else:
            plan.add(row, wanted.id, names[row["class_id"]], wanted.name)
    return plan


def _plan_leaving(rows: Sequence[Any], known: DepartmentTree) -> _Plan:
    plan = _Plan()
    for row in rows:
        reason = cannot_leave(row)
        if reason is not None:
            plan.refuse(row, reason)
        else:
            plan.add(row, 0, known.path(row["department_id"]), say_in("person", "left"))
    return plan


def _plan_state(rows: Sequence[Any], action: Suspend | Resume) -> _Plan:
    plan = _Plan()
    for row in rows:
        if isinstance(action, Suspend) and row["state"] != PersonState.ACTIVE:
            reason = say("{name} is not active, so there is nothing to suspend.", name=row["name"])
            plan.refuse(row, reason)
        elif isinstance(action, Resume) and row["state"] != PersonState.SUSPENDED:
            plan.refuse(row, say("{name} is not suspended.", name=row["name"]))
        else:
            sides = (say_in("person", "active"), say_in("person", "suspended"))
            plan.add(row, 0, *(sides if isinstance(action, Suspend) else sides[::-1]))
    return plan


async def _rows(tx: Tx, ids: Collection[int], departments: Scope, *, lock: bool) -> list[Any]:
    wanted, key = distinct(ids), {"tenant_id": tx.tenant_id}
    if lock:
        async for _ in _persons.lock_persons(tx.connection, **key, ids=wanted):
            pass
    found = _sql.chosen(tx.connection, **key, ids=wanted)
    rows = [row async for row in found if covers(departments, row["department_id"])]
    if len(rows) < len(wanted):
        raise NotFoundError(say("There is no such person."))
    return rows


async def _people_of(tx: Tx, departments: Collection[int]) -> list[int]:
    rows = _persons.people_of(tx.connection, tenant_id=tx.tenant_id, departments=distinct(departments))
    return [row["id"] async for row in rows]


def _refuse_unknown(known: DepartmentTree, departments: Scope, ids: Collection[int]) -> None:
    for each in ids:
        refuse_outside(departments, each)
        if known.get(each) is None:
            raise NotFoundError(say("There is no such department."))
