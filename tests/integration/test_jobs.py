"""Jobs on a real queue: started, watched, cancelled, failed, and taken up again after a worker's death."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onecard.base.db import SYSTEM, Actor, Database
from onecard.base.embedded import Logins
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.jobs import service as jobs
from onecard.base.jobs.kinds import JobKind, job
from onecard.base.jobs.lists import JOBS
from onecard.base.jobs.model import Ended, Job, Upload
from onecard.base.jobs.work import Work
from onecard.base.jobs.worker import Pace, Worker
from onecard.base.listing import Wish
from onecard.base.pgserver import EmbeddedPostgres
from onecard.base.texts import read, say
from onecard.base.vault import Vault

LI, WANG = Actor("operator", "86720001", "10.0.0.7"), Actor("operator", "86720002")
TITLE = say("There is no job {id}.", id=7)
PACE = Pace(heartbeat=0.2, poll=0.2)


@job("test.copy", again=True)
async def copy(work: Work) -> Ended:
    path = await work.input()
    content = path.read_bytes()
    work.progress(1, 2, say("There is no job {id}.", id=1))
    path.write_bytes(content[::-1])
    await work.give(path, "反.bin", "application/octet-stream")
    work.progress(2, 2)
    return Ended(say("The job has ended already."), {"bytes": len(content)}, {"first": "王"})


@job("test.endless", again=True)
async def endless(work: Work) -> Ended:
    for step in range(1_000_000):
        work.progress(step, 1_000_000)
        await asyncio.sleep(0.01)
    raise AssertionError


@job("test.refused", again=True)
async def refused(work: Work) -> Ended:
    raise OneCardError(say("There is no job {id}.", id=work.job.id))


@job("test.broken", again=True)
async def broken(work: Work) -> Ended:
    raise ZeroDivisionError


WithWorker = Callable[..., AbstractAsyncContextManager[Worker]]


@pytest.fixture
def worker(db: Database, vault: Vault, urls: Logins) -> WithWorker:
    """A worker of some kinds for the length of a block."""

    @asynccontextmanager
    async def block(*kinds: JobKind, **options: Any) -> AsyncIterator[Worker]:
        one = Worker(db=db, vault=vault, url=urls.application, kinds=kinds, pace=PACE, **options)
        await one.start()
        try:
            yield one
        finally:
            await one.stop()

    return block


async def asked(db: Database, vault: Vault, tenant_id: int, kind: JobKind, **options: Any) -> int:
    async with db.tenant_tx(tenant_id, LI) as tx:
        return await jobs.start(tx, vault, kind, TITLE, **options)


async def until(db: Database, tenant_id: int, job_id: int, wanted: Callable[[Job], bool]) -> Job:
    async with asyncio.timeout(60):
        while True:
            async with db.tenant_tx(tenant_id, LI) as tx:
                found = await jobs.get(tx, job_id)
            if wanted(found):
                return found
            await asyncio.sleep(0.05)


async def ended(db: Database, tenant_id: int, job_id: int) -> Job:
    return await until(db, tenant_id, job_id, lambda found: found.ended)


async def test_a_job_reads_its_file_and_leaves_another(
    db: Database, vault: Vault, worker: WithWorker, two_tenants: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "in.bin"
    path.write_bytes(bytes(range(256)) * 10_000)
    told: list[tuple[int, str]] = []

    async def announce(tenant_id: int, topic: str) -> None:
        told.append((tenant_id, topic))

    async with worker(copy, announce=announce):
        upload = Upload("名单.bin", "application/octet-stream", path)
        job_id = await asked(db, vault, two_tenants[0], copy, params={"x": 1}, file=upload)
        found = await ended(db, two_tenants[0], job_id)
    assert (found.state, found.outcome, found.percent) == ("done", {"bytes": 2_560_000}, 100)
    assert found.title.read("zh-CN") == "任务 7 不存在。"
    assert read(found.sentence or "", "zh-CN") == "任务已经结束。"
    async with db.tenant_tx(two_tenants[0], LI) as tx:
        file, pieces = await jobs.result(tx, vault, job_id)
        content = b"".join([piece async for piece in pieces])
        assert await jobs.detail(tx, vault, job_id) == {"first": "王"}
    assert (file.name, file.size, content) == ("反.bin", 2_560_000, path.read_bytes()[::-1])
    assert (two_tenants[0], f"job.{job_id}") in told


async def test_files_are_sealed_and_only_for_who_asked(
    db: Database, vault: Vault, worker: WithWorker, two_tenants: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b"11010519491231002X")
    async with worker(copy):
        job_id = await asked(db, vault, two_tenants[0], copy, file=Upload("a.csv", "text/csv", path))
        await ended(db, two_tenants[0], job_id)
    async with db.tenant_tx(two_tenants[0], WANG) as tx:
        boxes = await tx.connection.fetch("select box from jobs.piece")
        assert [b"110105" in row["box"] for row in boxes] == [False, False]
        for peek in (jobs.result, jobs.detail):
            with pytest.raises(ConflictError, match="Only who started the job"):
                await peek(tx, vault, job_id)
    async with db.tenant_tx(two_tenants[1], LI) as tx:
        for peek in (jobs.result, jobs.detail):
            with pytest.raises(NotFoundError):
                await peek(tx, vault, job_id)


async def test_a_job_is_asked_for_by_the_commit(
    db: Database, vault: Vault, worker: WithWorker, two_tenants: tuple[int, int]
) -> None:
    async with db.tenant_tx(two_tenants[0], LI) as tx:
        await jobs.start(tx, vault, refused, TITLE)
    with pytest.raises(ZeroDivisionError):
        await _asked_in_vain(db, vault, two_tenants[0])
    async with db.tenant_tx(two_tenants[0], LI) as tx:
        assert (await JOBS.page(tx, Wish(arguments={"asked_by": str(LI)}))).total == 1
        assert (await JOBS.page(tx, Wish(arguments={"asked_by": str(WANG)}))).total == 0
        assert await tx.connection.fetchval("select count(*) from procrastinate.procrastinate_jobs") == 1


async def _asked_in_vain(db: Database, vault: Vault, tenant_id: int) -> None:
    async with db.tenant_tx(tenant_id, LI) as tx:
        await jobs.start(tx, vault, refused, TITLE)
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [(refused, "There is no job"), (broken, "Something unforeseen"), (endless, "does not know this kind")],
)
async def test_failures_are_sentences(
    db: Database,
    vault: Vault,
    worker: WithWorker,
    two_tenants: tuple[int, int],
    *,
    kind: JobKind,
    sentence: str,
) -> None:
    async with worker(refused, broken):
        found = await ended(db, two_tenants[0], await asked(db, vault, two_tenants[0], kind))
    assert found.state == "failed"
    assert sentence in str(found.sentence)


async def test_waiting_and_running_jobs_are_cancelled(
    db: Database, vault: Vault, worker: WithWorker, two_tenants: tuple[int, int]
) -> None:
    tenant_id = two_tenants[0]
    async with worker(endless):
        running = await asked(db, vault, tenant_id, endless)
        waiting = await asked(db, vault, tenant_id, endless)
        await until(db, tenant_id, running, lambda found: found.done > 0)
        async with db.tenant_tx(tenant_id, LI) as tx:
            assert [await jobs.cancel(tx, each) for each in (running, waiting)] == ["running", "cancelled"]
        assert (await ended(db, tenant_id, running)).state == "cancelled"
        async with db.tenant_tx(tenant_id, LI) as tx:
            with pytest.raises(ConflictError, match="ended already"):
                await jobs.cancel(tx, waiting)


async def test_one_tenants_jobs_do_not_hold_up_anothers(
    db: Database, vault: Vault, worker: WithWorker, two_tenants: tuple[int, int]
) -> None:
    async with worker(endless, refused, at_once=2):
        first = await asked(db, vault, two_tenants[0], endless)
        second = await asked(db, vault, two_tenants[0], endless)
        await until(db, two_tenants[0], first, lambda found: found.state == "running")
        await ended(db, two_tenants[1], await asked(db, vault, two_tenants[1], refused))
        assert (await until(db, two_tenants[0], second, lambda _: True)).state == "queued"


async def test_a_stopped_workers_job_is_begun_again_by_the_next(
    db: Database, vault: Vault, worker: WithWorker, two_tenants: tuple[int, int]
) -> None:
    async with worker(endless):
        job_id = await asked(db, vault, two_tenants[0], endless)
        await until(db, two_tenants[0], job_id, lambda found: found.state == "running")
    async with worker(endless):
        found = await until(db, two_tenants[0], job_id, lambda found: found.attempt == 2)
    assert found.state == "running"


async def end_all_connections(postgres: EmbeddedPostgres, name: str) -> None:
    """End every connection of a database."""
    superuser = await asyncpg.connect(postgres.url())
    try:
        # each answer waits until that connection's process has ended
        await superuser.execute(
            "select pg_terminate_backend(pid, 30000) from pg_stat_activity where datname = $1", name
        )
    finally:
        await superuser.close()


async def asked_again(db: Database, vault: Vault, tenant_id: int, kind: JobKind) -> int:
    """As `asked`; who asks first may be given a connection that nobody has noticed to be dead."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await asked(db, vault, tenant_id, kind)
            except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
                await asyncio.sleep(0.05)


