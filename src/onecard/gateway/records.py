"""Records of terminals: post, store, acknowledge — in this order (devices.md §6.4).

Posting is idempotent by the record's key, storing moves the watermark in one transaction, and only then the
terminal hears that it may forget. Killed anywhere in between, the terminal sends again and nothing is posted
twice.
"""

import asyncio
import logging
from collections.abc import Sequence

from onecard.base.clock import now_us
from onecard.base.status import Status
from onecard.devices import records
from onecard.devices.drivers.ot1 import codec
from onecard.devices.drivers.ot1.codec import Entry
from onecard.devices.drivers.ot1.model import Ack, Batch
from onecard.devices.model import Filed
from onecard.gateway.archive import Archive
from onecard.gateway.directory import AWAY, GATEWAY, admission
from onecard.gateway.holders import Holders
from onecard.gateway.hub import Hub
from onecard.gateway.postings import LATER, Delivery, Posting
from onecard.gateway.sessions import Session

log = logging.getLogger(__name__)

_STORE_PATIENCE_S = (0.0, 0.05, 0.15, 0.3)


class Records:
    """Takes `up/rec` of all devices.

    Args:
        hub: what the parts of a gateway share.
    """

    def __init__(self, hub: Hub) -> None:
        self._db = hub.db
        self._bus = hub.bus
        self._ledger = hub.ledger
        self._holders = Holders(hub.db)
        self._archive = Archive(hub.db)
        self._directory = hub.directory
        self._sessions = hub.sessions
        self._counters = hub.counters

    async def handle(self, subject: str, payload: bytes) -> None:
        """Bus handler of `ot1.<tenant>.<device>.up.rec`."""
        _, code, token, _, _ = subject.split(".")
        ack = await self._take(code, token, payload)
        if ack is not None:
            await self._bus.publish(f"ot1.{code}.{token}.dn.rec", codec.encode(ack))

    async def _take(self, code: str, token: str, payload: bytes) -> Ack | None:
        batch = codec.decode(Batch, payload)
        entries = codec.entries(batch) if isinstance(batch, Batch) else batch
        if isinstance(batch, Status) or isinstance(entries, Status):
            status = batch if isinstance(batch, Status) else Status.MALFORMED
            self._counters.count("rec", status)
            return Ack(ep=batch.ep if isinstance(batch, Batch) else None, code=status.code)
        try:
            delivery = await self._identify(code, token, batch, entries)
            if isinstance(delivery, Delivery):
                return await self._deliver(delivery)
            status = delivery
        except AWAY as error:
            log.warning(
                "records of %s/%s wait for better times: %s", code, token, error or type(error).__name__
            )
            status = Status.BUSY
        self._counters.count("rec", status)
        # the terminal sends again by itself; a word that says why is due for refusals only
        return None if status is Status.BUSY else Ack(ep=batch.ep, code=status.code)

    async def _identify(
        self, code: str, token: str, batch: Batch, entries: Sequence[Entry]
    ) -> Delivery | Status:
        view = self._directory.fresh(code) or await self._directory.view(code)
        if view is None:
            return Status.TENANT_UNKNOWN
        device = view.devices.get(token)
        status = admission(view, device)
        if device is None or status is not Status.OK:
            return status
        return Delivery(view, device, batch, entries, now_us())

    async def _deliver(self, delivery: Delivery) -> Ack:
        """Post and store what is new; compare what is not."""
        session, epoch = self._sessions.of(delivery.view.code, delivery.device.token), delivery.batch.ep
        shelf: records.Shelf | None = None
        if delivery.entries and session.stores.get(epoch) == delivery.entries[0].seq - 1:
            shelf = records.Shelf(delivery.entries[0].seq - 1, {})
        while True:
            shelf = shelf or await self._look(delivery)
            if shelf is None:
                self._counters.count("rec", Status.EPOCH_UNKNOWN)
                return Ack(ep=epoch, code=Status.EPOCH_UNKNOWN.code)
            watermark = await self._store(delivery, shelf, session)
            if watermark is not None:
                session.acknowledged(epoch, watermark)
                return Ack(ep=epoch, ack=watermark)
            shelf = None  # what was known of the store was wrong

    async def _store(self, delivery: Delivery, shelf: records.Shelf, session: Session) -> int | None:
        """The new watermark; None when it was not where `shelf` says."""
        watermark = shelf.watermark
        await self._compare(delivery, shelf, [each for each in delivery.entries if each.seq <= watermark])
        fresh = [each for each in delivery.entries if each.seq > watermark]
        if not fresh:
            return watermark
        if fresh[0].seq != watermark + 1:
            self._counters.count("rec", Status.SEQUENCE_OUT_OF_RANGE)
            return watermark
        filed = await self._post(delivery, fresh, session)
        if not filed:
            return watermark
        parcel = records.Parcel(delivery.device.id, delivery.batch.ep, watermark, filed, delivery.batch.last)
        if await self._archive.store(delivery.view.tenant_id, parcel) != watermark:
            return None
        for each in filed:
            self._counters.count(f"rec.{each.kind}", each.status)
        return filed[-1].seq

    async def _look(self, delivery: Delivery) -> records.Shelf | None:
        """What is stored of the batch; waits a moment for an announcement on its way."""
        seqs = [entry.seq for entry in delivery.entries]
        for patience in _STORE_PATIENCE_S:
            await asyncio.sleep(patience)
            async with self._db.tenant_tx(delivery.view.tenant_id, GATEWAY) as tx:
                shelf = await records.look(tx, delivery.device.id, delivery.batch.ep, seqs)
            if shelf is not None:
                return shelf
        return None

    async def _compare(self, delivery: Delivery, shelf: records.Shelf, old: Sequence[Entry]) -> None:
        """Records that came before must be the same; another content under a used number is set aside."""
        other = [entry for entry in old if shelf.digests.get(entry.seq, entry.digest) != entry.digest]
        self._counters.count("rec.repeated", Status.OK, len(old) - len(other))
        if not other:
            return
        device = delivery.device
        self._counters.count("rec", Status.KEY_REUSED, len(other))
        log.error(
            "device %s/%s sent records %s of store %s again with another content: quarantined",
            delivery.view.code, device.token, [entry.seq for entry in other], delivery.batch.ep,
        )  # fmt: skip
        async with self._db.tenant_tx(delivery.view.tenant_id, GATEWAY) as tx:
            doubtful = [(entry.seq, "other_content", entry.content) for entry in other]
            await records.quarantine(tx, device.id, delivery.batch.ep, doubtful)

    async def _post(self, delivery: Delivery, fresh: Sequence[Entry], session: Session) -> list[Filed]:
        """Post what has to be posted; the records up to the first that has to wait."""
        work = [Posting(self._ledger, self._holders, session, delivery, entry).file() for entry in fresh]
        # most batches are one record; a task for it alone would be waste
        done = [await work[0]] if len(work) == 1 else await asyncio.gather(*work, return_exceptions=True)
        filed: list[Filed] = []
        for each in done:
            if isinstance(each, AWAY):
                log.warning("a record has to wait: %s", each)
                break
            if isinstance(each, BaseException):
                raise each
            if each.status in LATER:
                break
            if each.quarantine:
                log.error(
                    "record %s of device %s quarantined: %s", each.seq, delivery.device.token, each.quarantine
                )
            filed.append(each)
        return filed
