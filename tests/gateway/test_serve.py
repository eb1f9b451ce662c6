"""`onecard serve` as a process: starts everything, survives its servers' death, ends everything."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pos import Pos

from onecard.devices.model import Credentials
from onecard.sim.mqtt import BusRefusedError

ONECARD = str(Path(sys.executable).with_name("onecard"))
MQTT_PORT = 18990


@dataclass
class Site:
    """A data directory, and commands that work on it."""

    data: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: dict[subprocess.Popen[str], Path] = field(default_factory=dict)

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A process; what it says goes to a file, because a pipe that nobody reads would stop it."""
        said = self.data.parent / f"said-{len(self.started)}.txt"
        with said.open("w") as file:
            process = subprocess.Popen([ONECARD, *command], env=self.environment, stderr=file, text=True)
        self.started[process] = said
        return process

    def serve(self, *command: str) -> subprocess.Popen[str]:
        """Start a process that runs until it is ended, and wait until it says that it does."""
        process, deadline = self.start(*(command or ("serve",))), time.monotonic() + 60
        while "is running" not in self.started[process].read_text():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process

    def end(self, process: subprocess.Popen[str]) -> str:
        """Wait for its end; what it said."""
        process.wait(timeout=60)
        return self.started[process].read_text()

    def run(self, *command: str) -> dict[str, object]:
        done = subprocess.run(
            [ONECARD, *command, "--json"], env=self.environment, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return dict(json.loads(done.stdout))

    def address(self) -> tuple[str, int]:
        servers = json.loads((self.data / "run" / "servers.json").read_text())
        return servers["mqtt_host"], servers["mqtt_port"]

    def pid(self, file: str) -> int:
        return int((self.data / file).read_text().split("\n", 1)[0])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    data = tmp_path / "data"
    environment = os.environ | {"ONECARD_DATA_DIR": str(data), "ONECARD_MQTT_PORT": str(MQTT_PORT)}
    site = Site(data, environment)
    yield site
    for process in site.started:
        process.terminate()
    for process in site.started:
        site.end(process)


def school(site: Site) -> Credentials:
    """A tenant, a merchant, a certified terminal, all by commands."""
    site.run("tenant", "create", "8672", "青松学校")
    site.run("merchant", "create", "C1", "一号窗口", "--tenant", "8672")
    given = site.run("device", "certify", "POS-1", "--tenant", "8672", "--merchant", "C1")
    names = ("user", "secret", "client_id", "topic_prefix")
    return Credentials(1, *(str(given[name]) for name in names))


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


async def test_a_day_of_a_site(site: Site) -> None:
    serve = site.serve()
    pos = Pos(site.address(), school(site))
    await pos.connect()
    pos.announce()
    assert (await pos.pay("A1B2C3D4", 1_00, seq=1))["code"] == "card_unknown"
    more = site.serve("gateway")
    for _ in range(20):
        assert (await pos.ask(pos.request("time")))["ok"]
    counts = site.run("device", "counters")
    assert counts["req.pay.card_unknown"] == 1
    assert counts["req.time.ok"] == 20
    assert site.run("device", "list", "--tenant", "8672")["devices"][0]["online"]  # type: ignore[index]
    second = site.start("serve")
    assert "is in use by process" in site.end(second)
    assert second.returncode == 1
    servers = [site.pid("pg/postmaster.pid"), site.pid("nats/nats.pid")]
    since = time.monotonic()
    for process in (more, serve):
        process.send_signal(signal.SIGTERM)
        site.end(process)
        assert process.returncode == 0
    assert time.monotonic() - since < 25  # it takes one or two
    assert all(gone(pid) for pid in servers)
    assert await pos.is_disconnected()


async def test_servers_that_are_killed_come_back(site: Site) -> None:
    site.serve()
    pos = Pos(site.address(), school(site))
    for file in ("pg/postmaster.pid", "nats/nats.pid"):
        await pos.connect()
        pos.announce()
        assert (await pos.pay("A1B2C3D4", 1_00, seq=1))["code"] == "card_unknown"
        os.kill(site.pid(file), signal.SIGKILL)
        pos.client.kill()
        pos.boot += 1
        assert await answers(pos) == "card_unknown"
        pos.client.kill()
        pos.boot += 1


async def answers(pos: Pos, within_s: float = 60) -> str:
    """What the terminal is told as soon as it is told anything but “busy”."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            await pos.connect()
            pos.announce()
            code = str((await pos.pay("A1B2C3D4", 1_00, seq=1))["code"])
        except (BusRefusedError, TimeoutError):
            code = "busy"
        if code not in {"busy", "epoch_unknown"}:
            return code
        await asyncio.sleep(0.1)
    return "nothing"


async def test_a_killed_product_leaves_servers_that_the_next_one_takes_over(site: Site) -> None:
    first = site.serve()
    pos = Pos(site.address(), school(site))
    servers = [site.pid("pg/postmaster.pid"), site.pid("nats/nats.pid")]
    first.kill()
    first.wait()
    site.serve()
    assert [site.pid("pg/postmaster.pid"), site.pid("nats/nats.pid")] == servers
    assert await answers(pos) == "card_unknown"
    pos.client.kill()


def test_commands_that_need_a_gateway_say_so(site: Site) -> None:
    for command in (("gateway",), ("device", "counters")):
        process = site.start(*command)
        said = site.end(process)
        assert process.returncode == 1
        assert said.strip().splitlines()[-1].endswith("onecard serve`.") or "start it first" in said
        assert "Traceback" not in said
