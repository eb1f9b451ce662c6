"""Parts that change a purse on a card, and what must be so before they are planned."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from onecard.base.clock import now_us, to_utc
from onecard.base.status import Status
from onecard.cards.keys import Role
from onecard.cards.model import CardState
from onecard.cards.oc1.changes import plan_change
from onecard.cards.oc1.layout import purse_limit_fen
from onecard.cards.oc1.records import SECONDS_FROM, U24_MOST, Log, Purse, PurseFlag, encode
from onecard.cards.oc1.slots import Current
from onecard.cards.technology import UID, Mode
from onecard.desk.operations.model import Kind, Load, Money, MoneyPart, Moves, Part, PursePart
from onecard.desk.operations.sighting import CardRow, Difference, Sighting
from onecard.desk.operations.speech import Refusal, RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import (
    CONSUMPTION_CEILING_FEN,
    WATER_CEILING_FEN,
    Balances,
    BookKind,
    Leg,
    Place,
    PostingKind,
)

PURSE_OF = {Role.CONSUMPTION: BookKind.CASH, Role.WATER: BookKind.WATER}
# what stands in the way of money on this card; less on the card than at the server is normal
_BARS = frozenset(Difference) - {Difference.OLD_KEYS, Difference.LESS_THAN_SERVER}
# docs/reference/oc1.md
_LOG_KINDS = {Kind.TOP_UP: 1, Kind.LOAD: 1, Kind.WITHDRAW: 2, Kind.SALE: 4, Kind.REPAIR: 7}
_LOG_CLEARING = 8
_LOG_SLOT = 2

Target: TypeAlias = Callable[[BookKind], Place | None]
"""Where the money of a purse goes when a card is emptied; None: it stays in the account."""
Waiting: TypeAlias = Mapping[Role, tuple[tuple[int, ...], int, int]]
"""Loads by purse: their ids, cash and subsidy in fen."""


def empty_parts(
    place: Workplace, sighting: Sighting, target: Target, kind: Kind, waiting: Waiting | None = None
) -> list[Part]:
    """Parts that take everything off a card, or out of an account whose card holds nothing.

    Args:
        place: the desk.
        sighting: the card on the reader.
        target: where each purse's money goes.
        kind: for the log on the card.
        waiting: what waits for the card and goes the same way.
    """
    row = row_of(sighting)
    found = sighting.balances
    if found is None:
        return []
    if not is_stored(place, row):
        legs = legs_out(row.person_id, _all_money(found), target)
        return [MoneyPart(Moves(PostingKind.ADJUSTMENT, (leg,))) for leg in legs]
    parts: list[Part] = []
    for role in PURSE_OF:
        now = purse_of(sighting, role).record
        ids, cash, subsidy = (waiting or {}).get(role, ((), 0, 0))
        if not (now.cash_fen or now.subsidy_fen or ids):
            continue
        shares = _shares(found, role, now.cash_fen + cash, now.subsidy_fen + subsidy)
        legs = legs_out(row.person_id, shares, target)
        money = Moves(PostingKind.ADJUSTMENT, legs) if legs else None
        taken, kept = (-now.cash_fen, -now.subsidy_fen), kept_load(role, shares, target)
        parts.append(purse_part(place, sighting, role, kind, taken, money=money, loads=ids, kept=kept))
    return parts


def legs_out(person_id: int, amounts: Mapping[BookKind, int], target: Target) -> tuple[Leg, ...]:
    """How money leaves an account, without what stays there."""
    ways = [(book, target(book), amount) for book, amount in amounts.items()]
    return tuple(
        Leg(Place(book, person_id), where, amount) for book, where, amount in ways if where and amount
    )


def kept_load(role: Role, amounts: Mapping[BookKind, int], target: Target) -> Load | None:
    """What leaves a purse of a card and stays in the account, as a load for the holder's next card."""
    kept = {book: amount for book, amount in amounts.items() if amount and target(book) is None}
    subsidy = kept.pop(BookKind.SUBSIDY, 0)
    cash = sum(kept.values())  # own money and bonus are one on a card
    return Load(int(role), cash, subsidy) if cash or subsidy else None


def _all_money(found: Balances) -> dict[BookKind, int]:
    return {
        BookKind.CASH: found.cash,
        BookKind.SUBSIDY: found.subsidy,
        BookKind.BONUS: found.bonus,
        BookKind.WATER: found.water,
    }


def _shares(found: Balances, role: Role, cash_fen: int, subsidy_fen: int) -> dict[BookKind, int]:
    """Which purses of the account a card's content stands for: its cash is own money and bonus together.

    Raises:
        RefusedError: the card says more than the server has.
    """
    if role is Role.WATER:
        shares = {BookKind.WATER: min(cash_fen, found.water)}
    else:
        subsidy = min(subsidy_fen, found.subsidy)
        cash = min(cash_fen, found.cash)
        shares = {BookKind.CASH: cash, BookKind.SUBSIDY: subsidy}
        shares[BookKind.BONUS] = min(cash_fen - cash, found.bonus)
    if sum(shares.values()) != cash_fen + subsidy_fen:
        raise RefusedError(Difference.MORE_THAN_SERVER)
    return shares


