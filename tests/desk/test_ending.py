"""Cards come back, accounts are cancelled: money ends in the right books, whatever is pulled on the way."""

import asyncio

import pytest
from cast_care import (
    another_card,
    drawer_fen,
    given,
    no,
    number_card,
    online,
    owes,
    paid,
    proven,
    state_of,
    terminal,
    yes,
)
from hall import Hall, purse, the

from onecard.base.embedded import Logins
from onecard.cards.keys import Role
from onecard.cards.oc1.records import CardStatus
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations import ending, loss
from onecard.desk.operations.ending import Refunds, cancel_account, return_card, return_lost
from onecard.desk.operations.model import Operation, State
from onecard.desk.operations.purses import Amounts, top_up
from onecard.desk.operations.speech import RefusedError
from onecard.ledger.model import BookKind
from onecard.people.model import Fate

SPLIT = {"cash": 30_00, "bonus": 5_00, "subsidy": 8_00, "water": 4_00}


async def test_a_returned_card_gives_each_purse_back_to_where_it_belongs(hall: Hall, urls: Logins) -> None:
    chip, row = await hall.card(**SPLIT)
    await paid(hall, row, deposit_fen=20_00)
    place = hall.workplace(chip)
    refunds = Refunds(charge_fen=1_00)
    done = await return_card(place, await place.look(), refunds=refunds)
    assert (done.state, done.amount_fen) == (State.CONFIRMED, -47_00)
    assert await drawer_fen(hall) == -(30_00 + 4_00 + 20_00 - 1_00)
    assert await hall.book_fen(BookKind.SUBSIDY_FUND) == 8_00
    assert await hall.book_fen(BookKind.BONUS_FUND) == 5_00
    assert await hall.book_fen(BookKind.DEPOSITS_HELD) == -20_00
    assert purse(hall, chip).cash_fen == purse(hall, chip).subsidy_fen == 0
    assert (await state_of(hall, row), await proven(hall, urls)) == ("returned", True)
    seen = await place.look()
    assert seen.reading
    assert seen.reading.holder
    assert seen.reading.holder.record.status is CardStatus.CANCELLED


async def test_rules_may_keep_water_and_deposit_and_give_the_fee_back(hall: Hall) -> None:
    chip, row = await hall.card(cash=1_00, water=4_00)
    await paid(hall, row, deposit_fen=20_00, fee_fen=15_00)
    place = hall.workplace(chip)
    refunds = Refunds(purses={"water": Fate.FORFEIT}, deposit=False, fee=True)
    await return_card(place, await place.look(), refunds=refunds)
    assert await drawer_fen(hall) == -16_00
    assert await hall.book_fen(BookKind.WRITE_OFF) == 4_00
    assert await hall.book_fen(BookKind.CARD_FEE_INCOME) == 5_00


async def test_what_waits_for_a_card_is_paid_out_with_it(hall: Hall) -> None:
    chip, row = await hall.card(cash=1_00)
    place = hall.workplace(chip)
    await top_up(place, row, Amounts(9_00, 3_00))
    before = await drawer_fen(hall)
    done = await return_card(place, await place.look())
    assert (done.state, await drawer_fen(hall) - before) == (State.CONFIRMED, -13_00)
    assert await hall.fetch("select id from desk.load where operation_id is null") == []


@pytest.mark.parametrize("write", range(5))
@pytest.mark.parametrize("how", [Torn.NONE, Torn.HALF, Torn.FULL])
async def test_a_return_that_is_torn_anywhere_is_asked_for_again(hall: Hall, write: int, how: Torn) -> None:
    chip, row = await hall.card(cash=30_00, water=2_00)
    await paid(hall, row, deposit_fen=20_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + write, how)
    await return_card(place, sighting)
    the(place.reader).insert(chip)
    sighting = await place.look()
    if sighting.row and sighting.row.state == "active":
        await return_card(place, sighting)
    assert await state_of(hall, row) == "returned"
    assert await drawer_fen(hall) == -52_00
    assert await hall.book_fen(BookKind.SUSPENSE) == 0
    assert purse(hall, chip, Role.WATER).cash_fen == 0


async def test_only_a_card_in_use_is_returned(hall: Hall) -> None:
    chip, row = await hall.card(cash=1_00)
    place = hall.workplace(chip)
    await loss.report_loss(place, row.card_id, reason="gone")
    with pytest.raises(RefusedError) as refused:
        await return_card(place, await place.look())
    assert (refused.value.code, await drawer_fen(hall)) == ("lost", 0)


async def test_an_online_account_is_paid_out_with_its_last_card(hall: Hall) -> None:
    school = online(hall)
    chip, row = await number_card(school, **SPLIT)
    other, _ = await another_card(school, row.person_id)
    place = school.workplace(other)
    assert (await return_card(place, await place.look())).state is State.CONFIRMED
    assert await drawer_fen(hall) == 0
    place = school.workplace(chip)
    await return_card(place, await place.look())
    assert (await drawer_fen(hall), await state_of(hall, row)) == (-34_00, "returned")


