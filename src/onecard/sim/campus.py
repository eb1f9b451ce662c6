"""What a fleet needs around it: people with cards and money, and terminals certified at merchants."""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import partial

from onecard.base.clock import now_us, to_utc
from onecard.base.db import Actor, Database
from onecard.base.ids import uuid7
from onecard.base.vault import Vault
from onecard.cards import service as cards
from onecard.consumption import service as consumption
from onecard.consumption.model import MealDraft, Merchant, covers
from onecard.desk.examples import WORKBOOK, prepare_example_tenant
from onecard.desk.people_import import import_people
from onecard.devices import service as devices
from onecard.ledger.model import BookKind, Journal, Leg, Place, PostingKind, Source
from onecard.ledger.service import Ledger, open_book, system_books
from onecard.sim.device import Credential
from onecard.sim.fleet import Placed
from onecard.tenants import service as tenants

Progress = Callable[[str, int, int], None]  # stage, done, total

LUNCH = "午餐"
_LUNCH_BEFORE, _LUNCH_AFTER = timedelta(minutes=5), timedelta(minutes=90)
_POOR_SHARE, _SUBSIDY_SHARE = 0.04, 0.4
_POOR_FEN = (0, 1_00, 2_50)
_CASH_FEN = (50_00, 100_00, 200_00)
_SUBSIDY_FEN = (20_00, 30_00)
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Campus:
    """A tenant that is ready for lunch.

    Attributes:
        cards: UIDs of the people's cards.
        placed: its terminals.
        merchants: by code.
        paid_in_fen: cash that went over the counter.
        granted_fen: subsidies given.
    """

    tenant_id: int
    code: str
    cards: tuple[str, ...]
    placed: tuple[Placed, ...]
    merchants: dict[str, Merchant]
    people: int
    paid_in_fen: int
    granted_fen: int


async def raise_campus(
    db: Database,
    ledger: Ledger,
    vault: Vault,
    *,
    actor: Actor,
    code: str,
    terminals: int,
    chance: random.Random,
    progress: Progress,
) -> Campus:
    """The example school: its 500 people imported, topped up, and `terminals` certified at its merchants.

    Its lunch is moved to the present hour, so that what is sold now is sold at lunch.
    """
    tenant_id = await prepare_example_tenant(db, actor, code=code)
    async with db.tenant_tx(tenant_id, actor) as tx:
        tenant = await tenants.get(tx)
        now = tenant.business_day.local_time(now_us())
        await consumption.set_meals(tx, lunch_now(await consumption.meals(tx), now, tenant.day_cutoff))
    outcome = await import_people(
        db, vault, actor, tenant_id=tenant_id, path=WORKBOOK,
        progress=lambda done, total, stage: progress(f"import: {stage}", done, total),
    )  # fmt: skip
    async with db.tenant_tx(tenant_id, actor) as tx:
        uids = await cards.active_uids(tx)
        accounts = [holder.person_id for holder in (await cards.resolve(tx, uids)).values()]
    day = tenant.business_day.of(now_us())
    paid, granted = await _charge(
        db, ledger, actor, tenant_id, accounts, day=day, chance=chance, progress=progress
    )
    placed = await certify_terminals(
        db, actor, tenant_id=tenant_id, code=code, count=terminals, prefix="POS", progress=progress
    )
    async with db.tenant_tx(tenant_id, actor) as tx:
        merchants = {merchant.code: merchant for merchant in await consumption.merchants(tx)}
    return Campus(
        tenant_id, code, tuple(uids), tuple(placed), merchants, len(outcome.plan.rows), paid, granted
    )


