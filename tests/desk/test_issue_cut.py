"""Issuing that is cut short: carried on where it stands, given up, or scrap; never half a card with money."""

import asyncio
from dataclasses import replace

import pytest
from cast_issue import (
    again,
    assert_proven,
    at_desk,
    card_rows,
    issued,
    lay,
    look,
    numbers_only,
    plastic,
    stock_of,
)
from hall import Hall, purse, the

from onecard.base.db import SYSTEM
from onecard.base.embedded import Logins
from onecard.cards.oc1.records import CardStatus
from onecard.cards.virtual.chip import Chip
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations.blank import erase
from onecard.desk.operations.engine import Engine
from onecard.desk.operations.issue import carry_on, give_up, issue
from onecard.desk.operations.model import Draft, Kind, Operation, State
from onecard.desk.operations.sighting import Difference
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.store import BusyError
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import Answer, BookKind

# writes of an issue: three blocks and a trailer for each sector, and the record that says “active”
TRAILERS = (3, 7, 11, 15)
ACTIVE = 16
DATA = tuple(sorted({*range(ACTIVE + 1)} - set(TRAILERS)))
PAID = {"opening_fen": 50_00, "fee_fen": 10_00, "deposit_fen": 20_00}


async def torn(hall: Hall, chip: Chip, person: int, write: int, how: Torn) -> tuple[Workplace, Operation]:
    """An issue whose card is pulled in the middle of a write."""
    place, _ = at_desk(hall, chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + write, how)
    return place, await issue(place, sighting, person, **PAID)  # type: ignore[arg-type]


async def money(hall: Hall) -> list[int]:
    kinds = [BookKind.CARD_FEE_INCOME, BookKind.DEPOSITS_HELD, BookKind.DRAWER, BookKind.SUSPENSE]
    return [await hall.book_fen(kind) for kind in kinds]


@pytest.mark.parametrize("how", [Torn.NONE, Torn.ZERO, Torn.HALF, Torn.FULL])
async def test_an_issue_torn_in_data_is_carried_on(hall: Hall, urls: Logins, how: Torn) -> None:
    for n, write in enumerate(DATA):
        chip, person = plastic(0x30000001 + n), await hall.person(cash=5_00)
        place, done = await torn(hall, chip, person, write, how)
        assert (done.state, (await hall.balances(person)).cash) == (State.IN_DOUBT, 5_00)
        assert (await again(place, chip)).state is State.CONFIRMED, write
        assert (await look(hall, chip))[0].differences == (), write
        assert purse(hall, chip).cash_fen == 55_00 == (await hall.balances(person)).cash
        assert [row[:2] for row in await card_rows(hall, chip)] == [("active", 1)]
    count = len(DATA)
    assert await money(hall) == [10_00 * count, 20_00 * count, -80_00 * count, 0]
    await assert_proven(hall, urls)


@pytest.mark.parametrize("how", [Torn.NONE, Torn.FULL])
async def test_a_trailer_that_was_written_or_not_is_no_harm(hall: Hall, how: Torn) -> None:
    for n, write in enumerate(TRAILERS):
        chip, person = plastic(0x30000001 + n), await hall.person()
        place, done = await torn(hall, chip, person, write, how)
        assert done.state is State.IN_DOUBT
        assert (await again(place, chip)).state is State.CONFIRMED, write
        assert (await look(hall, chip))[0].differences == (), write


@pytest.mark.parametrize("how", [Torn.ZERO, Torn.HALF, Torn.MIXED])
async def test_a_torn_trailer_costs_the_plastic_and_nothing_else(hall: Hall, urls: Logins, how: Torn) -> None:
    for n, write in enumerate(TRAILERS):
        chip, person = plastic(0x30000001 + n), await hall.person(cash=5_00)
        place, done = await torn(hall, chip, person, write, how)
        assert (done.state, (await money(hall))[3]) == (State.IN_DOUBT, 80_00)
        ended = await again(place, chip)
        assert (ended.state, ended.trouble) == (State.VOID, "plastic_dead"), write
        assert [row[:2] for row in await card_rows(hall, chip)] == [("void", 1)]
        assert (await stock_of(hall, chip), (await hall.balances(person)).cash) == ("dead", 5_00)
        assert await money(hall) == [0, 0, 0, 0]
        fresh = plastic(0x40000001 + n)
        assert (await issued(hall, fresh, person)).state is State.CONFIRMED, "the person can have another"
        with pytest.raises(RefusedError):
            await issue(place, await place.look(), await hall.person())
    await assert_proven(hall, urls)


