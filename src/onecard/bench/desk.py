"""The desk on its real path: database, ledger, bus, and an agent in its own process: `onecard bench desk`.

Every act is measured as a whole, and within it the time that was waited for the reader. Its peers are the
very same scripts, sent to the same agent without a desk, and to a virtual reader in this process.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from onecard.bench import desk_life, desk_radio
from onecard.bench.desk_life import ACTS, ISSUE, READ, READ_BLANK, TOP_UP, TOP_UP_BOTH, Measured, Told
from onecard.bench.desk_office import Office, Target, furnish, station
from onecard.bench.desk_radio import Air
from onecard.bench.harness import Progress, percentile
from onecard.desk import proofs
from onecard.ledger.service import merchant_balances

GOAL_READ_TRIPS, GOAL_TOP_UP_TRIPS = 2, 1
GOAL_ISSUE_TRIPS = 2  # and one for every sector
GOAL_OVERHEAD_P95_MS = 20.0
GOAL_CARDS_PER_MINUTE = 20.0
GOAL_SCREEN_MS, GOAL_TOP_UP_MS = 300.0, 500.0
_WARM_UP = 2


@dataclass(frozen=True, slots=True)
class Options:
    """Size of a run; what is smaller than the defaults is for trying out."""

    rounds: int = 5
    cards: int = 40
    batch: int = 20
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure beside what it has to be."""

    what: str
    measured: float
    limit: float
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether it is."""
        return self.measured >= self.limit if self.least else self.measured <= self.limit

    def as_json(self) -> dict[str, Any]:
        """The goal as it stands in the output."""
        sign = "≥" if self.least else "≤"
        return {
            "what": self.what, "goal": f"{sign} {self.limit:g}", "measured": self.measured, "met": self.met
        }  # fmt: skip


async def run(target: Target, directory: Path, options: Options, progress: Progress) -> dict[str, Any]:
    """Measure lives of cards in rounds, then a batch with radio times; prove the books all along."""
    in_rounds = _WARM_UP + options.rounds * options.cards
    progress(f"{in_rounds + options.batch} people, two desks with an agent each")
    office = await furnish(target, directory, persons=in_rounds + options.batch)
    lives = [(office.plastic(number), person_id) for number, person_id in enumerate(office.persons)]
    chance, told = random.Random(options.seed), Told()  # noqa: S311  an order, not a secret
    rounds, checks = [], []
    async with station(office, "front") as front:
        await desk_life.measure(office, front, lives[:_WARM_UP], chance, told)
        for number in range(options.rounds):
            progress(f"round {number + 1} of {options.rounds}: {options.cards} cards")
            begin = _WARM_UP + number * options.cards
            cards = lives[begin : begin + options.cards]
            rounds.append(await desk_life.measure(office, front, cards, chance, told))
            checks.append(await _check(office, told))
    progress(f"a batch of {options.batch} cards with the air's times")
    air = await _with_radio(office, lives[in_rounds:], told)
    checks.append(await _check(office, told))
    return report(rounds, air, checks, sectors=len(office.chosen.layout.places))


async def _with_radio(office: Office, lives: Sequence[tuple[Path, int]], told: Told) -> Air:
    cards, persons = [card for card, _ in lives], [person_id for _, person_id in lives]
    async with station(office, "queue", radio=True) as queue:
        return await desk_radio.measure(office, queue, cards, persons, told)


async def _check(office: Office, told: Told) -> tuple[bool, str]:
    """All proofs, the operations' included, and the clerk's own book against cards and merchant."""
    found = await proofs.check(office.target.db, office.target.engine_url, [office.tenant_id])
    wrong = [f"{proof.name}: {proof.detail}" for proof in found if not proof.ok] + told.wrong
    async with office.desk("front").tx() as tx:
        sold_fen = sum((await merchant_balances(tx)).values())
    if sold_fen != told.sold_fen:
        wrong.append(f"the clerk sold {told.sold_fen} fen, the merchant has {sold_fen}")
    return not wrong, "; ".join(wrong) or f"{len(found)} proofs hold, cards hold what clerks were told"


def report(
    rounds: Sequence[Measured], air: Air, checks: Sequence[tuple[bool, str]], *, sectors: int
) -> dict[str, Any]:
    """Every figure by name: medians of the rounds in milliseconds, ratios, goals, proofs."""
    total = _medians(rounds, lambda one, act: [each.total_ms for each in one.desk[act]])
    overhead = _medians(rounds, lambda one, act: [each.overhead_ms for each in one.desk[act]])
    scripts = _medians(rounds, lambda one, act: one.scripts_ms[act])
    in_process = _medians(rounds, lambda one, act: one.in_process_ms[act])
    trips = {act: max(len(each.asked) for one in rounds for each in one.desk[act]) for act in ACTS}
    goals = [*_trip_goals(trips, sectors), *_time_goals(overhead, air)]
    return {
        "rounds": [
            {
                "overhead_p95_ms": {act: _of([e.overhead_ms for e in one.desk[act]], 0.95) for act in ACTS},
                "check_ok": ok,
                "check_detail": detail,
            }
            for one, (ok, detail) in zip(rounds, checks, strict=False)
        ],
        "round_trips": trips,
        "total_ms": total,
        "overhead_ms": overhead,
        "scripts_ms": scripts,
        "in_process_ms": in_process,
        "ratios": {
            act: {
                "desk_to_scripts": _ratio(total[act]["p50"], scripts[act]["p50"]),
                "scripts_to_in_process": _ratio(scripts[act]["p50"], in_process[act]["p50"]),
            }
            for act in ACTS
        },
        "radio": {
            "radio_ms": {act: round(median(rounds[-1].radio_ms[act]), 1) for act in ACTS},
            "card_on_screen_ms": _spread(air.screen_ms),
            "top_up_beyond_radio_ms": _spread(air.top_up_ms),
            "batch": {"cards": air.cards, "cards_per_minute": round(air.cards_per_minute, 1)},
        },
        "goals": [goal.as_json() for goal in goals],
        "check_ok": all(ok for ok, _ in checks),
        "check_detail": [detail for _, detail in checks],
    }


def _trip_goals(trips: Mapping[str, int], sectors: int) -> list[Goal]:
    issue = trips[READ_BLANK] + trips[ISSUE]
    return [
        Goal("round trips: read and show", max(trips[READ], trips[READ_BLANK]), GOAL_READ_TRIPS),
        Goal("round trips: top up", max(trips[TOP_UP], trips[TOP_UP_BOTH]), GOAL_TOP_UP_TRIPS),
        Goal(f"round trips: look and issue {sectors} sectors", issue, sectors + GOAL_ISSUE_TRIPS),
    ]


def _time_goals(overhead: Mapping[str, Mapping[str, float]], air: Air) -> list[Goal]:
    return [
        *(
            Goal(f"{act}: p95 ms of the desk alone", overhead[act]["p95"], GOAL_OVERHEAD_P95_MS)
            for act in ACTS
        ),
        Goal("cards a minute in a batch", round(air.cards_per_minute, 1), GOAL_CARDS_PER_MINUTE, least=True),
        Goal("p95 ms from card to screen", _of(air.screen_ms, 0.95), GOAL_SCREEN_MS),
        Goal("p95 ms of a top-up beyond radio", _of(air.top_up_ms, 0.95), GOAL_TOP_UP_MS),
    ]


def _medians(
    rounds: Sequence[Measured], figures: Callable[[Measured, str], list[float]]
) -> dict[str, dict[str, float]]:
    """By act, p50 and p95: each the median over the rounds."""
    return {
        act: {
            name: round(median(_of(figures(one, act), share) for one in rounds), 2)
            for name, share in (("p50", 0.5), ("p95", 0.95))
        }
        for act in ACTS
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"p50": _of(values, 0.5), "p95": _of(values, 0.95)}


def _of(values: Sequence[float], share: float) -> float:
    return round(percentile(sorted(values), share), 2)


def _ratio(one: float, other: float) -> float | None:
    return round(one / other, 2) if other else None
