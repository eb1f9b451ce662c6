"""The proof by exhaustion: every operation, every cut; `make test` takes a part of it, `make chaos` all."""

import random
import sys
import time

import pytest
from exhaustion import Scenario, cuts, measure, run_all
from hall import Hall
from life_scenarios import LIFE
from scenarios import SCENARIOS

BUDGET_S = 90.0  # for all operations together, on one core; what is left over is left to `make chaos`
ALL = (*SCENARIOS, *LIFE)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scenario", ALL, ids=[each.name for each in ALL])
async def test_card_and_ledger_agree_after_every_cut(
    hall: Hall, scenario: Scenario, chaos_rounds: int, capsys: pytest.CaptureFixture[str]
) -> None:
    every = list(cuts(*await measure(hall, scenario), debits=range(4) if scenario.spends else (0,)))
    chosen = every if chaos_rounds else random.sample(every, len(every))
    started, failures, done = time.monotonic(), [], 0
    while done < len(chosen):
        if not chaos_rounds and time.monotonic() - started > BUDGET_S / len(ALL):
            break
        failures += await run_all(hall, scenario, chosen[done : done + 64])
        done = min(done + 64, len(chosen))
    with capsys.disabled():
        sys.stdout.write(f"\n{scenario.name}: {done} of {len(every)} cases, {len(failures)} disagreements")
    assert not failures, "\n".join(failures[:20])
