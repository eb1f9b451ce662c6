"""All readers of this computer: found, watched, and driven by what the server asks."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from msgspec import Struct

from onecard.agent import protocol
from onecard.agent.protocol import Ask, CardEvent, Outcome, Print, Printed, ReaderState, Script, Signal, There
from onecard.agent.receipts import Printer, print_receipt
from onecard.agent.sources import Source
from onecard.agent.station import Station, clock_ms
from onecard.base.bus import Handler
from onecard.cards.reader import Trouble

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Struct)

_NO_PRINTER = {
    "en": "This workstation has no receipt printer; name one with `onecard-agent printer`.",
    "zh-CN": "此工作站没有小票打印机；请用 onecard-agent printer 指定。",
}
LOOK_EVERY_S = 4.0  # well below `station.UNWATCHED_S`


class Desk:
    """The readers of this computer.

    Args:
        source: where they come from.
        tell: called when a card came or went, or a reader did.
        printer: prints receipts; None when there is none.
        wall_s: see `Station`.
    """

    def __init__(
        self,
        source: Source,
        tell: Callable[[CardEvent | None], None],
        printer: Printer | None = None,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._tell = tell
        self._printer = printer
        self._wall_s = wall_s
        self._ending = False
        self._stations: dict[str, Station] = {}
        self.answers: dict[str, Handler] = {
            protocol.PRESENT: self._present,
            protocol.SCRIPT: self._run,
            protocol.SIGNAL: self._signal,
            protocol.PRINT: self._print,
        }

    @property
    def readers(self) -> list[ReaderState]:
        """The readers as they were seen last, in the system's order."""
        return [station.state for station in self._stations.values()]

    @property
    def fault(self) -> str | None:
        """Why there can be no readers; None while all is well."""
        return self._source.fault

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Readers are found and their cards seen for the length of the block."""
        watching = asyncio.create_task(self._watch(), name="readers")
        try:
            yield
        finally:
            self._ending = True
            while not watching.done():
                # again and again: a wait that has not begun yet is not ended
                self._source.cancel()
                await asyncio.wait({watching}, timeout=0.05)
            for station in self._stations.values():
                await station.close()
            self._source.close()

    async def events(self) -> list[CardEvent]:
        """What lies on each reader now."""
        return [await station.present() for station in list(self._stations.values())]

    async def _watch(self) -> None:
        while not self._ending:
            try:
                names = await asyncio.to_thread(self._source.readers)
                await self._keep(names)
                await self.events()
            except Exception:
                log.exception("looking at the readers failed")
                await asyncio.sleep(1)
            await asyncio.to_thread(self._source.wait, LOOK_EVERY_S)

    async def _keep(self, names: tuple[str, ...]) -> None:
        """Open readers that came, let go of those that went."""
        for name in [name for name in self._stations if name not in names]:
            log.info("reader gone: %s", name)
            await self._stations.pop(name).close()
            self._tell(None)
        for name in [name for name in names if name not in self._stations]:
            log.info("reader found: %s", name)
            self._stations[name] = Station(self._source.slot(name), self._tell, self._wall_s)
            self._tell(None)

    def _station(self, name: str) -> Station | None:
        """The reader of a name, or the first one."""
        return self._stations.get(name) if name else next(iter(self._stations.values()), None)

    async def _present(self, subject: str, payload: bytes) -> bytes:
        ask = _decoded(Ask, payload)
        station = self._station(ask.reader)
        if station is None:
            return protocol.encode(There(clock_ms(), ask.reader, trouble=Trouble.NO_READER))
        event = await station.present()
        return protocol.encode(There(clock_ms(), station.name, event.card, event.trouble))

    async def _run(self, subject: str, payload: bytes) -> bytes:
        script = _decoded(Script, payload)
        station = self._station(script.reader)
        if station is None:
            return protocol.encode(Outcome([], Trouble.NO_READER))
        return protocol.encode(await station.run(script.session, script.until_ms, script.commands))

    async def _signal(self, subject: str, payload: bytes) -> None:
        signal = _decoded(Signal, payload)
        station = self._station(signal.reader)
        if station is not None:
            await station.signal(good=signal.good)

    async def _print(self, subject: str, payload: bytes) -> bytes:
        receipt = _decoded(Print, payload).receipt
        if self._printer is None:
            sentence: str | None = _NO_PRINTER[receipt.language]
        else:
            sentence = await asyncio.to_thread(print_receipt, receipt, self._printer)
        if sentence:
            log.warning("receipt %s is not printed: %s", receipt.number, sentence)
        return protocol.encode(Printed(ok=not sentence, sentence=sentence or ""))


def _decoded(kind: type[T], payload: bytes) -> T:
    message = protocol.decode(kind, payload)
    if message is None:
        sentence = f"the server sent something that is no {kind.__name__}"
        raise ValueError(sentence)
    return message
