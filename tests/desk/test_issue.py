"""Blank plastic becomes somebody's card: what is on it, what the rows say, and where the money is."""

from datetime import date, timedelta

import pytest
from cast_issue import (
    SEVEN,
    assert_proven,
    at_desk,
    card_rows,
    issued,
    look,
    numbers_only,
    online,
    plastic,
    with_layout,
)
from hall import Hall, purse

from onecard.base.clock import now_us
from onecard.base.db import SYSTEM
from onecard.base.embedded import Logins
from onecard.base.ids import uuid7
from onecard.cards.classic.geometry import Size
from onecard.cards.keys import Role
from onecard.cards.oc1.layout import Layout
from onecard.cards.oc1.records import CardStatus, Rights, Validity
from onecard.desk.operations import store
from onecard.desk.operations.issue import issue
from onecard.desk.operations.model import Load, State
from onecard.desk.operations.sighting import Difference
from onecard.desk.operations.speech import RefusedError, words_of
from onecard.devices import black
from onecard.ledger.model import BookKind, Journal, Leg, Place, PostingKind, SetStatus, Source
from onecard.ledger.service import system_books

FAR = date(2031, 8, 31)


async def refused(hall: Hall, chip: object, person_id: int, **wish: object) -> str:
    """The code; nothing may have happened."""
    place, _ = at_desk(hall, chip)  # type: ignore[arg-type]
    sighting, lives = await place.look(), await card_rows(hall, chip)  # type: ignore[arg-type]
    with pytest.raises(RefusedError) as caught:
        await issue(place, sighting, person_id, **wish)  # type: ignore[arg-type]
    assert await card_rows(hall, chip) == lives  # type: ignore[arg-type]
    assert words_of(caught.value.code).zh
    assert not words_of(caught.value.code).en.startswith("Refused:")
    return caught.value.code


async def test_an_issued_card_says_what_the_server_says(hall: Hall, urls: Logins) -> None:
    person = await hall.person(cash=30_00, subsidy=5_00, bonus=1_00, water=2_00)
    chip = plastic()
    paid = {"opening_fen": 50_00, "water_fen": 8_00, "fee_fen": 10_00, "deposit_fen": 20_00}
    done = await issued(hall, chip, person, valid_until=FAR, **paid)
    assert (done.state, done.amount_fen) == (State.CONFIRMED, 58_00)
    seen, reading = await look(hall, chip)
    assert (seen.differences, seen.open_operation) == ((), None)
    assert reading.holder
    identity = reading.holder.record
    assert (identity.status, identity.seq, identity.valid_until_date) == (CardStatus.ACTIVE, 1, FAR)
    assert seen.row
    assert (seen.row.state, seen.row.number, seen.row.fee_fen) == ("active", identity.card_number, 10_00)
    held, water = purse(hall, chip), purse(hall, chip, Role.WATER)
    assert (held.cash_fen, held.subsidy_fen, held.counter, held.desk_seq) == (81_00, 5_00, 1, 0)
    assert water.cash_fen == 10_00
    assert (await hall.balances(person)).cash == 80_00
    books = [BookKind.DRAWER, BookKind.CARD_FEE_INCOME, BookKind.DEPOSITS_HELD, BookKind.SUSPENSE]
    assert [await hall.book_fen(kind) for kind in books] == [-88_00, 10_00, 20_00, 0]
    await assert_proven(hall, urls)


async def test_an_issue_costs_at_most_a_round_trip_for_each_sector_and_two(hall: Hall) -> None:
    place, reader = at_desk(hall, plastic())
    sighting = await place.look()
    assert reader.round_trips <= len(hall.chosen.layout.places) + 2
    await issue(place, sighting, await hall.person(), opening_fen=1_00)
    # two of them find out whether the chip is genuine: block 0 is read, then written back
    assert reader.round_trips <= len(hall.chosen.layout.places) + 2


async def test_an_online_card_is_issued_empty(hall: Hall) -> None:
    chip, person = plastic(), await hall.person(cash=30_00)
    await issued(online(hall), chip, person, opening_fen=50_00)
    assert purse(hall, chip).cash_fen == 0
    assert (await hall.balances(person)).cash == 80_00
    seen = await at_desk(online(hall), chip)[0].look()
    assert seen.differences == ()


async def test_what_waited_for_a_card_is_on_it(hall: Hall) -> None:
    person = await hall.person(cash=12_00)
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await store.add_load(tx, person, Load(1, cash_fen=12_00), reason="top_up")
    chip = plastic()
    await issued(hall, chip, person)
    assert purse(hall, chip).cash_fen == 12_00
    assert await hall.fetch("select 1 from desk.load where operation_id is null") == []
    assert (await look(hall, chip))[0].differences == ()