async def certify_terminals(
    db: Database,
    actor: Actor,
    *,
    tenant_id: int,
    code: str,
    count: int,
    prefix: str,
    progress: Progress,
) -> list[Placed]:
    """Certify terminals `<prefix>-001` … in turn at the tenant's merchants; existing ones are replaced."""
    placed = []
    async with db.tenant_tx(tenant_id, actor) as tx:
        merchants = await consumption.merchants(tx)
        known = {device.sn for device in await devices.devices(tx) if device.state != "retired"}
    for number in range(count):
        sn, merchant = f"{prefix}-{number + 1:03d}", merchants[number % len(merchants)]
        async with db.tenant_tx(tenant_id, actor) as tx:
            if sn in known:
                await devices.retire(tx, sn)
            given = await devices.certify(
                tx, tenant_code=code, sn=sn, merchant_id=merchant.id, name=sn, place=merchant.name
            )
        placed.append(Placed(Credential(code, given.client_id, given.secret), merchant.code))
        progress("terminals certified", number + 1, count)
    return placed


async def _charge(
    db: Database,
    ledger: Ledger,
    actor: Actor,
    tenant_id: int,
    accounts: Sequence[int],
    *,
    day: date,
    chance: random.Random,
    progress: Progress,
) -> tuple[int, int]:
    """Money for everybody: cash over the counter, a subsidy for some, next to nothing for a few."""
    async with db.tenant_tx(tenant_id, actor) as tx:
        drawer = await open_book(tx, BookKind.DRAWER)
        fund = (await system_books(tx))[BookKind.SUBSIDY_FUND]
    journal = partial(
        Journal, tenant_id=tenant_id, business_day=day, source=Source.COMMAND, source_id=0, memo="demo"
    )
    orders: list[Journal] = []
    for account in accounts:
        poor = chance.random() < _POOR_SHARE
        cash = chance.choice(_POOR_FEN if poor else _CASH_FEN)
        gifts = [(PostingKind.TOP_UP, drawer, BookKind.CASH, cash)]
        if not poor and chance.random() < _SUBSIDY_SHARE:
            gifts.append((PostingKind.GRANT, fund, BookKind.SUBSIDY, chance.choice(_SUBSIDY_FEN)))
        for kind, source, purse, amount in gifts:
            if amount:
                leg = Leg(Place(source), Place(purse, account), amount)
                orders.append(journal(key=uuid7(), occurred_at_us=now_us(), kind=kind, legs=(leg,)))
    given = {PostingKind.TOP_UP: 0, PostingKind.GRANT: 0}
    for start in range(0, len(orders), _AT_ONCE):
        chunk = orders[start : start + _AT_ONCE]
        for order, answer in zip(chunk, await asyncio.gather(*map(ledger.post, chunk)), strict=True):
            if not answer.ok:
                message = (
                    f"money for account {order.legs[0].credit.account_id} was refused: {answer.status.code}"
                )
                raise RuntimeError(message)
            given[PostingKind(order.kind)] += order.legs[0].amount_fen
        progress("accounts topped up", start + len(chunk), len(orders))
    return given[PostingKind.TOP_UP], given[PostingKind.GRANT]


def lunch_now(meals: Iterable[MealDraft], now: time, cutoff: time) -> list[MealDraft]:
    """The meals with lunch around the present moment; what it would overlap gives way.

    Args:
        meals: of the tenant.
        now: its wall-clock time.
        cutoff: end of its business day, which no meal may cross.
    """
    begin = _minutes_after(cutoff, now)
    before, after = _LUNCH_BEFORE // timedelta(minutes=1), _LUNCH_AFTER // timedelta(minutes=1)
    starts, ends = max(0, begin - before), min(24 * 60, begin + after)
    lunch = MealDraft(LUNCH, _at(cutoff, starts), _at(cutoff, ends))
    kept = [
        MealDraft(meal.name, meal.starts, meal.ends)
        for meal in meals
        if meal.name != LUNCH and not _overlap(meal, lunch)
    ]
    return [*kept, lunch]


def _overlap(one: MealDraft, other: MealDraft) -> bool:
    return covers(one, other.starts) or covers(other, one.starts)


def _minutes_after(cutoff: time, moment: time) -> int:
    return (moment.hour * 60 + moment.minute - cutoff.hour * 60 - cutoff.minute) % (24 * 60)


def _at(cutoff: time, minutes: int) -> time:
    anchor = to_utc(0).replace(hour=cutoff.hour, minute=cutoff.minute)
    return (anchor + timedelta(minutes=minutes)).time()
