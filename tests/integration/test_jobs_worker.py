"""`onecard worker` beside `onecard serve`: takes jobs, tells the bus, ends with whoever started it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sheets import HEADINGS, xlsx

from onecard.base.bus import connect_bus
from onecard.base.db import Actor, Database, connect
from onecard.base.embedded import logins
from onecard.base.jobs import service as jobs
from onecard.base.jobs.model import Upload
from onecard.base.pgserver import EmbeddedPostgres
from onecard.base.settings import Settings
from onecard.base.vault import open_vault
from onecard.cli.runtime import read_servers
from onecard.cli.worker_process import WorkerProcess
from onecard.desk.examples import prepare_example_tenant
from onecard.desk.import_job import start_check

ONECARD = str(Path(sys.executable).with_name("onecard"))
LI = Actor("operator", "86720001")


@dataclass(frozen=True)
class Site:
    """A data directory on which `onecard serve` runs."""

    settings: Settings
    serve: subprocess.Popen[bytes]

    def worker(self) -> int:
        """Process id of the worker that `serve` has started; 0 while there is none."""
        children = Path(f"/proc/{self.serve.pid}/task/{self.serve.pid}/children").read_text().split()
        for child in children:
            if b"\0worker\0" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        return 0


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    data = tmp_path / "data"
    monkeypatch.setenv("ONECARD_DATA_DIR", str(data))
    monkeypatch.setenv("ONECARD_MQTT_PORT", "18993")
    with subprocess.Popen([ONECARD, "serve"], stderr=subprocess.DEVNULL) as serve:
        site = Site(Settings(), serve)
        while not site.worker():
            assert serve.poll() is None
            time.sleep(0.05)
        yield site
        serve.send_signal(signal.SIGTERM)


async def test_serve_does_jobs_and_tells_the_bus_also_when_its_worker_was_killed(
    site: Site, tmp_path: Path
) -> None:
    servers, data = read_servers(site.settings.data_dir), site.settings.data_dir
    assert servers is not None
    db = await connect(logins(EmbeddedPostgres(data)).application, size=2)
    bus, vault, told = await connect_bus(servers.url), open_vault(site.settings), asyncio.Event()
    tenant_id = await prepare_example_tenant(db, LI)
    os.kill(site.worker(), signal.SIGKILL)

    async def hear(subject: str, _payload: bytes) -> None:
        if subject.startswith(f"console.{tenant_id}.job."):
            told.set()

    await bus.subscribe("console.>", hear)
    path = xlsx(tmp_path / "a.xlsx", [HEADINGS, ["1", "王", "学生", "七年级1班"]])
    async with db.tenant_tx(tenant_id, LI) as tx:
        job_id = await start_check(tx, vault, Upload("a.xlsx", "", path), language="en", departments=None)
    assert (await ended(db, tenant_id, job_id), told.is_set()) == ("done", True)
    await bus.close()
    await db.close()


async def ended(db: Database, tenant_id: int, job_id: int) -> str:
    async with asyncio.timeout(30):
        while True:
            async with db.tenant_tx(tenant_id, LI) as tx:
                if (found := await jobs.get(tx, job_id)).ended:
                    return found.state
            await asyncio.sleep(0.1)


def test_a_worker_ends_when_its_parents_end_closes_the_pipe(site: Site) -> None:
    child = WorkerProcess(site.settings)
    child.start()
    process = child._process
    assert process is not None
    assert process.stdin is not None
    time.sleep(3)
    assert child.alive()
    process.stdin.close()
    assert process.wait(60) == 0


def test_without_serve_it_says_so(tmp_path: Path) -> None:
    environment = os.environ | {"ONECARD_DATA_DIR": str(tmp_path / "none")}
    done = subprocess.run([ONECARD, "worker"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No `onecard serve` runs on" in done.stderr
