"""`onecard ledger`: top up, freeze, reverse; balances, statements, takings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

import typer

from onecard.base.amounts import format_amount, parse_amount
from onecard.base.db import Actor
from onecard.base.errors import OneCardError
from onecard.base.settings import load_settings
from onecard.base.status import TEXTS
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import open_runtime, run_async
from onecard.cli.scope import TenantCode
from onecard.consumption import service as consumption
from onecard.desk.money import Counter
from onecard.ledger import service as ledger
from onecard.ledger.model import Answer, BookKind
from onecard.tenants import service as tenants

app = typer.Typer(help="Accounts and their money.", no_args_is_help=True)

ACTOR = Actor("command", "ledger")
Number = Annotated[str, typer.Argument(help="Number of the person.")]
_STATUSES = {"freeze": "frozen", "open": "open", "close": "closed"}


@asynccontextmanager
async def _counter(code: str) -> AsyncIterator[Counter]:
    async with open_runtime(load_settings()) as runtime:
        route = await tenants.route(runtime.db, code, ACTOR)
        yield Counter(runtime.db, runtime.ledger, route.tenant_id, ACTOR)


@app.command("top-up")
def top_up(
    number: Number,
    amount: Annotated[str, typer.Argument(help="For example 50 or 12.50.")],
    tenant: TenantCode,
    *,
    purse: Annotated[str, typer.Option(help="cash, subsidy, bonus or water.")] = "cash",
    source: Annotated[str, typer.Option(help="bank, provider, subsidy or bonus (the fund).")] = "bank",
    as_json: Json = False,
) -> None:
    """Put money into a purse; what the account owes is paid from it first."""

    async def work() -> Answer:
        async with _counter(tenant) as counter:
            person = await counter.person(number)
            return await counter.top_up(person, parse_amount(amount), purse=purse, source=source)

    _show(run_async(work()), as_json=as_json)


@app.command("set-status")
def set_status(
    number: Number,
    action: Annotated[str, typer.Argument(help="freeze, open or close.")],
    tenant: TenantCode,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Freeze, open or close an account; closing needs empty purses."""
    if action not in _STATUSES:
        message = f"{action!r} is none of freeze, open, close."
        raise OneCardError(message)

    async def work() -> Answer:
        async with _counter(tenant) as counter:
            return await counter.set_status(await counter.person(number), _STATUSES[action])

    _show(run_async(work()), as_json=as_json)


@app.command()
def reverse(
    key: Annotated[UUID, typer.Argument(help="Key of the sale, as the statement shows it.")],
    tenant: TenantCode,
    amount: Annotated[str | None, typer.Option(help="Part of it; all that is left when left out.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Give a sale back to the purses it came from."""

    async def work() -> Answer:
        async with _counter(tenant) as counter:
            part = None if amount is None else parse_amount(amount)
            return await counter.reverse(key, part, reason)

    _show(run_async(work()), as_json=as_json)


@app.command()
def balance(number: Number, tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """Show what an account has, purse by purse."""

    async def work() -> dict[str, int]:
        async with _counter(tenant) as counter:
            person = await counter.person(number)
            async with counter.db.tenant_tx(counter.tenant_id, ACTOR) as tx:
                found = (await ledger.balances(tx, [person.id]))[person.id]
            return {f"{name}_fen": getattr(found, name) for name in found.__struct_fields__}

    purses = run_async(work())
    if as_json:
        output.print_json(purses)
        return
    rows = [
        {"purse": name.removesuffix("_fen"), "balance": format_amount(fen)} for name, fen in purses.items()
    ]
    output.show_rows("purses", rows, as_json=False)


@app.command()
def statement(
    number: Number,
    tenant: TenantCode,
    most: Annotated[int, typer.Option(min=1, max=1000, help="How many of the latest lines.")] = 30,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """List an account's latest movements, newest first."""

    async def work() -> list[dict[str, Any]]:
        async with _counter(tenant) as counter:
            person = await counter.person(number)
            async with counter.db.tenant_tx(counter.tenant_id, ACTOR) as tx:
                return await ledger.statement(tx, person.id, most=most)

    rows = run_async(work())
    if not as_json:
        money = ("amount_fen", "balance_fen")
        rows = [{name.removesuffix("_fen"): _read(name, row[name], money) for name in row} for row in rows]
    output.show_rows("lines", rows, as_json=as_json)


@app.command()
def takings(tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """Show what merchants took, by business day and meal."""

    async def work() -> list[dict[str, Any]]:
        async with _counter(tenant) as counter, counter.db.tenant_tx(counter.tenant_id, ACTOR) as tx:
            merchants = {one.book_id: one.name for one in await consumption.merchants(tx)}
            meals = {one.number: one.name for one in await consumption.meals(tx)}
            return [
                {
                    "day": taking.business_day,
                    "merchant": merchants.get(taking.book, str(taking.book)),
                    "meal": meals.get(taking.meal, "-"),
                    "sales": taking.sales,
                    "amount_fen": taking.amount_fen,
                }
                for taking in await ledger.merchant_takings(tx)
            ]

    rows = run_async(work())
    if not as_json:
        rows = [row | {"amount_fen": format_amount(row["amount_fen"])} for row in rows]
    output.show_rows("takings", rows, as_json=as_json)


def _read(name: str, value: Any, money: tuple[str, ...]) -> Any:
    return format_amount(value) if name in money and value is not None else value


def _show(answer: Answer, *, as_json: bool) -> None:
    """Print an answer; a refusal is a sentence and exit code 1."""
    if as_json:
        parts = [
            {
                "purse": BookKind(part.purse).name.lower(),
                "amount_fen": part.amount_fen,
                "balance_fen": part.balance_fen,
            }
            for part in answer.parts
        ]
        numbers = {
            name: getattr(answer, name)
            for name in ("needed_fen", "available_fen", "limit_value", "used_value")
            if getattr(answer, name) is not None
        }
        output.print_json(
            {"ok": answer.ok, "status": answer.status.code, "key": answer.key, "parts": parts, **numbers}
        )
    elif answer.ok:
        for part in answer.parts:
            purse = BookKind(part.purse).name.lower()
            output.say(f"{purse}: {format_amount(part.amount_fen)}, now {format_amount(part.balance_fen)}")
        output.say(f"Done ({answer.key}).")
    if not answer.ok:
        if as_json:
            raise typer.Exit(1)
        english, chinese = TEXTS[answer.status]
        message = f"Refused: {english} ({chinese})."
        raise OneCardError(message)
