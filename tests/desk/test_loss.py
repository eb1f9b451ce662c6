"""A lost card is refused, found again, or its holder gets another: terminals hear of it; money follows."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from cast_care import confirms, no, number_card, online, proven, state_of, terminal, yes
from hall import Hall, purse, the

from onecard.base.embedded import Logins
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations import upkeep
from onecard.desk.operations.issue import give_up
from onecard.desk.operations.loss import cancel_loss, delivery, lost_cards, report_loss, resend
from onecard.desk.operations.model import Operation, State
from onecard.desk.operations.purses import Amounts, top_up, withdraw
from onecard.desk.operations.replacing import reissue
from onecard.desk.operations.sighting import CardRow
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.devices import black
from onecard.ledger.model import BookKind

Happens = Callable[..., Awaitable[Operation]]


def blank(number: int = 1) -> Chip:
    return new_chip((0x30000000 + number).to_bytes(4))


async def lose(hall: Hall, row: CardRow) -> Workplace:
    place = hall.workplace()
    await report_loss(place, row.card_id, reason="left on the bus")
    return place


async def test_a_report_tells_server_and_terminals_in_one_go(hall: Hall) -> None:
    _, row = await hall.card(cash=1_00)
    device = await terminal(hall)
    place = await lose(hall, row)
    assert await state_of(hall, row) == "lost"
    (each,) = await delivery(place, row.card_id)
    assert (each.device.sn, each.listed, each.delivered) == ("POS-1", True, "waiting")
    assert await resend(place, row.card_id) == [device]
    await confirms(hall, device)
    assert [one.delivered for one in await delivery(place, row.card_id)] == ["yes"]


async def test_the_server_alone_or_chosen_terminals_when_that_is_asked_for(hall: Hall) -> None:
    _, row = await hall.card()
    first, _ = await terminal(hall), await terminal(hall, "POS-2")
    place = hall.workplace()
    await report_loss(place, row.card_id, reason="gone", server_only=True)
    assert (await state_of(hall, row), await delivery(place, row.card_id)) == ("lost", [])
    await report_loss(place, row.card_id, reason="gone", devices=[first])
    assert [one.device.sn for one in await delivery(place, row.card_id)] == ["POS-1"]


async def test_a_report_of_an_unknown_terminal_changes_nothing(hall: Hall) -> None:
    _, row = await hall.card()
    with pytest.raises(Exception, match="no device with id 99"):
        await report_loss(hall.workplace(), row.card_id, reason="gone", devices=[99])
    assert await state_of(hall, row) == "active"
    assert await hall.fetch("select id from desk.operation") == []


async def test_loss_reports_are_found_by_days_number_and_person(hall: Hall) -> None:
    _, row = await hall.card()
    _, other = await hall.card()
    place = await lose(hall, row)
    await lose(hall, other)
    now = datetime.now(UTC)
    assert {one.card_id for one in await lost_cards(place)} == {row.card_id, other.card_id}
    assert [one.card_id for one in await lost_cards(place, number=row.number)] == [row.card_id]
    (found,) = await lost_cards(place, person_number=other.person_number)
    assert (found.uid, found.reason, found.actor) == (other.uid, "left on the bus", "operator:wang")
    assert await lost_cards(place, since=now + timedelta(hours=1)) == []
    assert len(await lost_cards(place, since=now - timedelta(hours=1), until=now)) == 2


async def test_a_card_that_was_found_is_as_before_at_the_same_terminals(hall: Hall) -> None:
    _, row = await hall.card()
    await terminal(hall)
    place = await lose(hall, row)
    (done,) = await cancel_loss(place, [row.card_id], reason="found")
    assert (done.state, await state_of(hall, row)) == (State.CONFIRMED, "active")
    assert [one.listed for one in await delivery(place, row.card_id)] == [False]
    with pytest.raises(RefusedError) as refused:
        await cancel_loss(place, [row.card_id])
    assert refused.value.code == "not_lost"
    with pytest.raises(RefusedError):
        await cancel_loss(place, [])


async def test_a_card_frozen_before_it_was_lost_is_frozen_when_it_is_found(hall: Hall) -> None:
    _, row = await hall.card()
    place = hall.workplace()
    await upkeep.freeze(place, row.card_id)
    await lose(hall, row)
    await report_loss(place, row.card_id, reason="again")
    await cancel_loss(place, [row.card_id])
    async with hall.desk().tx() as tx:
        listed = [one.uid for one in await black.entries(tx)]
    assert (await state_of(hall, row), listed) == ("frozen", [row.uid])


async def test_a_new_card_carries_what_the_books_prove(hall: Hall, urls: Logins) -> None:
    old, row = await hall.card(cash=30_00, bonus=1_00, subsidy=2_00, water=3_00)
    await top_up(hall.workplace(), row, Amounts(5_00))
    await confirms_all(hall, await terminal(hall), row)
    chip = blank()
    place = hall.workplace(chip)
    done = await reissue(place, await place.look(), row.card_id, yes, any_stock=True)
    assert done.state is State.CONFIRMED
    assert (purse(hall, chip).cash_fen, purse(hall, chip).subsidy_fen) == (36_00, 2_00)
    seen = await place.look()
    assert (seen.differences, seen.row and seen.row.number) == ((), row.number)
    assert (await state_of(hall, row), await proven(hall, urls)) == ("void", True)
    place = hall.workplace(old)
    assert [one.value for one in (await place.look()).differences][:1] == ["old_life"]
    async with hall.desk().tx() as tx:
        (entry,) = await black.entries(tx)
    assert (entry.uid, entry.number, entry.generation) == (row.uid, None, 1)


async def confirms_all(hall: Hall, device: int, row: CardRow) -> None:
    await lose(hall, row)
    await confirms(hall, device)


async def test_no_new_card_while_a_terminal_is_behind_unless_somebody_says_why(hall: Hall) -> None:
    _, row = await hall.card(cash=30_00)
    device = await terminal(hall)
    place = hall.workplace(blank())
    with pytest.raises(RefusedError) as refused:
        await reissue(place, await place.look(), row.card_id, yes)
    assert refused.value.code == "not_lost"
    await report_loss(place, row.card_id, reason="gone", server_only=True)
    with pytest.raises(RefusedError) as refused:
        await reissue(place, await place.look(), row.card_id, yes)
    assert refused.value.code == "not_blacklisted"
    await lose(hall, row)
    with pytest.raises(RefusedError, match="POS-1") as refused:
        await reissue(place, await place.look(), row.card_id, yes)
    assert refused.value.code == "behind"
    await confirms(hall, device)
    with pytest.raises(RefusedError) as refused:
        await reissue(place, await place.look(), row.card_id, no)
    assert (refused.value.code, await state_of(hall, row)) == ("not_verified", "lost")
    async with hall.desk().tx() as tx:
        await tx.connection.execute("update devices.epoch set said = 5")
    why = "the terminal burnt"
    done = await reissue(place, await place.look(), row.card_id, yes, override_reason=why, any_stock=True)
    assert (done.state, done.reason) == (State.CONFIRMED, why)


@pytest.mark.parametrize("write", range(0, 13, 3))
async def test_when_the_new_card_fails_another_blank_one_gets_it_all(hall: Hall, write: int) -> None:
    _, row = await hall.card(cash=30_00)
    await lose(hall, row)
    first, second = blank(1), blank(2)
    place = hall.workplace(first)
    sighting = await place.look()
    first.tear = Tear(first.writes + write, Torn.HALF)
    done = await reissue(place, sighting, row.card_id, yes, any_stock=True)
    assert done.state is State.IN_DOUBT
    again = hall.workplace(second)
    with pytest.raises(RefusedError) as refused:
        await reissue(again, await again.look(), row.card_id, yes, any_stock=True)
    assert refused.value.code == "has_heir"
    await give_up(place, done.id)
    done = await reissue(again, await again.look(), row.card_id, yes, any_stock=True)
    assert (done.state, purse(hall, second).cash_fen) == (State.CONFIRMED, 30_00)
    assert (await again.look()).differences == ()


@pytest.mark.parametrize(("happens", "left"), [(top_up, 40_00), (withdraw, 30_00)])
async def test_what_only_the_lost_card_could_tell_is_decided_for_its_holder(
    hall: Hall, happens: Happens, left: int
) -> None:
    old, row = await hall.card(cash=30_00)
    place = hall.workplace(old)
    sighting = await place.look()
    old.tear = Tear(old.writes + 1, Torn.FULL)
    doubt = await happens(place, row, Amounts(10_00), sighting=sighting)
    await lose(hall, row)
    the(place.reader).insert(blank())
    await reissue(place, await place.look(), row.card_id, yes, any_stock=True)
    assert not (await place.engine.load(doubt.id)).state.is_open
    assert (await hall.balances(row.person_id)).cash == left
    assert await hall.book_fen(BookKind.SUSPENSE) == 0
    assert (await place.look()).differences == ()


async def test_an_online_card_is_followed_by_another_and_the_money_stays(hall: Hall) -> None:
    school = online(hall)
    _, row = await number_card(school, cash=9_00)
    await terminal(hall)
    await lose(school, row)
    place = school.workplace(blank())
    done = await reissue(place, await place.look(), row.card_id, yes, any_stock=True)
    assert (done.state, await state_of(hall, row)) == (State.CONFIRMED, "void")
    assert (await hall.balances(row.person_id)).cash == 9_00
    seen = await place.look()
    assert (seen.differences, seen.row and seen.row.person_id) == ((), row.person_id)
