"""Readers as a desk sees them, and as those who drive one do.

A desk hands a whole script to a reader and gets all answers at once; it never holds a card while it thinks.
Whoever drives a reader, in this process or at the other end of the bus, offers a `Slot`, and
`onecard.cards.insertion` makes the rest of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from onecard.cards.steps import Dialect, Exchange


class Trouble(StrEnum):
    """Why a script did not come to its end, or there is no card to run one on."""

    MISMATCH = "mismatch"  # an answer was not the expected one
    PULLED = "pulled"  # the exchange broke off: what the card did last, nobody was told
    STALE = "stale"  # the card of this session has left; nothing was sent
    REFUSED = "refused"  # a command is not on the allow-list; nothing was sent
    NO_CARD = "no_card"
    TWO_CARDS = "two_cards"
    NO_READER = "no_reader"
    NO_ANSWER = "no_answer"  # the way to the reader is cut: whether anything was sent, nobody knows


class ReaderError(Exception):
    """There is no card to work on.

    Attributes:
        trouble: why.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Presence:
    """A card that lies on a reader.

    Attributes:
        session: names this insertion; it ends with the first sign that the card may be another one.
        uid: 4, 7 or 10 bytes as read.
        atr: the answer to reset; tells the kind of card.
        dialect: how commands to this reader are spelt.
    """

    session: str
    uid: bytes
    atr: bytes
    dialect: Dialect


@dataclass(frozen=True, slots=True, repr=False)
class Ran:
    """What became of a script.

    Attributes:
        answers: of the commands that were sent, in order; each with its status word. After `PULLED` the
            command after these was sent too, perhaps.
        trouble: None when all answers were as expected.
    """

    answers: tuple[bytes, ...]
    trouble: Trouble | None = None

    @property
    def complete(self) -> bool:
        """Whether every command was answered as expected."""
        return self.trouble is None


class Reader(Protocol):
    """A reader with a card on it or none, wherever it stands. One script at a time."""

    @property
    def name(self) -> str:
        """For people."""

    async def present(self) -> Presence | None:
        """The card that lies on the reader; the session is the same as long as it surely did not leave.

        Raises:
            ReaderError: there is no reader, or it cannot tell which card there is.
        """

    async def run(self, session: str, script: Sequence[Exchange]) -> Ran:
        """Send commands one after the other until an answer is not the expected one.

        Never raises for what a card, a reader or the way to it does; the answer says so.
        """

    async def signal(self, *, good: bool) -> None:
        """Let the reader beep, if it can: one way for done, another for failed."""


class SlotError(Exception):
    """The place a card lies on cannot be worked with.

    Attributes:
        trouble: `NO_CARD`, `TWO_CARDS`, `NO_READER` or `PULLED`.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


class Slot(Protocol):
    """A place a card lies on, as a driver offers it: blocking, used by one thread."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def dialect(self) -> Dialect:
        """How commands to it are spelt."""

    def atr(self) -> bytes | None:
        """The answer to reset of the card that is there; None without one.

        Raises:
            SlotError: there is no reader any more.
        """

    def connect(self) -> None:
        """Select the card anew, whatever state it is in.

        Raises:
            SlotError: there is no card, or no reader.
        """

    def transmit(self, command: bytes) -> bytes:
        """The answer with its status word; empty when the card was pulled meanwhile.

        Raises:
            SlotError: nothing was answered.
        """

    def disconnect(self) -> None:
        """Let the card go. Never fails."""

    def signal(self, *, good: bool) -> None:
        """Beep, if it can. Never fails."""