async def test_a_card_pulled_before_anything_was_written_was_never_a_card(hall: Hall) -> None:
    chip, person = plastic(), await hall.person()
    place, reader = at_desk(hall, chip)
    sighting = await place.look()
    commands = the(reader).apdus
    the(reader).pull_before = commands + 4 + 5 + 1 + 2  # both scripts of the check, the key, the first steps
    done = await issue(place, sighting, person, **PAID)  # type: ignore[arg-type]
    assert (done.state, chip.writes, await money(hall)) == (State.VOID, 0, [0, 0, 0, 0])
    assert [row[:2] for row in await card_rows(hall, chip)] == [("void", 1)]
    lay(place, chip)
    assert (await issue(place, await place.look(), person)).state is State.CONFIRMED
    assert [row[:2] for row in await card_rows(hall, chip)] == [("void", 1), ("active", 2)]


@pytest.mark.parametrize("write", [5, 13, ACTIVE])
async def test_an_issue_given_up_can_be_erased_and_issued_to_another(
    hall: Hall, urls: Logins, write: int
) -> None:
    chip, person = plastic(), await hall.person()
    place, done = await torn(hall, chip, person, write, Torn.HALF)
    ended = await give_up(place, done.id)
    assert (ended.state, await money(hall)) == (State.VOID, [0, 0, 0, 0])
    lay(place, chip)
    seen = await place.look()
    assert seen.open_operation is None
    with pytest.raises(RefusedError):
        await issue(place, seen, person)
    assert (await erase(place, seen)).state is State.CONFIRMED
    done = await issue(place, await place.look(), await hall.person(cash=3_00))
    assert (done.state, [row[:2] for row in await card_rows(hall, chip)]) == (
        State.CONFIRMED,
        [("void", 1), ("active", 2)],
    )
    await assert_proven(hall, urls)


async def test_a_desk_that_died_leaves_a_card_that_another_finishes(hall: Hall) -> None:
    chip, person = plastic(), await hall.person(cash=5_00)
    place, _ = await torn(hall, chip, person, 6, Torn.FULL)
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute(
            "update desk.operation set state = 'writing', lease_until = now() - interval '1 hour'"
        )
        await tx.connection.execute("update desk.part set state = 'planned', posting_key = null")
    other, _ = at_desk(hall, chip, "back")
    sighting = await other.look()
    assert (sighting.has(Difference.UNFINISHED), sighting.open_operation is not None) == (True, True)
    assert (await carry_on(other, sighting)).state is State.CONFIRMED
    assert (await money(hall))[3] == 0
    assert place.desk.name != other.desk.name


class DiedError(BaseException):
    """The desk is gone."""


class DyingEngine(Engine):
    """Of a desk that dies before its first command."""

    async def carry_out(self, *_: object) -> Operation:  # type: ignore[override]
        raise DiedError


class DyingLedger:
    """Of a desk that dies before it posts."""

    async def post(self, _: object) -> Answer:
        raise DiedError


async def died(hall: Hall, place: Workplace, person: int) -> None:
    """A desk issues the chip and dies; its lease is over."""
    sighting = await place.look()
    with pytest.raises(DiedError):
        await issue(place, sighting, person, **PAID)  # type: ignore[arg-type]
    with pytest.raises(RefusedError, match="as many cards"):
        await issued(hall, plastic(2), person)
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update desk.operation set lease_until = now() - interval '1 hour'")


