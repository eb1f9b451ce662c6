"""Card after card without a key pressed: who is next, what fails, stopping and going on."""

import asyncio
import time
from dataclasses import dataclass, field

from cast_issue import at_desk, card_rows, issued, numbers_only, plastic, stock_of
from hall import Hall, purse, the

from onecard.base.db import SYSTEM
from onecard.base.vault import Vault
from onecard.cards.virtual.chip import Chip, Make
from onecard.cards.virtual.slot import LocalReader
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations.model import State
from onecard.desk.operations.queue import Queue, Recipients, Terms, Turn, Waiting, WaitingOrNew
from onecard.ledger.model import BookKind
from onecard.people import service as people

POLL_MS = 2
VAULT = Vault(b"v" * 32)


@dataclass
class Clerk:
    """Lays cards on a reader one after the other, as soon as the queue is through with the one before.

    Attributes:
        turns: what the queue said of each.
    """

    queue: Queue
    reader: LocalReader
    turns: list[Turn] = field(default_factory=list)

    async def work(self, *chips: Chip, then_stop: bool = False) -> list[Turn]:
        """All turns until the queue ends."""
        left = iter(chips)
        the(self.reader).insert(next(left))
        async for turn in self.queue.turns():
            self.turns.append(turn)
            chip = next(left, None)
            if chip:
                the(self.reader).insert(chip)
            else:
                the(self.reader).remove()
                if then_stop:
                    self.queue.stop()
        return self.turns


def clerk(hall: Hall, recipients: Recipients | None = None, terms: Terms | None = None) -> Clerk:
    place, reader = at_desk(hall, plastic(0x7FFFFFFF))
    who = recipients or Waiting(hall.desk(), departments=[hall.department_id])
    return Clerk(Queue(place, who, terms or Terms(), poll_ms=POLL_MS), reader)


def codes(turns: list[Turn]) -> list[str]:
    return [turn.code for turn in turns]


async def test_a_department_gets_its_cards_in_order(hall: Hall) -> None:
    persons = [await hall.person(cash=1_00 * n) for n in range(1, 4)]
    chips = [plastic(n) for n in range(1, 4)]
    terms = Terms(opening_fen=10_00, fee_fen=5_00, deposit_fen=20_00)
    turns = await clerk(hall, terms=terms).work(*chips)
    assert codes(turns) == ["", "", ""]
    assert [turn.recipient and turn.recipient.person_id for turn in turns] == persons
    assert [(turn.progress.done, turn.progress.left) for turn in turns] == [(1, 2), (2, 1), (3, 0)]
    assert [purse(hall, chip).cash_fen for chip in chips] == [11_00, 12_00, 13_00]
    assert await hall.book_fen(BookKind.DEPOSITS_HELD) == 60_00


async def test_a_selection_and_departments_below(hall: Hall) -> None:
    first, second, other = [await hall.person() for _ in range(3)]
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        below = await people.create_department(tx, name="Group", parent_id=hall.department_id)
        beside = await people.ensure_department(tx, "Class 2")
        await tx.connection.execute("update people.person set department_id = $1 where id = $2", below, first)
        await tx.connection.execute(
            "update people.person set department_id = $1 where id = any($2)", beside, [second, other]
        )
    recipients = Waiting(hall.desk(), departments=[hall.department_id], persons=[other])
    turns = await clerk(hall, recipients).work(plastic(1), plastic(2))
    assert [turn.recipient and turn.recipient.person_id for turn in turns] == [first, other]


async def test_failures_take_nobodys_turn(hall: Hall) -> None:
    person, (used, _) = await hall.person(), await hall.card()
    imitation, torn = plastic(1, make=Make.CUID), plastic(2)
    torn.tear = Tear(3, Torn.HALF)
    turns = await clerk(hall).work(imitation, used, torn, torn, plastic(3))
    assert codes(turns) == ["imitation", "card_in_use", "pulled", "plastic_dead", ""]
    assert [turn.progress.failed for turn in turns] == [1, 2, 3, 4, 4]
    assert [turn.progress.left for turn in turns] == [1, 1, 1, 1, 0]
    assert (await card_rows(hall, plastic(3)))[0][3] == person
    assert (await stock_of(hall, imitation), await stock_of(hall, torn)) == ("imitation", "dead")


async def test_a_card_pulled_too_early_is_finished_when_it_is_laid_on_again(hall: Hall) -> None:
    first, second = await hall.person(), await hall.person()
    torn = plastic(1)
    torn.tear = Tear(6, Torn.ZERO)
    turns = await clerk(hall).work(torn, plastic(2), plastic(3), torn)
    assert codes(turns) == ["pulled", "", "nobody_waits", ""]
    assert [turn.progress.left for turn in turns] == [2, 1, 1, 0]
    assert [(await card_rows(hall, plastic(n)))[0][3] for n in (1, 2)] == [first, second]


