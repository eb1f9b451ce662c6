"""Money of people at a desk: top up, withdraw, sell, and bring to the card what waits for it.

Online purses live in the ledger alone. Stored ones live on the card, so that its change comes first and money
moves when the card has confirmed it; without the card a top-up stands at the server and waits (a load).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onecard.base.amounts import format_amount
from onecard.base.clock import now_us
from onecard.base.db import Tx
from onecard.base.ids import uuid7
from onecard.base.status import Status
from onecard.cards.keys import Role
from onecard.consumption import service as consumption
from onecard.desk.operations import store
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.model import Captured, Draft, Kind, Load, MoneyPart, Moves, Operation, Part
from onecard.desk.operations.purse_parts import (
    PURSE_OF,
    check_card,
    check_ceilings,
    drawn,
    is_stored,
    own_money,
    purse_of,
    purse_part,
    row_of,
)
from onecard.desk.operations.sighting import CardRow, Sighting
from onecard.desk.operations.speech import Refusal, RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import Answer, BookKind, Hold, Leg, Place, PostingKind, Source
from onecard.ledger.service import balances, system_books

_HOLD_US = 10 * 365 * 24 * 3600 * 1_000_000  # a sale in doubt waits for its card, however long


@dataclass(frozen=True, slots=True)
class Amounts:
    """Money for the two purses of a person, in fen; at least one is above zero, none below."""

    consumption_fen: int = 0
    water_fen: int = 0

    def __post_init__(self) -> None:
        if min(self.consumption_fen, self.water_fen) < 0 or not self.total_fen:
            raise RefusedError(Status.AMOUNT_NOT_POSITIVE.code)

    @property
    def total_fen(self) -> int:
        """Both together."""
        return self.consumption_fen + self.water_fen

    @property
    def by_role(self) -> Mapping[Role, int]:
        """What is not zero, consumption first."""
        both = {Role.CONSUMPTION: self.consumption_fen, Role.WATER: self.water_fen}
        return {role: amount for role, amount in both.items() if amount}


async def top_up(
    place: Workplace,
    row: CardRow,
    amounts: Amounts,
    *,
    sighting: Sighting | None = None,
    source: str = "cash",
    reason: str = "",
) -> Operation:
    """Money into the purses of a card's holder.

    Args:
        place: the desk.
        row: the card; without a sighting the top-up is cardless, and on stored cards waits for the card.
        amounts: above zero.
        sighting: the card on the reader.
        source: `cash`, `bank` or `provider`.
        reason: for the card operation list.

    Raises:
        RefusedError: the card, the account or a ceiling does not allow it.
        BusyError: another operation is under way.
    """
    stored = is_stored(place, row)
    check_card(row, sighting if stored else None)
    async with place.desk.tx() as tx:
        await _refuse_inactive(tx, row.person_id)
        found = (await balances(tx, [row.person_id])).get(row.person_id)
        origin = await _origin(tx, place, source)
        waiting = await store.loads(tx, row.person_id) if stored and sighting else {}
    owed = max(0, -found.shortfall) if found else 0
    parts: list[Part] = []
    roles = [role for role in PURSE_OF if role in amounts.by_role or role in waiting]
    for role in roles:
        amount = amounts.by_role.get(role, 0)
        kept = amount - min(owed, amount) if role is Role.CONSUMPTION else amount
        money = _top_up_moves(row, role, amount, origin) if amount else None
        if stored and sighting:
            ids, cash, subsidy = waiting.get(role, ((), 0, 0))
            change = (kept + cash, subsidy)
            parts.append(purse_part(place, sighting, role, Kind.TOP_UP, change, money=money, loads=ids))
        elif money:
            load = Load(int(role), kept) if stored else None
            parts.append(MoneyPart(money, load=load))
    check_ceilings(found, consumption_fen=amounts.consumption_fen, water_fen=amounts.water_fen)
    draft = _draft(row, Kind.TOP_UP, parts, sighting, amount_fen=amounts.total_fen, reason=reason)
    return await _do(place, draft, sighting if stored else None)


async def bring(place: Workplace, sighting: Sighting) -> Operation:
    """Bring to the card what stands at the server and waits for it.

    Raises:
        RefusedError: the card does not allow it, or nothing waits.
    """
    row = row_of(sighting)
    check_card(row, sighting)
    async with place.desk.tx() as tx:
        waiting = await store.loads(tx, row.person_id)
    if not waiting or not is_stored(place, row):
        raise RefusedError(Refusal.NOTHING_WAITS)
    parts = tuple(
        purse_part(place, sighting, role, Kind.LOAD, (cash, subsidy), loads=ids)
        for role, (ids, cash, subsidy) in waiting.items()
    )
    total = sum(cash + subsidy for _, cash, subsidy in waiting.values())
    return await _do(place, _draft(row, Kind.LOAD, parts, sighting, amount_fen=total), sighting)


async def withdraw(
    place: Workplace,
    row: CardRow,
    amounts: Amounts,
    *,
    sighting: Sighting | None = None,
    cardless: bool = False,
    reason: str = "",
) -> Operation:
    """Own money back in cash; paid out when the operation has come back confirmed, not before.

    Args:
        place: the desk.
        row: the card.
        amounts: at most what is there; consumption means the cash purse only.
        sighting: the card on the reader.
        cardless: the clerk may do without the card; a stored card has to be there all the same.
        reason: for the card operation list.

    Raises:
        RefusedError: there is not as much, or the card does not allow it.
    """
    stored = is_stored(place, row)
    if sighting is None and (stored or not cardless):
        raise RefusedError(Refusal.CARD_NEEDED)
    check_card(row, sighting if stored else None)
    async with place.desk.tx() as tx:
        found = (await balances(tx, [row.person_id])).get(row.person_id)
        target = Place(await store.drawer(tx, place.desk.name))
    parts: list[Part] = []
    for role, amount in amounts.by_role.items():
        there = own_money(found, role)
        if stored and sighting:
            there = min(there, purse_of(sighting, role).record.cash_fen)
        if amount > there:
            asked, found_there = format_amount(amount), format_amount(there)
            message = f"There is not as much: {asked} is asked for, {found_there} is there."
            raise RefusedError(Status.BALANCE_TOO_LOW.code, message)
        leg = Leg(Place(PURSE_OF[role], row.person_id), target, amount)
        money = Moves(PostingKind.WITHDRAWAL, (leg,))
        if stored and sighting:
            parts.append(purse_part(place, sighting, role, Kind.WITHDRAW, (-amount, 0), money=money))
        else:
            parts.append(MoneyPart(money))
    draft = _draft(row, Kind.WITHDRAW, parts, sighting, amount_fen=-amounts.total_fen, reason=reason)
    return await _do(place, draft, sighting if stored else None)


async def sell(
    place: Workplace, sighting: Sighting, *, merchant_id: int, amount_fen: int, reason: str = ""
) -> Operation:
    """A charge at the desk, through the same rules as at a terminal.

    The money is set aside first (limits and balance are judged there) and taken when the card confirms.

    Raises:
        RefusedError: the ledger or the card does not allow it; the code is that of the status.
    """
    row = row_of(sighting)
    stored = is_stored(place, row)
    check_card(row, sighting)
    async with place.desk.tx() as tx:
        await _refuse_inactive(tx, row.person_id)
        rules = await consumption.load_rules(tx)
    merchant, now = rules.merchants.get(merchant_id), now_us()
    if merchant is None or merchant.state != "open":
        raise RefusedError(Status.MERCHANT_CLOSED.code)
    day, meal = rules.period(now)
    money = Captured(uuid7(), merchant.book_id, amount_fen, meal)
    part: Part = MoneyPart(money)
    terms = rules.terms_at(row.class_id, merchant_id)
    if stored:
        terms = rules.terms[row.class_id]  # what the card holds is spent in one order everywhere
        taken = drawn(sighting, amount_fen, subsidy_first=terms.drawing[0] == BookKind.SUBSIDY)
        part = purse_part(place, sighting, Role.CONSUMPTION, Kind.SALE, taken, money=money)
    draft = _draft(row, Kind.SALE, [part], sighting, amount_fen=-amount_fen, reason=reason)
    operation = await place.engine.begin(draft)
    answer = await place.desk.ledger.post(
        Hold(
            tenant_id=place.desk.tenant_id, key=money.hold, business_day=day, occurred_at_us=now,
            source=Source.OPERATOR, source_id=operation.id, meal=meal, card_id=row.card_id,
            account_id=row.person_id, amount_fen=amount_fen, terms=terms,
            expires_at_us=now + _HOLD_US,
        )
    )  # fmt: skip
    if not answer.ok:
        await place.engine.abandon(operation)
        raise _refused(answer)
    return await _run(place, operation, sighting if stored else None)


async def _refuse_inactive(tx: Tx, person_id: int) -> None:
    """Who is suspended or has left gets no new money and buys nothing; what is there can be paid out.

    Raises:
        RefusedError: the person is not active.
    """
    state = await store.sql.person_state(tx.connection, tenant_id=tx.tenant_id, person_id=person_id)
    if state != "active":
        raise RefusedError(IssueRefusal.PERSON_NOT_ACTIVE)


def _top_up_moves(row: CardRow, role: Role, amount_fen: int, origin: Place) -> Moves:
    leg = Leg(origin, Place(PURSE_OF[role], row.person_id), amount_fen)
    return Moves(PostingKind.TOP_UP, (leg,))


async def _origin(tx: Tx, place: Workplace, source: str) -> Place:
    """Where the money of a top-up comes from."""
    if source == "cash":
        return Place(await store.drawer(tx, place.desk.name))
    kinds = {"bank": BookKind.BANK, "provider": BookKind.PROVIDER}
    if source not in kinds:
        raise RefusedError(Refusal.SOURCE_UNKNOWN)
    return Place((await system_books(tx))[kinds[source]])


def _draft(
    row: CardRow,
    kind: Kind,
    parts: Sequence[Part],
    sighting: Sighting | None,
    *,
    amount_fen: int,
    reason: str = "",
) -> Draft:
    before: dict[str, object] = {}
    if sighting and sighting.reading:
        before = {
            role.name.lower(): [found.record.cash_fen, found.record.subsidy_fen]
            for role, found in sighting.reading.purses.items()
            if found
        }
    identity = sighting.reading.identity if sighting and sighting.reading else None
    touches = any(not isinstance(part, MoneyPart) for part in parts)
    return Draft(
        kind=kind, parts=tuple(parts), account_id=row.person_id, card_id=row.card_id,
        identity=identity if touches else None, reason=reason, amount_fen=amount_fen, before=before,
    )  # fmt: skip


async def _do(place: Workplace, draft: Draft, sighting: Sighting | None) -> Operation:
    return await _run(place, await place.engine.begin(draft), sighting)


async def _run(place: Workplace, operation: Operation, sighting: Sighting | None) -> Operation:
    if sighting is None:
        return await place.engine.carry_out(operation)
    return await place.carry_out(operation, sighting)


def _refused(answer: Answer) -> RefusedError:
    return RefusedError(answer.status.code)
