"""One reader with a thread of its own: whatever blocks there, the rest of the agent goes on."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from onecard.agent.protocol import Card, CardEvent, Command, Outcome, ReaderState
from onecard.agent.sources import OwnedSlot
from onecard.cards.insertion import Insertions
from onecard.cards.reader import Presence, Ran, ReaderError, Trouble
from onecard.cards.steps import Exchange

log = logging.getLogger(__name__)

T = TypeVar("T")

UNWATCHED_S = 15.0
"""Nobody looked for so long: the computer slept, and the card may be another one. Looks are seconds apart."""


def clock_ms() -> int:
    """The clock that scripts expire by; the server only ever repeats what it was told."""
    return time.monotonic_ns() // 1_000_000


class Station:
    """A reader and the insertion of the card on it.

    Args:
        slot: the reader; from here on only this station's thread uses it.
        tell: called in the event loop when a card came or went, or trouble began.
        wall_s: the time of day in seconds; unlike other clocks it goes on while the computer sleeps.
    """

    def __init__(
        self, slot: OwnedSlot, tell: Callable[[CardEvent], None], wall_s: Callable[[], float] = time.time
    ) -> None:
        self.name = slot.name
        self._slot = slot
        self._insertions = Insertions(slot)
        self._tell = tell
        self._event = CardEvent(self.name)
        self._wall_s = wall_s
        self._looked_s = wall_s()
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.name)

    @property
    def state(self) -> ReaderState:
        """What was seen last."""
        return ReaderState(self.name, card=self._event.card is not None, trouble=self._event.trouble)

    async def present(self) -> CardEvent:
        """What lies on the reader now."""
        if self._closed:
            return CardEvent(self.name, trouble=Trouble.NO_READER)
        event = await self._in_thread(self._look)
        if event != self._event:
            self._event = event
            self._tell(event)
        return event

    async def run(self, session: str, until_ms: int, commands: Sequence[Command]) -> Outcome:
        """Run a script that may be begun until a moment of `clock_ms`."""
        script = [Exchange(each.apdu, each.expect, each.secret) for each in commands]
        begun = clock_ms()
        ran = await self._in_thread(lambda: self._run(session, until_ms, script))
        log.debug("%s: %s, %d ms", self.name, _told(script, ran), clock_ms() - begun)
        if ran.trouble not in {None, Trouble.MISMATCH, Trouble.REFUSED}:
            await self.present()
        return Outcome(list(ran.answers), ran.trouble)

    async def signal(self, *, good: bool) -> None:
        """Beep, if it can."""
        await self._in_thread(lambda: self._slot.signal(good=good))

    async def close(self) -> None:
        """The reader is gone, or the agent ends; a card is told to have left."""
        self._closed = True
        if self._event.card is not None:
            self._event = CardEvent(self.name)
            self._tell(self._event)
        await self._in_thread(self._let_go)
        self._thread.shutdown(wait=False)

    def _look(self) -> CardEvent:
        self._end_if_unwatched()
        try:
            presence = self._insertions.present()
            if presence is None and self._event.card is not None:
                # the insertion of the card before has ended; another card may lie there
                presence = self._insertions.present()
        except ReaderError as error:
            return CardEvent(self.name, trouble=error.trouble)
        return CardEvent(self.name, _card(presence) if presence else None)

    def _run(self, session: str, until_ms: int, script: Sequence[Exchange]) -> Ran:
        # asked in the thread, where the waiting is over
        if clock_ms() > until_ms:
            log.warning("%s: a script came too late and was not begun", self.name)
            return Ran((), Trouble.STALE)
        self._end_if_unwatched()
        ran = self._insertions.run(session, script)
        self._looked_s = self._wall_s()
        return ran

    def _end_if_unwatched(self) -> None:
        now = self._wall_s()
        if abs(now - self._looked_s) > UNWATCHED_S:
            self._insertions.end()
        self._looked_s = now

    def _let_go(self) -> None:
        self._insertions.end()
        self._slot.close()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _card(presence: Presence) -> Card:
    return Card(presence.session, presence.uid, presence.atr, presence.dialect)


def _told(script: Sequence[Exchange], ran: Ran) -> str:
    """A script and its outcome without any data: that may be keys."""
    instructions = " ".join(each.apdu[1:2].hex() for each in script)
    last = ran.answers[-1][-2:].hex() if ran.answers else "none"
    return f"{instructions}: {len(ran.answers)} answered, the last {last}, {ran.trouble or 'complete'}"
