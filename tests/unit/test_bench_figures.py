"""The benchmarks' arithmetic: order, medians, ratios, and figures that must not be believed."""

import pytest

from onecard.base.errors import UnavailableError
from onecard.bench import ledger, tap
from onecard.bench.harness import Peer, Round, Sample, interleave, medians, percentile
from onecard.bench.pgbench import read_tps

REPORT = """transaction type: <builtin: TPC-B (sort of)>
number of transactions actually processed: 9936
number of failed transactions: {failed} (0.000%)
latency average = 3.219 ms
tps = 2485.071905 (without initial connection time)
"""


def peers() -> list[Peer]:
    async def run() -> Sample:
        return Sample(1.0, 1.0, 1.0)

    return [Peer("engine", size, run) for size in (1, 64, 512)] + [Peer("pgbench", 8, run)]


async def order(seed: int) -> list[list[int]]:
    async def holds() -> tuple[bool, str]:
        return True, ""

    rounds = await interleave(peers(), rounds=3, seed=seed, check=holds, progress=lambda line: None)
    return [[peer.size for peer, _ in one.samples] for one in rounds]


async def test_every_peer_runs_once_in_each_round_in_an_order_of_the_seed() -> None:
    assert all(sorted(sizes) == [1, 8, 64, 512] for sizes in await order(1))
    assert await order(1) == await order(1) != await order(2)


def rounds(*, check_ok: bool = True) -> list[Round]:
    engine, single = Peer("engine", 512, peers()[0].run), Peer("engine", 1, peers()[0].run)
    best, first = Peer("pgbench", 32, engine.run), Peer("pgbench", 1, engine.run)
    return [
        Round(
            (
                (engine, Sample(speed, 8.0, 20.0)),
                (single, Sample(3000, 0.3, 0.5)),
                (best, Sample(5000, 4.0, 9.0)),
                (first, Sample(1600, 0.6, 0.8)),
            ),
            check_ok,
            "",
        )
        for speed in (30_000, 50_000, 45_000)
    ]


def test_figures_are_medians_over_the_rounds() -> None:
    assert medians(rounds(), "engine")[512].per_second == 45_000


def test_the_report_has_the_keys_and_ratios_others_rely_on() -> None:
    result = ledger.report(rounds())
    assert {"rounds", "engine", "pgbench", "ratio_best", "latency_ms", "check_ok"} <= set(result)
    assert result["engine"] == {"1": 3000, "512": 45_000}
    assert (result["ratio_best"], result["ratio_2048"]) == (9.0, None)
    assert result["latency_ms"]["ratio_1"] == 0.5
    assert result["check_ok"] is True


def test_one_failed_check_fails_the_whole_run() -> None:
    assert ledger.report([*rounds(), *rounds(check_ok=False)])["check_ok"] is False


def test_pgbench_with_failed_transactions_is_not_believed() -> None:
    assert read_tps(REPORT.format(failed=0)) == 2485.071905
    for wrong in (REPORT.format(failed=1), "", REPORT.replace("tps", "tpm").format(failed=0)):
        with pytest.raises(UnavailableError, match="not usable"):
            read_tps(wrong)


@pytest.mark.parametrize(
    ("achieved", "p99_ms", "alone", "held"),
    [(200, 49, 0, True), (193, 50, 0, False), (200, 51, 0, False), (200, 10, 1, False)],
)
def test_a_rate_is_held_only_in_time_completely_and_online(
    achieved: float, p99_ms: float, alone: int, *, held: bool
) -> None:
    run = tap.Run(200, achieved, 5, 20, p99_ms, refused=0, decided_alone=alone)
    assert run.held is held


def test_percentiles() -> None:
    assert percentile([], 0.5) == 0
    assert percentile([1, 2, 3, 4], 0.5) == 3
    assert percentile(range(100), 0.99) == 99
