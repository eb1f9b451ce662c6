"""Cards that stay with their holders: frozen, extended, of another class, with new keys and lift rights."""

from dataclasses import replace
from datetime import date

import pytest
from cast_care import another_card, number_card, online, proven, state_of
from hall import UNTIL, Hall, purse, the

from onecard.base.embedded import Logins
from onecard.base.errors import NotFoundError, OneCardError
from onecard.cards import setup
from onecard.cards.keys import Role
from onecard.cards.oc1.records import PurseFlag
from onecard.cards.technology import day_number
from onecard.cards.virtual.tear import Tear, Torn
from onecard.cards.wrapping import FileWrapper
from onecard.desk.operations.lift import LiftRights, clear_lift, lift_rights, write_lift
from onecard.desk.operations.loss import report_loss
from onecard.desk.operations.model import State
from onecard.desk.operations.purses import Amounts, top_up
from onecard.desk.operations.rekey import rekey
from onecard.desk.operations.sighting import Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.upkeep import align, change_class, extend, freeze, unfreeze, untold
from onecard.devices import black
from onecard.people import service as people
from onecard.people.model import ClassDraft

LATER = date(2031, 6, 30)
RIGHTS = LiftRights(floors=frozenset({0, 7}), valid_from=date(2026, 1, 1), valid_until=LATER, uses=9)


async def listed(hall: Hall) -> list[str]:
    async with hall.desk().tx() as tx:
        return [one.uid for one in await black.entries(tx)]


def told(sighting: Sighting) -> list[str]:
    return [one.value for one in sighting.differences]


async def a_class(hall: Hall, number: int) -> int:
    async with hall.desk().tx() as tx:
        return await people.create_class(tx, ClassDraft(number=number, name=f"Class {number}"))


async def test_a_card_on_the_reader_says_itself_that_it_is_frozen(hall: Hall, urls: Logins) -> None:
    chip, row = await hall.card(cash=5_00)
    place = hall.workplace(chip)
    await freeze(place, row.card_id, sighting=await place.look(), reason="asked for")
    assert purse(hall, chip).flags == purse(hall, chip, Role.WATER).flags == PurseFlag.FROZEN
    assert (await state_of(hall, row), await listed(hall)) == ("frozen", [])
    assert told(await place.look()) == ["frozen"]
    await unfreeze(place, row.card_id, sighting=await place.look())
    assert (await state_of(hall, row), purse(hall, chip).flags) == ("active", PurseFlag.NONE)
    assert (told(await place.look()), await proven(hall, urls)) == ([], True)


async def test_a_card_that_is_not_there_is_frozen_at_server_and_terminals(hall: Hall) -> None:
    chip, row = await hall.card(cash=5_00)
    place = hall.workplace(chip)
    await freeze(place, row.card_id)
    assert (await state_of(hall, row), await listed(hall)) == ("frozen", [row.uid])
    with pytest.raises(RefusedError) as refused:
        await top_up(place, row, Amounts(1_00), sighting=await place.look())
    assert refused.value.code == "frozen"
    await align(place, await place.look())
    assert purse(hall, chip).flags == PurseFlag.FROZEN
    await unfreeze(place, row.card_id)
    assert (await state_of(hall, row), await listed(hall)) == ("active", [])
    await align(place, await place.look())
    assert (told(await place.look()), purse(hall, chip).cash_fen) == ([], 5_00)


@pytest.mark.parametrize("write", range(4))
async def test_freezing_that_was_torn_is_asked_for_again(hall: Hall, write: int) -> None:
    chip, row = await hall.card(cash=5_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + write, Torn.HALF)
    await freeze(place, row.card_id, sighting=sighting)
    the(place.reader).insert(chip)
    await freeze(place, row.card_id, sighting=await place.look())
    assert (await state_of(hall, row), purse(hall, chip).cash_fen) == ("frozen", 5_00)
    assert purse(hall, chip).flags == purse(hall, chip, Role.WATER).flags == PurseFlag.FROZEN


async def test_an_online_card_is_frozen_by_its_row(hall: Hall) -> None:
    school = online(hall)
    chip, row = await number_card(school, cash=5_00)
    place = school.workplace(chip)
    await freeze(place, row.card_id, sighting=await place.look())
    assert (await state_of(hall, row), told(await place.look())) == ("frozen", ["frozen"])
    await unfreeze(place, row.card_id)
    assert await state_of(hall, row) == "active"