async def test_a_debt_is_paid_by_what_is_paid_in(hall: Hall) -> None:
    person = await hall.person()
    leg = Leg(Place(BookKind.SHORTFALL, person), Place(hall.merchant_book), 7_00)
    await hall.ledger.post(
        Journal(
            tenant_id=hall.tenant_id, key=uuid7(), business_day=hall.today, occurred_at_us=now_us(),
            source=Source.COMMAND, source_id=1, kind=PostingKind.ADJUSTMENT, legs=(leg,),
        )
    )  # fmt: skip
    chip = plastic()
    await issued(hall, chip, person, opening_fen=50_00)
    assert purse(hall, chip).cash_fen == 43_00 == (await hall.balances(person)).cash
    assert (await look(hall, chip))[0].differences == ()


async def test_carried_money_comes_out_of_suspense(hall: Hall) -> None:
    person = await hall.person(cash=40_00, subsidy=3_00)
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        suspense = Place((await system_books(tx))[BookKind.SUSPENSE])
    legs = (
        Leg(Place(BookKind.CASH, person), suspense, 40_00),
        Leg(Place(BookKind.SUBSIDY, person), suspense, 3_00),
    )
    await hall.ledger.post(
        Journal(
            tenant_id=hall.tenant_id, key=uuid7(), business_day=hall.today, occurred_at_us=now_us(),
            source=Source.COMMAND, source_id=1, kind=PostingKind.ADJUSTMENT, legs=legs,
        )
    )  # fmt: skip
    chip = plastic()
    await issued(hall, chip, person, carried=(40_00, 3_00, 0))
    now, found = purse(hall, chip), await hall.balances(person)
    assert (now.cash_fen, now.subsidy_fen) == (40_00, 3_00) == (found.cash, found.subsidy)
    assert await hall.book_fen(BookKind.SUSPENSE) == 0


async def test_lift_rights_are_there_from_the_beginning(hall: Hall) -> None:
    rights, validity = (
        Rights(seq=1, group=1, floors=frozenset({1, 5})),
        Validity(seq=1, valid_from=1, valid_until=9),
    )
    chip = plastic()
    await issued(hall, chip, await hall.person(), lift={1: (rights, validity)})
    _, reading = await look(hall, chip)
    blocks = reading.sectors[hall.chosen.layout.places[-1]].blocks
    keys = hall.keys(chip.uid)
    assert blocks == (keys.record(Role.LIFT, 0, rights), bytes(16), keys.record(Role.LIFT, 2, validity))
    assert await refused(hall, plastic(2), await hall.person(), lift={2: (rights, None)}) == "no_lift_group"


@pytest.mark.parametrize("chip", [plastic(SEVEN), plastic(SEVEN, size=Size.K4), plastic(5, size=Size.K4)])
async def test_longer_uids_and_larger_cards(hall: Hall, chip: object) -> None:
    person = await hall.person(cash=3_00)
    assert (await issued(hall, chip, person)).state is State.CONFIRMED  # type: ignore[arg-type]
    assert (await look(hall, chip))[0].differences == ()  # type: ignore[arg-type]


async def test_value_blocks_and_other_sectors(hall: Hall) -> None:
    other = with_layout(hall, Layout(first_sector=5, value_blocks=True))
    chip = plastic()
    await issued(other, chip, await hall.person(cash=30_00, subsidy=5_00))
    seen, reading = await look(other, chip)
    found = reading.purses[Role.CONSUMPTION]
    assert found
    assert (found.record.cash_fen, found.record.subsidy_fen, seen.differences) == (30_00, 5_00, ())


async def test_a_card_that_is_a_number_is_a_row(hall: Hall, urls: Logins) -> None:
    chip, person = plastic(SEVEN), await hall.person()
    done = await issued(numbers_only(hall), chip, person, opening_fen=5_00, deposit_fen=10_00)
    assert (done.state, chip.writes) == (State.CONFIRMED, 0)
    assert await card_rows(hall, chip) == [("active", None, done.id and 1, person)]
    assert (await hall.balances(person)).cash == 5_00
    assert await hall.book_fen(BookKind.DEPOSITS_HELD) == 10_00
    free = await issued(numbers_only(hall), plastic(9), await hall.person())
    assert (free.state, free.steps) == (State.CONFIRMED, ())
    await assert_proven(hall, urls)


