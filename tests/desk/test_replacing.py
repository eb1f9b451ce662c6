"""An old card gives up what it holds and a new one gets it, wherever either of them is pulled or torn."""

from datetime import date

import pytest
from cast_care import given, number_card, online, paid, proven, state_of
from hall import Hall, purse, the

from onecard.base.embedded import Logins
from onecard.cards.keys import Role
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations.issue import carry_on
from onecard.desk.operations.lift import LiftRights, lift_rights, write_lift
from onecard.desk.operations.model import State
from onecard.desk.operations.purses import Amounts, top_up
from onecard.desk.operations.replacing import replace_card, replace_onto, transfers
from onecard.desk.operations.speech import RefusedError
from onecard.devices import black
from onecard.ledger.model import BookKind

SPLIT = {"cash": 30_00, "bonus": 5_00, "subsidy": 8_00, "water": 4_00}


def blank(number: int = 1) -> Chip:
    return new_chip((0x40000000 + number).to_bytes(4))


async def test_a_new_card_is_the_old_one_in_all_but_plastic(hall: Hall, urls: Logins) -> None:
    old, row = await hall.card(**SPLIT)
    await paid(hall, row, deposit_fen=20_00, fee_fen=15_00)
    place = hall.workplace(old)
    floors = LiftRights(floors=frozenset({0, 7}), valid_from=date(2026, 1, 1), valid_until=date(2030, 1, 1))
    await write_lift(place, await place.look(), {1: floors})
    await replace_card(place, await place.look(), reason="bent")
    assert await hall.book_fen(BookKind.SUSPENSE) == 47_00
    assert (purse(hall, old).cash_fen, purse(hall, old).subsidy_fen) == (0, 0)
    assert [one.card_id for one in await transfers(place)] == [row.card_id]
    new = blank()
    place = hall.workplace(new)
    done = await replace_onto(place, await place.look(), row.card_id, any_stock=True)
    assert (done.state, await transfers(place)) == (State.CONFIRMED, [])
    seen = await place.look()
    assert seen.row
    assert seen.differences == ()
    assert (seen.row.number, seen.row.valid_until) == (row.number, row.valid_until)
    assert (seen.row.deposit_fen, seen.row.fee_fen) == (20_00, 15_00)
    assert lift_rights(place, seen)[1][0].floors == {0, 7}
    found = await hall.balances(row.person_id)
    assert (found.cash, found.bonus, found.subsidy, found.water) == (30_00, 5_00, 8_00, 4_00)
    assert await proven(hall, urls)


async def test_the_old_card_is_void_for_terminals_too(hall: Hall) -> None:
    old, row = await hall.card(cash=1_00)
    place = hall.workplace(old)
    await replace_card(place, await place.look(), reason="bent")
    async with hall.desk().tx() as tx:
        (entry,) = await black.entries(tx)
    assert (entry.uid, entry.number, entry.generation) == (row.uid, None, 1)
    again = await replace_card(place, await place.look(), reason="bent")
    assert (again.state, await hall.book_fen(BookKind.SUSPENSE)) == (State.CONFIRMED, 1_00)
    with pytest.raises(RefusedError) as refused:
        await replace_onto(place, await place.look(), row.card_id, any_stock=True)
    assert refused.value.code == "old_life"


@pytest.mark.parametrize("write", range(5))
@pytest.mark.parametrize("how", [Torn.NONE, Torn.HALF, Torn.FULL])
async def test_an_old_card_that_is_torn_gives_up_the_rest_later(hall: Hall, write: int, how: Torn) -> None:
    old, row = await hall.card(**SPLIT)
    place = hall.workplace(old)
    sighting = await place.look()
    old.tear = Tear(old.writes + write, how)
    await replace_card(place, sighting, reason="bent")
    the(place.reader).insert(old)
    await replace_card(place, await place.look(), reason="bent")
    assert (await state_of(hall, row), await hall.book_fen(BookKind.SUSPENSE)) == ("void", 47_00)
    new = blank()
    place = hall.workplace(new)
    await replace_onto(place, await place.look(), row.card_id, any_stock=True)
    assert (await hall.book_fen(BookKind.SUSPENSE), (await place.look()).differences) == (0, ())
    assert purse(hall, new).cash_fen == 35_00
    assert purse(hall, new, Role.WATER).cash_fen == 4_00


async def test_a_new_card_that_was_pulled_is_carried_on(hall: Hall) -> None:
    old, row = await hall.card(cash=30_00)
    place = hall.workplace(old)
    await replace_card(place, await place.look(), reason="bent")
    new = blank()
    place = hall.workplace(new)
    sighting = await place.look()
    new.tear = Tear(new.writes + 6, Torn.NONE)
    assert (await replace_onto(place, sighting, row.card_id, any_stock=True)).state is State.IN_DOUBT
    the(place.reader).insert(new)
    assert (await carry_on(place, await place.look())).state is State.CONFIRMED
    assert (purse(hall, new).cash_fen, await hall.book_fen(BookKind.SUSPENSE)) == (30_00, 0)


async def test_what_was_spent_and_not_reported_stays_behind(hall: Hall) -> None:
    old, row = await hall.card(cash=10_00)
    await given(hall, row, 4_00)
    await top_up(hall.workplace(), row, Amounts(2_00))
    place = hall.workplace(old)
    await replace_card(place, await place.look(), reason="bent")
    new = blank()
    place = hall.workplace(new)
    await replace_onto(place, await place.look(), row.card_id, any_stock=True)
    assert purse(hall, new).cash_fen == 12_00
    assert (await hall.balances(row.person_id)).cash == 16_00
    assert [one.value for one in (await place.look()).differences] == ["less_than_server"]


async def test_only_for_a_card_that_was_given_up(hall: Hall) -> None:
    _, row = await hall.card(cash=10_00)
    place = hall.workplace(blank())
    with pytest.raises(RefusedError) as refused:
        await replace_onto(place, await place.look(), row.card_id)
    assert refused.value.code == "no_transfer"


async def test_an_online_card_is_replaced_without_moving_money(hall: Hall) -> None:
    school = online(hall)
    old, row = await number_card(school, cash=9_00)
    place = school.workplace(old)
    await replace_card(place, await place.look(), reason="bent")
    assert (await state_of(hall, row), await hall.book_fen(BookKind.SUSPENSE)) == ("void", 0)
    place = school.workplace(blank())
    await replace_onto(place, await place.look(), row.card_id, any_stock=True)
    seen = await place.look()
    assert (seen.differences, seen.row and seen.row.person_id) == ((), row.person_id)
    assert (await hall.balances(row.person_id)).cash == 9_00
