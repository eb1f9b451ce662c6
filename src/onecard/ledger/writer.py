"""The writer of one shard: takes requests, holds the lease, survives losing the database or the lease.

What it does with requests while it leads is in term.py.
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from uuid import UUID, uuid4

from onecard.base.clock import now_us, to_utc
from onecard.base.errors import UnavailableError
from onecard.base.ids import uuid7
from onecard.base.status import Status
from onecard.ledger.model import Answer, AnyRequest, Release, Source
from onecard.ledger.pending import Pending
from onecard.ledger.store import DISCONNECTED, Session
from onecard.ledger.term import LeaseLostError, Term

log = logging.getLogger(__name__)

QUEUE_MOST = 50_000
_EXPIRY_EVERY_S = 2.0
_EXPIRED_AT_ONCE = 500
_DRAIN_S = 3.0
_RECONNECT_S = 0.1


class Writer:
    """Posts for the tenants of one shard while it holds the shard's lease.

    Args:
        engine_url: login of the ledger's writer.
        shard: which group of tenants.
        holder: unique name of this writer; made up when None.
        lease_ms: life of the lease; another writer takes over after it.
        clock: microseconds since 1970.
    """

    def __init__(
        self,
        engine_url: str,
        *,
        shard: int = 1,
        holder: str | None = None,
        lease_ms: int = 1500,
        clock: Callable[[], int] = now_us,
    ) -> None:
        self.shard = shard
        self.holder = holder or f"writer-{uuid4()}"
        self._url = engine_url
        self._lease_ms = lease_ms
        self._clock = clock
        self._queue: deque[Pending] = deque()
        self._term: Term | None = None
        self._settled = asyncio.Event()
        self._elsewhere = False
        self._stopping = False
        self._main: asyncio.Task[None] | None = None

    @property
    def leading(self) -> bool:
        """Whether this writer holds the lease, as far as it knows."""
        return self._term is not None

    async def start(self) -> None:
        """Begin; returns when it leads or knows that another writer does.

        Raises:
            UnavailableError: the database cannot be reached.
        """
        self._main = asyncio.create_task(self._run(), name=f"ledger writer {self.shard}")
        settled = asyncio.create_task(self._settled.wait())
        await asyncio.wait({self._main, settled}, return_when=asyncio.FIRST_COMPLETED)
        settled.cancel()
        if self._main.done():
            await self._main

    async def stop(self) -> None:
        """Finish what waits, give the lease back, close the connections."""
        self._stopping = True
        if self._term is not None:
            self._term.work.set()
        if self._main is not None:
            try:
                await asyncio.wait_for(self._main, _DRAIN_S)
            except (TimeoutError, UnavailableError):
                log.warning("ledger: stopped before everything was answered")
        self._refuse_waiting("The ledger is being stopped.")

    async def post(self, request: AnyRequest) -> Answer:
        """The answer to a request, given only when it is durable.

        Raises:
            LeaseLostError: another process writes this shard, or this writer is stopping.
            LedgerFailureError: the database refused unforeseen; nothing was posted.
        """
        if len(self._queue) >= QUEUE_MOST:
            return Answer(key=request.key, status=Status.BUSY)
        if self._stopping or self._elsewhere:
            message = f"Shard {self.shard} of the ledger is not written by this process."
            raise LeaseLostError(message)
        pending = Pending(request)
        self._queue.append(pending)
        if self._term is not None:
            self._term.work.set()
        return await pending.future

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._try_office()
            except DISCONNECTED as error:
                if not self._settled.is_set():
                    message = f"The ledger cannot reach the database: {error or type(error).__name__}."
                    raise UnavailableError(message) from error
                log.warning("ledger: connection to the database lost, trying again: %s", error)
                await asyncio.sleep(_RECONNECT_S)
            except LeaseLostError as error:
                log.warning("ledger: %s", error)
                self._elsewhere = True
                self._refuse_waiting(str(error))
            except Exception:
                if not self._settled.is_set():
                    raise
                # callers wait for their answers, so the writer outlives what nobody foresaw; its term did not
                log.exception("ledger: a term ended by a fault, beginning another")
                await asyncio.sleep(_RECONNECT_S)

    async def _try_office(self) -> None:
        """Take the lease and write until the term ends; or find it taken and pause."""
        async with contextlib.AsyncExitStack() as stack:
            lease = await self._session(stack)
            epoch = await lease.take_lease(self.shard, self.holder, self._lease_ms)
            if epoch is None:
                self._elsewhere = True
                self._settled.set()
                self._refuse_waiting(f"Shard {self.shard} of the ledger is written by another process.")
                await asyncio.sleep(self._lease_ms / 6000)
                return
            term = Term(
                self._queue,
                epoch=epoch,
                reading=await self._session(stack),
                committing=await self._session(stack),
                shard=self.shard,
                life_ms=self._lease_ms,
                clock=self._clock,
            )
            self._term, self._elsewhere = term, False
            self._settled.set()
            try:
                await self._serve(term, lease)
                await lease.release_lease(self.shard, epoch)
            finally:
                self._term = None
                await term.end()

    async def _session(self, stack: contextlib.AsyncExitStack) -> Session:
        session = await Session.open(self._url)
        stack.push_async_callback(session.close)
        return session

    async def _serve(self, term: Term, lease: Session) -> None:
        """Write and keep the lease, until stopped; raises what ended either."""
        over = asyncio.Event()
        serving = asyncio.create_task(term.serve(lambda: self._stopping))
        keeping = asyncio.create_task(self._keep_lease(term, lease, over))
        try:
            await asyncio.wait({serving, keeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # the keeper is asked and not cancelled: its connection has the lease to give back yet
            over.set()
            serving.cancel()
            results = await asyncio.gather(serving, keeping, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result

    async def _keep_lease(self, term: Term, session: Session, over: asyncio.Event) -> None:
        next_expiry = 0.0
        while not over.is_set():
            if not await session.renew_lease(self.shard, term.epoch, self._lease_ms):
                message = f"Shard {self.shard} of the ledger is written by another process."
                raise LeaseLostError(message)
            if time.monotonic() >= next_expiry:
                next_expiry = time.monotonic() + _EXPIRY_EVERY_S
                for tenant_id, hold in await session.expired_holds(self.shard, _EXPIRED_AT_ONCE):
                    self._queue.append(Pending(self._expiry(tenant_id, hold)))
                    term.work.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), self._lease_ms / 3000)

    def _expiry(self, tenant_id: int, hold: UUID) -> Release:
        now = self._clock()
        return Release(
            tenant_id=tenant_id,
            key=uuid7(),
            business_day=to_utc(now).date(),
            occurred_at_us=now,
            source=Source.JOB,
            source_id=0,
            hold=hold,
            expired=True,
        )

    def _refuse_waiting(self, sentence: str) -> None:
        waiting = list(self._queue)
        self._queue.clear()
        for pending in waiting:
            pending.fail(LeaseLostError(sentence))
