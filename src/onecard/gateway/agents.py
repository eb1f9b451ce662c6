"""A card reader at a desk, driven over the bus: a `Reader` for the desk's use cases.

What the way to the desk does is an answer and never an exception. A script carries the last moment to begin
it, by the agent's own clock: what we gave up waiting for is not done later, behind our back.
"""

import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from onecard.agent import protocol
from onecard.agent.protocol import Ask, CardEvent, Command, Outcome, Print, Printed, Script, Signal, There
from onecard.agent.receipts import Receipt
from onecard.base.bus import Bus
from onecard.base.errors import UnavailableError
from onecard.cards.reader import Presence, Ran, ReaderError, Trouble
from onecard.cards.steps import OK, Exchange

T = TypeVar("T", bound=Struct)

PRESENT_S = 3.0
BEGIN_S = 5.0
FINISH_S = 15.0
PRINT_S = 20.0
_AUTHENTICATE = {0x86, 0x88}


class FailureLimit:
    """Keeps a desk from being a machine that guesses keys: failed authentications in a minute.

    Args:
        per_card: of one card at one workstation.
        per_desk: of all cards at one workstation.
        window_s: how long a failure counts, in seconds.
    """

    def __init__(self, per_card: int = 30, per_desk: int = 90, window_s: float = 60.0) -> None:
        self._per_card = per_card
        self._per_desk = per_desk
        self._window_s = window_s
        self._failures: dict[str, deque[tuple[float, bytes]]] = {}

    def allows(self, desk: str, card: bytes) -> bool:
        """Whether one more may be tried."""
        failures = self._failures.get(desk, deque())
        while failures and time.monotonic() - failures[0][0] > self._window_s:
            failures.popleft()
        same = sum(failed == card for _, failed in failures)
        return len(failures) < self._per_desk and same < self._per_card

    def count(self, desk: str, card: bytes) -> None:
        """One has failed."""
        self._failures.setdefault(desk, deque()).append((time.monotonic(), card))


_limit = FailureLimit()


class AgentReader:
    """One reader of a workstation.

    Args:
        bus: the product's connection.
        tenant: code of the tenant.
        workstation: its token.
        reader: its name there; without one the workstation's first reader is meant.
        limit: counts failed authentications; of the whole process if none is given.
    """

    def __init__(
        self, bus: Bus, tenant: str, workstation: str, reader: str = "", *, limit: FailureLimit = _limit
    ) -> None:
        self._bus = bus
        self._root = protocol.root(tenant, workstation)
        self._workstation = workstation
        self._reader = reader
        self._limit = limit
        self._clock_ahead_ms: int | None = None
        self._uids: tuple[str, bytes] = ("", b"")

    @property
    def name(self) -> str:
        """For people: the workstation, and the reader if one is named."""
        return f"{self._workstation}/{self._reader}" if self._reader else self._workstation

    async def present(self) -> Presence | None:
        """See `Reader.present`; `NO_ANSWER` when the agent is not there."""
        there = await self._ask(protocol.PRESENT, Ask(self._reader), There, PRESENT_S)
        if there is None:
            raise ReaderError(Trouble.NO_ANSWER)
        # the agent read its clock before now, so this errs to the safe side: scripts expire early
        self._clock_ahead_ms = there.now_ms - _now_ms()
        if there.trouble is not None:
            raise ReaderError(there.trouble)
        if there.card is None:
            return None
        card = there.card
        self._uids = (card.session, card.uid)
        return Presence(card.session, card.uid, card.atr, card.dialect)

    async def run(self, session: str, script: Sequence[Exchange]) -> Ran:
        """See `Reader.run`; `REFUSED` also when too many authentications failed in the last minute."""
        card = self._uids[1] if self._uids[0] == session else session.encode()
        if not self._limit.allows(self._root, card):
            return Ran((), Trouble.REFUSED)
        if self._clock_ahead_ms is None:
            try:
                await self.present()
            except ReaderError as error:
                return Ran((), error.trouble)
        message = self._script(session, script)
        outcome = await self._ask(protocol.SCRIPT, message, Outcome, BEGIN_S + FINISH_S)
        if outcome is None or len(outcome.answers) > len(script):
            return Ran((), Trouble.NO_ANSWER)
        if _failed_to_authenticate(script, outcome):
            self._limit.count(self._root, card)
        return Ran(tuple(outcome.answers), outcome.trouble)

    async def signal(self, *, good: bool) -> None:
        """See `Reader.signal`; lost when the agent is not there."""
        await self._bus.publish(self._subject(protocol.SIGNAL), protocol.encode(Signal(good, self._reader)))

    async def print_receipt(self, receipt: Receipt) -> Printed:
        """Print at the workstation; the answer says in a sentence why it did not."""
        printed = await self._ask(protocol.PRINT, Print(receipt), Printed, PRINT_S)
        return printed or Printed(
            ok=False, sentence="The desk's program does not answer; nothing is printed."
        )

    async def watch(self, hear: Callable[[CardEvent], Awaitable[None]]) -> None:
        """Hear of cards that come and go, for as long as the bus is open; `present` is the truth."""

        async def handle(subject: str, payload: bytes) -> None:
            event = protocol.decode(CardEvent, payload)
            if event is not None and self._reader in {"", event.reader}:
                await hear(event)

        await self._bus.subscribe(f"{self._root}.up.{protocol.CARD}", handle)

    def _script(self, session: str, script: Sequence[Exchange]) -> Script:
        assert self._clock_ahead_ms is not None  # noqa: S101  asked for before
        until = _now_ms() + self._clock_ahead_ms + int(BEGIN_S * 1000)
        commands = [Command(each.apdu, each.expect, each.secret) for each in script]
        return Script(session, until, commands, self._reader)

    async def _ask(self, what: str, message: Struct, kind: type[T], timeout_s: float) -> T | None:
        if not self._bus.connected:
            return None  # what the bus would keep for later is too late then
        try:
            answer = await self._bus.request(self._subject(what), protocol.encode(message), timeout_s)
        except UnavailableError:
            return None
        return protocol.decode(kind, answer)

    def _subject(self, what: str) -> str:
        return f"{self._root}.dn.{what}"


def _failed_to_authenticate(script: Sequence[Exchange], outcome: Outcome) -> bool:
    if outcome.trouble is not Trouble.MISMATCH or not outcome.answers:
        return False
    last = len(outcome.answers) - 1
    return script[last].apdu[1] in _AUTHENTICATE and outcome.answers[last][-2:] != OK


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
