"""Use cases of photos: look at, put, take away; how strict the face check is."""

import hashlib
from typing import Any

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.texts import say
from onecard.people import persons
from onecard.people.model import PersonFile, PersonState
from onecard.people.photos.model import FINDINGS, SLOTS, Finding, Photo, PhotoCheck, Prepared
from onecard.people.scope import Scope
from onecard.tenants import audit
from onecard.tenants.functions import F

_sql = load_queries("onecard.people.photos")


async def photos(tx: Tx, person_id: int, *, departments: Scope = None) -> list[Photo]:
    """A person's photos without their bytes.

    Raises:
        NotFoundError: there is no such person.
    """
    await persons.get(tx, person_id, departments=departments)
    rows = _sql.photos(tx.connection, tenant_id=tx.tenant_id, person_id=person_id)
    return [Photo(**(dict(row) | {"findings": tuple(map(Finding, row["findings"]))})) async for row in rows]


async def jpeg(tx: Tx, person_id: int, slot: int, *, departments: Scope = None) -> tuple[bytes, bytes]:
    """A photo's JPEG and its SHA-256.

    Raises:
        NotFoundError: there is no such person or photo.
    """
    await persons.get(tx, person_id, departments=departments)
    row = await _sql.jpeg(tx.connection, tenant_id=tx.tenant_id, person_id=person_id, slot=slot)
    if row is None:
        raise NotFoundError(say("There is no such photo."))
    return row["jpeg"], row["sha256"]


async def put(
    tx: Tx, person_id: int, prepared: Prepared, *, slot: int = 1, departments: Scope = None
) -> bool:
    """Store a photo that `process.prepare` made; returns whether anything changed.

    Args:
        tx: the tenant's transaction; the photo is prepared before it begins.
        person_id: whose.
        prepared: the photo.
        slot: 1 or 2; what was there is replaced.
        departments: whom the caller may see.

    Raises:
        OneCardError: the slot is neither; or the tenant takes only photos that are fit for a face terminal.
        NotFoundError: there is no such person.
        ConflictError: the person has left.
    """
    file = await _open(tx, person_id, slot, departments)
    if file.state is PersonState.LEFT:
        raise ConflictError(say("{name} has left.", name=file.name))
    bad = [each for each in prepared.findings if each is not Finding.NOT_CHECKED]
    if bad and await photo_check(tx) is PhotoCheck.REFUSE:
        raise OneCardError(FINDINGS[bad[0]])
    digest = hashlib.sha256(prepared.jpeg).digest()
    key: dict[str, Any] = {"tenant_id": tx.tenant_id, "person_id": person_id}
    before = await _sql.jpeg(tx.connection, **key, slot=slot)
    if before is not None and before["sha256"] == digest:
        return False
    await _sql.delete_photo(tx.connection, **key, slot=slot)
    await _sql.insert_photo(
        tx.connection, **key, slot=slot, jpeg=prepared.jpeg, sha256=digest,
        size=[prepared.width, prepared.height], findings=list(prepared.findings), face_use=False,
    )  # fmt: skip
    await _sql.set_face_use(tx.connection, **key, fit=file.face_consent)
    await _audit(tx, file, slot, before and before["sha256"], digest)
    return True


async def take_away(tx: Tx, person_id: int, *, slot: int, departments: Scope = None) -> None:
    """Delete a photo.

    Raises:
        NotFoundError: there is no such person or photo.
    """
    file = await _open(tx, person_id, slot, departments)
    key: dict[str, Any] = {"tenant_id": tx.tenant_id, "person_id": person_id}
    before = await _sql.jpeg(tx.connection, **key, slot=slot)
    if before is None:
        raise NotFoundError(say("There is no such photo."))
    await _sql.delete_photo(tx.connection, **key, slot=slot)
    await _sql.set_face_use(tx.connection, **key, fit=file.face_consent)
    await _audit(tx, file, slot, before["sha256"], None)


async def photo_check(tx: Tx) -> PhotoCheck:
    """What the tenant does about photos that are not fit for a face terminal."""
    return PhotoCheck(await _sql.photo_check(tx.connection, tenant_id=tx.tenant_id) or PhotoCheck.WARN)


async def set_photo_check(tx: Tx, wanted: PhotoCheck) -> None:
    """Warn of photos that are not fit for a face terminal, or refuse them; those that are there stay."""
    before = await photo_check(tx)
    if before is wanted:
        return
    await _sql.set_photo_check(tx.connection, tenant_id=tx.tenant_id, photo_check=wanted)
    sides = {"photo_check": before.value}, {"photo_check": wanted.value}
    await audit.write(tx, audit.Entry(F.SYSTEM_ENTERPRISE_CHANGE, "policy", "photo_check", *sides))


async def _open(tx: Tx, person_id: int, slot: int, departments: Scope) -> PersonFile:
    """The file, its row locked until the end: what follows is judged by what it says."""
    if slot not in SLOTS:
        raise OneCardError(say("A person has photo 1 and photo 2."))
    return await persons.get_locked(tx, person_id, departments=departments)


async def _audit(tx: Tx, file: PersonFile, slot: int, before: bytes | None, after: bytes | None) -> None:
    old, new = ({f"photo_{slot}": each.hex()} if each is not None else None for each in (before, after))
    await audit.write(tx, audit.Entry(F.PEOPLE_PHOTO_CHANGE, "person", file.number, old, new))
