"""`onecard …` as typed into a shell: a process of its own for each command.

It is forked from one that has loaded all commands already, so that a test does not wait for Python to start:
tens of milliseconds instead of most of a second. That the program starts by itself, each command with no more
loaded than it asks for, is what tests/integration/test_commands_alone.py shows.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from onecard.base.embedded import Logins
from onecard.cli.main import COMMANDS, GROUPS, run

_LASTS_S = 60
_processes = get_context("forkserver")
_processes.set_forkserver_preload([f"onecard.cli.{name}" for name in ("main", *COMMANDS, *GROUPS)])


def settings(urls: Logins, directory: Path) -> dict[str, str]:
    """The environment of a shell whose `onecard` works on a test's database; files go into a directory."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": urls.application,
        "ONECARD_DATABASE_OWNER_URL": urls.owner,
        "ONECARD_DATABASE_ENGINE_URL": urls.engine,
        "ONECARD_DATA_DIR": str(directory / "data"),
    }


def onecard(
    *words: str, env: Mapping[str, str], cwd: Path, text: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end.

    Args:
        words: after `onecard`.
        env: the whole environment.
        cwd: the working directory.
        text: what is typed into it.
    """
    with TemporaryDirectory(prefix="onecard-shell-") as name:
        streams = [Path(name) / stream for stream in ("in", "out", "err")]
        streams[0].write_text(text, encoding="utf-8")
        command = _processes.Process(target=_become, args=(words, dict(env), str(cwd), streams))
        command.start()
        command.join(_LASTS_S)
        if command.exitcode is None:
            command.kill()
            raise subprocess.TimeoutExpired(words, _LASTS_S)
        _, out, err = (stream.read_text(encoding="utf-8") if stream.exists() else "" for stream in streams)
        return subprocess.CompletedProcess(words, command.exitcode, out, err)


def _become(words: tuple[str, ...], env: dict[str, str], cwd: str, streams: list[Path]) -> None:
    """What the forked process does: puts on what a shell would have given it, then is the program."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, stream in enumerate(streams):
        file = os.open(stream, os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  the number, and till the end
    sys.argv = ["onecard", *words]
    run()