async def test_a_worker_survives_the_loss_of_all_its_connections(
    db: Database, vault: Vault, worker: WithWorker, two_tenants: tuple[int, int], postgres: EmbeddedPostgres
) -> None:
    async with worker(refused):
        await ended(db, two_tenants[0], await asked(db, vault, two_tenants[0], refused))
        async with db.tenant_tx(two_tenants[0], LI) as tx:
            name = await tx.connection.fetchval("select current_database()")
        await end_all_connections(postgres, name)
        second = await asked_again(db, vault, two_tenants[0], refused)
        assert (await ended(db, two_tenants[0], second)).state == "failed"


async def test_files_and_details_go_after_their_time(
    db: Database,
    vault: Vault,
    worker: WithWorker,
    two_tenants: tuple[int, int],
    *,
    tmp_path: Path,
    urls: Logins,
) -> None:
    path = tmp_path / "in.bin"
    path.write_bytes(b"12")
    async with worker(copy):
        job_id = await asked(db, vault, two_tenants[0], copy, file=Upload("a", "b", path))
        await ended(db, two_tenants[0], job_id)
    await _expire(urls)
    async with worker():
        await until(db, two_tenants[0], job_id, lambda found: found.result is None and found.input is None)
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        assert await jobs.detail(tx, vault, job_id) is None
        assert await tx.connection.fetchval("select count(*) from jobs.piece") == 0


async def _expire(urls: Logins) -> None:
    owner = await asyncpg.connect(urls.owner)
    try:
        await owner.execute(
            "alter table jobs.job disable row level security, no force row level security;"
            "update jobs.job set expires_at = now() - interval '1 second';"
            "alter table jobs.job enable row level security, force row level security"
        )
    finally:
        await owner.close()


async def test_a_worker_removes_what_killed_ones_left_on_this_disk(
    worker: WithWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "onecard-scratch-job-1"
    left.mkdir()
    (left / "input.xlsx").write_text("李小明")
    os.utime(left, (0, 0))
    async with worker(copy), asyncio.timeout(60):
        while left.exists():  # noqa: ASYNC110  a directory does not tell
            await asyncio.sleep(0.02)
