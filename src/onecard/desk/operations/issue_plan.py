"""What is written on a new card, and which money moves with it; no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeAlias

from onecard.base.errors import OneCardError
from onecard.base.status import Status
from onecard.cards.keys import Role
from onecard.cards.oc1 import value_profile
from onecard.cards.oc1.layout import Layout, purse_limit_fen
from onecard.cards.oc1.layout import Place as Sector
from onecard.cards.oc1.records import CardStatus, Identity, Purse, Rights, Validity
from onecard.cards.oc1.scripts import CardKeys
from onecard.cards.technology import day_number
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.model import UNSAID, IssuePart, MoneyPart, Moves, Unsaid
from onecard.desk.operations.speech import RefusedError
from onecard.ledger.model import AMOUNT_MAX_FEN, Balances, BookKind, Leg, Place, PostingKind
from onecard.people.class_rules import card_valid_until
from onecard.people.model import ClassDraft

FOR_EVER = (1 << 16) - 1  # the last day an identity record can name, 2179-06-06
_ACTIVE_SLOT = 1  # the vectors of docs/reference/oc1.md have it there
_VALIDITY_SLOT = 2
_FIRST_COUNTER = 1


class Carried(NamedTuple):
    """Money of the person that waits in suspense for this card, in fen."""

    cash_fen: int = 0
    subsidy_fen: int = 0
    water_fen: int = 0
    bonus_fen: int = 0


NOTHING_CARRIED = Carried()


Lift: TypeAlias = tuple[Rights, Validity | None]
"""What a lift sector holds from the beginning; without a validity the rights do not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Under which terms a card is given out, all of them decided. `valid_until` None: no end."""

    valid_until: date | None
    fee_fen: int
    deposit_fen: int

    def check(self, today: date) -> None:
        """Whether the terms can be.

        Raises:
            RefusedError: an amount or the last day is out of range.
        """
        _check_amounts(self.fee_fen, self.deposit_fen)
        if self.valid_until is None:
            return
        try:
            day_number(self.valid_until)
        except OneCardError as error:
            raise RefusedError(IssueRefusal.DAY_IS_OVER, str(error)) from None
        if self.valid_until < today:
            raise RefusedError(IssueRefusal.DAY_IS_OVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the operator says of the terms; what is left unsaid is as the holder's class says."""

    valid_until: date | Unsaid | None = UNSAID
    fee_fen: int | Unsaid = UNSAID
    deposit_fen: int | Unsaid = UNSAID

    def under(self, rules: ClassDraft, today: date) -> Agreed:
        """The terms of a card that is given out today to somebody of a class.

        Raises:
            RefusedError: the last day of the class is over, or something is out of range.
        """
        until = self.valid_until
        if until is UNSAID:
            until = card_valid_until(rules, today)
            if until is not None and until < today:
                raise RefusedError(IssueRefusal.CLASS_DAY_IS_OVER)
        found = Agreed(
            valid_until=until,
            fee_fen=rules.card_fee_fen if self.fee_fen is UNSAID else self.fee_fen,
            deposit_fen=rules.deposit_fen if self.deposit_fen is UNSAID else self.deposit_fen,
        )
        found.check(today)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for; see `onecard.desk.operations.issue.issue`."""

    person_id: int
    number: int | None = None
    asked: Asked = Asked()
    opening_fen: int = 0
    water_fen: int = 0
    reason: str = ""
    lift: Mapping[int, Lift] = field(default_factory=dict)
    follows: int | None = None
    carried: Carried = NOTHING_CARRIED

    def check(self, layout: Layout) -> None:
        """Whether it can be at all.

        Raises:
            RefusedError: an amount or a lift group is out of range.
        """
        _check_amounts(self.opening_fen, self.water_fen, *self.carried)
        if not all(1 <= group <= layout.lift_groups for group in self.lift):
            raise RefusedError(IssueRefusal.NO_LIFT_GROUP)


def _check_amounts(*amounts: int) -> None:
    if min(amounts) < 0:
        raise RefusedError(Status.AMOUNT_NOT_POSITIVE.code)
    if max(amounts) > AMOUNT_MAX_FEN:
        raise RefusedError(Status.AMOUNT_TOO_LARGE.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The tenant's books that money of a new card comes from and goes to."""

    drawer: int
    suspense: int
    fee_income: int
    deposits: int


