"""Fee, deposit and last day of a new card are those of the person's class, unless the operator says other."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from cast_classes import ruled
from cast_issue import again, assert_proven, at_desk, card_rows, issued, lay, look, numbers_only, plastic
from hall import UNTIL, Hall, the

from onecard.base.db import SYSTEM
from onecard.base.embedded import Logins
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations.bind import bind
from onecard.desk.operations.issue import give_up, issue
from onecard.desk.operations.model import Kind, State
from onecard.desk.operations.queue import Queue, Terms, Turn, Waiting
from onecard.desk.operations.replacing import replace_card, replace_onto
from onecard.desk.operations.speech import RefusedError, words_of
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import Answer, BookKind

PRICES = {"card_fee_fen": 15_00, "deposit_fen": 20_00}


async def money(hall: Hall) -> list[int]:
    """Income of card fees, deposits held, and what drawers took."""
    books = (BookKind.CARD_FEE_INCOME, BookKind.DEPOSITS_HELD, BookKind.DRAWER)
    fees, deposits, drawers = [await hall.book_fen(kind) for kind in books]
    return [fees, deposits, -drawers]


async def terms(hall: Hall) -> list[tuple[object, ...]]:
    """Fee, deposit and last day of all cards, oldest first."""
    return await hall.fetch("select fee_fen, deposit_fen, valid_until from cards.card order by id")


async def test_what_nobody_says_is_as_the_class_says(hall: Hall, urls: Logins) -> None:
    await ruled(hall, **PRICES, valid_days=30)
    last, chip = hall.today + timedelta(days=29), plastic()
    done = await issued(hall, chip, await hall.person(), opening_fen=50_00)
    assert (done.state, done.amount_fen, done.after.valid_until) == (State.CONFIRMED, 50_00, last)
    assert (await terms(hall), await money(hall)) == ([(15_00, 20_00, last)], [15_00, 20_00, 85_00])
    _, reading = await look(hall, chip)
    assert reading.holder
    assert reading.holder.record.valid_until_date == last
    await assert_proven(hall, urls)


async def test_nothing_is_an_answer_and_so_is_another_amount(hall: Hall) -> None:
    await ruled(hall, **PRICES, valid_until=UNTIL)
    said = {"fee_fen": 0, "deposit_fen": 5_00, "valid_until": None}
    chip = plastic()
    await issued(hall, chip, await hall.person(), **said)
    assert (await terms(hall), await money(hall)) == ([(0, 5_00, None)], [0, 5_00, 5_00])
    assert (await look(hall, chip))[0].differences == ()


async def test_cards_of_a_batch_end_together(hall: Hall) -> None:
    days = {"batch_starts": hall.today, "batch_ends": hall.today, "batch_expires": UNTIL}
    await ruled(hall, valid_days=1, **days)
    await issued(hall, plastic(), await hall.person())
    assert await terms(hall) == [(0, 0, UNTIL)]


async def test_a_class_whose_last_day_is_over_gives_no_cards_but_by_another_day(hall: Hall) -> None:
    await ruled(hall, valid_until=hall.today - timedelta(days=1))
    chip, person = plastic(), await hall.person()
    with pytest.raises(RefusedError) as caught:
        await issued(hall, chip, person)
    assert (caught.value.code, await card_rows(hall, chip)) == ("class_day_is_over", [])
    assert "账户类型" in words_of(caught.value.code).zh
    assert (await issued(hall, chip, person, valid_until=hall.today)).state is State.CONFIRMED


async def test_a_card_carried_on_keeps_what_was_promised(hall: Hall, urls: Logins) -> None:
    await ruled(hall, **PRICES, valid_until=UNTIL)
    chip, person = plastic(), await hall.person()
    place, _ = at_desk(hall, chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + 9, Torn.HALF)
    assert (await issue(place, sighting, person)).state is State.IN_DOUBT
    await ruled(hall, card_fee_fen=99_00, deposit_fen=0, valid_until=None, valid_days=1)
    assert (await again(place, chip)).state is State.CONFIRMED
    assert (await terms(hall), await money(hall)) == ([(15_00, 20_00, UNTIL)], [15_00, 20_00, 35_00])
    seen, reading = await look(hall, chip)
    assert reading.holder
    assert (reading.holder.record.valid_until_date, seen.differences) == (UNTIL, ())
    await assert_proven(hall, urls)


async def test_a_card_given_up_costs_nothing_and_the_next_has_the_terms_of_its_day(
    hall: Hall, urls: Logins
) -> None:
    await ruled(hall, **PRICES)
    chip, person = plastic(), await hall.person()
    place, _ = at_desk(hall, chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + 9, Torn.HALF)
    await give_up(place, (await issue(place, sighting, person)).id)
    assert await money(hall) == [0, 0, 0]
    await ruled(hall, card_fee_fen=1_00, deposit_fen=2_00)
    await issued(hall, plastic(2), person)
    assert await money(hall) == [1_00, 2_00, 3_00]
    await assert_proven(hall, urls)


async def test_a_replaced_card_costs_nothing_and_keeps_its_last_day(hall: Hall, urls: Logins) -> None:
    await ruled(hall, **PRICES, valid_until=UNTIL)
    old, new, person = plastic(1), plastic(2), await hall.person(cash=5_00)
    await issued(hall, old, person)
    await ruled(hall, card_fee_fen=99_00, deposit_fen=99_00, valid_until=None, valid_days=1)
    place, _ = at_desk(hall, old)
    sighting = await place.look()
    assert sighting.row
    await replace_card(place, sighting, reason="worn")
    lay(place, new)
    await replace_onto(place, await place.look(), sighting.row.card_id)
    assert await money(hall) == [15_00, 20_00, 35_00]
    assert (await terms(hall))[1] == (15_00, 20_00, UNTIL)
    await assert_proven(hall, urls)


async def test_a_number_that_is_bound_is_paid_for(hall: Hall, urls: Logins) -> None:
    hall = numbers_only(hall)
    await ruled(hall, **PRICES, valid_until=UNTIL)
    done = await bind(hall.workplace(), "17E8A27F", await hall.person())
    assert (done.kind, done.state, done.after.valid_until) == (Kind.BIND, State.CONFIRMED, UNTIL)
    assert (await terms(hall), await money(hall)) == ([(15_00, 20_00, UNTIL)], [15_00, 20_00, 35_00])
    await bind(hall.workplace(), "17E8A280", await hall.person(), fee_fen=0, deposit_fen=0, valid_until=None)
    assert ((await terms(hall))[1], await money(hall)) == ((0, 0, None), [15_00, 20_00, 35_00])
    await assert_proven(hall, urls)


class DiedError(BaseException):
    """The desk is gone."""


class DyingLedger:
    """Of a desk that dies before it posts."""

    async def post(self, _: object) -> Answer:
        raise DiedError


@pytest.mark.parametrize("state", ["prepared", "writing", "in_doubt"])
async def test_a_desk_that_died_while_it_bound_a_number_leaves_nothing_half_done(
    hall: Hall, urls: Logins, state: str
) -> None:
    hall = numbers_only(hall)
    await ruled(hall, **PRICES)
    place = Workplace(replace(hall.desk(), ledger=DyingLedger()))
    with pytest.raises(DiedError):
        await bind(place, "17E8A27F", await hall.person())
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute(
            "update desk.operation set state = $1, lease_until = now() - interval '1 hour'", state
        )
        await tx.connection.execute("update desk.part set state = 'in_doubt' where $1 = 'in_doubt'", state)
    assert await hall.workplace().engine.sweep() == 1
    happened = state != "prepared"  # no card has a say in it, so what was begun is done
    assert await money(hall) == ([15_00, 20_00, 35_00] if happened else [0, 0, 0])
    assert await hall.fetch("select state from cards.card") == [("active" if happened else "void",)]
    await assert_proven(hall, urls)


async def turns(hall: Hall, terms_: Terms, chips: int) -> list[Turn]:
    """A queue of everybody, with one new card after the other."""
    place, _ = at_desk(hall, plastic(1))
    queue = Queue(place, Waiting(hall.desk(), departments=[hall.department_id]), terms_, poll_ms=1)
    done, numbers = [], count(2)
    async for turn in queue.turns():
        done.append(turn)
        if len(done) >= chips:
            queue.stop()
        if not turn.code:
            the(place.reader).insert(plastic(next(numbers)))
    return done


async def test_a_queue_takes_each_persons_terms_from_the_class(hall: Hall, urls: Logins) -> None:
    await ruled(hall, **PRICES, valid_until=UNTIL)
    for _ in range(2):
        await hall.person()
    assert [turn.code for turn in await turns(hall, Terms(deposit_fen=0), 2)] == ["", ""]
    assert (await terms(hall), await money(hall)) == ([(15_00, 0, UNTIL)] * 2, [30_00, 0, 30_00])
    await assert_proven(hall, urls)


async def test_who_is_in_a_class_that_is_over_takes_nobodys_turn_away(hall: Hall) -> None:
    await ruled(hall, valid_until=hall.today - timedelta(days=1))
    await hall.person()
    (turn,) = await turns(hall, Terms(), 1)
    assert (turn.code, turn.progress.left) == ("class_day_is_over", 0)
