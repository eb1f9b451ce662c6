"""`onecard worker` beside `onecard serve`: takes jobs, tells the bus, ends with whoever started it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
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


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Of a data directory on which `onecard serve` runs."""
    data = tmp_path / "data"
    monkeypatch.setenv("ONECARD_DATA_DIR", str(data))
    monkeypatch.setenv("ONECARD_MQTT_PORT", "18993")
    with subprocess.Popen([ONECARD, "serve"], env=os.environ, stderr=subprocess.DEVNULL) as serve:
        while read_servers(data) is None:
            assert serve.poll() is None
            time.sleep(0.05)
        yield Settings()
        serve.send_signal(signal.SIGTERM)


async def test_a_child_does_jobs_and_tells_the_bus(settings: Settings, tmp_path: Path) -> None:
    child = WorkerProcess(settings)
    child.start()
    servers = read_servers(settings.data_dir)
    assert servers is not None
    db = await connect(logins(EmbeddedPostgres(settings.data_dir)).application, size=2)
    bus, vault, told = await connect_bus(servers.url), open_vault(settings), asyncio.Event()
    tenant_id = await prepare_example_tenant(db, LI)

    async def hear(subject: str, _payload: bytes) -> None:
        if subject.startswith(f"console.{tenant_id}.job."):
            told.set()

    await bus.subscribe("console.>", hear)
    path = xlsx(tmp_path / "a.xlsx", [HEADINGS, ["1", "王", "学生", "七年级1班"]])
    async with db.tenant_tx(tenant_id, LI) as tx:
        job_id = await start_check(tx, vault, Upload("a.xlsx", "", path), language="en", departments=None)
    assert (await ended(db, tenant_id, job_id), told.is_set(), child.alive()) == ("done", True, True)
    await bus.close()
    await db.close()
    await asyncio.to_thread(child.stop)
    assert not child.alive()


async def ended(db: Database, tenant_id: int, job_id: int) -> str:
    async with asyncio.timeout(30):
        while True:
            async with db.tenant_tx(tenant_id, LI) as tx:
                if (found := await jobs.get(tx, job_id)).ended:
                    return found.state
            await asyncio.sleep(0.1)


def test_a_child_ends_with_its_parent(settings: Settings) -> None:
    child = WorkerProcess(settings)
    child.start()
    process = child._process
    assert process is not None
    assert process.stdin is not None
    time.sleep(3)
    assert child.alive()
    process.stdin.close()
    assert process.wait(10) == 0


def test_without_serve_it_says_so(tmp_path: Path) -> None:
    environment = os.environ | {"ONECARD_DATA_DIR": str(tmp_path / "none")}
    done = subprocess.run([ONECARD, "worker"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No `onecard serve` runs on" in done.stderr
