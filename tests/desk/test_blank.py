"""Checking new plastic, and making cards that are over blank again."""

import pytest
from cast_issue import (
    again,
    assert_proven,
    at_desk,
    card_rows,
    identity_of,
    issued,
    lay,
    look,
    numbers_only,
    plastic,
    stock_of,
)
from hall import Hall

from onecard.base.db import SYSTEM
from onecard.base.embedded import Logins
from onecard.cards.classic.access import TRANSPORT
from onecard.cards.classic.geometry import trailer_of
from onecard.cards.virtual.chip import Chip, Make
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations.blank import erase, initialise
from onecard.desk.operations.model import Kind, State
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace

# writes of an erasure of four sectors: the record that says “clearing”, then three blocks and a trailer each
TRAILERS = (4, 8, 12, 16)
DATA = tuple(sorted({*range(17)} - set(TRAILERS)))


async def over(hall: Hall, n: int = 1, state: str = "returned") -> tuple[Chip, Workplace]:
    """A card whose life is over, on a desk."""
    chip = plastic(0x30000000 + n)
    await issued(hall, chip, await hall.person())
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute(
            "update cards.card set state = $1 where uid = $2", state, chip.uid.hex().upper()
        )
    return chip, at_desk(hall, chip)[0]


def is_factory_new(hall: Hall, chip: Chip) -> bool:
    memory = chip.dump()
    sectors = [place.sector for place in hall.chosen.layout.places]
    blank = bytes(48) + TRANSPORT.encode()
    return all(memory[sector * 64 : sector * 64 + 64] == blank for sector in sectors)


async def refusal(place: Workplace, what: object) -> str:
    sighting = await place.look()
    with pytest.raises(RefusedError) as caught:
        await what(place, sighting)  # type: ignore[operator]
    return caught.value.code


@pytest.mark.parametrize("state", ["returned", "void", "cancelled"])
async def test_a_card_that_is_over_becomes_blank_and_somebody_elses(hall: Hall, state: str) -> None:
    chip, place = await over(hall, state=state)
    done = await erase(place, await place.look(), reason="returned at the desk")
    assert (done.state, done.kind, is_factory_new(hall, chip)) == (State.CONFIRMED, Kind.ERASE, True)
    seen, reading = await look(hall, chip)
    assert (reading.is_blank, seen.open_operation) == (True, None)
    await issued(hall, chip, await hall.person())
    assert [row[:2] for row in await card_rows(hall, chip)] == [(state, 1), ("active", 2)]
    assert (await look(hall, chip))[0].differences == ()


async def test_somebodys_card_stays_as_it_is(hall: Hall) -> None:
    chip, _ = await hall.card()
    place, _ = at_desk(hall, chip)
    before = chip.dump()
    assert await refusal(place, erase) == "card_in_use"
    assert await refusal(place, initialise) == "card_in_use"
    assert chip.dump() == before
    assert await refusal(at_desk(hall, plastic())[0], erase) == "already_blank"
    assert await refusal(at_desk(numbers_only(hall), plastic())[0], erase) == "wrong_technology"


async def test_a_card_that_no_row_knows_is_kept(hall: Hall) -> None:
    chip, _ = await hall.card()
    unknown = hall._chip(bytes.fromhex("55555555"), 7, {})
    assert await refusal(at_desk(hall, unknown)[0], erase) == "unknown"
    assert await refusal(at_desk(hall, unknown)[0], initialise) == "not_blank"
    assert await refusal(at_desk(hall, plastic(chip.uid))[0], initialise) == "card_in_use"


@pytest.mark.parametrize("how", [Torn.ZERO, Torn.FULL])
async def test_an_erasure_torn_in_data_is_carried_on(hall: Hall, urls: Logins, how: Torn) -> None:
    for write in DATA:
        chip, place = await over(hall, write)
        sighting = await place.look()
        chip.tear = Tear(chip.writes + write, how)
        assert (await erase(place, sighting)).state is State.IN_DOUBT, write
        done = await again(place, chip)
        assert (done.state, is_factory_new(hall, chip)) == (State.CONFIRMED, True), write
    await assert_proven(hall, urls)


async def test_an_erasure_whose_last_answer_was_lost_is_done(hall: Hall) -> None:
    chip, place = await over(hall)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + TRAILERS[-1], Torn.FULL)
    done = await erase(place, sighting)
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        # and the desk died with it: nothing was noted, not even that the card said “clearing”
        await tx.connection.execute("update desk.part set state = 'planned' where operation_id = $1", done.id)
    lay(place, chip)
    assert (await place.look()).settled == (done.id,)
    assert (await place.engine.load(done.id)).state is State.CONFIRMED


@pytest.mark.parametrize("how", [Torn.ZERO, Torn.HALF, Torn.MIXED])
async def test_an_erasure_torn_in_a_trailer_costs_the_plastic(hall: Hall, how: Torn) -> None:
    for write in TRAILERS:
        chip, place = await over(hall, write)
        sighting = await place.look()
        chip.tear = Tear(chip.writes + write, how)
        await erase(place, sighting)
        done = await again(place, chip)
        assert (done.state, done.trouble, await stock_of(hall, chip)) == (State.VOID, "plastic_dead", "dead")
        assert [row[0] for row in await card_rows(hall, chip)] == ["returned"]
        assert await refusal(place, erase) in {"plastic_dead", "foreign", "dead_sector"}, write


async def test_new_plastic_is_checked_and_registered(hall: Hall) -> None:
    chip = plastic()
    place, _ = at_desk(hall, chip)
    before = chip.dump()
    done = await initialise(place, await place.look(), box="box 1")
    assert (done.state, done.kind, await stock_of(hall, chip)) == (State.CONFIRMED, Kind.INITIALISE, "good")
    assert chip.dump() == before, "keys are written with the first life"
    assert await hall.fetch("select box from cards.stock") == [("box 1",)]


async def test_locked_and_broken_sectors_are_named(hall: Hall) -> None:
    locked, broken = plastic(1), plastic(2)
    for chip, content in ((locked, b"\x01" * 6), (broken, b"\xff" * 6 + bytes(4))):
        memory = bytearray(chip.dump())
        start = trailer_of(hall.chosen.layout.places[1].sector) * 16
        memory[start : start + len(content)] = content
        chip.restore_dump(bytes(memory))
        place, _ = at_desk(hall, chip)
        sighting = await place.look()
        with pytest.raises(RefusedError, match=r"cannot be used: 2\."):
            await initialise(place, sighting)
    assert (await stock_of(hall, locked), await stock_of(hall, broken)) == (None, "dead")


@pytest.mark.parametrize("make", [Make.CUID, Make.OTP])
async def test_an_imitation_is_found_out_and_remembered(hall: Hall, make: Make) -> None:
    chip = plastic(make=make)
    place, reader = at_desk(hall, chip)
    assert await refusal(place, initialise) == "imitation"
    assert (await stock_of(hall, chip), reader.slot.signals) == ("imitation", [False])
    assert await refusal(place, initialise) == "imitation"
    assert identity_of(chip).uid == chip.uid
