"""What becomes of one record: posted, given back, stored only, set aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid5

from msgspec.structs import replace

from onecard.base.clock import to_utc
from onecard.base.ids import record_key
from onecard.base.status import Status
from onecard.cards.model import parse_uid
from onecard.consumption.model import Merchant
from onecard.devices.drivers.ot1.codec import Entry
from onecard.devices.drivers.ot1.model import Batch, Clock, Record
from onecard.devices.model import Credential, Filed
from onecard.gateway.directory import View
from onecard.gateway.holders import Holders
from onecard.gateway.sessions import Session
from onecard.ledger.model import Reversal, Sale, Source, Terms
from onecard.ledger.service import Ledger

# answers that say "not now": the record waits in the terminal
LATER = frozenset({Status.BUSY})
_AHEAD_US = 10 * 60 * 1_000_000
_BEHIND_US = int(timedelta(days=400).total_seconds()) * 1_000_000
_NO_ACCOUNT = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A batch with everything about its sender; `at_us` is when it arrived."""

    view: View
    device: Credential
    batch: Batch
    entries: Sequence[Entry]
    at_us: int


class Posting:
    """What becomes of one record."""

    def __init__(
        self, ledger: Ledger, holders: Holders, session: Session, delivery: Delivery, entry: Entry
    ) -> None:
        self._ledger = ledger
        self._holders = holders
        self._session = session
        self._delivery = delivery
        self._entry = entry
        self._key = record_key(device_id=delivery.device.id, epoch=delivery.batch.ep, seq=entry.seq)

    async def file(self) -> Filed:
        """Post it if it is a sale, and say how it is to be stored."""
        record = self._entry.record
        if record is None:
            return self._filed("malformed", Status.MALFORMED, None, "malformed")
        if record.k != "sale":
            return self._filed(record.k, Status.OK, None)
        return await self._file_sale(record)

    async def _file_sale(self, record: Record) -> Filed:
        merchant = self._delivery.view.rules.merchants.get(self._delivery.device.merchant_id or 0)
        if merchant is None:
            return self._filed("sale", Status.MERCHANT_UNKNOWN, None, Status.MERCHANT_UNKNOWN.code)
        if record.amt is None:
            return self._filed("sale", Status.MALFORMED, None, "malformed")
        if record.res not in {"cancelled", "unknown"} and self._was_sold_here(record):
            return self._filed("sale", Status.OK, self._key)
        sale = await self._sale(record, merchant, record.amt)
        if record.res in {"cancelled", "unknown"}:
            return await self._cancel(sale)
        answer = await self._ledger.post(sale)
        if not answer.ok and answer.status not in {*LATER, Status.KEY_REUSED}:
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
        if first.status in LATER:
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

    def _was_sold_here(self, record: Record) -> bool:
        """Whether this gateway has answered exactly this sale; then it is durable."""
        sold = self._session.sold.get((self._delivery.batch.ep, self._entry.seq))
        return sold is not None and sold == (_uid(record), record.amt)

    async def _sale(self, record: Record, merchant: Merchant, amount_fen: int) -> Sale:
        delivery, uid = self._delivery, _uid(record)
        holder = await self._holders.find(delivery.view.tenant_id, uid) if uid else None
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
            merchant_book=merchant.book_id,
            amount_fen=amount_fen,
            terms=delivery.view.rules.terms_at(holder.class_id, merchant.id) if holder else Terms(),
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
