"""Use cases of record stores: what is there, what is new, what a person must look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onecard.base.db import Tx, as_dicts, load_queries
from onecard.devices.model import Filed

_sql = load_queries("onecard.devices")


@dataclass(frozen=True, slots=True)
class Parcel:
    """Contiguous records of one store, beginning right above `watermark`; never empty.

    `said`: the newest number the device says it has.
    """

    device_id: int
    epoch: int
    watermark: int
    filed: Sequence[Filed]
    said: int | None = None


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


async def ingest(tx: Tx, parcels: Sequence[Parcel]) -> list[int | None]:
    """Store what follows the watermarks and move them; returns each parcel's watermark as it was found.

    A parcel whose watermark is not the one it expects is left alone: somebody else moved it meanwhile, and
    the parcel has to be compared with what is stored now. None stands for a record store that is not open:
    its announcement is still on its way here.

    Args:
        tx: the tenant's transaction.
        parcels: at most one for each record store.
    """
    where = {"devices": [each.device_id for each in parcels], "epochs": [each.epoch for each in parcels]}
    rows = _sql.lock_watermarks(tx.connection, tenant_id=tx.tenant_id, **where)
    found = {(row["device_id"], row["epoch"]): int(row["watermark"]) async for row in rows}
    watermarks = [found.get((each.device_id, each.epoch)) for each in parcels]
    taken = [each for each, watermark in zip(parcels, watermarks, strict=True) if watermark == each.watermark]
    lines = [(parcel, filed) for parcel in taken for filed in parcel.filed]
    if lines:
        await _insert(tx, lines)
        await _sql.move_watermarks(
            tx.connection, tenant_id=tx.tenant_id, devices=[each.device_id for each in taken],
            epochs=[each.epoch for each in taken], watermarks=[each.filed[-1].seq for each in taken],
            said=[each.said for each in taken],
        )  # fmt: skip
    for each in taken:
        doubtful = [(line.seq, line.quarantine, line.content) for line in each.filed if line.quarantine]
        await quarantine(tx, each.device_id, each.epoch, doubtful)
    return watermarks


async def _insert(tx: Tx, lines: Sequence[tuple[Parcel, Filed]]) -> None:
    await _sql.insert_records(
        tx.connection,
        tenant_id=tx.tenant_id,
        devices=[parcel.device_id for parcel, _ in lines],
        epochs=[parcel.epoch for parcel, _ in lines],
        seqs=[filed.seq for _, filed in lines],
        kinds=[filed.kind for _, filed in lines],
        times=[filed.occurred_at for _, filed in lines],
        statuses=[filed.status for _, filed in lines],
        keys=[filed.posting_key for _, filed in lines],
        digests=[filed.digest for _, filed in lines],
        contents=[filed.content.decode() for _, filed in lines],
    )


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
