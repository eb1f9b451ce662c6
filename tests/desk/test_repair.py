"""Damaged cards: what can be read stays, the rest comes from the books; dead plastic keeps no money."""

import pytest
from cast_care import given, no, proven, state_of, terminal, yes
from hall import Hall, furnish, purse, the

from onecard.base.db import Database
from onecard.base.embedded import Logins
from onecard.cards.keys import Role
from onecard.cards.oc1.layout import Place, block_of
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations.loss import report_loss
from onecard.desk.operations.model import State
from onecard.desk.operations.purses import Amounts, top_up, withdraw
from onecard.desk.operations.repair import Health, decide, diagnose, repair, report_damage
from onecard.desk.operations.replacing import reissue
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import BookKind
from onecard.ledger.writer import Writer


def spoil(hall: Hall, chip: Chip, role: Role, *slots: int) -> None:
    """Flip a bit of records, as a bad contact or a laboratory does."""
    memory = bytearray(chip.dump())
    for slot in slots:
        memory[block_of(hall.chosen.layout.sector(role), slot) * 16 + 5] ^= 1
    chip.restore_dump(bytes(memory))


def kill(hall: Hall, chip: Chip, role: Role) -> None:
    """Break the access bits of a sector, which no command can undo."""
    memory = bytearray(chip.dump())
    memory[block_of(hall.chosen.layout.sector(role), 0) * 16 + 3 * 16 + 6] ^= 0xFF
    chip.restore_dump(bytes(memory))


async def told(place: Workplace) -> list[str]:
    return [one.value for one in (await place.look()).differences]


async def test_a_purse_without_a_valid_record_is_written_from_the_books(hall: Hall, urls: Logins) -> None:
    chip, row = await hall.card(cash=30_00, bonus=1_00, subsidy=2_00, water=3_00)
    await top_up(hall.workplace(), row, Amounts(5_00))
    spoil(hall, chip, Role.CONSUMPTION, 0, 1)
    place = hall.workplace(chip)
    seen = await place.look()
    assert diagnose(seen)[Place(2, Role.CONSUMPTION)] is Health.DAMAGED
    assert diagnose(seen)[Place(3, Role.WATER)] is Health.HEALTHY
    done = await repair(place, seen, yes)
    assert (done.repairable, done.operation.state) == (True, State.CONFIRMED)
    held = purse(hall, chip)
    assert (held.cash_fen, held.subsidy_fen, held.counter) == (31_00, 2_00, 3)
    assert await told(place) == ["less_than_server"]
    await top_up(place, row, Amounts(1_00), sighting=await place.look())
    assert (await told(place), purse(hall, chip).cash_fen) == ([], 37_00)
    assert await proven(hall, urls)


