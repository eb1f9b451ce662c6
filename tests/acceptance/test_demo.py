"""`onecard demo` as a user runs it: the whole thread on real servers, the proofs, an orderly end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onecard.base.natsserver import EmbeddedNats
from onecard.base.pgserver import EmbeddedPostgres
from onecard.base.settings import Settings
from onecard.cli.demo import hold_lunch, prove
from onecard.cli.demo_screen import Stages
from onecard.cli.serve import running_product
from onecard.sim.fleet import Lunch

ONECARD = Path(sys.executable).with_name("onecard")
SMALL = ("--terminals", "8", "--seconds", "3", "--rate", "60", "--seed", "11")


def start(directory: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(directory.parent)}
    return subprocess.Popen(
        [str(ONECARD), "demo", "--data", str(directory), *arguments], text=True, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def onecard(directory: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"ONECARD_DATA_DIR": str(directory), "PATH": "/usr/bin:/bin", "HOME": str(directory.parent)}
    return subprocess.run(
        [str(ONECARD), *arguments], capture_output=True, text=True, check=False, env=environment
    )


def nothing_runs(directory: Path) -> bool:
    return EmbeddedPostgres(directory).pid() is None and EmbeddedNats(directory).pid() is None


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A demo that ran with --json: its directory and its summary."""
    directory = tmp_path_factory.mktemp("demo") / "data"
    process = start(directory, *SMALL, "--json")
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    return directory, json.loads(out.splitlines()[-1])


def test_every_proof_holds_and_the_terminals_agree(finished: tuple[Path, dict[str, Any]]) -> None:
    _, summary = finished
    assert summary["ok"] is True
    names = [proof["name"] for proof in summary["proofs"]]
    assert "terminals_equal_ledger" in names
    assert len(names) > 1
    assert all(proof["ok"] for proof in summary["proofs"])


def test_the_whole_list_is_imported_and_everybody_eats(finished: tuple[Path, dict[str, Any]]) -> None:
    _, summary = finished
    assert (summary["people"], summary["terminals"]) == (500, 8)
    assert {row["merchant"] for row in summary["takings"]} == {"M1", "M2", "M3", "M4"}
    assert {row["meal"] for row in summary["takings"]} == {"午餐"}
    assert sum(row["amount_fen"] for row in summary["takings"]) == summary["sold_fen"] > 0
    assert summary["sales"] + sum(summary["refusals"].values()) == summary["taps"]


def test_things_went_wrong_on_the_way(finished: tuple[Path, dict[str, Any]]) -> None:
    _, summary = finished
    assert all(count >= 1 for count in summary["faults"].values())
    assert summary["offline_sales"] > 0
    assert {"balance_too_low", "limit_transaction", "card_unknown"} & set(summary["refusals"])
    assert 0 < summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"]


def test_nothing_is_left_running_and_the_books_can_be_proven_later(
    finished: tuple[Path, dict[str, Any]],
) -> None:
    directory, _ = finished
    assert nothing_runs(directory)
    done = onecard(directory, "check", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"] is True


def test_it_stays_up_until_sigterm_and_replaces_an_earlier_demo(
    finished: tuple[Path, dict[str, Any]],
) -> None:
    directory, _ = finished
    process = start(directory, "--terminals", "2", "--seconds", "1", "--rate", "10")
    assert process.stdout is not None
    shown = ""
    while "Ctrl-C" not in shown:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        shown += line
    assert all(word in shown for word in ("第一食堂", "MQTT", str(directory), "terminals_equal_ledger"))
    more = onecard(directory, "sim", "--tenant", "8672", "--terminals", "3", "--seconds", "1", "--json")
    assert more.returncode == 0, more.stderr
    assert json.loads(more.stdout)["taps"] > 0
    assert json.loads(onecard(directory, "check", "--json").stdout)["ok"] is True
    assert ended_in_time(process) == 0
    assert nothing_runs(directory)


def test_sigterm_in_the_middle_of_lunch_ends_it(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    process = start(directory, "--terminals", "2", "--seconds", "500", "--json")
    deadline = time.monotonic() + 30
    while not (directory / "run" / "servers.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.5)
    assert ended_in_time(process) == 143
    assert nothing_runs(directory)


def ended_in_time(process: "subprocess.Popen[str]") -> int:
    """The exit code after SIGTERM; five seconds are allowed."""
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert time.monotonic() - begun < 5
    return process.returncode


def test_sim_without_a_running_product_says_so(tmp_path: Path) -> None:
    done = onecard(tmp_path, "sim", "--tenant", "8672")
    assert done.returncode == 1
    assert "No `onecard serve` runs on" in done.stderr
    assert nothing_runs(tmp_path)


def test_a_directory_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    process = start(tmp_path, "--json")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.strip().endswith("choose another directory with --data.")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


async def test_a_tampered_ledger_fails_the_proofs(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, mqtt_port=18831)
    lunch = Lunch(seconds=1, taps_per_second=20)
    async with running_product(settings) as product:
        stages = Stages(hidden=True)
        summary, campus, tally = await hold_lunch(
            product, settings, lunch, terminals=4, seed=3, stages=stages
        )
        assert summary["ok"] is True
        connection = await asyncpg.connect(EmbeddedPostgres(tmp_path).url(database="onecard"))
        await connection.execute("update ledger.book set balance_fen = balance_fen + 1 where kind = 17")
        await connection.close()
        proven = {proof["name"]: proof["ok"] for proof in await prove(product, campus, tally)}
    assert proven["terminals_equal_ledger"] is False
    assert list(proven.values()).count(False) > 1
