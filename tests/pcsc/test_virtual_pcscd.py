"""The virtual pcscd itself: it is ours, it comes up beside others, and it never outlives its starter."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from onecard.base.errors import UnavailableError
from onecard.sim.pcscd import daemon
from onecard.sim.pcscd.daemon import VirtualPcscd

pytestmark = pytest.mark.usefixtures("installed")
STARTER = """
import sys, time
from pathlib import Path
from onecard.sim.pcscd.daemon import VirtualPcscd
pcscd = VirtualPcscd(directory=Path(sys.argv[1]))
pcscd.start()
print(pcscd.pid, flush=True)
time.sleep(60)
"""


def ended(pid: int) -> bool:
    """A zombie has ended, though nobody may have collected it yet."""
    stat = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 30.0
    while stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z":
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_it_ends_with_its_starter_and_starts_over_what_is_left(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER, tmp_path], stdout=subprocess.PIPE) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        os.kill(pid, signal.SIGSTOP)  # a crash of both: it has no time to clean up
        starter.kill()
    os.kill(pid, signal.SIGKILL)
    assert ended(pid)
    with VirtualPcscd(directory=tmp_path) as pcscd:
        assert pcscd.pid
    with subprocess.Popen([sys.executable, "-c", STARTER, tmp_path], stdout=subprocess.PIPE) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        starter.kill()
    assert ended(pid)


def test_two_at_once(tmp_path: Path) -> None:
    with VirtualPcscd(directory=tmp_path / "one") as one, VirtualPcscd(directory=tmp_path / "two") as two:
        assert one.pid != two.pid
        assert one.cradles[0].port != two.cradles[0].port
    assert not (tmp_path / "one").exists()


def test_where_namespaces_are_forbidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the system's place, if that is free and may be written to."""
    monkeypatch.setattr(daemon, "_may_have_namespace", lambda: False)
    pcscd = VirtualPcscd(directory=tmp_path)
    place = Path(pcscd.environment["PCSCLITE_CSOCK_NAME"])
    assert place == Path("/run/pcscd/pcscd.comm")
    if os.geteuid() != 0 or place.exists():
        with pytest.raises(UnavailableError, match="pcscd did not start with a virtual reader: "):
            pcscd.start()
        return
    with pcscd:
        assert place.exists()
        pcscd.kill()
        pcscd.start()
    assert not place.exists()


def test_a_taken_port_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pcscd itself would live on without a reader."""
    free_ports = daemon._free_ports
    with ExitStack() as stack:
        taken = stack.enter_context(socket.create_server(("", 0))).getsockname()[1]

        def tried() -> Iterator[int]:
            monkeypatch.setattr(daemon, "_START_TIMEOUT_S", 0.1)
            yield from (taken, taken - 1)
            monkeypatch.setattr(daemon, "_START_TIMEOUT_S", 30.0)
            while True:
                yield free_ports()

        ports = tried()
        monkeypatch.setattr(daemon, "_free_ports", lambda: next(ports))
        pcscd = stack.enter_context(VirtualPcscd(directory=tmp_path))
        assert {cradle.port for cradle in pcscd.cradles}.isdisjoint({taken, taken - 1})


def test_what_it_says_when_it_cannot_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_PROGRAM", "/bin/false")
    with pytest.raises(
        UnavailableError, match=r"pcscd did not start with a virtual reader: it said nothing\."
    ):
        VirtualPcscd(directory=tmp_path).start()
    monkeypatch.setattr(daemon, "DRIVER", tmp_path / "none")
    with pytest.raises(UnavailableError, match="make system-deps"):
        VirtualPcscd(directory=tmp_path).start()
