"""Use cases of record stores: what is there, what is new, what a person must look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onecard.base.db import Tx, as_dicts, load_queries
from onecard.devices.model import Filed

_sql = load_queries("onecard.devices")


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is stored of a range of records: the watermark, and the digests of those in the range."""

    watermark: int
    digests: Mapping[int, bytes]


async def look(tx: Tx, device_id: int, epoch: int, seqs: Sequence[int]) -> Shelf | None:
    """What is stored of these records; None when the device never announced this record store."""
    where = {"tenant_id": tx.tenant_id, "device_id": device_id, "epoch": epoch}
    watermark = await _sql.watermark(tx.connection, **where)
    if watermark is None:
        return None
    below = [seq for seq in seqs if seq <= watermark]
    digests = {}
    if below:
        rows = _sql.digests(tx.connection, **where, seqs=below)
        digests = {row["seq"]: row["digest"] async for row in rows}
    return Shelf(watermark, digests)


async def ingest(tx: Tx, device_id: int, epoch: int, filed: Sequence[Filed]) -> int:
    """Store records above the watermark and move it; returns where it is then.

    The records are contiguous. Those that another gateway has stored meanwhile are skipped; if the first
    one left lies beyond the watermark + 1, nothing is stored.
    """
    where = {"tenant_id": tx.tenant_id, "device_id": device_id, "epoch": epoch}
    watermark = int(await _sql.lock_watermark(tx.connection, **where))
    fresh = [each for each in filed if each.seq > watermark]
    if not fresh or fresh[0].seq != watermark + 1:
        return watermark
    await _sql.insert_records(
        tx.connection, **where, seqs=[each.seq for each in fresh], kinds=[each.kind for each in fresh],
        times=[each.occurred_at for each in fresh], statuses=[each.status for each in fresh],
        keys=[each.posting_key for each in fresh], digests=[each.digest for each in fresh],
        contents=[each.content.decode() for each in fresh],
    )  # fmt: skip
    watermark = fresh[-1].seq
    await _sql.move_watermark(tx.connection, **where, watermark=watermark)
    doubtful = [(each.seq, each.quarantine, each.content) for each in fresh if each.quarantine]
    await quarantine(tx, device_id, epoch, doubtful)
    return watermark


async def quarantine(tx: Tx, device_id: int, epoch: int, doubtful: Sequence[tuple[int, str, bytes]]) -> int:
    """Set aside what contradicts (number, reason, content); returns how many were not there already."""
    if not doubtful:
        return 0
    return int(
        await _sql.quarantine(
            tx.connection, tenant_id=tx.tenant_id, device_id=device_id, epoch=epoch,
            seqs=[seq for seq, _, _ in doubtful], reasons=[reason for _, reason, _ in doubtful],
            contents=[content.decode() for _, _, content in doubtful],
        )
    )  # fmt: skip


async def quarantined(tx: Tx) -> list[dict[str, Any]]:
    """Everything set aside in this tenant, oldest first."""
    return as_dicts([row async for row in _sql.quarantined(tx.connection, tenant_id=tx.tenant_id)])
