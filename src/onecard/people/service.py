"""Use cases of departments, account classes and persons."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.vault import Vault
from onecard.people.model import PURSES, AccountClass, ClassDraft, Department, Gender, Person, PersonDraft
from onecard.people.rules import NAME_MAX, DepartmentTree, has_control_characters, tidy

_sql = load_queries("onecard.people")
_TAKEN = "A number or phone was taken by somebody else in the meantime; nothing was saved."


async def departments(tx: Tx) -> DepartmentTree:
    """The tenant's departments."""
    rows = _sql.departments(tx.connection, tenant_id=tx.tenant_id)
    return DepartmentTree([Department(**row) async for row in rows])


async def create_department(
    tx: Tx, *, name: str, parent_id: int | None = None, code: str | None = None, position: int = 0
) -> int:
    """Create a department; returns its id.

    Args:
        tx: the tenant's transaction.
        name: unique among its siblings, without `/`.
        parent_id: None makes the root.
        code: None: the next free number.
        position: order among its siblings.

    Raises:
        OneCardError: the name is malformed.
        NotFoundError: the parent does not exist.
        ConflictError: there is a root already, or the parent has a child of this name, or the code is taken.
    """
    name = _usable_name(name, "a department")
    if "/" in name:
        message = (
            f"A department's name may not contain “/”, which separates the names of a path; {name!r} does."
        )
        raise OneCardError(message)
    known = [department for _, department in (await departments(tx)).outline()]
    code = code or _free_code(known)
    _refuse_double(known, name, parent_id, code)
    try:
        department_id = await _sql.insert_department(
            tx.connection, tenant_id=tx.tenant_id, code=code, name=name, parent_id=parent_id,
            position=position,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        message = f"The department {name} was just created by somebody else."
        raise ConflictError(message) from None
    except asyncpg.ForeignKeyViolationError:
        message = f"There is no department with id {parent_id} to put {name} under."
        raise NotFoundError(message) from None
    return int(department_id)


def _refuse_double(known: Sequence[Department], name: str, parent_id: int | None, code: str) -> None:
    if parent_id is None and known:
        message = f"There is a root department already, so {name} needs a parent."
        raise ConflictError(message)
    if any(each.parent_id == parent_id and each.name == name for each in known):
        message = f"There is a department {name} in the same place already."
        raise ConflictError(message)
    if any(each.code == code for each in known):
        message = f"The department code {code} is taken."
        raise ConflictError(message)


def _free_code(known: Sequence[Department]) -> str:
    taken = [int(each.code) for each in known if re.fullmatch(r"\d{1,9}", each.code, re.ASCII)]
    return str(max(taken, default=0) + 1)


async def ensure_department(tx: Tx, path: str) -> int:
    """The department at a path (`初中部/七年级1班`), made when missing, and so its parents.

    The root may lead the path or be left out; without a root yet, the first name becomes it.
    """
    known = {(each.parent_id, each.name): each.id for _, each in (await departments(tx)).outline()}
    names = [tidy(part) for part in path.strip("/").split("/")]
    root = next((key for key in known if key[0] is None), None)
    if root is not None and names[0] != root[1]:
        names.insert(0, root[1])
    here: int | None = None
    for name in names:
        here = known.get((here, name)) or await create_department(tx, name=name, parent_id=here)
    return int(here or 0)


async def delete_department(tx: Tx, department_id: int) -> None:
    """Delete an empty department.

    Raises:
        NotFoundError: it does not exist.
        ConflictError: something is in it; the sentence says what.
    """
    row = await _sql.department_contents(tx.connection, tenant_id=tx.tenant_id, id=department_id)
    if row["name"] is None:
        message = f"There is no department with id {department_id}."
        raise NotFoundError(message)
    inside = [
        _counted(row["people"], "person", "people"),
        _counted(row["departments"], "department", "departments"),
    ]
    if any(inside):
        message = (
            f"The department {row['name']} cannot be deleted: it holds {' and '.join(filter(None, inside))}."
        )
        raise ConflictError(message)
    try:
        await _sql.delete_department(tx.connection, tenant_id=tx.tenant_id, id=department_id)
    except asyncpg.ForeignKeyViolationError:
        message = f"The department {row['name']} cannot be deleted: somebody was just put into it."
        raise ConflictError(message) from None


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""


async def classes(tx: Tx) -> list[AccountClass]:
    """The tenant's account classes by number."""
    rows = _sql.classes(tx.connection, tenant_id=tx.tenant_id)
    return [AccountClass(**(dict(row) | {"drawing": tuple(row["drawing"])})) async for row in rows]


async def create_class(tx: Tx, draft: ClassDraft) -> int:
    """Create an account class; returns its id.

    Raises:
        OneCardError: name, drawing order or a limit is malformed.
        ConflictError: number or name is taken.
    """
    name = _usable_name(draft.name, "an account class")
    if not draft.drawing or len(set(draft.drawing)) < len(draft.drawing) or set(draft.drawing) - set(PURSES):
        message = f"The drawing order of {name} must name purses once each, out of {', '.join(PURSES)}."
        raise OneCardError(message)
    numbers = {key: value for key, value in asdict(draft).items() if isinstance(value, int)}
    for key, value in numbers.items():
        if value < (key == "number"):
            message = f"{key} of the account class {name} is {value}, which is too low."
            raise OneCardError(message)
    limits = [
        draft.transaction_limit_fen,
        draft.meal_limit_fen,
        draft.meal_limit_count,
        draft.day_limit_fen,
        draft.day_limit_count,
    ]
    try:
        class_id = await _sql.insert_class(
            tx.connection, tenant_id=tx.tenant_id, number=draft.number, name=name,
            drawing=list(draft.drawing), floor_fen=draft.floor_fen, limits=limits,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        message = f"There is an account class with the number {draft.number} or the name {name} already."
        raise ConflictError(message) from None
    return int(class_id)


async def persons_named(tx: Tx, *, numbers: Sequence[str], phones: Sequence[str]) -> list[Person]:
    """Persons who have one of the numbers or one of the phones."""
    rows = _sql.persons_named(
        tx.connection, tenant_id=tx.tenant_id, numbers=list(numbers), phones=list(phones)
    )
    return [_person(row) async for row in rows]


async def persons(tx: Tx, *, search: str = "", after: str = "", most: int = 100) -> list[Person]:
    """One page of persons by number.

    Args:
        tx: the tenant's transaction.
        search: part of a name, or the start of a number or phone; empty: everybody.
        after: the last number of the page before.
        most: length of the page.
    """
    rows = _sql.persons(tx.connection, tenant_id=tx.tenant_id, search=search, after=after, most=most)
    return [_person(row) async for row in rows]


async def id_number(tx: Tx, vault: Vault, person_id: int) -> str | None:
    """A person's ID document number in clear; whoever shows it answers for the right to."""
    box = await _sql.id_number_box(tx.connection, tenant_id=tx.tenant_id, id=person_id)
    return None if box is None else vault.unseal(int(tx.tenant_id or 0), box)


async def add_persons(tx: Tx, vault: Vault, drafts: Sequence[PersonDraft]) -> dict[str, int]:
    """Save new persons in one statement; returns ids by number.

    Raises:
        ConflictError: a number or phone is taken.
    """
    arrays = _arrays(tx, vault, drafts) | {"numbers": [draft.number for draft in drafts]}
    try:
        rows = _sql.insert_persons(tx.connection, tenant_id=tx.tenant_id, **arrays)
        return {row["number"]: row["id"] async for row in rows}
    except asyncpg.UniqueViolationError:
        raise ConflictError(_TAKEN) from None


async def change_persons(tx: Tx, vault: Vault, drafts: dict[int, PersonDraft]) -> None:
    """Save changes of existing persons in one statement; the number itself never changes.

    Args:
        tx: the tenant's transaction.
        vault: seals ID numbers.
        drafts: by person id; None leaves an optional field as it is.

    Raises:
        ConflictError: a phone is taken.
        NotFoundError: one of the persons does not exist.
    """
    arrays = _arrays(tx, vault, list(drafts.values())) | {"ids": list(drafts)}
    try:
        rows = _sql.update_persons(tx.connection, tenant_id=tx.tenant_id, **arrays)
        changed = [row["id"] async for row in rows]
    except asyncpg.UniqueViolationError:
        raise ConflictError(_TAKEN) from None
    if len(changed) != len(drafts):
        message = f"{len(drafts) - len(changed)} of the persons to change do not exist."
        raise NotFoundError(message)


def _arrays(tx: Tx, vault: Vault, drafts: Sequence[PersonDraft]) -> dict[str, list[Any]]:
    tenant_id = int(tx.tenant_id or 0)
    plain = [draft.id_number for draft in drafts]
    return {
        "names": [draft.name for draft in drafts],
        "departments": [draft.department_id for draft in drafts],
        "classes": [draft.class_id for draft in drafts],
        "genders": [draft.gender for draft in drafts],
        "phones": [draft.phone for draft in drafts],
        "boxes": [None if text is None else vault.seal(tenant_id, text) for text in plain],
        "tags": [None if text is None else vault.tag(tenant_id, text) for text in plain],
    }


def _person(row: Any) -> Person:
    gender = None if row["gender"] is None else Gender(row["gender"])
    return Person(**(dict(row) | {"gender": gender}))


def _usable_name(name: str, what: str) -> str:
    name = tidy(name)
    if not name or len(name) > NAME_MAX or has_control_characters(name):
        message = f"The name of {what} has 1 to {NAME_MAX} printable characters; {name!r} is not one."
        raise OneCardError(message)
    return name
