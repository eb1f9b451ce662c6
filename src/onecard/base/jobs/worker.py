"""The worker: takes jobs from the queue, one process among many; what a dead one left is taken up again."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import procrastinate
from procrastinate.exceptions import ConnectorException

from onecard.base import scratch
from onecard.base.bus import Bus
from onecard.base.db import SYSTEM, Database, load_queries
from onecard.base.jobs.kinds import JobKind
from onecard.base.jobs.queue_schema import SCHEMA
from onecard.base.jobs.runner import BROKEN, run_job
from onecard.base.jobs.work import Announce, Tools
from onecard.base.vault import Vault

log = logging.getLogger(__name__)
_sql = load_queries("onecard.base.jobs")
_QUEUE = "jobs"
_AGAIN_AFTER_S = 1
_BACK_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a worker looks after things, in seconds.

    Attributes:
        heartbeat: says that it lives.
        poll: looks for jobs it was not told of.
        dead: silence after which another worker takes its jobs.
        sweep: deletes what has expired.
    """

    heartbeat: float = 5.0
    poll: float = 1.0
    dead: float = 20.0
    sweep: float = 3600.0


async def silent(_tenant_id: int, _topic: str) -> None:
    """Announces to nobody."""


def over_bus(bus: Bus) -> Announce:
    """Announces on the bus as `console.<tenant id>.<topic>`, where pages listen."""

    async def announce(tenant_id: int, topic: str) -> None:
        await bus.publish(f"console.{tenant_id}.{topic}", b"")

    return announce


class Worker:
    """Runs jobs on this event loop until it is stopped; what is heavy in them runs in threads."""

    def __init__(
        self,
        *,
        db: Database,
        vault: Vault,
        url: str,
        kinds: Iterable[JobKind],
        announce: Announce = silent,
        at_once: int = 3,
        pace: Pace = Pace(),
    ) -> None:
        """`url`: the application's login, for the queue's own connections; `at_once`: jobs side by side."""
        self._db, self._tools = db, Tools(db, vault, announce)
        self._kinds = {kind.name: kind for kind in kinds}
        self._at_once, self._pace = at_once, pace
        self._app = self._queue(url)
        self._tasks: list[asyncio.Task[None]] = []

    def _queue(self, url: str) -> procrastinate.App:
        options = {"options": f"-c search_path={SCHEMA}"}
        app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=4, kwargs=options)
        )

        async def run(tenant_id: int, job_id: int) -> None:
            await run_job(self._tools, self._kinds, tenant_id, job_id)

        app.task(name="job", queue=_QUEUE, retry=procrastinate.RetryStrategy(wait=_AGAIN_AFTER_S))(run)
        return app

    async def start(self) -> None:
        """Begin to take jobs."""
        work = {"queue": self._take_jobs, "rescue": self._rescue, "sweep": self._sweep}
        self._tasks = [asyncio.create_task(_ever(each), name=f"jobs: {name}") for name, each in work.items()]

    async def stop(self) -> None:
        """Take no more; running jobs are interrupted, and taken up by another worker or the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take_jobs(self) -> None:
        async with self._app.open_async():
            await self._app.run_worker_async(
                queues=[_QUEUE],
                concurrency=self._at_once,
                install_signal_handlers=False,
                delete_jobs="always",
                fetch_job_polling_interval=self._pace.poll,
                shutdown_graceful_timeout=0.5,
                update_heartbeat_interval=self._pace.heartbeat,
                stalled_worker_timeout=self._pace.dead,
            )

    async def _rescue(self) -> None:
        """Give out again what belongs to workers that fell silent."""
        await asyncio.sleep(self._pace.heartbeat)
        manager = self._app.job_manager
        with contextlib.suppress(procrastinate.exceptions.AppNotOpen):
            for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=self._pace.dead):
                log.warning("a worker died over job %s; it is given out again", stalled.task_kwargs)
                # another worker may have been quicker
                with contextlib.suppress(ConnectorException):
                    await manager.retry_job(stalled)

    async def _sweep(self) -> None:
        """Delete files and details that have expired, and what killed processes left on this disk."""
        await asyncio.to_thread(scratch.sweep)
        async with self._db.platform_tx(SYSTEM) as tx:
            tenants = [row["tenant_id"] async for row in _sql.tenants(tx.connection)]
        for tenant_id in tenants:
            async with self._db.tenant_tx(tenant_id, SYSTEM) as tx:
                await _sql.expire_files(tx.connection, tenant_id=tenant_id)
                await _sql.expire_details(tx.connection, tenant_id=tenant_id)
        await asyncio.sleep(self._pace.sweep)


async def _ever(work: Callable[[], Awaitable[None]]) -> None:
    """Do it again and again; the database may go away and come back in between."""
    while True:
        try:
            await work()
        except (*BROKEN, ConnectorException) as error:
            log.warning("jobs wait, because the database does not answer: %s", error)
            await asyncio.sleep(_BACK_AFTER_S)
        except Exception:
            # of whatever kind: a worker that stops looking for jobs looks alive and is not
            log.exception("the worker of jobs stumbled and goes on")
            await asyncio.sleep(_BACK_AFTER_S)
