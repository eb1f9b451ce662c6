"""What an operation of a desk is made of.

An operation is an ordered list of parts. Parts that write a purse are judged by what the card says
afterwards; parts that write sectors can be repeated; parts without a card only move money. All of it is in
the database before the first command goes to the card, so that anybody can take it up again.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct, field

from onecard.base.ids import uuid7
from onecard.cards.keys import CardIdentity
from onecard.cards.oc1.changes import Change
from onecard.cards.oc1.layout import Place
from onecard.cards.oc1.records import Purse
from onecard.ledger.model import Leg


class Kind(StrEnum):
    """Operations of a desk (spec cards.md, “Desk operations”)."""

    INITIALISE = "initialise"
    ERASE = "erase"
    ISSUE = "issue"
    BIND = "bind"
    TOP_UP = "top_up"
    WITHDRAW = "withdraw"
    SALE = "sale"
    LOAD = "load"
    COLLECT = "collect"  # the first half of a replacement: the old card gives up what it holds
    REPLACE = "replace"
    LOSS = "loss"
    CANCEL_LOSS = "cancel_loss"
    REISSUE = "reissue"
    REPAIR = "repair"
    RETURN = "return"
    CANCEL = "cancel"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    EXTEND = "extend"
    CHANGE_CLASS = "change_class"
    REKEY = "rekey"
    LIFT = "lift"
    ALIGN = "align"  # the card is told what its row says since it was not there


class Unsaid(Enum):
    """In the place of an amount or a day that nobody named: the rules decide. `None` and 0 are answers."""

    UNSAID = "unsaid"


UNSAID = Unsaid.UNSAID


class State(StrEnum):
    """States of an operation: prepared, writing, then confirmed, void or in doubt, which ends too.

    `BROKEN`: the card can no longer tell, or tells of a copy; a person has to decide.
    """

    PREPARED = "prepared"
    WRITING = "writing"
    CONFIRMED = "confirmed"
    VOID = "void"
    IN_DOUBT = "in_doubt"
    BROKEN = "broken"

    @property
    def is_open(self) -> bool:
        """Whether its card may still change what became of it."""
        return self in {State.PREPARED, State.WRITING, State.IN_DOUBT}


class PartState(StrEnum):
    """States of a part. `IN_DOUBT`: its money waits in suspense."""

    PLANNED = "planned"
    CONFIRMED = "confirmed"
    VOID = "void"
    IN_DOUBT = "in_doubt"
    BROKEN = "broken"


class Keys(Struct, frozen=True):
    """Keys of the postings a part may lead to: one confirms it, the others go by way of suspense."""

    direct: UUID = field(default_factory=uuid7)
    doubt: UUID = field(default_factory=uuid7)
    settle: UUID = field(default_factory=uuid7)
    undo: UUID = field(default_factory=uuid7)


class Moves(Struct, frozen=True, tag="moves"):
    """Money that moves when a part is confirmed; in doubt it moves from its debit sides into suspense.

    Attributes:
        kind: a `PostingKind`.
        legs: which way.
        keys: of the postings.
    """

    kind: int
    legs: tuple[Leg, ...]
    keys: Keys = field(default_factory=Keys)


class Captured(Struct, frozen=True, tag="captured"):
    """A sale whose money was set aside by a hold; in doubt it stays aside."""

    hold: UUID
    merchant_book: int
    amount_fen: int
    meal: int
    keys: Keys = field(default_factory=Keys)


Money: TypeAlias = Moves | Captured


class Load(Struct, frozen=True):
    """Money at the server that waits for a card: for which purse (a `Role`), cash and subsidy in fen."""

    role: int
    cash_fen: int = 0
    subsidy_fen: int = 0


class PursePart(Struct, frozen=True, tag="purse"):
    """A purse on the card changes.

    Attributes:
        place: its sector.
        change: from what to what.
        log: the 16 bytes written beside it.
        money: None when the ledger has it already.
        loads: which waiting loads the change brings to the card.
        kept: what leaves the card, stays in the account and waits for the next card.
    """

    place: Place
    change: Change
    log: bytes
    money: Money | None = None
    loads: tuple[int, ...] = ()
    kept: Load | None = None


class IssuePart(Struct, frozen=True, tag="issue"):
    """A blank sector becomes ours and gets its blocks (by slot; what is missing is zeros).

    Attributes:
        place: the sector.
        blocks: what it holds in the end.
        last: the slot that is written after everything else, when the trailer was proven.
        loads: which waiting loads are among what the card begins with.
    """

    place: Place
    blocks: dict[int, bytes]
    last: int | None = None
    loads: tuple[int, ...] = ()


class ClearPart(Struct, frozen=True, tag="clear"):
    """A sector of ours becomes blank."""

    place: Place


class RewritePart(Struct, frozen=True, tag="rewrite"):
    """The data of a sector of ours are written anew; `purse` is what a purse holds then."""

    place: Place
    blocks: dict[int, bytes]
    purse: Purse | None = None


class SlotPart(Struct, frozen=True, tag="slot"):
    """One record of a protected sector is written with key B."""

    place: Place
    slot: int
    image: bytes


class RekeyPart(Struct, frozen=True, tag="rekey"):
    """A sector gets the keys of another version; `blocks` carry the new MACs, `purse` is what one holds."""

    place: Place
    key_version: int
    blocks: dict[int, bytes]
    purse: Purse | None = None


class MoneyPart(Struct, frozen=True, tag="money"):
    """Money moves, and no card has to agree. With a load it has yet to reach the card."""

    money: Money
    load: Load | None = None


CardPart: TypeAlias = PursePart | IssuePart | ClearPart | RewritePart | SlotPart | RekeyPart
Part: TypeAlias = CardPart | MoneyPart


@dataclass(frozen=True, slots=True)
class Step:
    """A part in its place, and what became of it."""

    n: int
    part: Part
    state: PartState = PartState.PLANNED

    @property
    def money(self) -> Money | None:
        """What it moves."""
        return self.part.money if isinstance(self.part, PursePart | MoneyPart) else None


class After(Struct, frozen=True, omit_defaults=True):
    """What the card's row becomes when the operation is confirmed; None leaves a field as it is.

    Attributes:
        state: a `CardState`.
        valid_until: last day.
        key_version: of its keys.
        number: card number.
        class_id: the holder's class of account.
        stock: what becomes of the plastic: `good`, `dead`.
        waits: what stays in the account and waits for the holder's next card.
    """

    state: str | None = None
    valid_until: date | None = None
    key_version: int | None = None
    number: int | None = None
    class_id: int | None = None
    stock: str | None = None
    waits: tuple[Load, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An act of a desk.

    Attributes:
        account_id: the holder; None for plastic of nobody.
        card_id: the life of the card it is about.
        identity: the card whose keys are used; None when no card is touched.
        desk: which desk began it.
        amount_fen: what the person sees: above zero to the person, below zero from the person.
        before: what a report shows of the time before.
        after: applied when confirmed.
        follows: the operation this one continues.
        lease_until_us: until then nobody else takes it up.
    """

    id: int
    kind: Kind
    state: State
    account_id: int | None
    card_id: int | None
    identity: CardIdentity | None
    desk: str
    actor: str
    reason: str
    amount_fen: int
    before: dict[str, object]
    after: After
    follows: int | None
    trouble: str
    lease_until_us: int
    created_at_us: int
    steps: tuple[Step, ...]

    @property
    def carries_on(self) -> bool:
        """Whether it is repeated until it is whole, because half of it is no card at all.

        All others end with what the card says happened, and can be asked for again.
        """
        return self.kind in {Kind.INITIALISE, Kind.ERASE, Kind.ISSUE, Kind.BIND}

    @property
    def open_steps(self) -> tuple[Step, ...]:
        """What is not decided, in order."""
        return tuple(one for one in self.steps if one.state in {PartState.PLANNED, PartState.IN_DOUBT})

    @property
    def unsettled_steps(self) -> tuple[Step, ...]:
        """What is not decided, or could not be."""
        decided = {PartState.CONFIRMED, PartState.VOID}
        return tuple(one for one in self.steps if one.state not in decided)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An operation that is to begin; see `Operation`."""

    kind: Kind
    parts: tuple[Part, ...]
    account_id: int | None = None
    card_id: int | None = None
    identity: CardIdentity | None = None
    uid: bytes | None = None
    reason: str = ""
    amount_fen: int = 0
    before: dict[str, object]
    after: After = After()  # noqa: RUF009  frozen, so one for all
    follows: int | None = None