async def test_a_number_that_was_lost_leaves_the_black_list_with_its_next_life(hall: Hall) -> None:
    chip, hall = plastic(), numbers_only(hall)
    await issued(hall, chip, await hall.person())
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute(
            "update cards.card set state = 'void' where tenant_id = $1", hall.tenant_id
        )
        await black.report(tx, chip.uid.hex().upper(), 1, "lost", None)
        assert len(await black.entries(tx)) == 1
    await issued(hall, chip, await hall.person())
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        assert await black.entries(tx) == []


async def test_the_class_says_how_many_cards_a_person_has(hall: Hall) -> None:
    person = await hall.person(cash=20_00)
    await issued(hall, plastic(1), person)
    assert await refused(hall, plastic(2), person) == "too_many_cards"
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute(
            "update people.account_class set cards_most = 2 where tenant_id = $1", hall.tenant_id
        )
    second = plastic(2)
    await issued(hall, second, person, opening_fen=1_00)
    assert purse(hall, second).cash_fen == 1_00, "the rest is on the first card"


async def test_numbers_go_up_and_are_used_again_only_in_the_end(hall: Hall) -> None:
    person = [await hall.person() for _ in range(4)]
    await issued(hall, plastic(1), person[0], number=2)
    assert await refused(hall, plastic(2), person[1], number=2) == "number_used"
    assert await refused(hall, plastic(2), person[1], number=500_001) == "number_out_of_range"
    for n, chip in enumerate([plastic(2), plastic(3)], 1):
        await issued(hall, chip, person[n])
    assert [(await card_rows(hall, plastic(n)))[0][2] for n in (2, 3)] == [1, 3]
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update tenants.counter set value = 500000 where name = 'card'")
    await issued(hall, plastic(4), person[3])
    assert (await card_rows(hall, plastic(4)))[0][2] == 4


async def test_numbers_can_be_used_up(hall: Hall) -> None:
    short = numbers_only(hall)
    object.__setattr__(short.chosen, "number_digits", 1)
    for n in range(1, 10):
        await issued(short, plastic(n), await hall.person())
    assert await refused(short, plastic(10), await hall.person()) == "numbers_used_up"


async def test_persons_who_may_not_have_a_card(hall: Hall) -> None:
    assert await refused(hall, plastic(), 999) == "person_unknown"
    left, frozen, rich = await hall.person(), await hall.person(), await hall.person(cash=99_000_00)
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update people.person set state = 'left' where id = $1", left)
    assert await refused(hall, plastic(), left) == "person_not_active"
    await hall.ledger.post(
        SetStatus(
            tenant_id=hall.tenant_id, key=uuid7(), business_day=hall.today, occurred_at_us=now_us(),
            source=Source.COMMAND, source_id=1, account_id=frozen, status="frozen",
        )
    )  # fmt: skip
    assert await refused(hall, plastic(), frozen) == "account_frozen"
    assert await refused(hall, plastic(), rich, opening_fen=1_000_00) == "ceiling_exceeded"
    assert await refused(hall, plastic(), rich, opening_fen=-1) == "amount_not_positive"
    yesterday = hall.today - timedelta(days=1)
    assert await refused(hall, plastic(), rich, valid_until=yesterday) == "day_is_over"
    assert await refused(hall, plastic(), rich, valid_until=date(2200, 1, 1)) == "day_is_over"


async def test_cards_that_are_not_free(hall: Hall) -> None:
    chip, row = await hall.card()
    assert await refused(hall, chip, await hall.person()) == "card_in_use"
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update cards.card set state = 'lost' where id = $1", row.card_id)
    assert await refused(hall, chip, await hall.person()) == "lost"
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update cards.card set state = 'void' where id = $1", row.card_id)
    assert await refused(hall, chip, await hall.person()) == Difference.OLD_LIFE.value
    small = with_layout(hall, Layout(size=Size.K4))
    assert await refused(small, plastic(), await hall.person()) == "wrong_technology"


async def test_the_next_life_has_the_next_generation_until_there_is_none(hall: Hall) -> None:
    chip, person = plastic(), await hall.person()
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute(
            "insert into cards.card"
            " (tenant_id, uid, technology, person_id, state, generation, key_version, pin)"
            " select $1, $2, 'classic', $3, 'returned', g, 1, '4821' from unnest(array[7, 254]::int[]) g",
            hall.tenant_id, chip.uid.hex().upper(), person,
        )  # fmt: skip
    await issued(hall, chip, person)
    assert (await card_rows(hall, chip))[-1][:2] == ("active", 255)
    assert (await look(hall, chip))[0].differences == ()
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update cards.card set state = 'returned'")
    assert await refused(hall, plastic(), person) == "plastic_worn_out"
