"""`onecard desk issue-batch`, `issue-auto`: card after card, with no key pressed in between."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError
from onecard.base.vault import open_vault
from onecard.cli import output
from onecard.cli.desk_amounts import fen, last_day, said_fen
from onecard.cli.desk_issue import AnyStock, Deposit, Fee, Opening, OpeningWater, Until
from onecard.cli.desk_show import Shown
from onecard.cli.desk_visit import Reason, Visit, desk_command
from onecard.cli.desk_words import say_in
from onecard.cli.signals import until_signal
from onecard.desk.operations.queue import Progress, Queue, Recipients, Terms, Turn, Waiting, WaitingOrNew
from onecard.desk.operations.speech import words_of
from onecard.people import service as people

app = typer.Typer()

_TICK_S = 0.1
Most = Annotated[int | None, typer.Option("--most", min=1, help="End after so many cards.")]
Idle = Annotated[
    float | None, typer.Option("--idle", metavar="SECONDS", help="End when no card came for so long.")
]


@desk_command(app, "issue-batch")
async def issue_batch(
    visit: Visit,
    *,
    department: Annotated[
        list[str] | None, typer.Option("--department", help="Name or path, with all below; repeatable.")
    ] = None,
    person: Annotated[
        list[str] | None, typer.Option("--person", metavar="NUMBER", help="One person; repeatable.")
    ] = None,
    until: Until = None,
    opening: Opening = "",
    water: OpeningWater = "",
    fee: Fee = None,
    deposit: Deposit = None,
    any_stock: AnyStock = False,
    most: Most = None,
    idle: Idle = None,
    reason: Reason = "",
) -> Shown:
    """Issue a card to everybody of departments or a selection who has none, as cards are laid on.

    Ctrl-C ends it after the card that is being written; the same command goes on later.
    """
    async with visit.place.desk.tx() as tx:
        departments = [await _department(tx, each) for each in department or ()]
    persons = [(await visit.person(each)).id for each in person or ()]
    waiting = Waiting(visit.place.desk, departments=departments, persons=persons)
    terms = _terms(until, (opening, water), (fee, deposit), reason, any_stock=any_stock)
    return await _run(visit, waiting, terms, most=most, idle=idle)


@desk_command(app, "issue-auto")
async def issue_auto(
    visit: Visit,
    department: Annotated[str, typer.Argument(help="Name or path: whose turn it is, and where new ones go.")],
    *,
    account_class: Annotated[int, typer.Option("--class", help="Number of the class of new persons.")] = 1,
    until: Until = None,
    opening: Opening = "",
    water: OpeningWater = "",
    fee: Fee = None,
    deposit: Deposit = None,
    any_stock: AnyStock = False,
    most: Most = None,
    idle: Idle = None,
    reason: Reason = "",
) -> Shown:
    """Issue every new card: to the next person of a department, or to one named by the card's number."""
    async with visit.place.desk.tx() as tx:
        department_id = await _department(tx, department)
        class_id = await class_numbered(tx, account_class)
    recipients = WaitingOrNew(
        visit.place.desk, open_vault(visit.settings), department_id=department_id, class_id=class_id
    )
    terms = _terms(until, (opening, water), (fee, deposit), reason, any_stock=any_stock)
    return await _run(visit, recipients, terms, most=most, idle=idle)


async def class_numbered(tx: Tx, number: int) -> int:
    """Id of the class of accounts with a number.

    Raises:
        NotFoundError: there is none.
    """
    found = [each.id for each in await people.classes(tx) if each.number == number]
    if not found:
        message = f"There is no account class {number}."
        raise NotFoundError(message)
    return found[0]


async def _department(tx: Tx, text: str) -> int:
    found = (await people.departments(tx)).find(text)
    if len(found) != 1:
        message = (
            f"There is no department {text}." if not found else f"Several departments are called {text}."
        )
        raise NotFoundError(message)
    return found[0]


def _terms(
    until: str | None,
    amounts: tuple[str, str],
    prices: tuple[str | None, str | None],
    reason: str,
    *,
    any_stock: bool,
) -> Terms:
    (opening, water), (fee, deposit) = (fen(each) for each in amounts), (said_fen(each) for each in prices)
    return Terms(
        valid_until=last_day(until), opening_fen=opening, water_fen=water, fee_fen=fee, deposit_fen=deposit,
        reason=reason, any_stock=any_stock,
    )  # fmt: skip


async def _run(
    visit: Visit, recipients: Recipients, terms: Terms, *, most: int | None, idle: float | None
) -> Shown:
    queue, turns = Queue(visit.place, recipients, terms), []
    async with _stopped(queue, idle) as heard:
        async for turn in queue.turns():
            heard()
            turns.append(_fields(turn))
            if not visit.as_json:
                output.show({}, as_json=False, sentence=_line(visit, turn))
            if len([each for each in turns if each["uid"]]) == most:
                queue.stop()
    progress = await queue.progress()
    line = _progress(visit, progress)
    fields = {"done": progress.done, "left": progress.left, "failed": progress.failed, "turns": turns}
    return Shown(fields, [line], ok=not progress.failed, code="failed" if progress.failed else "done")


@asynccontextmanager
async def _stopped(queue: Queue, idle_s: float | None) -> AsyncIterator[Callable[[], None]]:
    """Stop the queue at a signal, or when nobody called what this yields for so long."""
    last = time.monotonic()

    def heard() -> None:
        nonlocal last
        last = time.monotonic()

    with until_signal() as ended:

        async def watch() -> None:
            while idle_s is None or time.monotonic() - last < idle_s:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), _TICK_S)
                    break
            queue.stop()

        task = asyncio.create_task(watch())
        try:
            yield heard
        finally:
            task.cancel()


def _fields(turn: Turn) -> dict[str, Any]:
    return {
        "uid": turn.uid,
        "person": turn.recipient.number if turn.recipient else None,
        "operation": turn.operation.id if turn.operation else None,
        "code": turn.code or "done",
    }


def _line(visit: Visit, turn: Turn) -> str:
    lang, words = visit.lang, words_of(turn.code) if turn.code else None
    whose = f" {turn.recipient.name} ({turn.recipient.number})" if turn.recipient else ""
    outcome = say_in(lang, words.en, words.zh) if words else say_in(lang, "done.", "完成。")
    return f"{turn.uid}{whose}: {outcome} {_progress(visit, turn.progress)}".strip()


def _progress(visit: Visit, progress: Progress) -> str:
    done, left, failed = progress.done, progress.left, progress.failed
    return say_in(
        visit.lang,
        f"{done} done, {left} left, {failed} failed.",
        f"已完成 {done}，剩余 {left}，失败 {failed}。",
    )
