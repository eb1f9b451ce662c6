"""Use cases of lists that terminals keep: changes, differences, who has what, whom to tell when.

Changes are never undone or thrown away, so every version can be told again and a difference between any two
is one statement (devices.md §6.5).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from onecard.base.db import Tx, load_queries
from onecard.devices.model import Change, Delta, ListState, Row, Standing
from onecard.devices.rules import DIGEST_MODULUS, row_digest
from onecard.tenants import service as tenants

DATASETS = ("black",)
_VERSIONS = "dataset"
_CLAIM_S = 10
_CLAIM_MOST = 100
_sql = load_queries("onecard.devices")


@dataclass(frozen=True, slots=True)
class Claim:
    """A tenant whose lists one gateway looks at; `next_at` marks the claim."""

    tenant_id: int
    next_at: datetime


async def change(tx: Tx, dataset: str, changes: Sequence[Change], reason: str) -> int | None:
    """Append changes, each under its own version; the last version, None for none. `hold` comes first."""
    version = None
    for each in changes:
        version = await tenants.next_number(tx, _VERSIONS)
        digest = row_digest(each.row)
        await _sql.insert_change(
            tx.connection, tenant_id=tx.tenant_id, dataset=dataset, version=version,
            op="+" if each.added else "-", key=each.row.key,
            content=msgspec.json.encode(each.row.content).decode(),
            digest=digest - DIGEST_MODULUS if digest >= DIGEST_MODULUS // 2 else digest,
            devices=None if each.devices is None else list(each.devices), reason=reason,
        )  # fmt: skip
    return version


async def hold(tx: Tx) -> None:
    """Wake the gateways, and let nobody else change the tenant's lists until this transaction ends.

    So versions become visible in their order, and two reports of one card do not miss each other.
    """
    await wake(tx)


async def states(tx: Tx, dataset: str) -> list[ListState]:
    """Every device that is not retired and what it has of a list, by serial number."""
    rows = _sql.list_states(tx.connection, tenant_id=tx.tenant_id, dataset=dataset, device_id=None)
    return [ListState(**row) async for row in rows]


async def state(tx: Tx, dataset: str, device_id: int) -> ListState | None:
    """What one device has of a list; None when it is retired or was never there."""
    rows = _sql.list_states(tx.connection, tenant_id=tx.tenant_id, dataset=dataset, device_id=device_id)
    return next(iter([ListState(**row) async for row in rows]), None)


async def delta(tx: Tx, dataset: str, *, scope: int, base: int, to: int, after: str = "", most: int) -> Delta:
    """What leads from one version to another, at most so many operations of it.

    Args:
        tx: the tenant's transaction.
        dataset: which list.
        scope: the device, or 0 for one that no change names.
        base: the version it has; 0 for the whole list.
        to: the version it is to have.
        after: the last key of the part before.
        most: operations in one part.
    """
    rows = [
        (Row(row["key"], msgspec.json.decode(row["content"], type=dict[str, int])), row["op"] == "+")
        async for row in _sql.ops(
            tx.connection, tenant_id=tx.tenant_id, dataset=dataset, device_id=scope, base=base, upto=to,
            after=after, most=most + 1,
        )
    ]  # fmt: skip
    more = None
    if len(rows) > most:
        rows.pop()
        more = f"{to}:{base}:{rows[-1][0].key}"
    whole = await standing(tx, dataset, scope=scope, version=to)
    return Delta(dataset, base, to, base == 0, tuple(rows), more, whole.digest)


async def standing(tx: Tx, dataset: str, *, scope: int, version: int) -> Standing:
    """The list at a version as a device sees it (0: one that no change names); never changes again."""
    row = await _sql.standing(
        tx.connection, tenant_id=tx.tenant_id, dataset=dataset, device_id=scope, version=version
    )
    return Standing(row["rows"], int(row["digest"]) % DIGEST_MODULUS)


async def confirm(tx: Tx, dataset: str, before: ListState, version: int, problem: str | None) -> None:
    """Note what a device has, as `rules.believed` says; with a problem it is told again, but later."""
    good = problem is None and version >= before.wanted
    await _sql.confirm(
        tx.connection, tenant_id=tx.tenant_id, device_id=before.device_id, dataset=dataset, version=version,
        error=problem, good=good, retry=problem is not None,
    )  # fmt: skip
    if problem is not None:
        await wake(tx, after_s=1)


async def mark_sent(tx: Tx, dataset: str, versions: Mapping[int, int]) -> None:
    """Note which versions are on their way, by device; the next look is when they should have arrived."""
    await _sql.mark_sent(
        tx.connection, tenant_id=tx.tenant_id, dataset=dataset, devices=list(versions),
        versions=list(versions.values()),
    )  # fmt: skip


async def ask_again(tx: Tx, dataset: str, devices: Sequence[int]) -> None:
    """Have the whole list sent again to these devices, now or when they are back."""
    await _sql.ask_again(tx.connection, tenant_id=tx.tenant_id, dataset=dataset, devices=list(devices))
    await wake(tx)


async def wake(tx: Tx, *, after_s: int = 0) -> None:
    """Have a gateway look at the tenant's lists, soon or after some seconds."""
    await _sql.wake(tx.connection, tenant_id=tx.tenant_id, seconds=after_s)


async def claim_due(tx: Tx) -> list[Claim]:
    """Tenants whose lists this gateway alone is to look at now; in a transaction of the platform."""
    rows = _sql.claim_due(tx.connection, most=_CLAIM_MOST, seconds=_CLAIM_S)
    return [Claim(row["tenant_id"], row["next_at"]) async for row in rows]


async def rest(tx: Tx, claim: Claim, next_at: datetime | None) -> None:
    """Look at the tenant's lists again at that time, or (None) when somebody wakes the gateways."""
    await _sql.rest(tx.connection, tenant_id=claim.tenant_id, claimed=claim.next_at, next=next_at)
