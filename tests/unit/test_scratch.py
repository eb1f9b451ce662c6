"""Directories of killed processes are removed, those of living ones and of others never."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from onecard.base.scratch import scratch, sweep

PROGRAM = """
from onecard.base.scratch import scratch
with scratch("upload") as directory:
    (directory / "people.xlsx").write_text("李小明")
    print(directory, flush=True)
    input()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory for temporary files of this test's own, for its processes too."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def other() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process with a directory in use."""
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def test_it_is_gone_when_the_block_ends(place: Path) -> None:
    def interrupted() -> None:
        with scratch("job") as directory:
            (directory / "a").write_text("a")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        interrupted()
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_is_removed(other: tuple[subprocess.Popen[str], Path]) -> None:
    process, directory = other
    process.kill()
    process.wait()
    assert (directory / "people.xlsx").exists()
    assert sweep(young_s=0) == 1
    assert not directory.exists()


def test_what_is_in_use_stays(other: tuple[subprocess.Popen[str], Path]) -> None:
    _, directory = other
    with scratch("export") as own:
        assert sweep(young_s=0) == 0
        assert own.exists()
    assert (directory / "people.xlsx").exists()


def test_what_was_made_just_now_may_not_be_held_yet(place: Path) -> None:
    made = place / "onecard-scratch-job-1"
    made.mkdir()
    assert sweep() == 0
    long_ago = time.time() - 3600
    os.utime(made, (long_ago, long_ago))
    assert sweep() == 1
    assert not made.exists()


def test_nothing_else_is_touched(place: Path) -> None:
    """Not what only has such a name, and not where a link of such a name leads."""
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a").write_text("a")
    (place / "onecard-scratch-link").symlink_to(elsewhere)
    (place / "onecard-scratch-file").write_text("a")
    (place / "onecard-data").mkdir()
    assert sweep(young_s=0) == 0
    assert len(list(place.iterdir())) == 4
    assert (elsewhere / "a").exists()
