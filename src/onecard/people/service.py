"""Use cases of people: many at once, as imports save them; and what other packages need of the rest.

Single files are in `persons.py`, leaving in `leaving.py`, mass changes in `bulk.py`, photos in `photos/`.
"""

from collections.abc import Sequence
from typing import Any

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say, say_count
from onecard.base.vault import Vault
from onecard.people.classes import classes as classes
from onecard.people.classes import create as create_class
from onecard.people.departments import create as create_department
from onecard.people.departments import delete as delete_department
from onecard.people.departments import ensure as ensure_department
from onecard.people.departments import subtree as subtree
from onecard.people.departments import tree as departments
from onecard.people.model import Gender, Person, PersonDraft
from onecard.people.search import reindex as reindex
from onecard.people.search import save_keys

__all__ = [
    "add_persons",
    "change_persons",
    "classes",
    "create_class",
    "create_department",
    "delete_department",
    "departments",
    "ensure_department",
    "id_number",
    "persons",
    "persons_named",
    "reindex",
    "subtree",
]

_sql = load_queries("onecard.people")


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
    """Save new persons in one statement; returns ids by number. What is saved is the caller's to audit.

    Raises:
        ConflictError: a number or phone is taken.
    """
    arrays = _arrays(tx, vault, drafts) | {"numbers": [draft.number for draft in drafts]}
    try:
        rows = _sql.insert_persons(tx.connection, tenant_id=tx.tenant_id, **arrays)
        ids = {row["number"]: row["id"] async for row in rows}
    except asyncpg.UniqueViolationError:
        raise _taken() from None
    await save_keys(tx, {ids[draft.number]: draft.name for draft in drafts}, fresh=True)
    return ids


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
        raise _taken() from None
    missing = len(drafts) - len(changed)
    if missing:
        message = say_count(
            missing,
            "{count} of the people to change does not exist.",
            "{count} of the people to change do not exist.",
        )
        raise NotFoundError(message)
    await save_keys(tx, {person_id: draft.name for person_id, draft in drafts.items()})


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


def _taken() -> ConflictError:
    return ConflictError(
        say("A number or phone was taken by somebody else in the meantime; nothing was saved.")
    )