async def test_a_person_with_a_problem_is_put_aside_and_the_card_goes_to_the_next(hall: Hall) -> None:
    await hall.person(cash=99_999_00)
    second = await hall.person()
    place, reader = at_desk(hall, plastic(1))
    queue = Queue(
        place,
        Waiting(hall.desk(), departments=[hall.department_id]),
        Terms(opening_fen=1_00),
        poll_ms=POLL_MS,
    )
    turns = [turn async for turn in queue.turns()]
    assert codes(turns) == ["ceiling_exceeded", ""]
    assert (await card_rows(hall, plastic(1)))[0][3] == second
    assert reader.slot.signals == [True]


async def test_a_queue_that_was_stopped_goes_on_where_it_stood(hall: Hall) -> None:
    persons = [await hall.person() for _ in range(3)]
    turns = await clerk(hall).work(plastic(1), then_stop=True)
    assert (codes(turns), turns[0].progress.left) == ([""], 2)
    turns = await clerk(hall).work(plastic(2), plastic(3))
    assert [turn.recipient and turn.recipient.person_id for turn in turns] == persons[1:]


async def test_a_card_left_on_the_reader_is_served_once(hall: Hall) -> None:
    await hall.person()
    await hall.person()
    place, reader = at_desk(hall, plastic(1))
    queue = Queue(place, Waiting(hall.desk(), departments=[hall.department_id]), Terms(), poll_ms=POLL_MS)
    stream = queue.turns()
    assert (await anext(stream)).code == ""
    again = asyncio.ensure_future(anext(stream))
    await asyncio.wait({again, asyncio.create_task(looked(reader))}, return_when=asyncio.FIRST_COMPLETED)
    assert not again.done()
    again.cancel()
    assert (queue.done, queue.failed) == (1, 0)


async def looked(reader: LocalReader) -> None:
    """Wait until a queue has asked its reader often enough to have done what it would do."""
    goal = reader.round_trips + 50
    async with asyncio.timeout(30):
        while reader.round_trips < goal:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(POLL_MS / 1000)


async def test_a_reader_that_complains_is_heard_once(hall: Hall) -> None:
    await hall.person()
    place, reader = at_desk(hall, plastic(1))
    reader.slot.crowded = True
    queue = Queue(place, Waiting(hall.desk(), departments=[hall.department_id]), Terms(), poll_ms=POLL_MS)
    stream = queue.turns()
    assert (await anext(stream)).code == "two_cards"

    async def tidy() -> None:
        await looked(reader)
        reader.slot.crowded = False

    tidying = asyncio.create_task(tidy())
    turn = await anext(stream)
    await tidying
    assert (turn.code, turn.uid) == ("", "00000001")


async def test_who_comes_without_waiting_is_made_and_named_by_the_card(hall: Hall) -> None:
    person = await hall.person()
    new = WaitingOrNew(hall.desk(), VAULT, department_id=hall.department_id, class_id=hall.class_id)
    turns = await clerk(hall, new).work(
        plastic(1), plastic(2), plastic(3, make=Make.CUID), plastic(4), then_stop=True
    )
    assert codes(turns) == ["", "", "imitation", ""]
    rows = await hall.fetch(
        "select p.number, p.name, c.number from people.person p join cards.card c on c.person_id = p.id"
        " order by p.id"
    )
    # number 1 is the waiting person's own; the card with that number is the waiting person's too
    assert rows == [("1", "P1", 1), ("2", "2", 2), ("3", "3", 3)]
    assert turns[0].recipient
    assert turns[0].recipient.person_id == person
    assert len(await hall.fetch("select 1 from ledger.account")) == 3


async def test_a_new_persons_number_may_be_taken(hall: Hall) -> None:
    first = await hall.person()
    await issued(hall, plastic(9), first, number=2)
    new = WaitingOrNew(hall.desk(), VAULT, department_id=hall.department_id, class_id=hall.class_id)
    turns = await clerk(hall, new).work(plastic(1), then_stop=True)
    assert turns[0].recipient
    assert (turns[0].recipient.number, turns[0].recipient.name) == ("C1", "1")


async def test_cards_that_are_numbers_are_queued_too(hall: Hall) -> None:
    school = numbers_only(hall)
    persons = [await school.person() for _ in range(2)]
    turns = await clerk(school).work(plastic(1), plastic(2))
    assert [turn.operation and turn.operation.state for turn in turns] == [State.CONFIRMED] * 2
    assert [(await card_rows(school, plastic(n)))[0][3] for n in (1, 2)] == persons


async def test_twenty_cards_a_minute_leave_time_to_move_them(hall: Hall) -> None:
    """With a real reader's radio time; of the three seconds one is left to move the card."""
    count = 5
    for _ in range(count):
        await hall.person(cash=1_00)
    chips = [plastic(n) for n in range(1, count + 1)]
    start = time.perf_counter()
    await clerk(hall, terms=Terms(opening_fen=1_00)).work(*chips)
    server_s = (time.perf_counter() - start) / count
    radio_s = max(chip.radio_us for chip in chips) / 1e6
    assert server_s + radio_s < 2.0
