"""Use cases of single personnel files (人员档案): open, create, change, reveal."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say
from onecard.base.vault import Vault
from onecard.people import fields
from onecard.people.file_rules import audited, checked
from onecard.people.model import CustomField, FileDraft, Gender, PersonFile, PersonState
from onecard.people.rules import mask_id_number
from onecard.people.scope import Scope, covers
from onecard.people.search import save_keys
from onecard.tenants import audit
from onecard.tenants.functions import F

_sql = load_queries("onecard.people", "persons.sql")


async def get(tx: Tx, person_id: int, *, vault: Vault | None = None, departments: Scope = None) -> PersonFile:
    """A whole personnel file.

    Args:
        tx: the tenant's transaction.
        person_id: whose.
        vault: opens the ID number to show it masked; None leaves that out.
        departments: whom the caller may see.

    Raises:
        NotFoundError: there is no such person, or not for the caller.
    """
    row = await _sql.file(tx.connection, tenant_id=tx.tenant_id, id=person_id)
    if row is None or not covers(departments, row["department_id"]):
        raise NotFoundError(say("There is no such person."))
    return _file(tx, row, vault)


async def get_locked(tx: Tx, person_id: int, *, departments: Scope = None) -> PersonFile:
    """A file whose row stays locked until the transaction ends.

    Raises:
        NotFoundError: there is no such person, or not for the caller.
    """
    await _lock(tx, person_id)
    return await get(tx, person_id, departments=departments)


async def find(tx: Tx, number: str, *, departments: Scope = None) -> int:
    """The id of a person by number.

    Raises:
        NotFoundError: there is no such person, or not for the caller.
    """
    row = await _sql.find_number(tx.connection, tenant_id=tx.tenant_id, number=number)
    if row is None or not covers(departments, row["department_id"]):
        raise NotFoundError(say("There is no person with the number {number}.", number=number))
    return int(row["id"])


async def create(tx: Tx, vault: Vault, draft: FileDraft, *, departments: Scope = None) -> int:
    """Save a new personnel file; returns the person's id. The account is the caller's to open.

    Args:
        tx: the tenant's transaction.
        vault: seals the ID number.
        draft: as a form carries it.
        departments: where the caller may put people.

    Raises:
        OneCardError: something in it is malformed.
        NotFoundError: department or class does not exist.
        ConflictError: number or phone is taken.
    """
    definitions = await fields.fields(tx)
    draft = checked(draft, definitions)
    _refuse_department(departments, draft)
    await _refuse_taken(tx, draft, 0)
    try:
        made = await _sql.insert_file(
            tx.connection, tenant_id=tx.tenant_id, draft=_columns(draft), **_sealed(tx, vault, draft)
        )
    except asyncpg.UniqueViolationError:
        raise _was_taken() from None
    except asyncpg.ForeignKeyViolationError:
        raise _place_is_gone() from None
    await save_keys(tx, {made: draft.name}, fresh=True)
    after = audited(await get(tx, made))
    entry = audit.Entry(F.PEOPLE_PERSON_CHANGE, "person", draft.number, after=after)
    await audit.write(tx, entry)
    return int(made)


async def change(
    tx: Tx, vault: Vault, person_id: int, draft: FileDraft, *, version: int, departments: Scope = None
) -> int:
    """Save a changed personnel file; returns its new version.

    Args:
        tx: the tenant's transaction.
        vault: seals the ID number.
        person_id: whose.
        draft: the whole file; the number as it is.
        version: what the form was opened on.
        departments: whom the caller may see, and where it may put them.

    Raises:
        OneCardError: something in it is malformed.
        NotFoundError: there is no such person, department or class.
        ConflictError: somebody else saved meanwhile, the phone is taken, the number would change, or the
            personal data were erased.
    """
    old = await get_locked(tx, person_id, departments=departments)
    if old.erased:
        raise ConflictError(say("The personal data of {number} were erased.", number=old.number))
    definitions = await fields.fields(tx)
    draft = checked(draft, definitions)
    if draft.number != old.number:
        raise ConflictError(say("The number of a person never changes."))
    if old.version != version:
        message = say(
            "Somebody else has changed the file of {name} meanwhile. Open it again and repeat.", name=old.name
        )
        raise ConflictError(message)
    _refuse_department(departments, draft)
    await _refuse_taken(tx, draft, person_id)
    try:
        new = await _sql.change_file(
            tx.connection, tenant_id=tx.tenant_id, id=person_id, draft=_columns(draft),
            keep_id_number=draft.id_number is None, **_sealed(tx, vault, draft),
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise _was_taken() from None
    except asyncpg.ForeignKeyViolationError:
        raise _place_is_gone() from None
    if draft.name != old.name:
        await save_keys(tx, {person_id: draft.name})
    await _audit_change(tx, old, draft, definitions)
    return int(new)


async def reveal_id_number(
    tx: Tx, vault: Vault, person_id: int, *, departments: Scope = None, note: str = ""
) -> str:
    """A person's ID document number in full; that it was seen is in the audit.

    Raises:
        NotFoundError: there is no such person, or no number is stored.
    """
    row = await _sql.file(tx.connection, tenant_id=tx.tenant_id, id=person_id)
    if row is None or not covers(departments, row["department_id"]):
        raise NotFoundError(say("There is no such person."))
    if row["id_number_box"] is None:
        raise NotFoundError(say("No ID document number of {name} is stored.", name=row["name"]))
    await audit.write(tx, audit.Entry(F.PEOPLE_PERSON_REVEAL, "person", row["number"], note=note))
    return vault.unseal(int(tx.tenant_id or 0), row["id_number_box"])


async def _audit_change(tx: Tx, old: PersonFile, draft: FileDraft, definitions: list[CustomField]) -> None:
    new = await get(tx, old.id)
    before, after = audit.differing(audited(old), audited(new))
    if draft.remark != old.remark:
        after["remark"] = "changed"
    if draft.id_number is not None and (draft.id_number or old.has_id_number):
        after["id_number"] = "changed" if draft.id_number else "removed"
    changed = {name for name in {*old.custom, *new.custom} if old.custom.get(name) != new.custom.get(name)}
    after |= {f"custom: {each.name}": "changed" for each in definitions if each.id in changed}
    if after:
        await audit.write(tx, audit.Entry(F.PEOPLE_PERSON_CHANGE, "person", old.number, before, after))


async def _lock(tx: Tx, person_id: int) -> None:
    async for _ in _sql.lock_persons(tx.connection, tenant_id=tx.tenant_id, ids=[person_id]):
        pass


def _refuse_department(departments: Scope, draft: FileDraft) -> None:
    if not covers(departments, draft.department_id):
        raise _place_is_gone()


async def _refuse_taken(tx: Tx, draft: FileDraft, person_id: int) -> None:
    taken = await _sql.owner_of(
        tx.connection, tenant_id=tx.tenant_id, number=draft.number, phone=draft.phone, id=person_id
    )
    if taken["number"]:
        raise ConflictError(say("The number {number} is somebody else's already.", number=draft.number))
    if taken["phone"]:
        raise ConflictError(say("The phone {phone} is somebody else's already.", phone=draft.phone))


def _was_taken() -> ConflictError:
    return ConflictError(
        say("A number or phone was taken by somebody else in the meantime; nothing was saved.")
    )


def _place_is_gone() -> NotFoundError:
    return NotFoundError(say("There is no such department or account class. Choose another one."))


def _columns(draft: FileDraft) -> str:
    values = asdict(draft)
    del values["id_number"]
    return json.dumps(values, default=str)


def _sealed(tx: Tx, vault: Vault, draft: FileDraft) -> dict[str, bytes | None]:
    tenant_id, plain = int(tx.tenant_id or 0), draft.id_number
    if not plain:
        return {"box": None, "tag": None}
    return {"box": vault.seal(tenant_id, plain), "tag": vault.tag(tenant_id, plain)}


def _file(tx: Tx, row: Mapping[str, Any], vault: Vault | None) -> PersonFile:
    values = dict(row)
    box = values.pop("id_number_box")
    masked = ""
    if box is not None and vault is not None:
        masked = mask_id_number(vault.unseal(int(tx.tenant_id or 0), box))
    values |= {
        "gender": None if row["gender"] is None else Gender(row["gender"]),
        "state": PersonState(row["state"]),
        "custom": {int(key): value for key, value in json.loads(row["custom"]).items()},
        "photos": tuple(row["photos"]),
        "has_id_number": box is not None,
        "id_number_masked": masked,
    }
    return PersonFile(**values)
