"""`onecard desk receipt`: an operation on paper, from the record of it, and only when it is confirmed."""

from typing import Annotated

import typer

from onecard.agent.receipts import Language, Line, Printer, Receipt, print_receipt
from onecard.base.amounts import format_amount
from onecard.base.clock import to_utc
from onecard.base.errors import OneCardError
from onecard.cards.keys import Role
from onecard.cli.desk_amounts import PRICES, cash_to_take_fen
from onecard.cli.desk_show import Shown
from onecard.cli.desk_visit import Visit, desk_command
from onecard.cli.desk_words import Lang, kind_name, label, say_in
from onecard.desk.operations import care, store
from onecard.desk.operations.model import Operation, PartState, PursePart, State
from onecard.gateway.agents import AgentReader

app = typer.Typer()

_LANGUAGES: dict[Lang, Language] = {Lang.ZH: "zh-CN", Lang.EN: "en"}


@desk_command(app, "receipt", reader=False)
async def receipt(
    visit: Visit,
    operation: Annotated[int, typer.Argument(help="Number of the operation.")],
    *,
    workstation: Annotated[str, typer.Option("--workstation", help="Whose printer.")] = "",
    printer: Annotated[
        str, typer.Option("--printer", help="tcp:HOST, file:PATH or usb:VENDOR:PRODUCT of this computer.")
    ] = "",
    copy: Annotated[bool, typer.Option("--copy", help="Printed again: it says so, no drawer opens.")] = False,
) -> Shown:
    """Print a confirmed operation at a workstation, or on a printer of this computer."""
    if bool(workstation) is bool(printer):
        message = "Say where: --workstation NAME or --printer WHERE."
        raise OneCardError(message)
    paper = await _written(visit, operation, copy=copy)
    if printer:
        fault = print_receipt(paper, Printer(where=printer))
    else:
        bus = visit.runtime.bus
        assert bus is not None  # noqa: S101  the products's bus is open beside its database
        fault = (await AgentReader(bus, visit.tenant.code, workstation).print_receipt(paper)).sentence
    if fault:
        raise OneCardError(fault)
    done = say_in(visit.lang, f"Operation {operation} is printed.", f"操作 {operation} 已打印。")
    return Shown({"operation": operation, "printed": True}, [done])


async def _written(visit: Visit, number: int, *, copy: bool) -> Receipt:
    """The receipt of an operation.

    Raises:
        NotFoundError: there is no such operation.
        OneCardError: it is not confirmed; nothing is promised on paper before that.
    """
    desk, lang = visit.place.desk, visit.lang
    async with desk.tx() as tx:
        found = await store.operation(tx, number)
        row = await care.card(tx, found.card_id) if found.card_id is not None else None
        drawer = await store.drawer(tx, found.desk)
    if found.state is not State.CONFIRMED:
        message = f"Operation {number} is not confirmed; only what is certain goes on paper."
        raise OneCardError(message)
    cash_fen = cash_to_take_fen(found.steps, drawer)
    lines = [Line(label("holder", lang), f"{row.person_name} ({row.person_number})")] if row else []
    if row and row.number is not None:
        lines.append(Line(label("number", lang), str(row.number)))
    lines += [*_price_lines(found, drawer, lang), *_purse_lines(found, lang)]
    if cash_fen:
        paid = say_in(lang, "Cash taken", "实收") if cash_fen > 0 else say_in(lang, "Cash paid", "实付")
        lines.append(Line(paid, format_amount(abs(cash_fen)), strong=True))
    at = to_utc(found.created_at_us).astimezone(visit.tenant.business_day.zone)
    return Receipt(
        language=_LANGUAGES[lang], institution=visit.tenant.name,
        title=kind_name(found.kind, found.after, lang), number=str(found.id), at=at, operator=found.actor,
        lines=lines, cash=cash_fen != 0, copy=copy,
    )  # fmt: skip


def _price_lines(operation: Operation, drawer: int, lang: Lang) -> list[Line]:
    """What was taken, or below zero paid back, for the card itself, and its last day where one was given."""
    lines = []
    for name, kind in PRICES.items():
        amount = cash_to_take_fen(operation.steps, drawer, kind)
        if amount:
            lines.append(Line(label(name, lang), format_amount(amount)))
    until = operation.after.valid_until
    return [*lines, Line(label("valid until", lang), until.isoformat())] if until else lines


def _purse_lines(operation: Operation, lang: Lang) -> list[Line]:
    """What changed on the card, and what it holds then."""
    lines = []
    for step in operation.steps:
        if isinstance(step.part, PursePart) and step.state is PartState.CONFIRMED:
            before, after = step.part.change.before, step.part.change.after
            name = label("cash" if step.part.change.role is Role.CONSUMPTION else "water", lang)
            held = after.cash_fen + after.subsidy_fen
            changed = held - before.cash_fen - before.subsidy_fen
            lines.append(Line(name, f"{format_amount(changed)} → {format_amount(held)}"))
    return lines
