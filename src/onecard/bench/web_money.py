"""Years of top-ups and sales, posted as fast as the ledger takes them; everything is answered for."""

import asyncio
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from onecard.base.db import SYSTEM
from onecard.base.errors import OneCardError
from onecard.base.ids import uuid7
from onecard.base.status import Status
from onecard.bench.harness import Progress, portions
from onecard.bench.web_site import Site, Size
from onecard.consumption import service as consumption
from onecard.ledger.model import AnyRequest, BookKind, Journal, Leg, Place, PostingKind, Sale, Source, Terms
from onecard.ledger.service import Ledger, system_books

_IN_FLIGHT = 4_096
_FIRST_DAY = date(2025, 9, 1)
_DAYS = 200
_NOON_US = 12 * 3_600 * 1_000_000
_SALE_MOST_FEN = 15_00
_PLENTY = 2  # times what somebody is expected to spend at most
_LUNCH = 2
_TOLD_EVERY_S = 5.0
_TERMS = Terms(transaction_limit_fen=50_00, day_limit_fen=40_000_00, day_limit_count=20_000)


@dataclass(slots=True)
class Money:
    """What came of it.

    Attributes:
        taken_fen: by a merchant's book.
        per_second: postings.
    """

    taken_fen: dict[int, int] = field(default_factory=dict)
    per_second: float = 0.0


async def seed_money(
    site: Site, tenant_id: int, accounts: Sequence[int], size: Size, progress: Progress
) -> Money:
    """One top-up for each account, and sales up to the number of postings.

    Raises:
        OneCardError: the ledger refused something.
    """
    async with site.db.tenant_tx(tenant_id, SYSTEM) as tx:
        bank = (await system_books(tx))[BookKind.BANK]
        merchants = [each.book_id for each in await consumption.merchants(tx)]
    sales = max(0, size.postings - len(accounts))
    plenty = max(100_00, _PLENTY * _SALE_MOST_FEN * sales // max(1, len(accounts)))
    money = Money(dict.fromkeys(merchants, 0))
    posting = _Posting(site.ledger, size.postings, progress)
    for chunk in portions(accounts[: size.postings], _IN_FLIGHT):
        await posting.all(_top_up(tenant_id, account, bank, plenty) for account in chunk)
    chance = random.Random(size.seed)  # noqa: S311  a load, not a secret
    for numbers in portions(range(sales), _IN_FLIGHT):
        requests = [
            _sale(tenant_id, chance, accounts, merchants, number * _DAYS // sales) for number in numbers
        ]
        await posting.all(requests)
        for request in requests:
            money.taken_fen[request.merchant_book] += request.amount_fen
    money.per_second = posting.per_second
    return money


class _Posting:
    """Posts many at once and tells how far it is."""

    def __init__(self, ledger: Ledger, total: int, progress: Progress) -> None:
        self._ledger, self._total, self._progress = ledger, total, progress
        self._done, self._since, self._told = 0, time.monotonic(), time.monotonic()

    @property
    def per_second(self) -> float:
        return self._done / max(0.001, time.monotonic() - self._since)

    async def all(self, requests: Iterable[AnyRequest]) -> None:
        answers = await asyncio.gather(*(self._ledger.post(each) for each in requests))
        for answer in answers:
            if answer.status is not Status.OK:
                message = f"The ledger refused a posting of the benchmark: {answer.status.code}."
                raise OneCardError(message)
        self._done += len(answers)
        if time.monotonic() - self._told > _TOLD_EVERY_S:
            self._told = time.monotonic()
            self._progress(f"postings: {self._done:,} of {self._total:,}, {self.per_second:,.0f} per second")


def _top_up(tenant_id: int, account: int, bank: int, amount_fen: int) -> Journal:
    leg = Leg(Place(bank), Place(BookKind.CASH, account), amount_fen)
    return Journal(
        tenant_id=tenant_id, key=uuid7(), business_day=_FIRST_DAY, occurred_at_us=_instant(0),
        source=Source.COMMAND, source_id=1, kind=PostingKind.TOP_UP, legs=(leg,),
    )  # fmt: skip


def _sale(
    tenant_id: int, chance: random.Random, accounts: Sequence[int], merchants: Sequence[int], day: int
) -> Sale:
    place = int(chance.random() ** 2 * len(merchants))
    return Sale(
        tenant_id=tenant_id, key=uuid7(), business_day=_FIRST_DAY + timedelta(days=day),
        occurred_at_us=_instant(day), source=Source.TERMINAL, source_id=1 + place, meal=_LUNCH, terms=_TERMS,
        account_id=accounts[int(chance.random() * len(accounts))], merchant_book=merchants[place],
        amount_fen=1 + int(chance.random() * (_SALE_MOST_FEN - 1)),
    )  # fmt: skip


def _instant(day: int) -> int:
    midnight = datetime.combine(_FIRST_DAY + timedelta(days=day), datetime.min.time(), UTC)
    return int(midnight.timestamp()) * 1_000_000 + _NOON_US