async def test_a_desk_that_died_before_the_first_command_frees_person_and_plastic(hall: Hall) -> None:
    chip, person = plastic(), await hall.person()
    place, _ = at_desk(hall, chip)
    place.engine = DyingEngine(place.desk)
    await died(hall, place, person)
    other, _ = at_desk(hall, chip, "back")
    assert (await issue(other, await other.look(), person)).state is State.CONFIRMED
    assert [row[:2] for row in await card_rows(hall, chip)] == [("void", 1), ("active", 2)]
    assert await money(hall) == [0, 0, 0, 0]


async def test_a_number_whose_money_had_not_moved_is_done_when_it_is_seen(hall: Hall, urls: Logins) -> None:
    hall = numbers_only(hall)
    chip, person = plastic(), await hall.person()
    _, reader = at_desk(hall, chip)
    await died(hall, Workplace(replace(hall.desk(), ledger=DyingLedger()), reader), person)
    assert (await money(hall), (await card_rows(hall, chip))[0][0]) == ([0, 0, 0, 0], "issuing")
    place, _ = at_desk(hall, chip, "back")
    await place.look()
    assert (await money(hall), (await card_rows(hall, chip))[0][0]) == ([10_00, 20_00, -80_00, 0], "active")
    await assert_proven(hall, urls)


async def test_a_card_is_active_only_when_everything_else_is_on_it(hall: Hall) -> None:
    chip = plastic()
    await torn(hall, chip, await hall.person(), ACTIVE, Torn.NONE)
    seen, reading = await look(hall, chip)
    assert [one.state.value for one in reading.sectors.values()] == ["ours"] * 4
    assert reading.holder
    assert reading.holder.record.status is CardStatus.INCOMPLETE
    assert seen.has(Difference.UNFINISHED)


async def test_desks_that_issue_at_once_give_different_numbers(hall: Hall) -> None:
    persons = [await hall.person() for _ in range(6)]
    done = await asyncio.gather(*(issued(hall, plastic(n), person) for n, person in enumerate(persons)))
    assert {one.state for one in done} == {State.CONFIRMED}
    numbers = await hall.fetch("select number from cards.card order by number")
    assert numbers == [(n,) for n in range(1, 7)]


async def test_of_two_desks_one_gives_the_last_card_that_is_allowed(hall: Hall) -> None:
    person = await hall.person(cash=5_00)
    done = await asyncio.gather(
        *(issued(hall, plastic(n), person, opening_fen=1_00) for n in range(4)), return_exceptions=True
    )
    assert sum(isinstance(one, Operation) for one in done) == 1
    assert all(isinstance(one, Operation | RefusedError | BusyError) for one in done)
    assert (await hall.balances(person)).cash == 6_00


async def test_what_has_ended_or_moved_money_cannot_be_given_up(hall: Hall) -> None:
    chip, person = plastic(), await hall.person()
    done = await issued(hall, chip, person, opening_fen=5_00)
    place, _ = at_desk(hall, chip)
    with pytest.raises(RefusedError) as caught:
        await give_up(place, done.id)
    assert caught.value.code == "at_work"
    with pytest.raises(RefusedError) as caught:
        await carry_on(place, await place.look())
    assert caught.value.code == "nothing_interrupted"
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update desk.operation set state = 'in_doubt'")
    with pytest.raises(RefusedError) as caught:
        await give_up(place, done.id)
    assert caught.value.code == "card_is_whole"


async def test_two_desks_never_issue_one_card_or_to_one_person_at_once(hall: Hall) -> None:
    chip, person = plastic(), await hall.person()
    place, _ = at_desk(hall, chip)
    sighting = await place.look()
    held = await place.engine.begin(Draft(kind=Kind.ERASE, parts=(), uid=chip.uid, before={}))
    with pytest.raises(BusyError, match="this card"):
        await issue(place, sighting, person)
    await place.engine.abandon(held)
    await place.engine.begin(Draft(kind=Kind.TOP_UP, parts=(), account_id=person, before={}))
    with pytest.raises(BusyError, match="this account"):
        await issue(place, sighting, person)
    assert await card_rows(hall, chip) == []