def is_stored(place: Workplace, row: CardRow) -> bool:
    """Whether the purses of this card are on the card."""
    return place.desk.chosen.mode is Mode.STORED and row.technology != UID.name


def row_of(sighting: Sighting) -> CardRow:
    """The server's row of the card.

    Raises:
        RefusedError: it is nobody's.
    """
    if sighting.row is None:
        first = sighting.differences[0] if sighting.differences else Refusal.NOBODYS
        raise RefusedError(first.value)
    return sighting.row


def check_card(row: CardRow, sighting: Sighting | None) -> None:
    """Whether money may be moved with this card.

    Raises:
        RefusedError: its state or what was read of it forbids it.
    """
    if sighting is not None:
        if sighting.row is None or sighting.row.card_id != row.card_id:
            raise RefusedError(Refusal.OTHER_CARD)
        bars = [one for one in sighting.differences if one in _BARS]
        if bars:
            raise RefusedError(bars[0].value)
        if sighting.open_operation is not None:
            raise RefusedError(Refusal.INTERRUPTED)
    if row.state != CardState.ACTIVE:
        raise RefusedError(row.state)


def check_ceilings(found: Balances | None, *, consumption_fen: int, water_fen: int) -> None:
    """Whether purses can take more (spec money.md, “Rules of spending”).

    Raises:
        RefusedError: they would hold more than is allowed.
    """
    now = found or Balances()
    total = now.cash + now.subsidy + now.bonus + consumption_fen
    if total > CONSUMPTION_CEILING_FEN or now.water + water_fen > WATER_CEILING_FEN:
        raise RefusedError(Status.CEILING_EXCEEDED.code)


def own_money(found: Balances | None, role: Role) -> int:
    """What the holder may take back from a purse."""
    if found is None:
        return 0
    return found.water if role is Role.WATER else found.cash


def purse_of(sighting: Sighting, role: Role) -> Current[Purse]:
    """What a purse on the card holds.

    Raises:
        RefusedError: no record of it is valid.
    """
    found = sighting.reading.purses.get(role) if sighting.reading else None
    if found is None:
        raise RefusedError(Difference.EDITED)
    return found


def drawn(sighting: Sighting, amount_fen: int, *, subsidy_first: bool) -> tuple[int, int]:
    """What a sale takes from the card, as changes of cash and subsidy."""
    now = purse_of(sighting, Role.CONSUMPTION).record
    if amount_fen > now.cash_fen + now.subsidy_fen:
        raise RefusedError(Status.BALANCE_TOO_LOW.code)
    first = min(amount_fen, now.subsidy_fen if subsidy_first else now.cash_fen)
    rest = amount_fen - first
    return (-rest, -first) if subsidy_first else (-first, -rest)


def purse_part(
    place: Workplace,
    sighting: Sighting,
    role: Role,
    kind: Kind,
    change: tuple[int, int],
    *,
    money: Money | None = None,
    loads: tuple[int, ...] = (),
    kept: Load | None = None,
    flags: PurseFlag | None = None,
) -> PursePart:
    """The part that changes a purse of the card that was read.

    Args:
        place: the desk.
        sighting: the card.
        role: which purse.
        kind: for the log on the card.
        change: cash and subsidy in fen, below zero to take.
        money: what moves when the card confirms.
        loads: what waited and is brought along.
        kept: what waits for another card from then on.
        flags: of the purse afterwards; None leaves them.

    Raises:
        RefusedError: the purse cannot hold that.
    """
    desk, reading = place.desk, sighting.reading
    assert desk.ring and reading and reading.identity  # noqa: S101, PT018  the card was read
    cash, subsidy = change
    try:
        planned = plan_change(
            purse_of(sighting, role), role=role, cash_fen=cash, subsidy_fen=subsidy, flags=flags
        )
    except ValueError:
        raise RefusedError(Refusal.PURSE_FULL) from None
    after = planned.after
    if after.cash_fen + after.subsidy_fen > purse_limit_fen(role):
        raise RefusedError(Status.CEILING_EXCEEDED.code)
    seconds = int((to_utc(now_us()) - SECONDS_FROM).total_seconds())
    log = Log(
        kind=_LOG_KINDS.get(kind, _LOG_CLEARING), counter=after.counter & 0xFF,
        amount_fen=min(abs(cash + subsidy), U24_MOST), terminal=0, seconds=seconds,
    )  # fmt: skip
    mac_key = desk.ring.mac_key(role, reading.identity)
    image = encode(log, role=role, slot=_LOG_SLOT, mac_key=mac_key)
    sector = next(one for one in desk.chosen.layout.places if one.role is role)
    return PursePart(sector, planned, image, money, loads, kept)
