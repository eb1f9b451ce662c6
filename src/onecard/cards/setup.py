"""Use cases before the first card: what a tenant's cards are like, the secondary encryption, the masters."""

import asyncpg
from nacl.utils import random

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError, UnavailableError
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import Site
from onecard.cards.technology import CardFormat, check_format
from onecard.cards.wrapping import KeyWrapper, new_masters, unwrap_masters, wrap_masters

_SITE_BYTES = 4
_VERSIONS = 255
_sql = load_queries("onecard.cards")


async def card_format(tx: Tx) -> CardFormat | None:
    """What the tenant's cards are like; None when nobody said."""
    row = await _sql.format(tx.connection, tenant_id=tx.tenant_id)
    return CardFormat.of(**row) if row else None


async def set_card_format(tx: Tx, chosen: CardFormat) -> None:
    """Say what the tenant's cards are like.

    Raises:
        OneCardError: the choices contradict each other.
        ConflictError: keyed cards exist, and their sectors would not be found again.
    """
    check_format(chosen)
    before = await card_format(tx)
    if before and before.layout != chosen.layout:
        keyed = await _sql.has_keyed_cards(tx.connection, tenant_id=tx.tenant_id)
        if keyed:
            message = "Cards are in use with these sectors; sectors can only be chosen before the first card."
            raise ConflictError(message)
    await _sql.set_cards(tx.connection, tenant_id=tx.tenant_id, **chosen.columns)


async def create_keys(tx: Tx, wrapper: KeyWrapper, *, pin: str) -> None:
    """Make a tenant's site and its first masters.

    Args:
        tx: the tenant's transaction.
        wrapper: the key-encryption key.
        pin: the system secondary encryption, four digits; it can be changed until the first card is keyed.

    Raises:
        OneCardError: the PIN is not four digits.
        ConflictError: the tenant has keys.
    """
    made = _site(random(_SITE_BYTES), pin)
    try:
        await _sql.insert_site(tx.connection, tenant_id=tx.tenant_id, site=made.site_id, pin=made.pin)
    except asyncpg.UniqueViolationError:
        message = "This tenant has card keys already."
        raise ConflictError(message) from None
    await _add_masters(tx, wrapper, 1)


async def has_keys(tx: Tx) -> bool:
    """Whether the tenant has card keys."""
    return await _sql.site(tx.connection, tenant_id=tx.tenant_id) is not None


async def key_versions(tx: Tx) -> list[int]:
    """Versions of the tenant's masters, newest first."""
    return [row["version"] async for row in _sql.key_sets(tx.connection, tenant_id=tx.tenant_id)]


async def site(tx: Tx) -> Site:
    """What all cards of the tenant share in the derivation of their keys.

    Raises:
        NotFoundError: the tenant has no card keys.
    """
    row = await _sql.site(tx.connection, tenant_id=tx.tenant_id)
    if row is None:
        raise _no_keys()
    return Site(site_id=row["site"], pin=row["pin"])


async def set_pin(tx: Tx, pin: str) -> None:
    """Change the system secondary encryption.

    Raises:
        OneCardError: it is not four digits.
        ConflictError: a card was keyed with the present one; the database itself refuses then.
        NotFoundError: the tenant has no card keys.
    """
    checked = _site(bytes(_SITE_BYTES), pin)
    try:
        changed = await _sql.set_pin(tx.connection, tenant_id=tx.tenant_id, pin=checked.pin)
    except (asyncpg.RestrictViolationError, asyncpg.ForeignKeyViolationError):
        message = "The system secondary encryption is locked for ever: cards were issued with it."
        raise ConflictError(message) from None
    if changed is None:
        raise _no_keys()


async def rotate_keys(tx: Tx, wrapper: KeyWrapper) -> int:
    """Make new masters; returns their version. Cards keep theirs until they are next on a reader.

    Raises:
        NotFoundError: the tenant has no card keys.
        UnavailableError: the key-encryption key does not open the present ones; versions that two keys wrap
            would never open together.
        ConflictError: 255 versions were used up, or somebody else is making one.
    """
    versions = list((await key_ring(tx, wrapper)).masters)
    if versions[0] >= _VERSIONS:
        message = f"A tenant can have {_VERSIONS} versions of card keys, and they are used up."
        raise ConflictError(message)
    try:
        await _add_masters(tx, wrapper, versions[0] + 1)
    except asyncpg.UniqueViolationError:
        message = "Somebody else made new card keys at this moment."
        raise ConflictError(message) from None
    return versions[0] + 1


async def rewrap_keys(tx: Tx, old: KeyWrapper, new: KeyWrapper) -> int:
    """Wrap all masters with another key-encryption key; returns how many versions were not yet.

    Raises:
        UnavailableError: neither key opens a box, or one of them cannot be used.
    """
    tenant_id = _tenant(tx)
    rows = [row async for row in _sql.key_sets(tx.connection, tenant_id=tenant_id)]
    todo = [row for row in rows if not await _opens(new, row["box"], tenant_id, row["version"])]
    for row in todo:
        masters = await unwrap_masters(old, row["box"], tenant_id=tenant_id, version=row["version"])
        box = await wrap_masters(new, masters, tenant_id=tenant_id, version=row["version"])
        await _sql.rewrap_key_set(
            tx.connection, tenant_id=tenant_id, version=row["version"], wrapped_by=new.name, box=box
        )
    return len(todo)


async def _opens(wrapper: KeyWrapper, box: bytes, tenant_id: int, version: int) -> bool:
    try:
        await unwrap_masters(wrapper, box, tenant_id=tenant_id, version=version)
    except UnavailableError:
        return False
    return True


async def key_ring(tx: Tx, wrapper: KeyWrapper) -> KeyRing:
    """The tenant's masters of all versions, newest first, in memory only.

    Raises:
        NotFoundError: the tenant has no card keys.
        UnavailableError: the key-encryption key does not open them.
    """
    tenant_id = _tenant(tx)
    place = await site(tx)
    sets = [one async for one in _sql.key_sets(tx.connection, tenant_id=tenant_id)]
    masters = {
        one["version"]: await unwrap_masters(wrapper, one["box"], tenant_id=tenant_id, version=one["version"])
        for one in sets
    }
    return KeyRing(place, masters)


async def _add_masters(tx: Tx, wrapper: KeyWrapper, version: int) -> None:
    tenant_id = _tenant(tx)
    box = await wrap_masters(wrapper, new_masters(), tenant_id=tenant_id, version=version)
    await _sql.insert_key_set(
        tx.connection, tenant_id=tenant_id, version=version, wrapped_by=wrapper.name, box=box
    )


def _tenant(tx: Tx) -> int:
    assert tx.tenant_id is not None  # noqa: S101  card keys are read in a tenant's transaction only
    return tx.tenant_id


def _site(site_id: bytes, pin: str) -> Site:
    try:
        return Site(site_id=site_id, pin=pin)
    except ValueError:
        message = "The system secondary encryption is exactly four digits."
        raise OneCardError(message) from None


def _no_keys() -> NotFoundError:
    return NotFoundError("This tenant has no card keys yet; choose its secondary encryption first.")
