"""When a card ends, each purse is paid out, forfeited or kept as the holder's class says."""

import pytest
from cast_care import another_card, drawer_fen, number_card, online, proven, state_of, yes
from cast_classes import leaves, ruled
from cast_issue import issued, plastic
from hall import Hall, purse, the

from onecard.base.embedded import Logins
from onecard.cards.keys import Role
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations import loss
from onecard.desk.operations.ending import Refunds, cancel_account, return_card, return_lost
from onecard.desk.operations.model import State
from onecard.desk.operations.purses import bring
from onecard.desk.operations.replacing import reissue
from onecard.desk.operations.speech import RefusedError
from onecard.ledger.model import BookKind
from onecard.people.model import Fate

SPLIT = {"cash": 30_00, "bonus": 5_00, "subsidy": 8_00, "water": 4_00}
OTHERWISE = {
    "refund_cash": Fate.FORFEIT,
    "refund_subsidy": Fate.PAY_OUT,
    "refund_bonus": Fate.PAY_OUT,
    "refund_water": Fate.FORFEIT,
}
KEPT = {f"refund_{name}": Fate.KEEP for name in SPLIT}


async def held(hall: Hall, person_id: int) -> dict[str, int]:
    found = await hall.balances(person_id)
    return {name: getattr(found, name) for name in SPLIT if getattr(found, name)}


async def waits(hall: Hall) -> list[tuple[object, ...]]:
    """Loads that wait for a card."""
    return await hall.fetch(
        "select role, cash_fen, subsidy_fen from desk.load where operation_id is null order by role"
    )


async def test_the_class_decides_what_a_return_pays_out_and_forfeits(hall: Hall, urls: Logins) -> None:
    await ruled(hall, **OTHERWISE)
    chip, row = await hall.card(**SPLIT)
    place = hall.workplace(chip)
    done = await return_card(place, await place.look())
    assert (done.state, done.amount_fen, await drawer_fen(hall)) == (State.CONFIRMED, -47_00, -13_00)
    assert await hall.book_fen(BookKind.WRITE_OFF) == 34_00
    assert await hall.book_fen(BookKind.SUBSIDY_FUND) == await hall.book_fen(BookKind.BONUS_FUND) == 0
    assert (await held(hall, row.person_id), await state_of(hall, row)) == ({}, "returned")
    assert await proven(hall, urls)


async def test_the_operator_may_say_otherwise_of_one_purse(hall: Hall) -> None:
    await ruled(hall, **OTHERWISE)
    chip, _ = await hall.card(**SPLIT)
    place = hall.workplace(chip)
    await return_card(place, await place.look(), refunds=Refunds(purses={"cash": Fate.PAY_OUT}))
    assert (await drawer_fen(hall), await hall.book_fen(BookKind.WRITE_OFF)) == (-43_00, 4_00)


async def test_who_has_left_is_settled_by_the_rules_of_leaving(hall: Hall, urls: Logins) -> None:
    await ruled(hall, **KEPT, leaving_cash=Fate.PAY_OUT, leaving_water=Fate.FORFEIT)
    chip, row = await hall.card(**SPLIT)
    await leaves(hall, row.person_id)
    place = hall.workplace(chip)
    await return_card(place, await place.look())
    assert await drawer_fen(hall) == -30_00
    books = (BookKind.WRITE_OFF, BookKind.SUBSIDY_FUND, BookKind.BONUS_FUND)
    assert [await hall.book_fen(kind) for kind in books] == [4_00, 8_00, 5_00]
    assert (await held(hall, row.person_id), await proven(hall, urls)) == ({}, True)


async def test_what_is_kept_is_on_the_next_card(hall: Hall, urls: Logins) -> None:
    await ruled(hall, **KEPT)
    chip, row = await hall.card(**SPLIT)
    place = hall.workplace(chip)
    done = await return_card(place, await place.look())
    assert (done.state, done.amount_fen, await drawer_fen(hall)) == (State.CONFIRMED, 0, 0)
    assert (purse(hall, chip).cash_fen, purse(hall, chip, Role.WATER).cash_fen) == (0, 0)
    assert await held(hall, row.person_id) == SPLIT
    assert await waits(hall) == [(int(Role.CONSUMPTION), 35_00, 8_00), (int(Role.WATER), 4_00, 0)]
    fresh = plastic()
    await issued(hall, fresh, row.person_id)
    now = purse(hall, fresh)
    assert (now.cash_fen, now.subsidy_fen, purse(hall, fresh, Role.WATER).cash_fen) == (35_00, 8_00, 4_00)
    assert (await waits(hall), await proven(hall, urls)) == ([], True)


async def test_what_is_kept_comes_to_another_card_of_the_holder(hall: Hall, urls: Logins) -> None:
    await ruled(hall, refund_subsidy=Fate.KEEP, cards_most=2)
    chip, row = await hall.card(**SPLIT)
    second = plastic()
    await issued(hall, second, row.person_id)
    place = hall.workplace(chip)
    await return_card(place, await place.look())
    assert (await drawer_fen(hall), await waits(hall)) == (-34_00, [(int(Role.CONSUMPTION), 0, 8_00)])
    place = hall.workplace(second)
    await bring(place, await place.look())
    assert (purse(hall, second).cash_fen, purse(hall, second).subsidy_fen) == (0, 8_00)
    assert ((await place.look()).differences, await proven(hall, urls)) == ((), True)


