"""Stores records: what waits at one moment, of all terminals of a tenant, goes into one transaction."""

import asyncio
import logging
from dataclasses import dataclass

from onecard.base.db import Database
from onecard.devices import records
from onecard.devices.records import Parcel
from onecard.gateway.directory import GATEWAY

log = logging.getLogger(__name__)

_TOGETHER_MOST = 100


@dataclass(frozen=True, slots=True)
class _Waiting:
    parcel: Parcel
    future: "asyncio.Future[int | None]"


class Archive:
    """Stores parcels of records, together.

    Args:
        db: the application's door.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[int, list[_Waiting]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def store(self, tenant_id: int, parcel: Parcel) -> int | None:
        """Store a parcel; returns when that is durable, with the watermark found before.

        When it is another one than the parcel's, or None for a store that is not open, nothing was stored.
        """
        future: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant_id, []).append(_Waiting(parcel, future))
        if tenant_id not in self._tasks:
            self._tasks[tenant_id] = asyncio.create_task(self._work(tenant_id))
        return await future

    async def _work(self, tenant_id: int) -> None:
        """Store what waits until nothing does; while one transaction runs the next one gathers."""
        while waiting := self._waiting.pop(tenant_id, None):
            batch: dict[tuple[int, int], _Waiting] = {}
            for each in waiting:
                key = (each.parcel.device_id, each.parcel.epoch)
                if key in batch or len(batch) == _TOGETHER_MOST:
                    self._waiting.setdefault(tenant_id, []).append(each)
                else:
                    batch[key] = each
            await self._store(tenant_id, list(batch.values()))
        del self._tasks[tenant_id]

    async def _store(self, tenant_id: int, batch: list[_Waiting]) -> None:
        try:
            async with self._db.tenant_tx(tenant_id, GATEWAY) as tx:
                watermarks = await records.ingest(tx, [each.parcel for each in batch])
        except Exception as error:  # noqa: BLE001  each parcel's sender gets the failure
            if len(batch) == 1:
                if not batch[0].future.done():
                    batch[0].future.set_exception(error)
                return
            # one parcel that cannot be stored must not keep the others out
            for each in batch:
                await self._store(tenant_id, [each])
            return
        for each, watermark in zip(batch, watermarks, strict=True):
            if not each.future.done():
                each.future.set_result(watermark)