async def test_without_the_card_only_what_the_books_prove_after_a_loss_report(hall: Hall) -> None:
    _, row = await hall.card(cash=30_00, water=2_00)
    place = hall.workplace()
    with pytest.raises(RefusedError) as refused:
        await return_lost(place, row.card_id)
    assert refused.value.code == "not_lost"
    await terminal(hall)
    await loss.report_loss(place, row.card_id, reason="gone")
    with pytest.raises(RefusedError, match="POS-1") as refused:
        await return_lost(place, row.card_id)
    assert (refused.value.code, await drawer_fen(hall)) == ("behind", 0)
    done = await return_lost(place, row.card_id, override_reason="burnt down")
    assert (done.state, done.reason) == (State.CONFIRMED, "burnt down")
    assert (await drawer_fen(hall), await state_of(hall, row)) == (-32_00, "void")


async def test_a_cancelled_account_is_closed_and_its_card_says_so(hall: Hall, urls: Logins) -> None:
    chip, row = await hall.card(**SPLIT)
    place = hall.workplace(chip)
    with pytest.raises(RefusedError) as refused:
        await cancel_account(place, await place.look(), no)
    assert (refused.value.code, await state_of(hall, row)) == ("not_verified", "active")
    assert (await cancel_account(place, await place.look(), yes)).state is State.CONFIRMED
    ((status,),) = await hall.fetch("select status from ledger.account where id = $1", row.person_id)
    assert (status, await state_of(hall, row)) == ("closed", "cancelled")
    assert await drawer_fen(hall) == -34_00
    assert "cancelled" in [one.value for one in (await place.look()).differences]
    assert await proven(hall, urls)
    with pytest.raises(RefusedError) as refused:
        await cancel_account(place, await place.look(), yes)
    assert (refused.value.code, await drawer_fen(hall)) == ("cancelled", -34_00)


async def test_an_account_that_was_left_open_is_closed_when_asked_again(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    chip, row = await hall.card(cash=3_00)
    place = hall.workplace(chip)

    async def killed(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(ending, "_close", killed)
        with pytest.raises(ConnectionError):
            await cancel_account(place, await place.look(), yes)
    assert await state_of(hall, row) == "cancelled"
    await cancel_account(place, await place.look(), yes)
    ((status,),) = await hall.fetch("select status from ledger.account where id = $1", row.person_id)
    assert (status, await drawer_fen(hall)) == ("closed", -3_00)


async def test_money_the_card_lacks_waits_for_terminals_or_goes_to_suspense(hall: Hall) -> None:
    chip, row = await hall.card(cash=10_00)
    await given(hall, row, 4_00)
    place = hall.workplace(chip)
    await terminal(hall)
    async with hall.desk().tx() as tx:
        await tx.connection.execute("update devices.epoch set said = 5")
    with pytest.raises(RefusedError) as refused:
        await cancel_account(place, await place.look(), yes)
    assert refused.value.code == "behind"
    async with hall.desk().tx() as tx:
        await tx.connection.execute("update devices.epoch set said = 0")
    await cancel_account(place, await place.look(), yes)
    assert (await drawer_fen(hall), await hall.book_fen(BookKind.SUSPENSE)) == (-10_00, 4_00)


async def test_a_card_reported_lost_since_it_was_laid_on_is_not_paid_out(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    await loss.report_loss(hall.workplace(name="phone"), row.card_id, reason="gone")
    with pytest.raises(RefusedError) as refused:
        await return_card(place, sighting)
    assert (refused.value.code, await drawer_fen(hall), purse(hall, chip).cash_fen) == (
        "changed_meanwhile",
        0,
        30_00,
    )
    assert await hall.fetch("select state from desk.operation where kind = 'return'") == [("void",)]


async def test_an_online_return_pays_what_is_there_now(hall: Hall) -> None:
    school = online(hall)
    chip, row = await number_card(school, cash=10_00)
    place = school.workplace(chip)
    sighting = await place.look()
    await given(hall, row, 4_00)
    assert (await return_card(place, sighting)).state is State.CONFIRMED
    assert (await drawer_fen(hall), (await hall.balances(row.person_id)).cash) == (-14_00, 0)


async def test_an_account_that_owes_or_has_other_cards_is_not_cancelled(hall: Hall) -> None:
    school = online(hall)
    chip, row = await number_card(school, cash=10_00)
    place = school.workplace(chip)
    await owes(hall, row, 12_00)
    with pytest.raises(RefusedError) as refused:
        await cancel_account(place, await place.look(), yes)
    assert refused.value.code == "owes"
    await another_card(school, row.person_id)
    with pytest.raises(RefusedError) as refused:
        await cancel_account(place, await place.look(), yes)
    assert refused.value.code == "other_cards"


async def test_two_desks_do_not_pay_one_card_out(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    first, second = hall.workplace(chip), hall.workplace(chip, "back")
    sightings = await first.look(), await second.look()
    done = await asyncio.gather(
        return_card(first, sightings[0]), return_card(second, sightings[1]), return_exceptions=True
    )
    assert sum(isinstance(one, Operation) and one.state is State.CONFIRMED for one in done) == 1
    assert (await drawer_fen(hall), await state_of(hall, row)) == (-30_00, "returned")
