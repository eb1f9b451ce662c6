"""`onecard bench` with tiny sizes: it runs on real servers, keeps its contract and leaves nothing behind."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ONECARD = Path(sys.executable).with_name("onecard")


def bench(directory: Path, *arguments: str) -> dict[str, Any]:
    environment = {"TMPDIR": str(directory), "PATH": "/usr/bin:/bin", "HOME": str(directory)}
    done = subprocess.run(
        [str(ONECARD), "bench", *arguments, "--json"], capture_output=True, text=True, check=False,
        env=environment, cwd=directory,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not list(directory.glob("onecard-*"))
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_ledger_names_every_figure_and_proves_every_round(tmp_path: Path) -> None:
    result = bench(
        tmp_path, "ledger", "--rounds", "1", "--seconds", "0.5", "--accounts", "300", "--scale", "1"
    )
    assert list(result["engine"]) == ["1", "64", "512", "2048"]
    assert list(result["pgbench"]) == ["1", "8", "32"]
    assert all(rate > 0 for rate in [*result["engine"].values(), *result["pgbench"].values()])
    best = max(result["pgbench"].values())
    assert abs(result["ratio_best"] - result["engine"]["512"] / best) < 0.01
    assert result["latency_ms"]["engine"]["1"]["p50"] > 0
    assert result["latency_ms"]["ratio_1"] > 0
    assert result["check_ok"] is True
    assert [one["check_ok"] for one in result["rounds"]] == [True]


def test_tap_names_every_figure_and_proves_the_books(tmp_path: Path) -> None:
    result = bench(
        tmp_path, "tap", "--rounds", "1", "--seconds", "1", "--terminals", "30", "--people", "60",
        "--rate-most", "200",
    )  # fmt: skip
    assert set(result["at_200"]) == {"p50", "p95", "p99"}
    assert 0 < result["at_200"]["p50"] <= result["at_200"]["p99"]
    assert result["rounds"][0]["refused"] == 0
    assert isinstance(result["highest_rate"], int)
    assert result["check_ok"] is True
