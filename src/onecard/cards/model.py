"""What a card is."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

_UID = re.compile(r"[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20}")


class CardState(StrEnum):
    """States of a card in one of its lives (spec cards.md, “The life of a card”).

    A card is expired when its last day is over; that is no state, so that it is true at midnight.
    """

    ISSUING = "issuing"
    ACTIVE = "active"
    FROZEN = "frozen"
    DAMAGED = "damaged"
    LOST = "lost"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    VOID = "void"

    @property
    def ended(self) -> bool:
        """Whether this life is over; the plastic may begin another."""
        return self in {CardState.CANCELLED, CardState.RETURNED, CardState.VOID}


@dataclass(frozen=True, slots=True, kw_only=True)
class CardHolder:
    """A card and its holder, as the gateway needs them for one tap. `person_id` is also the account's id."""

    card_id: int
    uid: str
    state: str
    person_id: int
    name: str
    class_id: int
    person_state: str
    valid_until: date | None = None

    @property
    def masked_name(self) -> str:
        """What a terminal shows to the queue: the first character and a star for each of the others."""
        return self.name[:1] + "*" * (len(self.name) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCard:
    """A card somebody has or had, as personnel files show it; `number` None: it tells only its UID."""

    id: int
    uid: str
    number: int | None
    technology: str
    state: CardState
    valid_until: date | None
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A UID and the person it is or was bound to. `state` is one of `CardState`."""

    uid: str
    person_id: int
    state: str


def parse_uid(text: str) -> str | None:
    """A UID of 4, 7 or 10 bytes as upper-case hex digits (colons dropped); None when malformed."""
    uid = text.replace(":", "").upper()
    return uid if _UID.fullmatch(uid) else None
