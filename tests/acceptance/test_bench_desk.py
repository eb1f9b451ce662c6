"""`onecard bench desk` with tiny sizes: real product, real agents; its contract, its proofs, nothing left."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ONECARD = Path(sys.executable).with_name("onecard")
ACTS = {"read blank", "issue", "read", "top up", "top up both", "withdraw", "sale"}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("bench")
    environment = {"TMPDIR": str(directory), "PATH": "/usr/bin:/bin", "HOME": str(directory)}
    done = subprocess.run(
        [str(ONECARD), "bench", "desk", "--rounds", "1", "--cards", "2", "--batch", "2", "--json"],
        capture_output=True, text=True, check=False, env=environment, cwd=directory,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not list(directory.glob("onecard-*"))
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_desk_names_every_figure_and_proves_every_round(result: dict[str, Any]) -> None:
    assert set(result["overhead_ms"]) == set(result["ratios"]) == ACTS
    for act in ACTS:
        assert 0 < result["overhead_ms"][act]["p50"] < result["total_ms"][act]["p95"]
        assert result["ratios"][act]["desk_to_scripts"] > 0
        assert result["ratios"][act]["scripts_to_in_process"] > 0
        assert result["radio"]["radio_ms"][act] > 0
    assert all({"what", "goal", "measured", "met"} == set(goal) for goal in result["goals"])
    assert result["check_ok"] is True
    assert [one["check_ok"] for one in result["rounds"]] == [True]


def test_round_trips_do_not_depend_on_the_machine_and_are_held(result: dict[str, Any]) -> None:
    trips = result["round_trips"]
    assert trips["read"] <= 2
    assert trips["read blank"] <= 2
    assert trips["top up"] == trips["top up both"] == trips["withdraw"] == trips["sale"] == 1


def test_radio_times_are_taken(result: dict[str, Any]) -> None:
    radio = result["radio"]
    assert radio["batch"]["cards"] == 2
    assert radio["batch"]["cards_per_minute"] < 60_000 / (
        radio["radio_ms"]["read blank"] + radio["radio_ms"]["issue"]
    )
    assert radio["card_on_screen_ms"]["p50"] > radio["radio_ms"]["read"]
