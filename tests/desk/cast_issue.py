"""What tests of new cards need beside the hall: blank plastic, and a look at what became of it."""

from collections.abc import Sequence
from dataclasses import replace

from hall import Hall, reader_with, the

from onecard.base.embedded import Logins
from onecard.cards.classic.geometry import Size
from onecard.cards.keys import CardIdentity
from onecard.cards.oc1.layout import Layout
from onecard.cards.technology import CardFormat, Mode
from onecard.cards.virtual.chip import Chip, Make, new_chip
from onecard.cards.virtual.slot import LocalReader
from onecard.desk import proofs
from onecard.desk.operations.issue import carry_on, issue
from onecard.desk.operations.model import Operation
from onecard.desk.operations.sighting import Reading, Sighting
from onecard.desk.operations.workplace import Workplace

SEVEN = bytes.fromhex("04A1B2C3D4E5F6")


def plastic(uid: int | bytes = 0x30000001, *, size: Size = Size.K1, make: Make = Make.GENUINE) -> Chip:
    return new_chip(uid if isinstance(uid, bytes) else uid.to_bytes(4), size, make=make)


def at_desk(hall: Hall, chip: Chip, name: str = "front") -> tuple[Workplace, LocalReader]:
    """A desk with this chip on its reader."""
    reader = reader_with(chip)
    assert reader
    return Workplace(hall.desk(name), reader), reader


def lay(place: Workplace, chip: Chip) -> None:
    the(place.reader).insert(chip)


async def issued(hall: Hall, chip: Chip, person_id: int, **wish: object) -> Operation:
    """The chip becomes the person's card."""
    place, _ = at_desk(hall, chip)
    return await issue(place, await place.look(), person_id, **wish)  # type: ignore[arg-type]


async def again(place: Workplace, chip: Chip) -> Operation:
    """The chip is laid on once more, and what was interrupted is carried on if looking alone did not do."""
    lay(place, chip)
    seen = await place.look()
    if seen.open_operation is None:
        return await place.engine.load(seen.settled[-1])
    return await carry_on(place, seen)


async def look(hall: Hall, chip: Chip) -> tuple[Sighting, Reading]:
    place, _ = at_desk(hall, chip)
    seen = await place.look()
    assert seen.reading
    return seen, seen.reading


async def card_rows(hall: Hall, chip: Chip) -> Sequence[tuple[object, ...]]:
    """State, generation, number and holder of the chip's lives, oldest first."""
    return await hall.fetch(
        "select state, generation, number, person_id from cards.card where uid = $1 order by id",
        chip.uid.hex().upper(),
    )


async def stock_of(hall: Hall, chip: Chip) -> str | None:
    rows = await hall.fetch("select state from cards.stock where uid = $1", chip.uid.hex().upper())
    return str(rows[0][0]) if rows else None


def with_layout(hall: Hall, layout: Layout) -> Hall:
    return replace(hall, chosen=replace(hall.chosen, layout=layout))


def online(hall: Hall) -> Hall:
    """The same cards with purses at the server."""
    return replace(hall, chosen=replace(hall.chosen, mode=Mode.ONLINE))


def numbers_only(hall: Hall) -> Hall:
    """The same school with cards that are numbers only."""
    return replace(hall, chosen=CardFormat(technology="uid", mode=Mode.ONLINE), ring=None)


def identity_of(chip: Chip, generation: int = 1) -> CardIdentity:
    return CardIdentity(uid=chip.uid, generation=generation, key_version=1)


async def assert_proven(hall: Hall, urls: Logins) -> None:
    """Every proof of `onecard check` holds."""
    found = await proofs.check(hall.db, urls.engine, [hall.tenant_id])
    assert [each.detail for each in found if not each.ok] == []
