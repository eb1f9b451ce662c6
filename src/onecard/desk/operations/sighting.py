"""What a desk sees when a card lies on its reader: the card's own words, the server's, and what differs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from onecard.cards.keys import CardIdentity, Role
from onecard.cards.oc1.layout import Place
from onecard.cards.oc1.records import Identity, Purse
from onecard.cards.oc1.slots import Current
from onecard.cards.reader import Presence
from onecard.ledger.model import Balances


class SectorState(StrEnum):
    """What a sector is, by the keys that open it."""

    OURS = "ours"
    BLANK = "blank"
    FOREIGN = "foreign"  # opened by no key we have
    DEAD = "dead"  # lets itself be opened and refuses every read: a torn trailer
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Sector:
    """A sector of the layout as it was read.

    Attributes:
        blocks: the three data blocks; empty unless ours or blank.
        key_version: of the keys that opened it, when ours.
    """

    place: Place
    state: SectorState
    blocks: tuple[bytes, ...] = ()
    key_version: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The card's own words.

    Attributes:
        identity: which card and life, under which keys; None when nothing of ours is on it.
        sectors: by place; empty for cards that hold nothing of ours by their technology.
        holder: the identity record that holds.
        purses: consumption and water; None where no slot is valid.
    """

    presence: Presence
    identity: CardIdentity | None
    sectors: Mapping[Place, Sector]
    holder: Current[Identity] | None
    purses: Mapping[Role, Current[Purse] | None]

    @property
    def is_blank(self) -> bool:
        """Whether every sector we would use is as from the factory."""
        return bool(self.sectors) and all(one.state is SectorState.BLANK for one in self.sectors.values())


class Difference(StrEnum):
    """Why a card is not what the server says, or may not be worked with; each has its own words.

    The order is that of importance: the first is what a person is told.
    """

    TWO_CARDS = "two_cards"
    OTHER_TENANT = "other_tenant"
    FOREIGN = "foreign"
    WRONG_TECHNOLOGY = "wrong_technology"
    IMITATION = "imitation"
    UNKNOWN = "unknown"  # ours by its keys, and in no row
    OLD_LIFE = "old_life"  # a life that was replaced, returned or reissued
    REPLAYED = "replayed"  # an older state came back
    CLONED = "cloned"  # it goes on from a state the server never made, or forks
    EDITED = "edited"  # no record of a purse has a right MAC
    DEAD_SECTOR = "dead_sector"
    UNFINISHED = "unfinished"  # an issue or a clearing did not come to its end
    LOST = "lost"
    CANCELLED = "cancelled"
    FROZEN = "frozen"
    DAMAGED = "damaged"
    EXPIRED = "expired"
    MORE_THAN_SERVER = "more_than_server"
    OLD_KEYS = "old_keys"  # works, and should be re-keyed
    LESS_THAN_SERVER = "less_than_server"  # normal: records or loads are on their way


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """The server's words about one life of a card."""

    card_id: int
    uid: str
    technology: str
    state: str
    person_id: int
    person_number: str
    person_name: str
    class_id: int
    class_number: int
    number: int | None
    valid_until: date | None
    generation: int | None
    key_version: int | None
    fee_fen: int
    deposit_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a desk last knew of a purse."""

    counter: int
    desk_seq: int
    cash_fen: int
    subsidy_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A card on the reader, side by side with the server's row.

    Attributes:
        reading: None for a card of a technology nothing is written to.
        row: the life that lasts, else the latest; None for a card the server never saw.
        known: by role.
        balances: of the holder's account, as the server has them.
        loads_fen: by role, (cash, subsidy) that wait for the card.
        differences: most important first.
        open_operation: id of the operation that this card has to decide.
        settled: ids of operations that were decided by this sighting.
    """

    presence: Presence
    reading: Reading | None
    row: CardRow | None
    known: Mapping[Role, Known]
    balances: Balances | None
    loads_fen: Mapping[Role, tuple[int, int]]
    differences: tuple[Difference, ...]
    open_operation: int | None = None
    settled: tuple[int, ...] = ()

    @property
    def uid(self) -> str:
        """Upper-case hex."""
        return self.presence.uid.hex().upper()

    def has(self, *differences: Difference) -> bool:
        """Whether one of these was found."""
        return any(one in self.differences for one in differences)
