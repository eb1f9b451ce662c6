"""What is measured at a desk: a card's life under the clerk's hands, and the same scripts without a desk."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from onecard.bench.desk_office import Office, Station
from onecard.bench.desk_reader import Act, replay
from onecard.cards.keys import Role
from onecard.cards.virtual.chip import Chip
from onecard.cards.virtual.dumps import read_dump, write_dump
from onecard.cards.virtual.reader import VirtualReader
from onecard.cards.virtual.slot import LocalReader, VirtualSlot
from onecard.desk.operations import purses
from onecard.desk.operations.issue import issue
from onecard.desk.operations.model import Operation, State
from onecard.desk.operations.purses import Amounts
from onecard.desk.operations.queue import Terms
from onecard.desk.operations.sighting import CardRow, Sighting
from onecard.desk.operations.workplace import Workplace

READ_BLANK, ISSUE, READ, TOP_UP, TOP_UP_BOTH, WITHDRAW, SALE = (
    "read blank", "issue", "read", "top up", "top up both", "withdraw", "sale",
)  # fmt: skip
ACTS = (READ_BLANK, ISSUE, READ, TOP_UP, TOP_UP_BOTH, WITHDRAW, SALE)
TERMS = Terms(opening_fen=50_00, water_fen=10_00, fee_fen=10_00, deposit_fen=20_00)
_ONE = Amounts(consumption_fen=20_00)
_BOTH = Amounts(consumption_fen=10_00, water_fen=5_00)
_BACK = Amounts(consumption_fen=5_00)
SALE_FEN = 3_50
_LEFT_FEN = {Role.CONSUMPTION: 50_00 + 20_00 + 10_00 - 5_00 - SALE_FEN, Role.WATER: 10_00 + 5_00}


@dataclass(slots=True)
class Told:
    """The clerk's own book, to be held against the product's.

    Attributes:
        sold_fen: all sales.
        wrong: sentences about what did not come out as it was told.
    """

    sold_fen: int = 0
    wrong: list[str] = field(default_factory=list)

    def expect(self, true: object, sentence: str) -> None:
        """Note a sentence when something is not so."""
        if not true:
            self.wrong.append(sentence)


@dataclass(slots=True)
class Measured:
    """Of one round, by act: what the desk took, and what its scripts take without it, in milliseconds.

    Attributes:
        radio_ms: what a real card and reader would spend on the air by the data sheet.
    """

    desk: dict[str, list[Act]] = field(default_factory=lambda: defaultdict(list))
    scripts_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    in_process_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    radio_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


async def live(office: Office, station: Station, card: Path, person_id: int, told: Told) -> list[Act]:
    """Issue a card, read it, top it up, withdraw, sell: each act as it was measured."""
    await station.lay(card)
    place, act = station.place, station.reader.act
    station.reader.acts = []
    blank = await act(READ_BLANK, place.look())
    told.expect(_done(await act(ISSUE, issue(place, blank, person_id, **asdict(TERMS)))), "an issue failed")
    for name, amounts in ((TOP_UP, _ONE), (TOP_UP_BOTH, _BOTH)):
        seen = await act(READ, place.look())
        done = await act(name, purses.top_up(place, row_of(seen), amounts, sighting=seen))
        told.expect(_done(done), f"a {name} failed")
    seen = await act(READ, place.look())
    done = await act(WITHDRAW, purses.withdraw(place, row_of(seen), _BACK, sighting=seen))
    told.expect(_done(done), "a withdrawal failed")
    await _sell(office, place, station, told)
    last = await act(READ, place.look())
    told.expect(_holds(last) == _LEFT_FEN, f"card {last.uid} holds {_holds(last)}, not {_LEFT_FEN}")
    told.expect(not last.differences, f"card {last.uid}: {', '.join(last.differences)}")
    return station.reader.acts


async def _sell(office: Office, place: Workplace, station: Station, told: Told) -> None:
    seen = await station.reader.act(READ, place.look())
    sale = purses.sell(place, seen, merchant_id=office.merchant_id, amount_fen=SALE_FEN)
    told.expect(_done(await station.reader.act(SALE, sale)), "a sale failed")
    told.sold_fen += SALE_FEN


async def measure(
    office: Office,
    station: Station,
    lives: Sequence[tuple[Path, int]],
    chance: random.Random,
    told: Told,
) -> Measured:
    """One round: each life at the desk, and at once after it the same scripts by the peers in any order.

    Args:
        office: the school.
        station: the desk.
        lives: file of a blank card, and whose it becomes.
        chance: draws the order of the peers.
        told: the clerk's book.
    """
    measured = Measured()
    copy = office.directory / "same-card-again.bin"
    for card, person_id in lives:
        before = read_dump(card)
        acts = await live(office, station, card, person_id, told)
        for act in acts:
            measured.desk[act.name].append(act)
        for peer in chance.sample(("scripts", "in process"), 2):
            if peer == "scripts":
                write_dump(copy, before)
                await station.lay(copy)
                async for act, taken_ms in replay(station.agent, acts):
                    measured.scripts_ms[act.name].append(taken_ms)
                told.expect(read_dump(copy) == read_dump(card), "the peer's card came out otherwise")
            else:
                async for act, taken_ms, radio_ms in in_process(before, acts):
                    measured.in_process_ms[act.name].append(taken_ms)
                    measured.radio_ms[act.name].append(radio_ms)
    return measured


async def in_process(memory: bytes, acts: Sequence[Act]) -> AsyncIterator[tuple[Act, float, float]]:
    """The same scripts on a virtual reader in this process: each act, what it took, and its radio time."""
    chip, reader = Chip(memory), VirtualReader()
    reader.insert(chip)
    heard_us = 0
    async for act, taken_ms in replay(LocalReader(VirtualSlot(reader)), acts):
        yield act, taken_ms, (chip.radio_us - heard_us) / 1000
        heard_us = chip.radio_us


def row_of(sighting: Sighting) -> CardRow:
    """The server's words about a card that was issued here."""
    if sighting.row is None:
        message = f"The card {sighting.uid} was issued, and the server does not know it."
        raise RuntimeError(message)
    return sighting.row


def _done(operation: Operation) -> bool:
    return operation.state is State.CONFIRMED


def _holds(sighting: Sighting) -> dict[Role, int]:
    found = sighting.reading.purses if sighting.reading else {}
    return {role: each.record.cash_fen for role, each in found.items() if each}
