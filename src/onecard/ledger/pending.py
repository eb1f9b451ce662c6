"""Requests that wait for their answer, and how a batch is cut from the queue."""

import asyncio
from collections import deque
from collections.abc import Callable
from uuid import UUID

from onecard.base.ids import key_time_ms
from onecard.base.status import Status
from onecard.ledger.batch import Draft
from onecard.ledger.cache import Cache
from onecard.ledger.judge import print_of
from onecard.ledger.model import (
    Answer,
    AnyRequest,
    Capture,
    Hold,
    Journal,
    Sale,
    SetStatus,
)

Key = tuple[int, UUID]

BATCH_MOST = 1024
_SMALL = 8
_TRIES_TOGETHER, _TRIES_MOST = 3, 6
# tuples, because unions written in place are made anew for each request
_OF_AN_ACCOUNT = (Sale, Hold, SetStatus)
_FOR_A_MERCHANT = (Sale, Capture)


class Pending:
    """One request on its way: queued, in a batch, answered.

    `made_ms` is when its key says that it was made. `followers` repeat the key while it is in flight and are
    answered after it; `tries` counts failed commits.
    """

    __slots__ = ("answer", "followers", "future", "key", "made_ms", "request", "target", "tries")

    def __init__(self, request: AnyRequest) -> None:
        self.request = request
        self.key: Key = (request.tenant_id, request.key)
        self.made_ms = key_time_ms(request.key)
        self.future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        target = request.target
        self.target: Key | None = None if target is None else (request.tenant_id, target)
        self.answer: Answer | None = None
        self.followers: tuple[Pending, ...] = ()  # mostly none: an empty list each would be one more object
        self.tries = 0

    @property
    def alone(self) -> bool:
        """Whether it must be tried by itself, because batches with it kept failing."""
        return self.tries >= _TRIES_TOGETHER

    @property
    def hopeless(self) -> bool:
        """Whether it failed by itself, too."""
        return self.tries >= _TRIES_MOST

    def resolve(self, answer: Answer) -> None:
        """Answer it and, from the same answer, those who repeated its key."""
        if not self.future.done():
            self.future.set_result(answer)
        for follower in self.followers:
            if not follower.future.done():
                first_print = print_of(self.request)
                follower.future.set_result(repeated(answer, first_print, follower.request))
        self.followers = ()

    def fail(self, error: Exception) -> None:
        """Give the error to whoever waits."""
        for one in (self, *self.followers):
            if not one.future.done():
                one.future.set_exception(error)
        self.followers = ()


class Batch:
    """Requests judged together and what they write; `number` is the order in which batches were judged."""

    __slots__ = ("draft", "members", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.members: list[Pending] = []
        self.draft = Draft()


def repeated(first: Answer, first_print: int, request: AnyRequest) -> Answer:
    """The answer to a request whose key was decided before: the first answer, if the content is the same."""
    if print_of(request) != first_print:
        return Answer(key=request.key, status=Status.KEY_REUSED)
    return Answer(
        key=first.key,
        status=first.status,
        parts=first.parts,
        balances=first.balances,
        needed_fen=first.needed_fen,
        available_fen=first.available_fen,
        limit_value=first.limit_value,
        used_value=first.used_value,
        duplicate=True,
    )


def take(queue: deque[Pending], in_flight: int, is_busy: Callable[[Key], bool]) -> list[Pending]:
    """Cut the next batch off the queue's front.

    About half of all that is under way: with as many in a batch as clients wait, PostgreSQL and Python would
    take turns instead of working side by side (ledger.md §2.4). A request that points at a posting still in
    flight, or earlier in this batch, waits for the next one: it needs its target committed.

    Args:
        queue: what waits, oldest first.
        in_flight: how many requests are in batches now.
        is_busy: whether a key is being decided or corrected by a batch in flight.
    """
    most = min(BATCH_MOST, max(_SMALL, (len(queue) + in_flight + 1) // 2))
    batch: list[Pending] = []
    here: set[Key] = set()
    while queue and len(batch) < most:
        pending = queue[0]
        target = pending.target
        if target is not None and (is_busy(target) or target in here):
            break
        alone = pending.tries and pending.alone
        if alone and (batch or in_flight):
            break
        batch.append(queue.popleft())
        here.add(pending.key)
        if target is not None:
            here.add(target)
        if alone:
            break
    return batch


def missing_places(
    request: AnyRequest, cache: Cache, accounts: set[tuple[int, int]], books: set[tuple[int, int]]
) -> None:
    """Add to the two sets what a request names and the cache does not know, as (tenant, id)."""
    tenant = request.tenant_id
    if isinstance(request, Journal):
        for leg in request.legs:
            for side in (leg.debit, leg.credit):
                if side.account_id is None:
                    if (tenant, side.book) not in cache.own:
                        books.add((tenant, side.book))
                elif (tenant, side.account_id) not in cache.accounts:
                    accounts.add((tenant, side.account_id))
        return
    if isinstance(request, _OF_AN_ACCOUNT) and (tenant, request.account_id) not in cache.accounts:
        accounts.add((tenant, request.account_id))
    if isinstance(request, _FOR_A_MERCHANT) and (tenant, request.merchant_book) not in cache.own:
        books.add((tenant, request.merchant_book))