async def test_identity_is_written_from_the_row(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    spoil(hall, chip, Role.IDENTITY, 0, 1)
    place = hall.workplace(chip)
    assert await told(place) == ["edited"]
    await repair(place, await place.look(), yes)
    seen = await place.look()
    assert seen.reading
    assert seen.reading.holder
    assert (seen.differences, seen.reading.holder.record.card_number) == ((), row.number)


async def test_one_bad_slot_is_no_damage(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    place = hall.workplace(chip)
    await top_up(place, row, Amounts(1_00), sighting=await place.look())
    spoil(hall, chip, Role.CONSUMPTION, 0)
    with pytest.raises(RefusedError) as refused:
        await repair(place, await place.look(), yes)
    assert refused.value.code == "healthy"


async def test_nothing_is_proven_while_a_terminal_is_behind(hall: Hall) -> None:
    chip, _ = await hall.card(cash=30_00)
    spoil(hall, chip, Role.CONSUMPTION, 0, 1)
    device = await terminal(hall)
    async with hall.desk().tx() as tx:
        await tx.connection.execute("update devices.epoch set said = 5 where device_id = $1", device)
    place = hall.workplace(chip)
    with pytest.raises(RefusedError, match="POS-1") as refused:
        await repair(place, await place.look(), yes)
    assert refused.value.code == "behind"
    with pytest.raises(RefusedError) as refused:
        await repair(place, await place.look(), no, override_reason="burnt")
    assert refused.value.code == "not_verified"
    done = await repair(place, await place.look(), yes, override_reason="burnt")
    assert (done.operation.reason, purse(hall, chip).cash_fen) == ("burnt", 30_00)


@pytest.mark.parametrize("write", range(6))
@pytest.mark.parametrize("how", list(Torn))
async def test_a_torn_repair_is_asked_for_again(hall: Hall, write: int, how: Torn) -> None:
    chip, row = await hall.card(cash=30_00, water=3_00)
    spoil(hall, chip, Role.CONSUMPTION, 0, 1)
    spoil(hall, chip, Role.IDENTITY, 0, 1)
    place = hall.workplace(chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + write, how)
    await repair(place, sighting, yes)
    the(place.reader).insert(chip)
    seen = await place.look()
    if seen.differences:
        assert [one.value for one in seen.differences] == ["edited"]
        await repair(place, seen, yes)
    assert (await told(place), purse(hall, chip).cash_fen) == ([], 30_00)
    assert await state_of(hall, row) == "active"


async def test_a_dead_sector_makes_the_plastic_dead_and_the_money_goes_on(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    kill(hall, chip, Role.WATER)
    place = hall.workplace(chip)
    done = await repair(place, await place.look(), yes, reason="run over")
    assert (done.repairable, await state_of(hall, row)) == (False, "damaged")
    assert await hall.fetch("select state from cards.stock where uid = $1", row.uid) == [("dead",)]
    await report_loss(place, row.card_id, reason="dead")
    new = new_chip(b"\x50\x00\x00\x01")
    place = hall.workplace(new)
    await reissue(place, await place.look(), row.card_id, yes, any_stock=True)
    assert (await told(place), purse(hall, new).cash_fen) == ([], 30_00)


async def test_a_card_reported_damaged_that_reads_well_is_in_use_again(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    place = hall.workplace(chip)
    await report_damage(place, row.card_id, reason="no terminal takes it")
    assert await told(place) == ["damaged"]
    await repair(place, await place.look(), yes)
    assert (await told(place), await state_of(hall, row)) == ([], "active")


@pytest.mark.parametrize(("happened", "left_fen"), [(True, 20_00), (False, 30_00)])
async def test_what_no_card_can_tell_a_person_decides(
    hall: Hall, urls: Logins, *, happened: bool, left_fen: int
) -> None:
    chip, row = await hall.card(cash=30_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + 1, Torn.FULL)
    done = await withdraw(place, row, Amounts(10_00), sighting=sighting)
    spoil(hall, chip, Role.CONSUMPTION, 0, 1)
    the(place.reader).insert(chip)
    sighting = await place.look()
    assert (await place.engine.load(done.id)).state is State.BROKEN
    with pytest.raises(RefusedError, match=str(done.id)) as refused:
        await repair(place, sighting, yes)
    assert refused.value.code == "broken_operation"
    with pytest.raises(RefusedError):
        await decide(place, done.id, no, happened=happened)
    await decide(place, done.id, yes, happened=happened)
    assert (await hall.balances(row.person_id)).cash == left_fen
    assert await hall.book_fen(BookKind.SUSPENSE) == 0
    await repair(place, await place.look(), yes)
    assert (await told(place), purse(hall, chip).cash_fen) == ([], left_fen)
    assert await proven(hall, urls)


async def test_an_older_state_that_came_back_is_overwritten_when_a_person_says_so(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    place = hall.workplace(chip)
    before = chip.dump()
    await withdraw(place, row, Amounts(10_00), sighting=await place.look())
    chip.restore_dump(before)
    assert await told(place) == ["replayed", "more_than_server"]
    with pytest.raises(RefusedError) as refused:
        await repair(place, await place.look(), yes)
    assert refused.value.code == "replayed"
    await repair(place, await place.look(), yes, purses_from_server=True)
    assert (await told(place), purse(hall, chip).cash_fen) == ([], 20_00)


async def test_what_a_card_lost_is_given_back_when_the_books_say_so(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    await given(hall, row, 4_00)
    place = hall.workplace(chip)
    assert await told(place) == ["less_than_server"]
    await repair(place, await place.look(), yes, purses_from_server=True)
    assert (await told(place), purse(hall, chip).cash_fen) == ([], 34_00)


@pytest.mark.parametrize(("from_server", "left_fen"), [(False, 25_00), (True, 30_00)])
async def test_value_blocks_that_read_well_are_not_raised_to_the_books(
    db: Database, ledger: Writer, *, from_server: bool, left_fen: int
) -> None:
    hall = await furnish(db, ledger, value_blocks=True)
    chip, row = await hall.card(cash=25_00)
    await given(hall, row, 5_00)
    spoil(hall, chip, Role.CONSUMPTION, 2)
    place = hall.workplace(chip)
    assert await told(place) == ["edited"]
    await repair(place, await place.look(), yes, purses_from_server=from_server)
    assert purse(hall, chip).cash_fen == left_fen
    assert await told(place) == (["less_than_server"] if left_fen == 25_00 else [])
