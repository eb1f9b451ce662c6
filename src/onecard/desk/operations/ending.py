"""How a card's life ends at a desk: it is returned, its account is cancelled, or another card replaces it.

Whatever is interrupted is asked for again: what was done is not done twice, because the card and its row say
how far it came.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from onecard.base.clock import now_us
from onecard.base.db import Tx
from onecard.base.ids import uuid7
from onecard.cards.keys import Role
from onecard.cards.model import CardState
from onecard.cards.oc1.records import CardStatus
from onecard.desk.operations import care, fates, store
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.fates import Fates
from onecard.desk.operations.loss import settled_lost
from onecard.desk.operations.model import After, Kind, MoneyPart, Moves, Operation, Part, PursePart
from onecard.desk.operations.purse_parts import (
    PURSE_OF,
    Target,
    empty_parts,
    is_stored,
    kept_load,
    legs_out,
    row_of,
)
from onecard.desk.operations.sighting import CardRow, Difference, Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import Balances, BookKind, Leg, Place, PostingKind, SetStatus, Source
from onecard.ledger.service import balances, system_books
from onecard.tenants import service as tenants

_TAKEN_BACK = frozenset({Difference.EXPIRED})  # an expired card is as good as another when it ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunds:
    """What is given back when a card ends.

    Attributes:
        purses: what becomes of purses, where it is not what the holder's class says.
        deposit: the deposit is paid out; otherwise it becomes income.
        fee: the card fee is paid out.
        charge_fen: what the return itself costs, kept from what is paid out.
    """

    purses: Fates = field(default_factory=dict)
    deposit: bool = True
    fee: bool = False
    charge_fen: int = 0


async def return_card(
    place: Workplace, sighting: Sighting, *, refunds: Refunds | None = None, reason: str = ""
) -> Operation:
    """Take a card back and settle what is on it; it can be erased and issued to somebody else then.

    Each purse is paid out, forfeited or kept as the holder's class says. What is kept stays in the account
    and waits for the next card. An account without a card also keeps what the card did not hold: money whose
    records are on their way. With online purses the account is settled with its last card.

    Args:
        place: the desk.
        sighting: the card.
        refunds: what the operator says otherwise.
        reason: for the card operation list.

    Returns:
        The operation: pay out what its steps say when it is confirmed, not before. Confirmed although the
        row is not returned yet: the card was taken away on the way; ask again for the rest.

    Raises:
        RefusedError: the card is not one that is in use or expired.
        BusyError: another operation is under way.
    """
    row = care.seen(sighting, CardState.ACTIVE, tolerated=_TAKEN_BACK)
    refunds = refunds or Refunds()
    parts, _ = await _payout(place, sighting, row, refunds, Kind.RETURN)
    return await _end(
        place, sighting, Kind.RETURN, parts, refunds=refunds, after=After(state=CardState.RETURNED),
        reason=reason,
    )  # fmt: skip


async def return_lost(
    place: Workplace,
    card_id: int,
    *,
    refunds: Refunds | None = None,
    override_reason: str = "",
    reason: str = "",
) -> Operation:
    """Settle what the server's books say was on a card that was reported lost; the plastic is void for ever.

    What is kept waits for the holder's next card, as at `return_card`.

    Args:
        place: the desk.
        card_id: the lost card.
        refunds: what the operator says otherwise; also whether the deposit of plastic that did not come back
            is paid out.
        override_reason: why terminals that are behind do not matter; kept with the operation.
        reason: for the card operation list.

    Raises:
        RefusedError: the card is not lost, something with it is undecided, or a terminal is behind.
    """
    refunds = refunds or Refunds()
    row = await settled_lost(place, card_id)
    async with place.desk.tx() as tx:
        if is_stored(place, row) and not override_reason:
            await care.refuse_behind(tx, row, on_black_list=True)
        target = await _target(tx, place, row, refunds)
        held = Balances()
        if is_stored(place, row):
            held = await _proven(tx, row)
        elif not await care.has_others(tx, row):
            held = (await balances(tx, [row.person_id])).get(row.person_id) or held
        extra = await _extras(tx, place, row, refunds)
    parts = _account_parts(row, held, target)
    waits = [kept_load(role, _of_role(held, role), target) for role in PURSE_OF if is_stored(place, row)]
    reason = "; ".join(filter(None, (reason, override_reason)))
    planned = care.draft(
        row, Kind.RETURN, parts + extra, reason=reason, amount_fen=-_moved_fen(parts),
        after=After(state=CardState.VOID, waits=tuple(filter(None, waits))),
    )  # fmt: skip
    return await care.run(place, planned)


async def cancel_account(
    place: Workplace,
    sighting: Sighting,
    verify: care.Verify,
    *,
    refunds: Refunds | None = None,
    reason: str = "",
) -> Operation:
    """Settle an account and close it; its card stays with the holder and says that it is cancelled.

    What the server has beyond the card, when no terminal is behind, is set aside in suspense: it belongs to
    records that cannot come any more.

    Args:
        place: the desk.
        sighting: the card; asked again with a cancelled card, an account that is still open is closed.
        verify: asks for the operator's password.
        refunds: what the operator says otherwise.
        reason: for the card operation list.

    Raises:
        RefusedError: the card is not in normal use, the holder has others, the account owes, the class keeps
            money in it, or terminals that are behind may hold records of it; or the account did not let
            itself be closed.
    """
    row = row_of(sighting)
    refunds = refunds or Refunds()
    if row.state == CardState.CANCELLED:
        return await _close_again(place, row)
    care.seen(sighting, CardState.ACTIVE)
    parts, decided = await _payout(place, sighting, row, refunds, Kind.CANCEL)
    async with place.desk.tx() as tx:
        if await care.has_others(tx, row):
            raise RefusedError(CareRefusal.OTHER_CARDS)
        parts += await _rest(tx, row, parts, decided, stored=is_stored(place, row))
    await care.verified(verify)
    done = await _end(
        place, sighting, Kind.CANCEL, parts, refunds=refunds, after=After(state=CardState.CANCELLED),
        reason=reason,
    )  # fmt: skip
    async with place.desk.tx() as tx:
        ended = (await care.card(tx, row.card_id)).state == CardState.CANCELLED
    if ended:
        await _close(place, row)
    return done


async def _end(
    place: Workplace,
    sighting: Sighting,
    kind: Kind,
    parts: Sequence[Part],
    *,
    refunds: Refunds,
    after: After,
    reason: str,
) -> Operation:
    """Empty the card, let it say that it is cancelled, refund what was paid for it."""
    row = row_of(sighting)
    says = care.identity_parts(place, sighting, status=CardStatus.CANCELLED) if care.is_keyed(row) else []
    async with place.desk.tx() as tx:
        extra = await _extras(tx, place, row, refunds)
    planned = care.draft(
        row, kind, [*parts, *says, *extra], sighting, after=after, reason=reason,
        amount_fen=-_moved_fen(parts),
    )  # fmt: skip
    return await care.run(place, planned, sighting)


async def _payout(
    place: Workplace, sighting: Sighting, row: CardRow, refunds: Refunds, kind: Kind
) -> tuple[list[Part], Fates]:
    """What takes the money off the card, or out of the account of an online card that is the last."""
    stored = is_stored(place, row)
    if stored:
        care.one_version(sighting)
    async with place.desk.tx() as tx:
        decided = await fates.decided(tx, row.person_id, refunds.purses)
        target = await fates.target(tx, place, decided)
        if not stored and await care.has_others(tx, row):
            return [], decided
        waiting = await care.waiting_loads(tx, row) if stored else {}
        # a terminal may have sold since the card was laid on
        fresh = (await balances(tx, [row.person_id])).get(row.person_id)
    return empty_parts(place, replace(sighting, balances=fresh), target, kind, waiting), decided


async def _target(tx: Tx, place: Workplace, row: CardRow, refunds: Refunds) -> Target:
    return await fates.target(tx, place, await fates.decided(tx, row.person_id, refunds.purses))


async def _extras(tx: Tx, place: Workplace, row: CardRow, refunds: Refunds) -> list[Part]:
    """Deposit, card fee and the price of the return, each in a posting of its own for the reports."""
    books = await system_books(tx)
    drawer = Place(await store.drawer(tx, place.desk.name))
    income, held = Place(books[BookKind.CARD_FEE_INCOME]), Place(books[BookKind.DEPOSITS_HELD])
    moves = [
        (PostingKind.DEPOSIT, held, drawer if refunds.deposit else income, row.deposit_fen),
        (PostingKind.CARD_FEE, income, drawer, row.fee_fen if refunds.fee else 0),
        (PostingKind.CARD_FEE, drawer, income, refunds.charge_fen),
    ]
    return [
        MoneyPart(Moves(kind, (Leg(debit, credit, amount),)))
        for kind, debit, credit, amount in moves
        if amount
    ]


def _account_parts(row: CardRow, held: Balances, target: Target) -> list[Part]:
    """What leaves an account, each purse in a posting of its own."""
    legs = legs_out(row.person_id, _by_purse(held), target)
    return [MoneyPart(Moves(PostingKind.ADJUSTMENT, (leg,))) for leg in legs]


def _by_purse(found: Balances) -> dict[BookKind, int]:
    return {
        BookKind.CASH: found.cash,
        BookKind.SUBSIDY: found.subsidy,
        BookKind.BONUS: found.bonus,
        BookKind.WATER: found.water,
    }


def _of_role(held: Balances, role: Role) -> dict[BookKind, int]:
    """The purses of the account that a purse of a card stands for."""
    return {
        book: amount
        for book, amount in _by_purse(held).items()
        if (book is BookKind.WATER) is (role is Role.WATER)
    }


async def _proven(tx: Tx, row: CardRow) -> Balances:
    """What the books say was on a stored card that is not here."""
    found = _by_purse((await balances(tx, [row.person_id])).get(row.person_id) or Balances())
    proven = await care.proven(tx, row)
    cash, subsidy = proven[Role.CONSUMPTION]
    own = min(cash, found[BookKind.CASH])
    return Balances(cash=own, bonus=cash - own, subsidy=subsidy, water=proven[Role.WATER][0])


async def _rest(tx: Tx, row: CardRow, parts: Sequence[Part], decided: Fates, *, stored: bool) -> list[Part]:
    """What the account still has when the card is empty.

    Raises:
        RefusedError: it owes; it is to keep money; or records are on their way that explain the difference.
    """
    found = (await balances(tx, [row.person_id])).get(row.person_id) or Balances()
    if found.shortfall:
        raise RefusedError(CareRefusal.OWES)
    fates.refuse_kept(found, decided)
    left = _by_purse(found)
    for leg in _legs(parts):
        if leg.debit.account_id == row.person_id:
            left[BookKind(leg.debit.book)] -= leg.amount_fen
    if stored and any(left.values()):
        await care.refuse_behind(tx, row, on_black_list=False)
    suspense = Place((await system_books(tx))[BookKind.SUSPENSE])
    return [
        MoneyPart(Moves(PostingKind.ADJUSTMENT, (Leg(Place(book, row.person_id), suspense, amount),)))
        for book, amount in left.items()
        if amount
    ]


async def _close_again(place: Workplace, row: CardRow) -> Operation:
    """Close the account that a cancellation left open; it was paid out with that."""
    async with place.desk.tx() as tx:
        last = [one["id"] async for one in _operations(tx, row, Kind.CANCEL)]
        status = await care.sql.account_status(
            tx.connection, tenant_id=tx.tenant_id, account_id=row.person_id
        )
    if status == "closed" or not last:
        raise RefusedError(Difference.CANCELLED)
    await _close(place, row)
    return await place.engine.load(last[-1])


async def _close(place: Workplace, row: CardRow) -> None:
    """Close the account in the ledger; an account that is closed already stays so."""
    async with place.desk.tx() as tx:
        day = (await tenants.get(tx)).business_day.of(now_us())
    answer = await place.desk.ledger.post(
        SetStatus(
            tenant_id=place.desk.tenant_id, key=uuid7(), business_day=day, occurred_at_us=now_us(),
            source=Source.OPERATOR, source_id=row.card_id, card_id=row.card_id, account_id=row.person_id,
            status="closed",
        )
    )  # fmt: skip
    if not answer.ok and answer.status.code != "account_closed":
        raise RefusedError(answer.status.code)


def _operations(tx: Tx, row: CardRow, kind: Kind) -> Any:
    return care.sql.of_card(tx.connection, tenant_id=tx.tenant_id, card_id=row.card_id, kinds=[kind.value])


def _legs(parts: Sequence[Part]) -> Iterator[Leg]:
    for part in parts:
        if isinstance(part, PursePart | MoneyPart) and isinstance(part.money, Moves):
            yield from part.money.legs


def _moved_fen(parts: Sequence[Part]) -> int:
    return sum(leg.amount_fen for leg in _legs(parts))
