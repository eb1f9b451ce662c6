"""Runs scripts on virtual cards, as a desk agent does, and pulls cards where a test says."""

from collections.abc import Iterable

from onecard.cards.keys import Role
from onecard.cards.oc1.layout import Layout, Place, block_of
from onecard.cards.oc1.records import Purse
from onecard.cards.oc1.scripts import CardKeys, read_slots
from onecard.cards.oc1.slots import Current, current
from onecard.cards.steps import Dialect, Step, exchanges
from onecard.cards.virtual.chip import Chip
from onecard.cards.virtual.reader import VirtualReader


def lay_on(chip: Chip, dialect: Dialect = Dialect.ACS) -> VirtualReader:
    reader = VirtualReader(dialect)
    reader.insert(chip)
    return reader


def play(reader: VirtualReader, steps: Iterable[Step]) -> list[bytes] | None:
    """The data that came back; None when the script stopped."""
    found = []
    for exchange in exchanges(steps, reader.dialect):
        if reader.chip is None:
            return None
        answer = reader.transmit(exchange.apdu)
        if not exchange.accepts(answer):
            return None
        found.append(answer[:-2])
    return found


def slots(chip: Chip, keys: CardKeys, place: Place) -> tuple[bytes, bytes]:
    answers = play(lay_on(chip), read_slots(keys, (place,)))
    assert answers, "the sector does not open"
    return answers[-2], answers[-1]


def purse(chip: Chip, keys: CardKeys, role: Role = Role.CONSUMPTION) -> Current[Purse] | None:
    place = next(place for place in Layout().places if place.role is role)
    return current(Purse, slots(chip, keys, place), role=role, mac_key=keys.mac(role))


def raw(chip: Chip, sector: int, slot: int) -> bytes:
    start = block_of(sector, slot) * 16
    return chip.dump()[start : start + 16]
