"""`onecard worker` beside `onecard serve`: takes jobs, tells the bus, ends with whoever started it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
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
            with suppress(OSError):  # it has ended meanwhile
                if b"\0worker\0" in Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        return 0

    @asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        db = await connect(logins(EmbeddedPostgres(self.settings.data_dir)).application, size=2)
        try:
            yield db
        finally:
            await db.close()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    data = tmp_path / "data"
    monkeypatch.setenv("ONECARD_DATA_DIR", str(data))
    monkeypatch.setenv("ONECARD_MQTT_PORT", "18993")
    with subprocess.Popen([ONECARD, "serve"], stderr=subprocess.DEVNULL) as serve:
        site, deadline = Site(Settings(), serve), time.monotonic() + 60
        try:
            while not site.worker():
                assert serve.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield site
        finally:
            serve.terminate()


async def test_serve_does_jobs_and_tells_the_bus_also_when_its_worker_was_killed(
    site: Site, tmp_path: Path
) -> None:
    upload = Upload("a.xlsx", "", xlsx(tmp_path / "a.xlsx", [HEADINGS, ["1", "王", "学生", "七年级1班"]]))
    async with site.database() as db, heard(site) as told:
        tenant_id = await prepare_example_tenant(db, LI)
        worker = site.worker()
        assert worker
        os.kill(worker, signal.SIGKILL)
        async with db.tenant_tx(tenant_id, LI) as tx:
            vault = open_vault(site.settings)
            job_id = await start_check(tx, vault, upload, language="en", departments=None)
        assert await ended(db, tenant_id, job_id) == "done"
        async with asyncio.timeout(30):
            while await told.get() != f"console.{tenant_id}.job.{job_id}":
                pass


@asynccontextmanager
async def heard(site: Site) -> AsyncIterator["asyncio.Queue[str]"]:
    """What is told to consoles, by subject."""
    servers, subjects = read_servers(site.settings.data_dir), asyncio.Queue[str]()
    assert servers is not None
    bus = await connect_bus(servers.url)

    async def hear(subject: str, _payload: bytes) -> None:
        subjects.put_nowait(subject)

    try:
        await bus.subscribe("console.>", hear)
        yield subjects
    finally:
        await bus.close()


async def ended(db: Database, tenant_id: int, job_id: int) -> str:
    async with asyncio.timeout(60):
        while True:
            async with db.tenant_tx(tenant_id, LI) as tx:
                if (found := await jobs.get(tx, job_id)).ended:
                    return found.state
            await asyncio.sleep(0.1)


async def test_a_worker_ends_when_its_parents_end_closes_the_pipe(site: Site) -> None:
    child = WorkerProcess(site.settings)
    try:
        child.start()
        process = child._process
        assert process is not None
        assert process.stdin is not None
        async with site.database() as db, asyncio.timeout(60):
            while await workers(db) < 2:  # noqa: ASYNC110  the other one is of `serve`
                await asyncio.sleep(0.05)
        assert child.alive()
        process.stdin.close()
        assert process.wait(60) == 0
    finally:
        child.stop()


async def workers(db: Database) -> int:
    async with db.platform_tx(LI) as tx:
        return int(await tx.connection.fetchval("select count(*) from procrastinate.procrastinate_workers"))


def test_without_serve_it_says_so(tmp_path: Path) -> None:
    environment = os.environ | {"ONECARD_DATA_DIR": str(tmp_path / "none")}
    done = subprocess.run([ONECARD, "worker"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No `onecard serve` runs on" in done.stderr
