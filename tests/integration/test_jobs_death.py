"""Workers that die or freeze in the middle of a job: taken up again or failed, never done twice."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from job_process import PACE, WENT_ON, again, once
from sheets import HEADINGS, xlsx

from onecard.base.db import SYSTEM, Database
from onecard.base.embedded import Logins
from onecard.base.jobs import service as jobs
from onecard.base.jobs.kinds import JobKind
from onecard.base.jobs.model import Job, Upload
from onecard.base.jobs.worker import Worker
from onecard.base.texts import say
from onecard.base.vault import Vault
from onecard.desk import import_job
from onecard.desk.examples import prepare_example_tenant

PROGRAM = Path(__file__).with_name("job_process.py")


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """What the process says."""
    return tmp_path / "said.txt"


@pytest.fixture
def process(urls: Logins, said: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, PROGRAM, urls.application]
    with said.open("w") as file, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=file) as one:
        yield one
        one.kill()


@asynccontextmanager
async def second_worker(db: Database, vault: Vault, urls: Logins) -> AsyncIterator[None]:
    worker = Worker(
        db=db, vault=vault, url=urls.application, kinds=[again, once, *import_job.KINDS], pace=PACE
    )
    await worker.start()
    try:
        yield
    finally:
        await worker.stop()


async def begun(db: Database, vault: Vault, tenant_id: int, kind: JobKind) -> int:
    """A job whose first step the process has committed."""
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        job_id = await jobs.start(tx, vault, kind, say("Job"))
    await until(db, tenant_id, job_id, lambda found: found.done == 1)
    return job_id


async def until(db: Database, tenant_id: int, job_id: int, wanted: Callable[[Job], bool]) -> Job:
    async with asyncio.timeout(60):
        while True:
            async with db.tenant_tx(tenant_id, SYSTEM) as tx:
                found = await jobs.get(tx, job_id)
            if wanted(found):
                return found
            await asyncio.sleep(0.05)


async def counted(db: Database, tenant_id: int) -> dict[str, int]:
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        rows = await tx.connection.fetch(
            "select name, value from tenants.counter where name ~ '^(begun|ended)$'"
        )
    return {row["name"]: row["value"] for row in rows}


async def test_a_killed_workers_job_is_done_by_another(
    db: Database, vault: Vault, urls: Logins, two_tenants: tuple[int, int], process: subprocess.Popen[bytes]
) -> None:
    job_id = await begun(db, vault, two_tenants[0], again)
    process.kill()
    async with second_worker(db, vault, urls):
        found = await until(db, two_tenants[0], job_id, lambda found: found.ended)
    assert (found.state, found.attempt) == ("done", 2)
    assert await counted(db, two_tenants[0]) == {"begun": 2, "ended": 1}


async def test_what_must_not_be_repeated_fails_with_a_sentence(
    db: Database, vault: Vault, urls: Logins, two_tenants: tuple[int, int], process: subprocess.Popen[bytes]
) -> None:
    job_id = await begun(db, vault, two_tenants[0], once)
    process.kill()
    async with second_worker(db, vault, urls):
        found = await until(db, two_tenants[0], job_id, lambda found: found.ended)
    assert found.state == "failed"
    assert "interrupted" in str(found.sentence)
    assert await counted(db, two_tenants[0]) == {"begun": 1}


def went_on(said: Path) -> bool:
    return WENT_ON in said.read_text()


async def test_a_frozen_worker_that_wakes_up_changes_nothing(
    db: Database,
    vault: Vault,
    urls: Logins,
    two_tenants: tuple[int, int],
    *,
    process: subprocess.Popen[bytes],
    said: Path,
) -> None:
    job_id = await begun(db, vault, two_tenants[0], again)
    process.send_signal(signal.SIGSTOP)
    async with second_worker(db, vault, urls):
        found = await until(db, two_tenants[0], job_id, lambda found: found.ended)
        process.send_signal(signal.SIGCONT)
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        async with asyncio.timeout(60):
            while not went_on(said):  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(0.02)
    assert await until(db, two_tenants[0], job_id, lambda _: True) == found
    assert await counted(db, two_tenants[0]) == {"begun": 2, "ended": 1}


async def test_an_import_whose_worker_is_killed_while_it_saves_is_done_once(
    db: Database, vault: Vault, urls: Logins, tmp_path: Path, process: subprocess.Popen[bytes]
) -> None:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    rows: list[list[object]] = [[str(n), "王小明", "学生", "七年级1班"] for n in range(1000, 5000)]
    file = Upload("a.xlsx", "", xlsx(tmp_path / "a.xlsx", [HEADINGS, *rows]))
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        check = await import_job.start_check(tx, vault, file, language="en", departments=None)
    await until(db, tenant_id, check, lambda found: found.ended)
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        job_id = await import_job.start_import(tx, vault, check, all_or_nothing=True, departments=None)
    await until(db, tenant_id, job_id, lambda found: str(found.step) == "Saving people" and found.done > 0)
    process.kill()
    async with second_worker(db, vault, urls):
        found = await until(db, tenant_id, job_id, lambda found: found.ended)
    assert (found.state, found.attempt, found.outcome["new"]) == ("done", 2, 4000)
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        assert await tx.connection.fetchval("select count(*) from people.person") == 4000
        noted = "select count(*) from audit.entry where function = 'people:person:import'"
        assert await tx.connection.fetchval(noted) == 4000
