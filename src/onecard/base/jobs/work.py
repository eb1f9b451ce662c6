"""What a job's work has in its hands: transactions that end with the attempt, progress, files."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec

from onecard.base.db import Actor, Database, Tx, load_queries
from onecard.base.errors import NotFoundError
from onecard.base.jobs import files, reading, wording
from onecard.base.jobs.model import Ended, Job, State, StoredFile
from onecard.base.texts import Text, say
from onecard.base.vault import Vault

log = logging.getLogger(__name__)
_sql = load_queries("onecard.base.jobs")
_PULSE_S = 0.25  # at most four notes a second
_SILENCE_S = 2.0  # at least one in this time, which also hears of a wish to cancel

Announce: TypeAlias = Callable[[int, str], Awaitable[None]]
"""Told tenant and topic (`job.12`) after a job changed; a hint for pages, which ask again."""


class CancelWanted(Exception):  # noqa: N818  no error: somebody changed their mind
    """Somebody cancelled the job: what is not committed is undone."""


class Superseded(Exception):  # noqa: N818  no error: another worker is on it
    """Another attempt has begun, because this one was taken for dead."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every job's work needs of its process."""

    db: Database
    vault: Vault
    announce: Announce


class Work:
    """One attempt at a job.

    Attributes:
        job: as it was when the attempt began.
        tenant_id: whose it is.
        actor: who asked; the work is done in their name.
        vault: for personal data.
        tools: what its process works with.
        directory: for temporary files; deleted afterwards.
    """

    def __init__(self, tools: Tools, tenant_id: int, job: Job, directory: Path) -> None:
        self.tools, self.tenant_id, self.job, self.directory = tools, tenant_id, job, directory
        kind, _, name = job.asked_by.partition(":")
        self.actor = Actor(kind, name, job.asked_from)
        self.vault, self.tools = tools.vault, tools
        self._noted: tuple[int, int, Text | None] = (0, 0, None)
        self._cancel_wanted = self._superseded = self._finished = False

    @property
    def params(self) -> Any:
        """What the job was started with."""
        return self.job.params

    @asynccontextmanager
    async def tx(self, *, snapshot: bool = False) -> AsyncIterator[Tx]:
        """A transaction of the tenant in the asker's name, during which no other attempt can begin.

        Raises:
            Superseded: another attempt has begun already.
        """
        async with self.tools.db.tenant_tx(self.tenant_id, self.actor, snapshot=snapshot) as tx:
            await self._hold(tx)
            yield tx

    async def _hold(self, tx: Tx) -> None:
        held = await _sql.hold(
            tx.connection, tenant_id=self.tenant_id, id=self.job.id, attempt=self.job.attempt
        )
        if held is None:
            raise Superseded

    def progress(self, done: int, total: int, step: Text | None = None) -> None:
        """Say how far the work is; costs nothing, any thread may call it.

        Raises:
            CancelWanted: the work is to end here.
            Superseded: another worker does it.
        """
        self._noted = (done, total, step)
        self.check()

    def check(self) -> None:
        """End the work here if somebody wants that; raises as `progress` does."""
        if self._cancel_wanted:
            raise CancelWanted
        if self._superseded:
            raise Superseded

    async def input(self, job_id: int | None = None) -> Path:
        """The file the job came with, or another job of the same asker, in the work's directory.

        Raises:
            NotFoundError: it never had one, or it has expired.
        """
        async with self.tx() as tx:
            source = self.job if job_id is None else await reading.get(tx, job_id)
            reading.refuse_strangers(tx, source.asked_by)
            if source.input is None:
                raise NotFoundError(say("The uploaded file is no longer kept; upload it again."))
            # the name is a stranger's: only its ending is used
            path = self.directory / f"input{Path(source.input.name).suffix.lower()[:8]}"
            await files.fetch(tx, self.vault, job_id=source.id, role="input", path=path)
        return path

    async def give(self, path: Path, name: str, media_type: str) -> StoredFile:
        """Keep a file as the job's result."""
        async with self.tx() as tx:
            size = await files.store(
                tx, self.vault, job_id=self.job.id, role="result", name=name, media_type=media_type, path=path
            )
        return StoredFile(name, media_type, size)

    async def end(self, tx: Tx, ended: Ended) -> None:
        """End the job with this transaction, so that work and end are one; otherwise the runner does it."""
        await self._finish(tx, ended.state, ended.sentence, ended)
        self._finished = True

    async def close(self, state: State, sentence: Text | str, ended: Ended | None = None) -> None:
        """End the job, unless its work did so already; for the runner.

        Raises:
            Superseded: another attempt has begun, or the job ended with it.
        """
        if not (self._finished and ended is not None):
            async with self.tools.db.tenant_tx(self.tenant_id, self.actor) as tx:
                await self._finish(tx, state, sentence, ended)
        await self.tools.announce(self.tenant_id, f"job.{self.job.id}")

    async def _finish(self, tx: Tx, state: State, sentence: Text | str, ended: Ended | None) -> None:
        detail = None
        if ended is not None and ended.detail is not None:
            detail = self.vault.seal_bytes(self.tenant_id, msgspec.json.encode(ended.detail))
        done, total, step = self._noted
        await self._note(tx, done, total, step)
        finished = await _sql.finish(
            tx.connection, tenant_id=self.tenant_id, id=self.job.id, attempt=self.job.attempt, state=state,
            outcome=msgspec.json.encode(ended.outcome if ended else {}).decode(), detail=detail,
            sentence=wording.dump(sentence),
        )  # fmt: skip
        if finished is None:
            raise Superseded

    async def _note(self, tx: Tx, done: int, total: int, step: Text | None) -> None:
        wanted = await _sql.note(
            tx.connection, tenant_id=self.tenant_id, id=self.job.id, attempt=self.job.attempt, done=done,
            total=total, step=wording.dump(step),
        )  # fmt: skip
        self._superseded = wanted is None
        self._cancel_wanted = bool(wanted)

    @asynccontextmanager
    async def pulsing(self) -> AsyncIterator[None]:
        """Write progress down as it changes, and hear of wishes to cancel, for the length of the block."""
        over = asyncio.Event()
        pulse = asyncio.create_task(self._pulse(over), name=f"pulse of job {self.job.id}")
        try:
            yield
        finally:
            # told, not cancelled: a transaction cut off in the middle would cost its connection
            over.set()
            await pulse

    async def _pulse(self, over: asyncio.Event) -> None:
        written, last = self._noted, time.monotonic()
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PULSE_S):
                    await over.wait()
            if over.is_set() or (self._noted == written and time.monotonic() - last < _SILENCE_S):
                continue
            written, last = self._noted, time.monotonic()
            try:
                async with self.tools.db.tenant_tx(self.tenant_id, self.actor) as tx:
                    await self._note(tx, *written)
                await self.tools.announce(self.tenant_id, f"job.{self.job.id}")
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                # the work goes on; if the database stays away it will notice itself
                log.warning("progress of job %s could not be written: %s", self.job.id, error)
