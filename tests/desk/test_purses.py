"""Money of people at a desk with stored cards: card, ledger and books agree, whatever is pulled."""

from datetime import date

import pytest
from hall import Hall, purse, the

from onecard.cards.keys import Role
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations.model import State
from onecard.desk.operations.purses import Amounts, bring, sell, top_up, withdraw
from onecard.desk.operations.speech import RefusedError
from onecard.ledger.model import BookKind
from onecard.people.leaving import leave


async def test_both_purses_are_topped_up_in_one_round_trip(hall: Hall) -> None:
    chip, row = await hall.card(cash=10_00, water=1_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    assert sighting.differences == ()
    before = place.reader.round_trips
    done = await top_up(place, row, Amounts(50_00, 20_00), sighting=sighting)
    assert (done.state, place.reader.round_trips - before) == (State.CONFIRMED, 1)
    assert purse(hall, chip).cash_fen == 60_00
    assert purse(hall, chip, Role.WATER).cash_fen == 21_00
    found = await hall.balances(row.person_id)
    assert (found.cash, found.water) == (60_00, 21_00)
    assert await hall.book_fen(BookKind.DRAWER) == -70_00
    assert (await place.look()).differences == ()


async def test_a_torn_top_up_waits_in_suspense_until_the_card_is_seen(hall: Hall) -> None:
    chip, row = await hall.card(cash=10_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + 1, Torn.FULL)
    done = await top_up(place, row, Amounts(50_00), sighting=sighting)
    assert done.state is State.IN_DOUBT
    assert (await hall.balances(row.person_id)).cash == 10_00
    assert await hall.book_fen(BookKind.SUSPENSE) == 50_00
    the(place.reader).insert(chip)
    seen = await place.look()
    assert (seen.settled, seen.differences) == ((done.id,), ())
    assert (await hall.balances(row.person_id)).cash == 60_00 == purse(hall, chip).cash_fen
    assert await hall.book_fen(BookKind.SUSPENSE) == 0


async def test_a_withdrawal_that_did_not_happen_gives_the_money_back(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + 1, Torn.HALF)
    done = await withdraw(place, row, Amounts(10_00), sighting=sighting)
    assert (done.state, await hall.book_fen(BookKind.SUSPENSE)) == (State.IN_DOUBT, 10_00)
    the(place.reader).insert(chip)
    await place.look()
    assert (await place.engine.load(done.id)).state is State.VOID
    assert (await hall.balances(row.person_id)).cash == 30_00 == purse(hall, chip).cash_fen
    assert await hall.book_fen(BookKind.DRAWER) == 0


async def test_a_desk_sale_sets_the_money_aside_first(hall: Hall) -> None:
    chip, row = await hall.card(cash=10_00, subsidy=3_00)
    place = hall.workplace(chip)
    done = await sell(place, await place.look(), merchant_id=hall.merchant_id, amount_fen=5_00)
    assert done.state is State.CONFIRMED
    left = purse(hall, chip)
    assert (left.cash_fen, left.subsidy_fen) == (8_00, 0)
    found = await hall.balances(row.person_id)
    assert (found.cash, found.subsidy) == (8_00, 0)
    with pytest.raises(RefusedError) as refused:
        await sell(place, await place.look(), merchant_id=hall.merchant_id, amount_fen=9_00)
    assert refused.value.code == "balance_too_low"


async def test_without_the_card_a_top_up_waits_for_it(hall: Hall) -> None:
    chip, row = await hall.card(cash=10_00)
    place = hall.workplace(chip)
    done = await top_up(place, row, Amounts(25_00))
    assert (done.state, (await hall.balances(row.person_id)).cash) == (State.CONFIRMED, 35_00)
    sighting = await place.look()
    assert [one.value for one in sighting.differences] == ["less_than_server"]
    assert (await bring(place, sighting)).state is State.CONFIRMED
    assert purse(hall, chip).cash_fen == 35_00
    assert (await place.look()).differences == ()


async def test_who_has_left_gets_money_out_but_none_in(hall: Hall) -> None:
    chip, row = await hall.card(cash=10_00)
    place = hall.workplace(chip)
    async with place.desk.tx() as tx:
        await leave(tx, [row.person_id], on=date(2026, 7, 1))
    sighting = await place.look()
    for work in (
        top_up(place, row, Amounts(25_00)),
        top_up(place, row, Amounts(25_00), sighting=sighting),
        sell(place, sighting, merchant_id=hall.merchant_id, amount_fen=1_00),
    ):
        with pytest.raises(RefusedError) as refused:
            await work
        assert refused.value.code == "person_not_active"
    assert (await withdraw(place, row, Amounts(10_00), sighting=sighting)).state is State.CONFIRMED
    assert (await hall.balances(row.person_id)).cash == 0


async def test_a_card_pulled_before_anything_was_written_is_as_before(hall: Hall) -> None:
    chip, row = await hall.card(cash=10_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    the(place.reader).remove()
    done = await top_up(place, row, Amounts(50_00), sighting=sighting)
    assert (done.state, await hall.book_fen(BookKind.DRAWER)) == (State.VOID, 0)
