"""What server and agent say to each other over the bus: subjects and messages, JSON without surprises.

The server asks below `agent.<tenant>.<workstation>.dn`, the agent tells below `….up`. Bytes travel as
base 64. Fields nobody knows are ignored, so that either side may be newer.
"""

from typing import TypeVar

import msgspec
from msgspec import Struct

from onecard.agent.receipts import Receipt
from onecard.cards.reader import Trouble
from onecard.cards.steps import Dialect

T = TypeVar("T", bound=Struct)

# What a connection is for; the callout gives it the rights of exactly that
RUN, JOIN = "run", "join"

PRESENT, SCRIPT, SIGNAL, PRINT, LEAVE = "present", "run", "signal", "print", "leave"
STATE, CARD = "state", "card"


def root(tenant: str, workstation: str) -> str:
    """Where a workstation's subjects begin."""
    return f"agent.{tenant}.{workstation}"


def join_subject(public_key: str) -> str:
    """Where an agent without a workstation sends `Join`; the answer comes below it, to `.dn`."""
    return f"agent._join.{public_key}"


class Join(Struct, frozen=True):
    """An agent asks to become a workstation's, with a one-time code."""

    code: str
    version: str = ""

    def __repr__(self) -> str:
        """Without the code."""
        return f"Join(version={self.version!r})"


class Joined(Struct, frozen=True):
    """The answer. Results: done, wrong, expired, used, busy; names only with done."""

    result: str
    tenant: str = ""
    workstation: str = ""
    name: str = ""


class ReaderState(Struct, frozen=True):
    """A reader as its agent sees it; with trouble nothing is known of a card."""

    name: str
    card: bool = False
    trouble: Trouble | None = None


class State(Struct, frozen=True):
    """`up.state`: when something changed, and every half a minute; `on` is false when the agent ends."""

    on: bool
    version: str = ""
    readers: list[ReaderState] = []


class Card(Struct, frozen=True):
    """A card that lies on a reader; see `onecard.cards.reader.Presence`."""

    session: str
    uid: bytes
    atr: bytes
    dialect: Dialect


class CardEvent(Struct, frozen=True):
    """`up.card`: a card was laid on (`card`), taken away (neither), or there is trouble."""

    reader: str
    card: Card | None = None
    trouble: Trouble | None = None


class Ask(Struct, frozen=True):
    """`dn.present`: what lies on a reader? Without a name: on the workstation's first reader."""

    reader: str = ""


class There(Struct, frozen=True):
    """The answer: a card, none, or trouble.

    Attributes:
        now_ms: the agent's own clock, which only it understands; `Script.until_ms` is told by it.
        reader: which one it was.
    """

    now_ms: int
    reader: str = ""
    card: Card | None = None
    trouble: Trouble | None = None


class Command(Struct, frozen=True):
    """One command of a script; see `onecard.cards.steps.Exchange`."""

    apdu: bytes
    expect: bytes | None = None
    secret: bool = False

    def __repr__(self) -> str:
        """Without its bytes: they may be a key."""
        return "Command()"


class Script(Struct, frozen=True):
    """`dn.run`: run these on the card of a session.

    Attributes:
        until_ms: by the agent's clock; not begun later, because by then the server thinks it was lost.
    """

    session: str
    until_ms: int
    commands: list[Command]
    reader: str = ""


class Outcome(Struct, frozen=True):
    """The answer; see `onecard.cards.reader.Ran`."""

    answers: list[bytes]
    trouble: Trouble | None = None

    def __repr__(self) -> str:
        """Without its bytes."""
        return f"Outcome({len(self.answers)} answers, trouble={self.trouble})"


class Signal(Struct, frozen=True):
    """`dn.signal`: beep; nobody answers."""

    good: bool
    reader: str = ""


class Print(Struct, frozen=True):
    """`dn.print`: print a receipt."""

    receipt: Receipt


class Printed(Struct, frozen=True):
    """The answer; a sentence for a person when it did not print."""

    ok: bool
    sentence: str = ""


class Leave(Struct, frozen=True):
    """`dn.leave`: another program has signed in as this workstation; whose connection has this name ends."""

    name: str


def encode(message: Struct) -> bytes:
    """A message as bytes."""
    return msgspec.json.encode(message)


def decode(kind: type[T], payload: bytes) -> T | None:
    """A message of bytes; None when they are no such message."""
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.MsgspecError:
        return None
