"""Records of terminals: post, store, acknowledge — in this order (devices.md §6.4).

Posting is idempotent by the record's key, storing moves the watermark in one transaction, and only then the
terminal hears that it may forget. Killed anywhere in between, the terminal sends again and nothing is posted
twice.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from msgspec.structs import replace

from onecard.base.clock import now_us, to_utc
from onecard.base.ids import record_key
from onecard.base.status import Status
from onecard.cards import service as cards
from onecard.cards.model import CardHolder, parse_uid
from onecard.devices import records
from onecard.devices.drivers.ot1 import codec
from onecard.devices.drivers.ot1.codec import Entry
from onecard.devices.drivers.ot1.model import Ack, Batch, Clock, Record
from onecard.devices.model import Credential, Filed
from onecard.gateway.directory import AWAY, GATEWAY, View, admission
from onecard.gateway.hub import Hub
from onecard.ledger.model import Reversal, Sale, Source, Terms
from onecard.ledger.service import Ledger

log = logging.getLogger(__name__)

_STORE_PATIENCE_S = (0.0, 0.05, 0.15, 0.3)
_AHEAD_US = 10 * 60 * 1_000_000
_BEHIND_US = int(timedelta(days=400).total_seconds()) * 1_000_000
# answers that say "not now": the record waits in the terminal
_LATER = frozenset({Status.BUSY})
_NO_ACCOUNT = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A batch with everything about its sender; `at_us` is when it arrived."""

    view: View
    device: Credential
    batch: Batch
    entries: Sequence[Entry]
    at_us: int


class Records:
    """Takes `up/rec` of all devices.

    Args:
        hub: what the parts of a gateway share.
    """

    def __init__(self, hub: Hub) -> None:
        self._db = hub.db
        self._bus = hub.bus
        self._ledger = hub.ledger
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
        view, device, epoch = delivery.view, delivery.device, delivery.batch.ep
        shelf = await self._look(delivery)
        if shelf is None:
            self._counters.count("rec", Status.EPOCH_UNKNOWN)
            return Ack(ep=epoch, code=Status.EPOCH_UNKNOWN.code)
        watermark = shelf.watermark
        fresh = [entry for entry in delivery.entries if entry.seq > watermark]
        old = [entry for entry in delivery.entries if entry.seq <= watermark]
        await self._compare(delivery, shelf, old)
        if fresh and fresh[0].seq == watermark + 1:
            filed = await self._post(delivery, fresh)
            if filed:
                async with self._db.tenant_tx(view.tenant_id, GATEWAY) as tx:
                    watermark = await records.ingest(tx, device.id, epoch, filed)
                for each in filed:
                    self._counters.count(f"rec.{each.kind}", each.status)
        elif fresh:
            self._counters.count("rec", Status.SEQUENCE_OUT_OF_RANGE)
        self._sessions.of(view.code, device.token).acknowledged(epoch, watermark)
        return Ack(ep=epoch, ack=watermark)

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

    async def _post(self, delivery: Delivery, fresh: Sequence[Entry]) -> list[Filed]:
        """Post what has to be posted; the records up to the first that has to wait."""
        holders = await self._resolve(delivery.view, fresh)
        work = [_Posting(self._ledger, delivery, entry, holders).file() for entry in fresh]
        filed: list[Filed] = []
        for each in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(each, AWAY):
                log.warning("a record has to wait: %s", each)
                break
            if isinstance(each, BaseException):
                raise each
            if each.status in _LATER:
                break
            if each.quarantine:
                log.error(
                    "record %s of device %s quarantined: %s", each.seq, delivery.device.token, each.quarantine
                )
            filed.append(each)
        return filed

    async def _resolve(self, view: View, fresh: Sequence[Entry]) -> dict[str, CardHolder]:
        uids = {uid for entry in fresh if (uid := _uid(entry.record)) is not None}
        if not uids:
            return {}
        async with self._db.tenant_tx(view.tenant_id, GATEWAY) as tx:
            return await cards.resolve(tx, sorted(uids))