@pytest.mark.parametrize("write", range(5))
@pytest.mark.parametrize("how", [Torn.NONE, Torn.HALF, Torn.FULL])
async def test_kept_money_is_never_lost_or_doubled_wherever_the_return_is_torn(
    hall: Hall, urls: Logins, write: int, how: Torn
) -> None:
    await ruled(hall, refund_cash=Fate.KEEP, refund_subsidy=Fate.PAY_OUT)
    chip, row = await hall.card(cash=30_00, subsidy=8_00, water=2_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + write, how)
    await return_card(place, sighting)
    the(place.reader).insert(chip)
    sighting = await place.look()
    if sighting.row and sighting.row.state == "active":
        await return_card(place, sighting)
    assert (await state_of(hall, row), await drawer_fen(hall)) == ("returned", -10_00)
    assert (await held(hall, row.person_id), await waits(hall)) == ({"cash": 30_00}, [(1, 30_00, 0)])
    assert (await hall.book_fen(BookKind.SUSPENSE), await proven(hall, urls)) == (0, True)


async def test_a_return_without_the_card_keeps_to_the_class_too(hall: Hall, urls: Logins) -> None:
    await ruled(hall, refund_cash=Fate.KEEP, refund_subsidy=Fate.PAY_OUT, refund_water=Fate.KEEP)
    _, row = await hall.card(**SPLIT)
    place = hall.workplace()
    await loss.report_loss(place, row.card_id, reason="gone")
    done = await return_lost(place, row.card_id)
    assert (done.state, done.amount_fen, await drawer_fen(hall)) == (State.CONFIRMED, -13_00, -8_00)
    assert (await held(hall, row.person_id), await hall.book_fen(BookKind.BONUS_FUND)) == (
        {"cash": 30_00, "water": 4_00},
        5_00,
    )
    assert await waits(hall) == [(int(Role.CONSUMPTION), 30_00, 0), (int(Role.WATER), 4_00, 0)]
    fresh = plastic()
    await issued(hall, fresh, row.person_id)
    assert (purse(hall, fresh).cash_fen, await waits(hall), await proven(hall, urls)) == (30_00, [], True)


async def test_an_online_account_keeps_what_the_class_keeps(hall: Hall, urls: Logins) -> None:
    school = online(hall)
    await ruled(school, refund_cash=Fate.KEEP)
    chip, row = await number_card(school, **SPLIT)
    place = school.workplace(chip)
    assert (await return_card(place, await place.look())).state is State.CONFIRMED
    assert (await drawer_fen(hall), await held(hall, row.person_id)) == (-4_00, {"cash": 30_00})
    assert (await state_of(hall, row), await waits(hall), await proven(hall, urls)) == ("returned", [], True)


async def test_an_account_that_keeps_money_is_not_closed_until_somebody_says_what_becomes_of_it(
    hall: Hall, urls: Logins
) -> None:
    await ruled(hall, refund_subsidy=Fate.KEEP)
    chip, row = await hall.card(**SPLIT)
    place = hall.workplace(chip)
    with pytest.raises(RefusedError, match=r"subsidy 8\.00") as refused:
        await cancel_account(place, await place.look(), yes)
    assert (refused.value.code, await drawer_fen(hall), await state_of(hall, row)) == (
        "kept_money",
        0,
        "active",
    )
    refunds = Refunds(purses={"subsidy": Fate.FORFEIT})
    assert (await cancel_account(place, await place.look(), yes, refunds=refunds)).state is State.CONFIRMED
    ((status,),) = await hall.fetch("select status from ledger.account where id = $1", row.person_id)
    assert (status, await drawer_fen(hall), await hall.book_fen(BookKind.SUBSIDY_FUND)) == (
        "closed",
        -34_00,
        8_00,
    )
    assert await proven(hall, urls)


async def test_an_account_with_an_empty_purse_to_keep_is_closed(hall: Hall) -> None:
    await ruled(hall, refund_subsidy=Fate.KEEP)
    chip, row = await hall.card(cash=3_00)
    place = hall.workplace(chip)
    await cancel_account(place, await place.look(), yes)
    assert (await state_of(hall, row), await drawer_fen(hall)) == ("cancelled", -3_00)


async def test_money_kept_from_one_card_is_not_given_out_again_with_a_lost_one(
    hall: Hall, urls: Logins
) -> None:
    await ruled(hall, refund_cash=Fate.KEEP, cards_most=2)
    chip, row = await hall.card(cash=30_00)
    second = plastic(1)
    await issued(hall, second, row.person_id, opening_fen=7_00)
    place = hall.workplace(chip)
    await return_card(place, await place.look())
    lost = (await hall.workplace(second).look()).row
    assert lost
    await loss.report_loss(hall.workplace(), lost.card_id, reason="gone")
    third = plastic(2)
    place = hall.workplace(third)
    await reissue(place, await place.look(), lost.card_id, yes)
    assert (purse(hall, third).cash_fen, await held(hall, row.person_id)) == (37_00, {"cash": 37_00})
    assert (await waits(hall), await proven(hall, urls)) == ([], True)


async def test_of_two_online_cards_the_last_one_settles_the_account(hall: Hall) -> None:
    school = online(hall)
    await ruled(school, **OTHERWISE)
    chip, row = await number_card(school, **SPLIT)
    other, _ = await another_card(school, row.person_id)
    for each in (other, chip):
        place = school.workplace(each)
        await return_card(place, await place.look())
    assert (await drawer_fen(hall), await held(hall, row.person_id)) == (-13_00, {})
