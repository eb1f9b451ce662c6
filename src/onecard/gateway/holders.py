"""Whose card it is: all taps that wait at one moment are looked up with one statement per tenant."""

import asyncio
from dataclasses import dataclass, field
from datetime import date

from onecard.base.db import Database
from onecard.base.status import Status
from onecard.cards import service as cards
from onecard.cards.model import CardHolder, CardState
from onecard.gateway.directory import GATEWAY

_BATCH_MOST = 500
# what a terminal is told of a card that is not in use; others are plainly not valid
_REFUSALS = {
    CardState.LOST: Status.CARD_LOST,
    CardState.FROZEN: Status.CARD_FROZEN,
    # spec cards.md, cancel account: terminals say “not of this system”
    CardState.CANCELLED: Status.CARD_UNKNOWN,
}


def standing(holder: CardHolder, today: date) -> Status:
    """Whether a card may be used on a business day; `OK`, or why not."""
    if holder.state != CardState.ACTIVE:
        return _REFUSALS.get(CardState(holder.state), Status.CARD_NOT_VALID)
    if holder.person_state != "active":
        return Status.CARD_NOT_VALID
    if holder.valid_until is not None and holder.valid_until < today:
        return Status.CARD_EXPIRED
    return Status.OK


@dataclass(slots=True)
class _Waiting:
    """Taps of one tenant that wait for the next statement."""

    futures: dict[str, asyncio.Future[CardHolder | None]] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


class Holders:
    """Looks cards up, together.

    Args:
        db: the application's door.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[int, _Waiting] = {}

    async def find(self, tenant_id: int, uid: str) -> CardHolder | None:
        """The card with this UID (upper-case hex) and its holder; None when the tenant has no such card."""
        waiting = self._waiting.setdefault(tenant_id, _Waiting())
        future = waiting.futures.get(uid)
        if future is None:
            future = waiting.futures[uid] = asyncio.get_running_loop().create_future()
        if waiting.task is None:
            waiting.task = asyncio.create_task(self._work(tenant_id, waiting))
        return await asyncio.shield(future)

    async def _work(self, tenant_id: int, waiting: _Waiting) -> None:
        """Look up what waits until nothing does; while one statement runs the next batch gathers."""
        while waiting.futures:
            batch = dict(list(waiting.futures.items())[:_BATCH_MOST])
            for uid in batch:
                del waiting.futures[uid]
            try:
                async with self._db.tenant_tx(tenant_id, GATEWAY) as tx:
                    found = await cards.resolve(tx, list(batch))
            except Exception as error:  # noqa: BLE001  each tap that waits gets the failure
                for future in batch.values():
                    _fail(future, error)
                continue
            for uid, future in batch.items():
                if not future.done():
                    future.set_result(found.get(uid))
        del self._waiting[tenant_id]


def _fail(future: "asyncio.Future[CardHolder | None]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # whoever waited may be gone