class _Posting:
    """What becomes of one record."""

    def __init__(
        self, ledger: Ledger, delivery: Delivery, entry: Entry, holders: dict[str, CardHolder]
    ) -> None:
        self._ledger = ledger
        self._delivery = delivery
        self._entry = entry
        self._holders = holders
        self._key = record_key(device_id=delivery.device.id, epoch=delivery.batch.ep, seq=entry.seq)

    async def file(self) -> Filed:
        """Post it if it is a sale, and say how it is to be stored."""
        record = self._entry.record
        if record is None:
            return self._filed("malformed", Status.MALFORMED, None, "malformed")
        if record.k != "sale":
            return self._filed(record.k, Status.OK, None)
        merchant = self._delivery.view.rules.merchants.get(self._delivery.device.merchant_id or 0)
        if merchant is None:
            return self._filed("sale", Status.MERCHANT_UNKNOWN, None, Status.MERCHANT_UNKNOWN.code)
        if record.amt is None:
            return self._filed("sale", Status.MALFORMED, None, "malformed")
        sale = self._sale(record, merchant.book_id, record.amt)
        if record.res in {"cancelled", "unknown"}:
            return await self._cancel(sale)
        answer = await self._ledger.post(sale)
        if not answer.ok and answer.status not in {*_LATER, Status.KEY_REUSED}:
            # the online request was refused, yet the goods were handed out
            insisted = record_key(
                device_id=sale.source_id, epoch=self._delivery.batch.ep, seq=self._entry.seq, insist=True
            )
            answer = await self._ledger.post(replace(sale, key=insisted))
        return self._filed("sale", answer.status, answer.key, None if answer.ok else answer.status.code)

    async def _cancel(self, sale: Sale) -> Filed:
        """Nothing was handed out: make sure that nothing is booked, now or when a late request arrives."""
        # past its deadline a key that is new is refused and stays refused; one that was posted says so again
        first = await self._ledger.post(replace(sale, offline=False, deadline_us=1))
        if first.status in _LATER:
            return self._filed("sale", first.status, None)
        if first.status is Status.KEY_REUSED:
            return self._filed("sale", first.status, sale.key, first.status.code)
        if not first.ok:
            return self._filed("sale", Status.OK, None)
        answer = await self._ledger.post(
            Reversal(
                tenant_id=sale.tenant_id, key=uuid5(sale.key, "cancelled"), business_day=sale.business_day,
                meal=sale.meal, occurred_at_us=sale.occurred_at_us, source=sale.source,
                source_id=sale.source_id, card_id=sale.card_id, original=sale.key,
            )
        )  # fmt: skip
        return self._filed("sale", answer.status, answer.key, None if answer.ok else answer.status.code)

    def _sale(self, record: Record, book_id: int, amount_fen: int) -> Sale:
        delivery, holder = self._delivery, self._holders.get(_uid(record) or "")
        at_us = self._occurred_us(record)
        day, meal = delivery.view.rules.period(at_us)
        return Sale(
            tenant_id=delivery.view.tenant_id,
            key=self._key,
            business_day=day,
            meal=meal,
            occurred_at_us=at_us,
            source=Source.TERMINAL,
            source_id=delivery.device.id,
            card_id=holder.card_id if holder else None,
            account_id=holder.person_id if holder else _NO_ACCOUNT,
            merchant_book=book_id,
            amount_fen=amount_fen,
            terms=delivery.view.rules.terms.get(holder.class_id, Terms()) if holder else Terms(),
            offline=True,
        )

    def _occurred_us(self, record: Record) -> int:
        """The terminal's time, unless it was never set or cannot be true; then the server's."""
        at_us, now = record.t * 1000, self._delivery.at_us
        if record.clk is Clock.UNSET or not now - _BEHIND_US < at_us < now + _AHEAD_US:
            return now
        return at_us

    def _filed(self, kind: str, status: Status, key: UUID | None, quarantine: str | None = None) -> Filed:
        entry = self._entry
        at_us = entry.record.t * 1000 if entry.record else self._delivery.at_us
        return Filed(entry.seq, kind, to_utc(at_us), status, key, entry.digest, entry.content, quarantine)


def _uid(record: Record | None) -> str | None:
    """The card's number, when a card was presented."""
    if record is None or record.k != "sale" or record.cred is None or record.cred.t != "uid":
        return None
    return parse_uid(record.cred.v)
