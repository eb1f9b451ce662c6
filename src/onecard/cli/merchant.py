"""`onecard merchant`: create, list, close, open; the meals of the day."""

import re
from typing import Annotated, Any

import typer

from onecard.base.db import Actor
from onecard.base.errors import OneCardError
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import run_async
from onecard.cli.scope import TenantCode, tenant_scope
from onecard.cli.tenant import parse_time
from onecard.consumption import service as consumption
from onecard.consumption.model import MealDraft, Merchant

app = typer.Typer(help="Outlets and meals.", no_args_is_help=True)

ACTOR = Actor("command", "merchant")
Code = Annotated[str, typer.Argument(help="1 to 16 letters, digits, hyphens, underscores.")]


@app.command()
def create(
    code: Code,
    name: Annotated[str, typer.Argument(help="Name of the outlet.")],
    tenant: TenantCode,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Create a merchant with its book of takings."""

    async def work() -> Merchant:
        async with tenant_scope(tenant, ACTOR) as tx:
            return await consumption.create_merchant(tx, code=code, name=name)

    merchant = run_async(work())
    output.show(_row(merchant), as_json=as_json, sentence=f"Created: {merchant.code} {merchant.name}")


@app.command("list")
def list_merchants(tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """List the merchants."""

    async def work() -> list[Merchant]:
        async with tenant_scope(tenant, ACTOR) as tx:
            return await consumption.merchants(tx)

    output.show_rows("merchants", [_row(merchant) for merchant in run_async(work())], as_json=as_json)


@app.command()
def close(code: Code, tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """Close a merchant: its terminals are refused."""
    _set_closed(code, tenant, closed=True, as_json=as_json)


@app.command("open")
def open_again(code: Code, tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """Open a closed merchant again."""
    _set_closed(code, tenant, closed=False, as_json=as_json)


def _set_closed(code: str, tenant: str, *, closed: bool, as_json: bool) -> None:
    async def work() -> None:
        async with tenant_scope(tenant, ACTOR) as tx:
            await consumption.set_closed(tx, code, closed=closed)

    run_async(work())
    state = "closed" if closed else "open"
    output.show({"code": code, "state": state}, as_json=as_json, sentence=f"{code} is {state}.")


@app.command()
def meals(
    tenant: TenantCode,
    replace: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=HH:MM-HH:MM, repeated: replaces all meals."),
    ] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Show the meals of the business day, or replace them all."""
    drafts = [_meal(text) for text in replace or []]

    async def work() -> list[dict[str, Any]]:
        async with tenant_scope(tenant, ACTOR) as tx:
            found = await (consumption.set_meals(tx, drafts) if drafts else consumption.meals(tx))
        return [
            {
                "number": meal.number,
                "name": meal.name,
                "starts": f"{meal.starts:%H:%M}",
                "ends": f"{meal.ends:%H:%M}",
            }
            for meal in found
        ]

    output.show_rows("meals", run_async(work()), as_json=as_json)


def _meal(text: str) -> MealDraft:
    match = re.fullmatch(r"(.+)=(\d\d:\d\d)-(\d\d:\d\d)", text)
    if match is None:
        message = f"{text!r} is not a meal; write it as NAME=HH:MM-HH:MM."
        raise OneCardError(message)
    return MealDraft(match[1].strip(), parse_time(match[2]), parse_time(match[3]))


def _row(merchant: Merchant) -> dict[str, Any]:
    return {"code": merchant.code, "name": merchant.name, "state": merchant.state, "id": merchant.id}