async def test_other_states_are_refused_by_name(hall: Hall) -> None:
    _, row = await hall.card()
    place = hall.workplace()
    with pytest.raises(RefusedError) as refused:
        await unfreeze(place, row.card_id)
    assert refused.value.code == "in_use"
    await report_loss(place, row.card_id, reason="gone")
    for attempt in (freeze(place, row.card_id), extend(place, row.card_id, LATER)):
        with pytest.raises(RefusedError) as refused:
            await attempt
        assert refused.value.code == "lost"
    with pytest.raises(NotFoundError):
        await freeze(place, 99)


async def test_a_card_is_extended_on_the_reader_or_told_later(hall: Hall) -> None:
    chip, row = await hall.card()
    place = hall.workplace(chip)
    await extend(place, row.card_id, LATER, sighting=await place.look())
    seen = await place.look()
    assert seen.row
    assert (seen.row.valid_until, untold(place, seen)) == (LATER, {})
    await extend(place, row.card_id, UNTIL)
    assert untold(place, await place.look()) == {"valid_until": day_number(UNTIL)}
    assert (await align(place, await place.look())).state is State.CONFIRMED
    seen = await place.look()
    assert seen.reading
    assert seen.reading.holder
    assert seen.reading.holder.record.valid_until_date == UNTIL
    for again in (align(place, seen), extend(place, row.card_id, UNTIL, sighting=seen)):
        with pytest.raises(RefusedError) as refused:
            await again
        assert refused.value.code == "nothing_to_do"


async def test_an_expired_card_lives_again_and_no_day_of_the_past_is_taken(hall: Hall) -> None:
    chip, row = await hall.card()
    async with hall.desk().tx() as tx:
        await tx.connection.execute("update cards.card set valid_until = '2026-01-01'")
    place = hall.workplace(chip)
    assert told(await place.look()) == ["expired"]
    with pytest.raises(RefusedError) as refused:
        await extend(place, row.card_id, date(2026, 1, 2))
    assert refused.value.code == "day_is_over"
    await extend(place, row.card_id, LATER, sighting=await place.look())
    assert told(await place.look()) == []


async def test_a_class_is_the_holders_and_on_the_card(hall: Hall) -> None:
    chip, row = await hall.card()
    staff = await a_class(hall, 2)
    place = hall.workplace(chip)
    await change_class(place, row.card_id, staff, sighting=await place.look())
    seen = await place.look()
    assert seen.row
    assert (seen.row.class_number, untold(place, seen)) == (2, {})
    await change_class(place, row.card_id, hall.class_id)
    assert untold(place, await place.look()) == {"account_class": 1}
    with pytest.raises(NotFoundError):
        await change_class(place, row.card_id, 99)
    with pytest.raises(RefusedError) as refused:
        await change_class(place, row.card_id, await a_class(hall, 300), sighting=await place.look())
    assert refused.value.code == "class_number_too_large"


async def test_a_class_that_allows_fewer_cards_is_refused(hall: Hall) -> None:
    _, row = await hall.card()
    await another_card(hall, row.person_id)
    with pytest.raises(RefusedError) as refused:
        await change_class(hall.workplace(), row.card_id, await a_class(hall, 2))
    assert refused.value.code == "too_many_cards"


async def rotated(hall: Hall) -> Hall:
    """The same school after its keys were changed."""
    async with hall.desk().tx() as tx:
        wrapper = FileWrapper(b"k" * 32)
        await setup.rotate_keys(tx, wrapper)
        return replace(hall, ring=await setup.key_ring(tx, wrapper))


async def test_new_keys_change_no_amount(hall: Hall, urls: Logins) -> None:
    chip, row = await hall.card(cash=5_00, subsidy=1_00, water=2_00)
    place = hall.workplace(chip)
    await write_lift(place, await place.look(), {1: RIGHTS})
    school = await rotated(hall)
    place = school.workplace(chip)
    assert told(await place.look()) == ["old_keys"]
    await rekey(place, await place.look())
    seen = await place.look()
    assert (told(seen), seen.row and seen.row.key_version) == ([], 2)
    assert seen.reading
    held = seen.reading.purses[Role.CONSUMPTION]
    assert held
    assert (held.record.cash_fen, held.record.subsidy_fen) == (5_00, 1_00)
    assert lift_rights(place, seen)[1][0].floors == RIGHTS.floors
    assert lift_rights(place, seen)[1][1]
    await top_up(place, row, Amounts(1_00), sighting=seen)
    assert (told(await place.look()), await proven(hall, urls)) == ([], True)
    with pytest.raises(RefusedError) as refused:
        await rekey(place, await place.look())
    assert refused.value.code == "nothing_to_do"


