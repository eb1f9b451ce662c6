"""One term of office of a writer: from taking the lease until it ends, for whatever reason.

Everything remembered here is true only while nobody else writes; it is thrown away with the term.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any

import asyncpg

from onecard.base.errors import UnavailableError
from onecard.ledger.cache import Cache
from onecard.ledger.judge import Judge, Targets, print_of
from onecard.ledger.memory import KeyMemory
from onecard.ledger.model import Capture, Release, Reversal
from onecard.ledger.pending import Batch, Key, Pending, missing_places, repeated, take
from onecard.ledger.store import DISCONNECTED, LEASE_LOST, STALE, Recalled, Session

log = logging.getLogger(__name__)

_CACHED_ACCOUNTS = 250_000
_BATCHES_IN_FLIGHT = 2  # one that the database works on, and the next, judged and spelt out


class LeaseLostError(UnavailableError):
    """Another process writes this shard; ask it, with the same key."""


class LedgerFailureError(UnavailableError):
    """The database refused a posting for a reason the ledger did not foresee; nothing was posted."""


class Term:
    """Judges what waits in `queue` and commits it.

    Args:
        queue: shared with the writer; requests are taken from its left.
        epoch: fencing number of this term.
        reading: connection for looking things up.
        committing: connection for batches.
        shard: which head row.
        life_ms: the lease that each commit prolongs.
        clock: microseconds since 1970.
    """

    def __init__(
        self,
        queue: deque[Pending],
        *,
        epoch: int,
        reading: Session,
        committing: Session,
        shard: int,
        life_ms: int,
        clock: Callable[[], int],
    ) -> None:
        self.epoch = epoch
        self.work = asyncio.Event()
        self._queue = queue
        self._reading, self._committing = reading, committing
        self._shard, self._life_ms, self._clock = shard, life_ms, clock
        self._cache = Cache()
        self._judge = Judge(self._cache)
        self._memory = KeyMemory(clock() // 1000)
        self._in_flight: dict[Key, Pending] = {}
        self._places = asyncio.Semaphore(_BATCHES_IN_FLIGHT)
        self._turn = asyncio.Lock()  # batches commit in the order in which they were judged
        self._targeted: set[Key] = set()  # what corrections in flight point at
        self._commits: set[asyncio.Task[None]] = set()
        self._failed: list[tuple[Batch, Exception]] = []
        self._numbers = count()

    async def serve(self, stopping: Callable[[], bool]) -> None:
        """Work until `stopping` and nothing waits.

        Raises:
            LeaseLostError: another writer took over.
            OSError, asyncpg.PostgresError, asyncpg.InterfaceError: the connection broke.
        """
        while True:
            if self._failed:
                await self._recover()
            elif not self._queue:
                if stopping() and not self._commits:
                    return
                self.work.clear()
                await self.work.wait()
            else:
                await self._next_batch()

    async def end(self) -> None:
        """Wait for what is in flight and put what failed back to the front of the queue, in order."""
        if self._commits:
            await asyncio.gather(*self._commits, return_exceptions=True)
        for batch, _ in sorted(self._failed, key=_latest_first):
            for one in reversed(batch.members):
                one.tries = max(one.tries, 1)
                self._queue.appendleft(one)
        self._failed.clear()

    async def _next_batch(self) -> None:
        await self._places.acquire()
        members: list[Pending] = []
        batch: Batch | None = None
        arguments: list[Any] = []
        try:
            if not self._failed:
                members = take(self._queue, len(self._in_flight), self._is_busy)
            if members:
                batch = await self._judged(members)
                # spelt out now and not in the task: before that has its turn, another batch changes books
                arguments = batch.draft.arguments(self._shard, self.epoch, self._life_ms)
            elif self._commits:
                await asyncio.wait(self._commits, return_when=asyncio.FIRST_COMPLETED)
        except BaseException as error:
            self._queue.extendleft(reversed(_worth_another_try(members, error)))
            self._places.release()
            raise
        if batch is None or not batch.members:
            self._places.release()
            return
        for account in batch.draft.accounts:
            account.flight += 1
        task = asyncio.create_task(self._commit(batch, arguments))
        self._commits.add(task)
        task.add_done_callback(self._landed)

    def _is_busy(self, key: Key) -> bool:
        return key in self._in_flight or key in self._targeted

    async def _judged(self, members: list[Pending]) -> Batch:
        """Look up what is missing, then decide all of them without a break."""
        targets = await self._find_targets(members)
        await self._load_missing(members, targets)
        known = await self._known(members)
        batch = Batch(next(self._numbers))
        now = self._clock()
        for one in members:
            first = self._in_flight.get(one.key)
            if first is not None:
                first.followers += (one,)
            elif known and (decided := known.get(one.key)) is not None:
                one.resolve(repeated(decided[1], decided[0], one.request))
            else:
                batch.draft.tenants.add(one.request.tenant_id)
                one.answer = self._judge.decide(one.request, batch.draft, targets, now, made_ms=one.made_ms)
                self._in_flight[one.key] = one
                if one.target is not None:
                    self._targeted.add(one.target)
                batch.members.append(one)
        return batch

    async def _known(self, members: list[Pending]) -> dict[Key, Recalled]:
        """First answers of keys that were decided before.

        What may be old is looked up until no doubt is left: batches land meanwhile.
        """
        memory, in_flight = self._memory, self._in_flight
        asked: dict[Key, Recalled | None] = {}
        while True:
            kept: dict[Key, Recalled] = {}
            unsure = []
            for one in members:
                key = one.key
                new = not one.tries and memory.is_new(key, one.made_ms)
                if new or key in asked or key in in_flight:
                    continue
                if (answered := memory.answer(key)) is None:
                    unsure.append(key)
                else:
                    kept[key] = print_of(answered[0]), answered[1]
            if not unsure:
                return kept | {key: found for key, found in asked.items() if found is not None}
            found = await self._reading.recall(unsure)
            asked.update({key: found.get(key) for key in unsure})

    async def _find_targets(self, members: list[Pending]) -> Targets:
        targets = Targets()
        pointing = [one for one in members if one.target is not None]
        originals = [one.target for one in pointing if isinstance(one.request, Reversal) and one.target]
        holds = [one.target for one in pointing if isinstance(one.request, Capture | Release) and one.target]
        if originals:
            targets.originals = await self._reading.originals(originals)
        if holds:
            targets.holds = await self._reading.holds(holds)
        return targets

    async def _load_missing(self, members: list[Pending], targets: Targets) -> None:
        accounts: set[tuple[int, int]] = set()
        books: set[tuple[int, int]] = set()
        # before asking what is missing: afterwards it could forget what these very requests need
        self._cache.shrink(_CACHED_ACCOUNTS)
        for one in members:
            missing_places(one.request, self._cache, accounts, books)
        for tenant_id, original in ((key[0], original) for key, original in targets.originals.items()):
            keys = ((tenant_id, leg.account_id) for leg in original.legs if leg.account_id is not None)
            accounts.update(key for key in keys if key not in self._cache.accounts)
        for (tenant_id, _), hold in targets.holds.items():
            if (tenant_id, hold.account_id) not in self._cache.accounts:
                accounts.add((tenant_id, hold.account_id))
        if accounts:
            self._cache.add_accounts(await self._reading.load_accounts(accounts))
        if books:
            rows = await self._reading.load_books(books)
            self._cache.own.update({(row["tenant_id"], row["id"]): row["kind"] for row in rows})
            self._cache.suspense.update(await self._reading.suspense_books({tenant for tenant, _ in books}))

    async def _commit(self, batch: Batch, arguments: list[Any]) -> None:
        try:
            if not batch.draft.is_empty():
                async with self._turn:
                    await self._committing.commit(arguments)
                # the next batch goes to the database first, and these are answered while it is there
                await asyncio.sleep(0)
        except (asyncpg.PostgresError, *DISCONNECTED) as error:
            self._failed.append((batch, error))
        else:
            self._settle(batch)
        self._places.release()

    def _landed(self, commit: asyncio.Task[None]) -> None:
        self._commits.discard(commit)
        # not before: a stopping writer that is woken while this still counts as in flight would sleep again
        self.work.set()

    def _settle(self, batch: Batch) -> None:
        """The batch is durable: answer."""
        for account in batch.draft.accounts:
            account.flight -= 1
        now_ms = self._clock() // 1000
        for one in batch.members:
            self._memory.add(one.key, one.made_ms, now_ms)
            self._leave(one)
            if one.answer is not None:
                self._memory.keep(one.key, one.request, one.answer)
                one.resolve(one.answer)

    def _leave(self, one: Pending) -> None:
        self._in_flight.pop(one.key, None)
        if one.target is not None:
            self._targeted.discard(one.target)

    async def _recover(self) -> None:
        """After a failed commit: let the next batch land, then read and judge the failed requests anew."""
        if self._commits:
            await asyncio.gather(*self._commits, return_exceptions=True)
        failed, self._failed = self._failed, []
        # the later batch may have failed first
        for batch, error in sorted(failed, key=_latest_first):
            self._cache.forget(batch.draft.accounts)
            for one in reversed(batch.members):
                self._leave(one)
                one.tries += 1
                if one.hopeless:
                    one.fail(LedgerFailureError(f"The database refused this posting: {error}"))
                else:
                    self._queue.appendleft(one)
        for _, error in failed:
            if isinstance(error, DISCONNECTED):
                raise error
            if isinstance(error, asyncpg.PostgresError) and error.sqlstate == LEASE_LOST:
                message = f"Shard {self._shard} of the ledger is written by another process."
                raise LeaseLostError(message)
            # what was judged on a batch that failed fails after it; that is no event, everything else is
            stale = isinstance(error, asyncpg.PostgresError) and error.sqlstate == STALE
            log.log(logging.DEBUG if stale else logging.WARNING, "ledger: judging a batch again: %s", error)


def _latest_first(failure: tuple[Batch, Exception]) -> int:
    return -failure[0].number


def _worth_another_try(members: list[Pending], error: BaseException) -> list[Pending]:
    """Requests to judge again after judging broke off.

    One of them may be impossible beyond what the rules foresee, e.g. a number that no column holds: each such
    try counts, so that in the end the culprit is tried by itself and fails alone. asyncpg refuses arguments
    by a ValueError, which is no lost connection.
    """
    if isinstance(error, Exception) and (
        isinstance(error, ValueError) or not isinstance(error, DISCONNECTED)
    ):
        for one in members:
            one.tries += 1
            if one.hopeless:
                one.fail(LedgerFailureError(f"The ledger cannot judge this request: {error}"))
    return [one for one in members if not one.future.done()]
