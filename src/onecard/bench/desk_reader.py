"""A reader that is listened to: what a desk asked of it, how long that took, and the same once more."""

import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from onecard.cards.reader import Presence, Ran, Reader
from onecard.cards.steps import Exchange

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """One round trip to a reader; without a script it was asked which card lies there."""

    script: tuple[Exchange, ...] | None
    answers: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """One operation of a desk as it was measured.

    Attributes:
        name: what was done.
        total_ms: from the call to its return.
        reader_ms: of that, waited for the reader, beeps included.
        asked: its round trips, in order.
    """

    name: str
    total_ms: float
    reader_ms: float
    asked: tuple[Asked, ...]

    @property
    def overhead_ms(self) -> float:
        """What the desk itself took: the database, the ledger, keys and decisions."""
        return self.total_ms - self.reader_ms


class TracedReader:
    """A `Reader` that passes everything on and remembers it.

    Args:
        reader: the one that is meant.

    Attributes:
        acts: what `act` measured, oldest first.
    """

    def __init__(self, reader: Reader) -> None:
        self.acts: list[Act] = []
        self._reader = reader
        self._asked: list[Asked] = []
        self._inside_s = 0.0

    @property
    def name(self) -> str:
        """See `Reader`."""
        return self._reader.name

    async def act(self, name: str, work: Awaitable[T]) -> T:
        """Do something at the desk and measure it."""
        self._asked, self._inside_s = [], 0.0
        begun = time.perf_counter()
        result = await work
        total_s = time.perf_counter() - begun
        self.acts.append(Act(name, total_s * 1000, self._inside_s * 1000, tuple(self._asked)))
        return result

    async def present(self) -> Presence | None:
        """See `Reader`."""
        presence = await self._timed(self._reader.present())
        self._asked.append(Asked(None))
        return presence

    async def run(self, session: str, script: Sequence[Exchange]) -> Ran:
        """See `Reader`."""
        ran = await self._timed(self._reader.run(session, script))
        self._asked.append(Asked(tuple(script), ran.answers))
        return ran

    async def signal(self, *, good: bool) -> None:
        """See `Reader`."""
        await self._timed(self._reader.signal(good=good))

    async def _timed(self, work: Awaitable[T]) -> T:
        begun = time.perf_counter()
        try:
            return await work
        finally:
            self._inside_s += time.perf_counter() - begun


async def replay(reader: Reader, acts: Sequence[Act]) -> AsyncIterator[tuple[Act, float]]:
    """Ask a reader once more what it was asked in `acts`; gives each act with the milliseconds it took now.

    Raises:
        RuntimeError: the card answers otherwise, so that other things would be compared.
    """
    session = ""
    for act in acts:
        begun = time.perf_counter()
        for asked in act.asked:
            if asked.script is None:
                presence = await reader.present()
                session = presence.session if presence else ""
                continue
            ran = await reader.run(session, asked.script)
            if ran.answers != asked.answers:
                message = f"The card does not answer to the same {act.name} as it did before ({ran.trouble})."
                raise RuntimeError(message)
        yield act, (time.perf_counter() - begun) * 1000
