"""Suspending, leaving, coming back, and erasing personal data.

Cards of somebody who is not active are refused by the gateway and get no money at desks from the moment the
transaction commits; what stored cards and lists need besides is the desk's to do.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import Text, say
from onecard.people.model import PersonState
from onecard.people.scope import Scope, covers, distinct
from onecard.people.search import forget_keys
from onecard.tenants import audit
from onecard.tenants.functions import F, Function

_sql = load_queries("onecard.people", "persons.sql")
ERASED_NAME = "***"


async def suspend(tx: Tx, person_id: int, *, note: str = "", departments: Scope = None) -> None:
    """Refuse cards and new money of a person until `resume`.

    Raises:
        NotFoundError: there is no such person.
        ConflictError: the person is not active.
    """
    row = await _one(tx, person_id, departments)
    if row["state"] != PersonState.ACTIVE:
        raise ConflictError(say("{name} is not active, so there is nothing to suspend.", name=row["name"]))
    await put_state(tx, F.PEOPLE_PERSON_CHANGE, [row], PersonState.SUSPENDED, left_on=None, note=note)


async def resume(tx: Tx, person_id: int, *, note: str = "", departments: Scope = None) -> None:
    """End a suspension.

    Raises:
        NotFoundError: there is no such person.
        ConflictError: the person is not suspended.
    """
    row = await _one(tx, person_id, departments)
    if row["state"] != PersonState.SUSPENDED:
        raise ConflictError(say("{name} is not suspended.", name=row["name"]))
    await put_state(tx, F.PEOPLE_PERSON_CHANGE, [row], PersonState.ACTIVE, left_on=None, note=note)


async def leave(tx: Tx, ids: Iterable[int], *, on: date, note: str = "", departments: Scope = None) -> None:
    """Let people leave: no access, no cards, no new money, no face use from now on.

    Args:
        tx: the tenant's transaction.
        ids: who.
        on: the day that their files name.
        note: why, for the audit.
        departments: whom the caller may see.

    Raises:
        NotFoundError: one of them does not exist.
        ConflictError: one of them has left already.
    """
    rows = await locked(tx, ids, departments)
    for row in rows:
        reason = cannot_leave(row)
        if reason is not None:
            raise ConflictError(reason)
    await let_go(tx, F.PEOPLE_PERSON_LEAVE, rows, on=on, note=note)


def cannot_leave(row: Any) -> Text | None:
    """Why a person of `locked` cannot leave; None when nothing is in the way."""
    if row["state"] == PersonState.LEFT:
        return say("{name} has left already.", name=row["name"])
    return None


async def let_go(tx: Tx, function: Function, rows: list[Any], *, on: date, note: str) -> None:
    """What leaving does to people who can leave; their rows are locked."""
    ids = [row["id"] for row in rows]
    await _sql.withdraw_consents(tx.connection, tenant_id=tx.tenant_id, ids=ids)
    await _sql.end_face_use(tx.connection, tenant_id=tx.tenant_id, ids=ids)
    await put_state(tx, function, rows, PersonState.LEFT, left_on=on, note=note)


async def come_back(tx: Tx, person_id: int, *, note: str = "", departments: Scope = None) -> None:
    """Make somebody who has left active again; consents have to be given anew.

    Raises:
        NotFoundError: there is no such person.
        ConflictError: the person has not left, or the personal data were erased.
    """
    row = await _one(tx, person_id, departments)
    if row["erased"]:
        raise ConflictError(say("The personal data of {number} were erased.", number=row["number"]))
    if row["state"] != PersonState.LEFT:
        raise ConflictError(say("{name} has not left.", name=row["name"]))
    await put_state(tx, F.PEOPLE_PERSON_LEAVE, [row], PersonState.ACTIVE, left_on=None, note=note)


async def erase(tx: Tx, person_id: int, *, note: str = "", departments: Scope = None) -> None:
    """Take the personal data out of a file for ever; number, money and what devices recorded stay.

    Raises:
        NotFoundError: there is no such person.
        ConflictError: the person has not left, or the data were erased before.
    """
    row = await _one(tx, person_id, departments)
    if row["state"] != PersonState.LEFT:
        raise ConflictError(say("{name} has not left; only then can personal data go.", name=row["name"]))
    if row["erased"]:
        raise ConflictError(say("The personal data of {number} were erased.", number=row["number"]))
    key = {"tenant_id": tx.tenant_id, "id": person_id}
    await _sql.erase(tx.connection, **key, name=ERASED_NAME)
    await _sql.delete_photos(tx.connection, **key)
    await _sql.forget_givers(tx.connection, **key)
    await forget_keys(tx, [person_id])
    after = {"erased": True}
    await audit.write(tx, audit.Entry(F.PEOPLE_PERSON_ERASE, "person", row["number"], after=after, note=note))


async def locked(tx: Tx, ids: Iterable[int], departments: Scope) -> list[Any]:
    """Rows of people, locked in the order of their ids.

    Raises:
        NotFoundError: one of them does not exist, or not for the caller.
    """
    wanted = distinct(ids)
    found = _sql.lock_persons(tx.connection, tenant_id=tx.tenant_id, ids=wanted)
    rows = [row async for row in found if covers(departments, row["department_id"])]
    if len(rows) < len(wanted):
        raise NotFoundError(say("There is no such person."))
    return rows


async def _one(tx: Tx, person_id: int, departments: Scope) -> Any:
    return (await locked(tx, [person_id], departments))[0]


async def put_state(
    tx: Tx, function: Function, rows: list[Any], state: PersonState, *, left_on: date | None, note: str
) -> None:
    """Give people a state, whatever theirs was; their rows are locked."""
    ids = [row["id"] for row in rows]
    await _sql.set_state(tx.connection, tenant_id=tx.tenant_id, ids=ids, state=state, left_on=left_on)
    entries = []
    for row in rows:
        sides = {"state": row["state"], "left_on": row["left_on"]}, {"state": state.value, "left_on": left_on}
        before, after = audit.differing(*sides)
        entries.append(audit.Entry(function, "person", row["number"], before, after, note))
    await audit.write(tx, *entries)
