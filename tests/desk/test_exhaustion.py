"""The proof by exhaustion: every operation, every cut; `make test` takes a part of it, `make chaos` all."""

import random
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from exhaustion import Scenario, cuts, measure, run_all
from hall import furnish
from life_scenarios import LIFE
from scenarios import SCENARIOS

from onecard.base.db import Database
from onecard.ledger.writer import Writer

BUDGET_S = 45.0  # for all operations together, on one core; what is left over is left to `make chaos`
_IN_VALUE_BLOCKS = (
    *SCENARIOS,
    *(each for each in LIFE if each.name in {"issue", "erase", "return", "replace"}),
)
VALUES = tuple(replace(each, name=f"{each.name} (OC1-V)", value_blocks=True) for each in _IN_VALUE_BLOCKS)
ALL = (*SCENARIOS, *LIFE, *VALUES)
TOGETHER = 32


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scenario", ALL, ids=[each.name for each in ALL])
async def test_card_and_ledger_agree_after_every_cut(
    db: Database,
    ledger: Writer,
    scenario: Scenario,
    chaos_rounds: int,
    record_property: Callable[[str, object], None],
) -> None:
    hall = await furnish(db, ledger, value_blocks=scenario.value_blocks)
    every = list(cuts(*await measure(hall, scenario), debits=range(4) if scenario.spends else (0,)))
    if not chaos_rounds:
        random.shuffle(every)
    started, failures, done = time.monotonic(), [], 0
    while done < len(every):
        if not chaos_rounds and time.monotonic() - started > BUDGET_S / len(ALL):
            break
        failures += await run_all(hall, scenario, every[done : done + TOGETHER])
        done = min(done + TOGETHER, len(every))
    record_property("cases", (scenario.name, done, len(every), len(failures)))
    assert not failures, "\n".join(failures[:20])
