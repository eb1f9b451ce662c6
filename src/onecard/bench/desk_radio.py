"""A desk beside a reader that takes the time of the air: cards in a batch, the screen, a top-up."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onecard.bench.desk_life import READ, TERMS, TOP_UP, Told, in_process, row_of
from onecard.bench.desk_office import Office, Station
from onecard.cards.virtual.dumps import read_dump
from onecard.desk.operations import purses
from onecard.desk.operations.model import State
from onecard.desk.operations.purses import Amounts
from onecard.desk.operations.queue import Queue, Waiting

_AMOUNTS = Amounts(consumption_fen=20_00)


@dataclass(slots=True)
class Air:
    """What was measured with radio times.

    Attributes:
        cards: issued in the batch.
        batch_s: from the first card laid on to the last one issued; the next card lies there at once.
        screen_ms: from a card that is laid on to what the screen shows.
        top_up_ms: beyond the radio time, from the call to its return.
    """

    cards: int = 0
    batch_s: float = 0.0
    screen_ms: list[float] = field(default_factory=list)
    top_up_ms: list[float] = field(default_factory=list)

    @property
    def cards_per_minute(self) -> float:
        """Of the batch."""
        return self.cards * 60 / self.batch_s if self.batch_s else 0.0


async def measure(
    office: Office, station: Station, cards: Sequence[Path], persons: Sequence[int], told: Told
) -> Air:
    """Issue cards in a batch, then lay each on once more and top it up."""
    air = Air()
    await _batch(station, cards, Waiting(office.desk(station.name), persons=persons), air, told)
    for card in cards:
        await _top_up(station, card, air, told)
    return air


async def _batch(station: Station, cards: Sequence[Path], recipients: Waiting, air: Air, told: Told) -> None:
    queue = Queue(station.place, recipients, TERMS)
    coming = iter(cards)
    begun = time.perf_counter()
    station.put(next(coming))
    async for turn in queue.turns():
        air.batch_s = time.perf_counter() - begun
        told.expect(not turn.code, f"a card of the batch failed: {turn.code}")
        card = next(coming, None)
        if card is None:
            queue.stop()
        else:
            station.put(card)
    air.cards = queue.done


async def _top_up(station: Station, card: Path, air: Air, told: Told) -> None:
    before = read_dump(card)
    station.reader.acts = []
    begun = time.perf_counter()
    await station.lay(card)
    seen = await station.reader.act(READ, station.place.look())
    air.screen_ms.append((time.perf_counter() - begun) * 1000)
    top_up = purses.top_up(station.place, row_of(seen), _AMOUNTS, sighting=seen)
    operation = await station.reader.act(TOP_UP, top_up)
    told.expect(operation.state is State.CONFIRMED, "a top-up with radio times failed")
    acts = station.reader.acts
    radio = [radio_ms async for _, _, radio_ms in in_process(before, acts)]
    air.top_up_ms.append(acts[-1].total_ms - radio[-1])
