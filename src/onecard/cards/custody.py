"""Use cases of custody: a tenant's masters kept by two people for the day when everything else is lost."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from onecard.base.db import Row, Tx, load_queries
from onecard.base.errors import ConflictError, UnavailableError
from onecard.cards import setup
from onecard.cards.custody_file import CheckValues, Cost, Custody, Keeper, check_keepers, check_values, seal
from onecard.cards.wrapping import KeyWrapper, wrap_masters
from onecard.tenants import service as tenants

_sql = load_queries("onecard.cards")


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    """Somebody took masters out, put them back, or wrapped them with another key.

    Attributes:
        people: the two who gave passphrases; two empty names for `rewrap`.
        fingerprint: check values of all masters, see `fingerprint`.
    """

    at: datetime
    actor: str
    what: str
    people: tuple[str, str]
    fingerprint: str


async def export_keys(
    tx: Tx, wrapper: KeyWrapper, *, first: Keeper, second: Keeper, cost: Cost | None = None
) -> bytes:
    """A custody file of the tenant's keys of all versions. The trace of it is written with `tx`.

    Whoever calls this commits `tx` before handing out the file: a trace without a file does no harm.

    Raises:
        OneCardError: these are not two people with a passphrase each.
        NotFoundError: the tenant has no card keys.
        UnavailableError: the key-encryption key does not open them.
    """
    check_keepers(first, second)
    ring = await setup.key_ring(tx, wrapper)
    tenant = await tenants.get(tx)
    data = await asyncio.to_thread(
        seal, ring, tenant=tenant.code, made_at=datetime.now(UTC), first=first, second=second, cost=cost
    )
    people = (first.name.strip(), second.name.strip())
    await _record(tx, "export", check_values(ring), people)
    return data


async def restore_keys(tx: Tx, wrapper: KeyWrapper, custody: Custody) -> list[int]:
    """Put the keys of a custody file back, wrapped with the present key-encryption key; returns versions.

    The tenant has none, or it has these and their boxes do not open because the key-encryption key was lost.

    Raises:
        ConflictError: the file is another tenant's, or the tenant's keys open, or they are not those of the
            file.
        UnavailableError: the key-encryption key cannot be used.
    """
    tenant = await tenants.get(tx)
    if tenant.code != custody.header.tenant:
        message = f"This custody file is of tenant {custody.header.tenant}, not of {tenant.code}."
        raise ConflictError(message)
    lost = await setup.key_versions(tx)
    if lost:
        await _refuse_unless_lost(tx, wrapper, custody, lost)
    else:
        site = custody.ring.site
        await _sql.insert_site(tx.connection, tenant_id=tenant.tenant_id, site=site.site_id, pin=site.pin)
    store = _sql.rewrap_key_set if lost else _sql.insert_key_set
    versions = lost or list(custody.ring.masters)
    for version in versions:
        box = await wrap_masters(
            wrapper, custody.ring.masters[version], tenant_id=tenant.tenant_id, version=version
        )
        await store(
            tx.connection, tenant_id=tenant.tenant_id, version=version, wrapped_by=wrapper.name, box=box
        )
    await _record(tx, "restore", custody.header.check_values, custody.header.people)
    return versions


async def rewrap(tx: Tx, old: KeyWrapper, new: KeyWrapper) -> int:
    """Wrap the tenant's masters with another key-encryption key; returns how many versions were not yet.

    Raises:
        UnavailableError: neither key opens a box, or one of them cannot be used.
    """
    changed = await setup.rewrap_keys(tx, old, new)
    if changed:
        await _record(tx, "rewrap", check_values(await setup.key_ring(tx, new)), ("", ""))
    return changed


async def is_present(tx: Tx, wrapper: KeyWrapper, custody: Custody) -> bool:
    """Whether the tenant's keys at this moment are exactly those of a custody file.

    Raises:
        NotFoundError: the tenant has no card keys.
        UnavailableError: the key-encryption key does not open them.
    """
    ring = await setup.key_ring(tx, wrapper)
    return ring.site == custody.ring.site and check_values(ring) == custody.header.check_values


async def events(tx: Tx) -> list[CustodyEvent]:
    """Who exported, restored and rewrapped the tenant's keys, newest first."""
    return [_event(row) async for row in _sql.custody_events(tx.connection, tenant_id=tx.tenant_id)]


def fingerprint(values: CheckValues) -> str:
    """Check values on one line: `1:A1B2C3-D4E5F6-071829 2:…`, by version."""
    return " ".join(f"{version}:{'-'.join(values[version])}" for version in sorted(values))


async def _refuse_unless_lost(tx: Tx, wrapper: KeyWrapper, custody: Custody, versions: list[int]) -> None:
    try:
        await setup.key_ring(tx, wrapper)
    except UnavailableError:
        pass
    else:
        message = "This tenant has card keys, and they open; a restore would change nothing."
        raise ConflictError(message)
    if await setup.site(tx) != custody.ring.site:
        message = (
            "This tenant has other card keys than the custody file: another site or secondary encryption."
        )
        raise ConflictError(message)
    missing = sorted(set(versions) - set(custody.ring.masters))
    if missing:
        message = f"The custody file is older than key version {missing[0]}; a newer file is needed."
        raise ConflictError(message)


async def _record(tx: Tx, what: str, values: CheckValues, people: tuple[str, str]) -> None:
    await _sql.insert_custody_event(
        tx.connection,
        tenant_id=tx.tenant_id,
        actor=str(tx.actor),
        what=what,
        first_person=people[0],
        second_person=people[1],
        fingerprint=fingerprint(values),
    )


def _event(row: Row) -> CustodyEvent:
    people = (row["first_person"], row["second_person"])
    return CustodyEvent(row["at"], row["actor"], row["what"], people, row["fingerprint"])
