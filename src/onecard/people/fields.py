"""Custom fields of personnel files: what a tenant wants to know of people beyond the usual."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.texts import say, say_count
from onecard.people.model import CustomField, FieldDraft, FieldKind
from onecard.people.rules import has_control_characters, tidy, usable_name
from onecard.tenants import audit
from onecard.tenants.functions import F

_sql = load_queries("onecard.people", "fields.sql")
FIELDS_MOST = 50
CHOICES_MOST = 200
VALUE_MAX = 500
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?", re.ASCII)


async def fields(tx: Tx) -> list[CustomField]:
    """The tenant's custom fields in their order."""
    rows = _sql.fields(tx.connection, tenant_id=tx.tenant_id)
    return [
        CustomField(
            **(dict(row) | {"kind": FieldKind(row["kind"]), "choices": tuple(row["choices"])})
        )
        async for row in rows
    ]  # fmt: skip


async def create(tx: Tx, draft: FieldDraft) -> int:
    """Add a custom field; returns its id.

    Raises:
        OneCardError: something in it is malformed.
        ConflictError: the name is taken, or there are enough.
    """
    draft = _checked(draft)
    if len(await fields(tx)) >= FIELDS_MOST:
        raise ConflictError(say("There are {most} custom fields already, and no more fit.", most=FIELDS_MOST))
    try:
        field_id = await _sql.insert_field(
            tx.connection, tenant_id=tx.tenant_id, name=draft.name, kind=draft.kind,
            choices=list(draft.choices), required=draft.required, position=draft.position,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise _taken(draft) from None
    entry = audit.Entry(F.PEOPLE_FIELD_CHANGE, "field", draft.name, after=_as_dict(draft))
    await audit.write(tx, entry)
    return int(field_id)


async def change(tx: Tx, field_id: int, draft: FieldDraft) -> None:
    """Change name, choices, order or whether it is required; the kind stays.

    A field that becomes required is asked for when a file is next saved.

    Raises:
        OneCardError: something is malformed.
        NotFoundError: it does not exist.
        ConflictError: the name is taken, the kind would change, or people have a choice that is taken away.
    """
    draft = _checked(draft)
    old = await _field(tx, field_id)
    if draft.kind != old.kind:
        message = say("The kind of a custom field never changes; add another field instead.")
        raise ConflictError(message)
    lost = sorted(set(old.choices) - set(draft.choices))
    used = await _count(tx, field_id, lost) if lost else 0
    if used:
        message = say(
            "A choice of {name} would disappear that is that of {people}; change theirs first.",
            people=say_count(used, "{count} person", "{count} people"),
            name=old.name,
        )
        raise ConflictError(message)
    before, after = audit.differing(_as_dict(old), _as_dict(draft))
    if not after:
        return
    try:
        await _sql.change_field(
            tx.connection, tenant_id=tx.tenant_id, id=field_id, name=draft.name, choices=list(draft.choices),
            required=draft.required, position=draft.position,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise _taken(draft) from None
    await audit.write(tx, audit.Entry(F.PEOPLE_FIELD_CHANGE, "field", old.name, before, after))


async def delete(tx: Tx, field_id: int, *, with_values: bool = False) -> int:
    """Delete a custom field; returns how many people lost what they had in it.

    Args:
        tx: the tenant's transaction.
        field_id: which.
        with_values: also when people have something in it; that is emptied.

    Raises:
        NotFoundError: it does not exist.
        ConflictError: people have something in it.
    """
    old = await _field(tx, field_id)
    used = await _count(tx, field_id, None)
    if used and not with_values:
        message = say(
            "{name} holds something of {people}. Confirm that it is to be lost, or keep the field.",
            people=say_count(used, "{count} person", "{count} people"),
            name=old.name,
        )
        raise ConflictError(message)
    if used:
        await _sql.empty_field(tx.connection, tenant_id=tx.tenant_id, field=str(field_id))
    await _sql.delete_field(tx.connection, tenant_id=tx.tenant_id, id=field_id)
    before = _as_dict(old) | {"people": used}
    await audit.write(tx, audit.Entry(F.PEOPLE_FIELD_CHANGE, "field", old.name, before=before))
    return used


def checked_values(definitions: Sequence[CustomField], values: Mapping[int, Any]) -> dict[int, Any]:
    """Values of a file as they are stored; empty ones are left out.

    Raises:
        OneCardError: a value is missing or not of its field's kind, or there is no such field.
    """
    known = {each.id: each for each in definitions}
    if set(values) - set(known):
        raise OneCardError(say("There is no such custom field any more. Open the form again."))
    result = {}
    for each in definitions:
        value = _checked_value(each, values.get(each.id))
        if value is None and each.required:
            raise OneCardError(say("{name} is required.", name=each.name))
        if value is not None:
            result[each.id] = value
    return result


def _checked_value(field: CustomField, value: Any) -> Any:
    if field.kind is FieldKind.YES:
        if value not in {None, True, False}:
            raise OneCardError(say("{name} is yes or no.", name=field.name))
        return value
    if isinstance(value, bool):
        raise OneCardError(say("{name} is not yes or no.", name=field.name))
    text = tidy(value.isoformat() if isinstance(value, date) else str(value)) if value is not None else ""
    if not text:
        return None
    if field.kind is FieldKind.TEXT and (len(text) > VALUE_MAX or has_control_characters(text)):
        message = say("{name} has at most {most} printable characters.", name=field.name, most=VALUE_MAX)
        raise OneCardError(message)
    if field.kind is FieldKind.NUMBER and not _NUMBER.fullmatch(text):
        raise OneCardError(say("{name} is a number, such as 12 or -3.5.", name=field.name))
    if field.kind is FieldKind.DATE and not _is_date(text):
        raise OneCardError(say("{name} is a date, such as 2026-09-01.", name=field.name))
    if field.kind is FieldKind.CHOICE and text not in field.choices:
        message = say("{name} is one of {choices}.", name=field.name, choices=", ".join(field.choices))
        raise OneCardError(message)
    return text


def _is_date(text: str) -> bool:
    try:
        return len(text) == len("2026-09-01") and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _checked(draft: FieldDraft) -> FieldDraft:
    name = usable_name(draft.name, say("a custom field"))
    choices = tuple(usable_name(each, say("a choice")) for each in draft.choices)
    if (draft.kind is FieldKind.CHOICE) != bool(choices):
        raise OneCardError(say("A choice has choices, and nothing else has."))
    if len(set(choices)) < len(choices) or len(choices) > CHOICES_MOST:
        message = say("There are at most {most} choices, and each is named once.", most=CHOICES_MOST)
        raise OneCardError(message)
    return replace(draft, name=name, choices=choices)


async def _field(tx: Tx, field_id: int) -> CustomField:
    found = next((each for each in await fields(tx) if each.id == field_id), None)
    if found is None:
        raise NotFoundError(say("There is no such custom field."))
    return found


async def _count(tx: Tx, field_id: int, values: list[str] | None) -> int:
    return int(
        await _sql.count_values(
            tx.connection, tenant_id=tx.tenant_id, field=str(field_id), values=values
        )
    )  # fmt: skip


def _taken(draft: FieldDraft) -> ConflictError:
    return ConflictError(say("There is a custom field {name} already.", name=draft.name))


def _as_dict(draft: FieldDraft) -> dict[str, Any]:
    return {
        "name": draft.name,
        "kind": draft.kind.value,
        "choices": list(draft.choices),
        "required": draft.required,
        "position": draft.position,
    }
