"""The fleet's plan from its seed, its own book, and the lunch that is moved to now."""

import asyncio
from datetime import time

import pytest

from onecard.consumption.model import MealDraft, covers
from onecard.consumption.rules import number_meals
from onecard.sim.books import compare
from onecard.sim.campus import LUNCH, lunch_now
from onecard.sim.device import Credential
from onecard.sim.fleet import Fleet, Lunch, Placed, Tally
from onecard.sim.terminal import Outcome

CUTOFF = time(3)
MEALS = (
    MealDraft("早餐", time(6, 30), time(9)),
    MealDraft(LUNCH, time(11), time(13, 30)),
    MealDraft("夜宵", time(22), time(1)),
)


def steps(seed: int) -> list[tuple[float, str]]:
    """When what goes wrong, from a seed, without connecting anything."""

    async def plan() -> list[tuple[float, str]]:
        placed = [Placed(Credential("8672", f"pos-{number}", "s"), "M1") for number in range(10)]
        fleet = Fleet(("127.0.0.1", 1), placed, ["04A1B2C3"], seed=seed)
        return [(round(at, 6), getattr(act, "__name__", "")) for at, act in fleet.plan(Lunch())]

    return asyncio.run(plan())


def test_the_same_seed_gives_the_same_faults() -> None:
    assert steps(1) == steps(1)
    assert steps(1) != steps(2)


def test_every_fault_strikes_and_in_the_order_of_time() -> None:
    names = [name for _, name in steps(3)]
    assert {"unplug", "plug_in", "reboot"} <= set(names)
    assert [at for at, _ in steps(3)] == sorted(at for at, _ in steps(3))


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("minute", [0, 1, 29, 58, 59])
def test_lunch_is_now_at_any_time_of_day(hour: int, minute: int) -> None:
    now = time(hour, minute, 30)
    meals = number_meals(lunch_now(MEALS, now, CUTOFF), CUTOFF)
    (lunch,) = (meal for meal in meals if meal.name == LUNCH)
    assert covers(lunch, now)


def test_meals_that_lunch_does_not_touch_stay() -> None:
    assert [meal.name for meal in lunch_now(MEALS, time(12), CUTOFF)] == ["早餐", "夜宵", LUNCH]
    assert [meal.name for meal in lunch_now(MEALS, time(8), CUTOFF)] == ["夜宵", LUNCH]


def outcome(amount: int, *, sold: bool = True, offline: bool = False, code: str = "ok") -> Outcome:
    return Outcome(1, "04A1B2C3", amount, sold, offline, code, 5.0, 1)


def test_the_fleets_book_counts_what_was_sold_and_why_not() -> None:
    tally = Tally()
    tally.add("M1", outcome(500))
    tally.add("M1", outcome(300, offline=True, code="no_answer"))
    tally.add("M1", outcome(900, sold=False, code="card_lost"))
    assert (tally.sold_fen["M1"], tally.sales["M1"], tally.offline_sales, tally.taps) == (800, 2, 1, 3)
    assert tally.refusals == {"card_lost": 1}
    assert len(tally.online_ms) == 2


@pytest.mark.parametrize(
    ("ledger", "difference"),
    [
        ({"M1": 800}, None),
        ({"M1": 800, "M2": 0}, None),
        ({"M1": 799}, "merchant M1: terminals sold 800 fen, the ledger has 799"),
        ({"M1": 800, "M2": 1}, "merchant M2: terminals sold 0 fen, the ledger has 1"),
        ({}, "merchant M1: terminals sold 800 fen, the ledger has 0"),
    ],
)
def test_a_fen_of_difference_is_named(ledger: dict[str, int], difference: str | None) -> None:
    tally = Tally()
    tally.add("M1", outcome(800))
    assert compare(tally, ledger) == difference
