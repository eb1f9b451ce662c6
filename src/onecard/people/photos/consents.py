"""Consents to face use: who gave which, when; without one in force no face terminal gets a photo.

Face data are sensitive personal data: the consent is separate, a guardian gives it for a child under
fourteen, and it can be withdrawn at any time. There is always another way to identify.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.texts import say
from onecard.base.vault import Vault
from onecard.people import persons
from onecard.people.model import PersonState
from onecard.people.rules import GUARDED_BELOW_YEARS, age_on, born_on, tidy, usable_name
from onecard.people.scope import Scope
from onecard.tenants import audit
from onecard.tenants.functions import F

_sql = load_queries("onecard.people.photos")
FACE = "face"
VERSION_MAX = 32


class Giver(StrEnum):
    """Who gives a consent."""

    PERSON = "person"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A consent of a person's; `withdrawn_at` None: in force. `giver` is empty after erasure."""

    id: int
    purpose: str
    given_by: Giver
    giver: str
    text_version: str
    given_at: datetime
    withdrawn_at: datetime | None


async def consents(tx: Tx, person_id: int, *, departments: Scope = None) -> list[Consent]:
    """A person's consents, newest first.

    Raises:
        NotFoundError: there is no such person.
    """
    await persons.get(tx, person_id, departments=departments)
    rows = _sql.consents(tx.connection, tenant_id=tx.tenant_id, person_id=person_id)
    return [Consent(**(dict(row) | {"given_by": Giver(row["given_by"])})) async for row in rows]


async def give(
    tx: Tx,
    vault: Vault,
    person_id: int,
    *,
    given_by: Giver,
    giver: str,
    text_version: str,
    today: date,
    departments: Scope = None,
) -> int:
    """Record that somebody consented to face use; returns the consent's id.

    Args:
        tx: the tenant's transaction.
        vault: opens the ID number, which tells the age.
        person_id: whose face.
        given_by: the person, or a guardian.
        giver: the name of whoever gave it.
        text_version: which text was consented to, e.g. `2026-09`.
        today: by the tenant's calendar.
        departments: whom the caller may see.

    Raises:
        OneCardError: the name or version is malformed, or a guardian is required.
        NotFoundError: there is no such person.
        ConflictError: the person has left, or a consent is in force.
    """
    giver, text_version = usable_name(giver, say("whoever consents")), tidy(text_version)
    if not 1 <= len(text_version) <= VERSION_MAX:
        raise OneCardError(say("Say which version of the text was consented to, in at most 32 characters."))
    file = await persons.get_locked(tx, person_id, departments=departments)
    if file.state is PersonState.LEFT:
        raise ConflictError(say("{name} has left.", name=file.name))
    if file.face_consent:
        raise ConflictError(say("A consent of {name} is in force already.", name=file.name))
    if given_by is not Giver.GUARDIAN and await _is_child(tx, vault, person_id, today):
        message = say(
            "{name} is under {years}: a guardian has to consent.", name=file.name, years=GUARDED_BELOW_YEARS
        )
        raise OneCardError(message)
    key: dict[str, Any] = {"tenant_id": tx.tenant_id, "person_id": person_id}
    made = await _sql.insert_consent(
        tx.connection, **key, purpose=FACE, given_by=given_by, giver=giver, text_version=text_version
    )
    await _sql.set_face_use(tx.connection, **key, fit=True)
    after = {"face_consent": text_version, "given_by": given_by.value}
    await audit.write(tx, _entry(file.number, None, after))
    return int(made)


async def withdraw(tx: Tx, person_id: int, *, departments: Scope = None) -> None:
    """End the consent to face use; no face terminal may keep the photo from now on.

    Raises:
        NotFoundError: there is no such person, or no consent in force.
    """
    file = await persons.get_locked(tx, person_id, departments=departments)
    key: dict[str, Any] = {"tenant_id": tx.tenant_id, "person_id": person_id}
    if await _sql.withdraw(tx.connection, **key, purpose=FACE) is None:
        raise NotFoundError(say("No consent of {name} is in force.", name=file.name))
    await _sql.set_face_use(tx.connection, **key, fit=False)
    await audit.write(tx, _entry(file.number, {"face_consent": True}, {"face_consent": False}))


async def _is_child(tx: Tx, vault: Vault, person_id: int, today: date) -> bool:
    """Whether the ID number says so; who has none, or another document, is not known to be one."""
    box = await _sql.id_number_box(tx.connection, tenant_id=tx.tenant_id, person_id=person_id)
    born = None if box is None else born_on(vault.unseal(int(tx.tenant_id or 0), box))
    return born is not None and age_on(born, today) < GUARDED_BELOW_YEARS


def _entry(number: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> audit.Entry:
    return audit.Entry(F.PEOPLE_PHOTO_CHANGE, "person", number, before, after)