@pytest.mark.parametrize("write", range(12))
@pytest.mark.parametrize("how", [Torn.NONE, Torn.FULL])
async def test_new_keys_that_were_interrupted_are_asked_for_again(hall: Hall, write: int, how: Torn) -> None:
    chip, _ = await hall.card(cash=5_00, water=2_00)
    school = await rotated(hall)
    place = school.workplace(chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + write, how)
    await rekey(place, sighting)
    the(place.reader).insert(chip)
    sighting = await place.look()
    assert set(told(sighting)) <= {"old_keys"}
    if sighting.differences:
        await rekey(place, sighting)
    seen = await place.look()
    assert (told(seen), seen.row and seen.row.key_version) == ([], 2)


async def test_half_new_keys_hold_other_work_back(hall: Hall) -> None:
    chip, row = await hall.card(cash=5_00)
    school = await rotated(hall)
    place = school.workplace(chip)
    sighting = await place.look()
    the(place.reader).pull_before = the(place.reader).apdus + 12
    await rekey(place, sighting)
    the(place.reader).insert(chip)
    with pytest.raises(RefusedError) as refused:
        await freeze(place, row.card_id, sighting=await place.look())
    assert refused.value.code == "mixed_keys"


async def test_lift_rights_are_written_changed_and_cleared(hall: Hall) -> None:
    chip, _ = await hall.card()
    place = hall.workplace(chip)
    assert lift_rights(place, await place.look()) == {}
    await write_lift(place, await place.look(), {1: RIGHTS})
    rights, validity = lift_rights(place, await place.look())[1]
    assert validity
    assert (rights.floors, rights.group, validity.uses) == ({0, 7}, 1, 9)
    with pytest.raises(RefusedError) as refused:
        await write_lift(place, await place.look(), {1: RIGHTS})
    assert refused.value.code == "nothing_to_do"
    await write_lift(place, await place.look(), {1: replace(RIGHTS, uses=3)})
    await clear_lift(place, await place.look())
    rights, validity = lift_rights(place, await place.look())[1]
    assert validity
    assert (rights.floors, validity.valid_until, validity.uses) == (frozenset(), 0, 0)
    assert told(await place.look()) == []


@pytest.mark.parametrize("write", range(2))
@pytest.mark.parametrize("how", list(Torn))
async def test_torn_lift_rights_are_the_old_ones_none_or_the_new_ones(
    hall: Hall, write: int, how: Torn
) -> None:
    chip, _ = await hall.card()
    place = hall.workplace(chip)
    await write_lift(place, await place.look(), {1: RIGHTS})
    wanted = replace(RIGHTS, floors=frozenset({3}))
    sighting = await place.look()
    chip.tear = Tear(chip.writes + write, how)
    await write_lift(place, sighting, {1: wanted})
    the(place.reader).insert(chip)
    rights, validity = lift_rights(place, await place.look())[1]
    assert rights.floors in ({0, 7}, {3})
    if validity is None or validity.seq != rights.seq or rights.floors != {3}:
        await write_lift(place, await place.look(), {1: wanted})
    rights, validity = lift_rights(place, await place.look())[1]
    assert (rights.floors, validity and validity.seq) == ({3}, rights.seq)


async def test_lift_rights_that_no_card_holds_are_refused(hall: Hall) -> None:
    chip, _ = await hall.card()
    place = hall.workplace(chip)
    with pytest.raises(RefusedError) as refused:
        await write_lift(place, await place.look(), {2: RIGHTS})
    assert refused.value.code == "no_lift_group"
    for wrong in (replace(RIGHTS, floors=frozenset({64})), replace(RIGHTS, valid_until=date(2025, 1, 1))):
        with pytest.raises(OneCardError):
            await write_lift(place, await place.look(), {1: wrong})