def opening_purses(
    found: Balances, wish: Wish, loads_fen: Mapping[Role, tuple[int, int]], *, other_cards: int
) -> dict[Role, Purse]:
    """What a stored card holds in the beginning: what the account will hold then.

    A person's further card begins with what waits for a card; the rest is on the other one. So does one that
    follows a card: what else is in the account was spent with that, and the records are on their way.

    Raises:
        RefusedError: a purse on a card does not hold as much.
    """
    if other_cards or wish.follows is not None:
        cash, subsidy = loads_fen.get(Role.CONSUMPTION, (0, 0))
        water = sum(loads_fen.get(Role.WATER, (0, 0)))
        found = Balances(cash=cash, subsidy=subsidy, water=water, shortfall=found.shortfall)
    cash = found.cash + wish.carried.cash_fen + wish.opening_fen
    if wish.opening_fen or wish.water_fen:
        cash -= min(-found.shortfall, cash)  # a top-up first pays what the account owes
    held = {
        Role.CONSUMPTION: Purse(
            counter=_FIRST_COUNTER,
            cash_fen=cash + found.bonus + wish.carried.bonus_fen,
            subsidy_fen=found.subsidy + wish.carried.subsidy_fen,
        ),
        Role.WATER: Purse(
            counter=_FIRST_COUNTER, cash_fen=found.water + wish.carried.water_fen + wish.water_fen
        ),
    }
    if any(purse.cash_fen + purse.subsidy_fen > purse_limit_fen(role) for role, purse in held.items()):
        raise RefusedError(Status.CEILING_EXCEEDED.code)
    return held


def empty_purses() -> dict[Role, Purse]:
    """What a card of an online tenant holds, whose purses are at the server."""
    return {role: Purse(counter=_FIRST_COUNTER, cash_fen=0) for role in (Role.CONSUMPTION, Role.WATER)}


def card_parts(
    keys: CardKeys,
    layout: Layout,
    *,
    identity: tuple[int, int],
    valid_until: date | None,
    lift: Mapping[int, Lift],
    purses: Mapping[Role, Purse],
    loads: Mapping[Role, tuple[int, ...]],
) -> list[IssuePart]:
    """The sectors of a new card in the order in which they are written, identity last.

    Args:
        keys: of the card.
        layout: its sectors.
        identity: card number and number of the account class.
        valid_until: last day; None: no end.
        lift: rights by lift group.
        purses: what they begin with.
        loads: ids of the waiting loads that are in there, by role.
    """
    parts = []
    for place in layout.writing_order:
        if place.role is Role.IDENTITY:
            parts.append(IssuePart(place, _identity_blocks(keys, identity, valid_until), last=_ACTIVE_SLOT))
        elif place.role is Role.LIFT:
            parts.append(IssuePart(place, _lift_blocks(keys, place, lift.get(place.group))))
        else:
            blocks = _purse_blocks(keys, layout, place, purses[place.role])
            parts.append(IssuePart(place, blocks, loads=loads.get(place.role, ())))
    return parts


def _identity_blocks(keys: CardKeys, identity: tuple[int, int], valid_until: date | None) -> dict[int, bytes]:
    number, class_number = identity
    until = FOR_EVER if valid_until is None else day_number(valid_until)

    def image(seq: int, status: CardStatus) -> bytes:
        record = Identity(
            seq=seq, status=status, generation=keys.card.generation, card_number=number,
            account_class=class_number, valid_until=until,
        )  # fmt: skip
        return keys.record(Role.IDENTITY, seq, record)

    return {0: image(0, CardStatus.INCOMPLETE), _ACTIVE_SLOT: image(_ACTIVE_SLOT, CardStatus.ACTIVE)}


def _purse_blocks(keys: CardKeys, layout: Layout, place: Sector, purse: Purse) -> dict[int, bytes]:
    if not layout.value_blocks:
        return {0: keys.record(place.role, 0, purse)}
    value = value_profile.write(purse)
    record = value_profile.encode_desk_record(purse, role=place.role, mac_key=keys.mac(place.role))
    return {0: value, 1: value, value_profile.DESK_SLOT: record}


def _lift_blocks(keys: CardKeys, place: Sector, lift: Lift | None) -> dict[int, bytes]:
    if lift is None:
        return {}
    rights, validity = lift
    blocks = {0: keys.record(place.role, 0, rights)}
    if validity is not None:
        blocks[_VALIDITY_SLOT] = keys.record(place.role, _VALIDITY_SLOT, validity)
    return blocks


def money_parts(wish: Wish, agreed: Agreed, books: Books) -> list[MoneyPart]:
    """Money that moves once the card is whole: out of suspense first, then what the person pays."""
    drawer, person = Place(books.drawer), wish.person_id
    purses = (BookKind.CASH, BookKind.SUBSIDY, BookKind.WATER, BookKind.BONUS)
    moves = [
        (
            PostingKind.TRANSFER,
            [
                Leg(Place(books.suspense), Place(purse, person), amount)
                for purse, amount in zip(purses, wish.carried, strict=True)
            ],
        ),
        (
            PostingKind.TOP_UP,
            [
                Leg(drawer, Place(BookKind.CASH, person), wish.opening_fen),
                Leg(drawer, Place(BookKind.WATER, person), wish.water_fen),
            ],
        ),
        (PostingKind.CARD_FEE, [Leg(drawer, Place(books.fee_income), agreed.fee_fen)]),
        (PostingKind.DEPOSIT, [Leg(drawer, Place(books.deposits), agreed.deposit_fen)]),
    ]
    paid = [(kind, tuple(leg for leg in legs if leg.amount_fen)) for kind, legs in moves]
    return [MoneyPart(Moves(kind, legs)) for kind, legs in paid if legs]
