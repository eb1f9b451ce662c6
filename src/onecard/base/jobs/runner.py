"""One attempt at one job: claimed so that nobody else works on it, run, and ended with a sentence."""

import contextlib
import logging
from collections.abc import Mapping

import asyncpg

from onecard.base.db import SYSTEM, Tx, load_queries
from onecard.base.errors import OneCardError
from onecard.base.jobs import reading, wording
from onecard.base.jobs.kinds import JobKind
from onecard.base.jobs.model import INTERRUPTED, Job, State
from onecard.base.jobs.work import CancelWanted, Superseded, Tools, Work
from onecard.base.scratch import scratch
from onecard.base.texts import say

log = logging.getLogger(__name__)
_sql = load_queries("onecard.base.jobs")
_ATTEMPTS_MOST = 3
# the servers it stands on went away: the queue gives the job out again
BROKEN = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError,
          asyncpg.AdminShutdownError, asyncpg.LockNotAvailableError)  # fmt: skip


async def run_job(tools: Tools, kinds: Mapping[str, JobKind], tenant_id: int, job_id: int) -> None:
    """Do a job that the queue gave out; returns when it has ended, or is somebody else's.

    Raises:
        Exception: one of `BROKEN`; to be given out again.
    """
    job = await _claim(tools, kinds, tenant_id, job_id)
    await tools.announce(tenant_id, f"job.{job_id}")
    if job is None:
        return
    with scratch("job") as directory:
        work = Work(tools, tenant_id, job, directory)
        async with work.pulsing():
            with contextlib.suppress(Superseded):
                await _attempt(work, kinds[job.kind])


async def _attempt(work: Work, kind: JobKind) -> None:
    try:
        ended = await kind.run(work)
        await work.close(ended.state, ended.sentence, ended)
    except CancelWanted:
        await work.close(State.CANCELLED, say("Cancelled; what was not finished is undone."))
    except OneCardError as error:
        await work.close(State.FAILED, error.args[0] if error.args else str(error))
    except Superseded:
        log.warning("job %s: another worker has taken it over", work.job.id)
        raise
    except BROKEN as error:
        log.warning("job %s is interrupted: %s", work.job.id, error)
        raise
    except Exception:
        log.exception("job %s failed", work.job.id)
        sentence = say(
            "Something unforeseen happened; the administrator finds it in the log under job {id}.",
            id=work.job.id,
        )
        await work.close(State.FAILED, sentence)


async def _claim(tools: Tools, kinds: Mapping[str, JobKind], tenant_id: int, job_id: int) -> Job | None:
    """Begin an attempt; None when there is nothing to do.

    The row's lock is had only when no transaction of an earlier attempt is open, and the new attempt's number
    lets none begin: two workers cannot both change anything.
    """
    async with tools.db.tenant_tx(tenant_id, SYSTEM) as tx:
        await _sql.wait_briefly(tx.connection)
        row = await _sql.lock_job(tx.connection, tenant_id=tenant_id, id=job_id)
        if row is None or row["state"] not in {State.QUEUED, State.RUNNING}:
            return None
        kind = kinds.get(row["kind"])
        begun = row["attempt"]
        row = await _sql.begin_attempt(tx.connection, tenant_id=tenant_id, id=job_id)
        if kind is None or begun >= (_ATTEMPTS_MOST if kind.again else 1):
            await _give_up(tx, row["attempt"], job_id, known=kind is not None)
            return None
        return await reading.of_row(tx, row)


async def _give_up(tx: Tx, attempt: int, job_id: int, *, known: bool) -> None:
    sentence = INTERRUPTED if known else say("The server that took this up does not know this kind of job.")
    await _sql.finish(
        tx.connection, tenant_id=tx.tenant_id, id=job_id, attempt=attempt, state=State.FAILED, outcome="{}",
        detail=None, sentence=wording.dump(sentence),
    )  # fmt: skip
