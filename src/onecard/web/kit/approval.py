"""Functions that need two people: a request is kept, somebody else approves it, the asker carries it out.

Whatever the kit carries out, it carries out in `effect`. For a function the tenant marked, the request is
tried and taken back, so that what cannot succeed is told at once, and its address and fields are kept
instead. After the approval `replay.py` sends exactly that request through the same page again, and `effect`
claims the approval in the transaction that does it: it happens once, or not yet. See docs/adr/0050.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import ConflictError
from onecard.base.texts import Text, say
from onecard.tenants import approvals
from onecard.tenants.functions import DANGEROUS, LABELS, Function
from onecard.tenants.settings import service as settings
from onecard.web.kit import outcome
from onecard.web.kit.confirm import CONFIRM
from onecard.web.kit.outcome import Outcome
from onecard.web.kit.views import Button, Tone
from onecard.web.kit.visit import Visit

APPROVALS = "/access/approvals"


@dataclass(frozen=True, slots=True)
class Kept:
    """A request as it is kept: what was posted where.

    Attributes:
        path: with the query.
        fields: as they were posted, without the password that confirmed them.
    """

    path: str
    fields: tuple[tuple[str, str], ...]


class HeldError(Exception):
    """The request was kept and waits for a second operator; an answer, not a fault."""

    def __init__(self, approval_id: int, function: Function) -> None:
        super().__init__(approval_id)
        self.approval_id, self.function = approval_id, function


class _TakenBackError(Exception):
    """Rolls back what was only tried."""


@asynccontextmanager
async def effect(
    visit: Visit,
    function: object,
    summary: Callable[[Tx], Awaitable[Text]],
    *,
    kept: Kept | None = None,
    held: Callable[[Tx, int], Awaitable[None]] | None = None,
) -> AsyncIterator[Tx]:
    """The transaction in which something is carried out.

    Args:
        visit: who asks, or carries out what was approved.
        function: what the page needs; only dangerous functions can need two people.
        summary: what exactly, for whoever approves it; asked for only then.
        kept: the request as the console would post it, when it came another way.
        held: is told the approval's id in the transaction that makes it.

    Raises:
        HeldError: it was kept for approval instead.
        ConflictError: what was approved is not there any more.
    """
    if isinstance(function, Function) and visit.replay is None and await _needs_two(visit, function):
        kept = kept or await _kept(visit)
        try:
            async with visit.tx() as tx:
                yield tx
                _take_back()
        except _TakenBackError:
            visit.forget()
        async with visit.tx() as tx:
            payload = {"path": kept.path, "fields": [list(each) for each in kept.fields]}
            approval_id = await approvals.ask(tx, visit.who, function, await summary(tx), payload)
            if held is not None:
                await held(tx, approval_id)
        raise HeldError(approval_id, function)
    async with visit.tx() as tx:
        if visit.replay is not None:
            await _claim(tx, visit, visit.replay, function)
        yield tx


def _take_back() -> None:
    raise _TakenBackError


async def _needs_two(visit: Visit, function: Function) -> bool:
    if function not in DANGEROUS:
        return False
    async with visit.tx() as tx:
        return function in (await settings.get(tx)).approvals


async def _kept(visit: Visit) -> Kept:
    url, posted = visit.request.url, (await visit.form()).multi_items()
    fields = [(name, value) for name, value in posted if isinstance(value, str) and name != CONFIRM]
    if any(getattr(value, "filename", "") for _, value in posted):
        raise ConflictError(say("What needs a second operator's approval cannot carry files."))
    return Kept(url.path + (f"?{url.query}" if url.query else ""), tuple(fields))


async def _claim(tx: Tx, visit: Visit, approval_id: int, function: object) -> None:
    claimed = await approvals.claim(tx, approval_id)
    if claimed is None or claimed.function != function or claimed.asked_by != visit.who.operator_id:
        raise ConflictError(say("This approval was used, withdrawn or has expired. Nothing was changed."))


def waits(visit: Visit, held: HeldError) -> Response:
    """What whoever asked is told."""
    href = f"{APPROVALS}/{held.approval_id}"
    to_it = Button(visit.say(say("Open the request")), href, "checklist")
    return outcome.show(
        visit,
        Outcome(
            title=say("A second operator has to approve this"),
            sentence=say(
                "“{function}” needs a second operator. Your request {number} is in the queue; nothing was"
                " changed yet.", function=LABELS[held.function], number=held.approval_id,
            ),
            note=say("When it is approved, open it and carry it out. It is good for 24 hours."),
            back=href,
            actions=(to_it,),
            tone=Tone.WARN,
        ),
    )  # fmt: skip
