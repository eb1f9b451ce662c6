"""`onecard tenant`: create, list, suspend, resume."""

from datetime import time
from typing import Annotated, Any

import typer

from onecard.base.db import Actor
from onecard.base.errors import OneCardError
from onecard.base.settings import load_settings
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import open_runtime, run_async
from onecard.cli.scope import tenant_scope
from onecard.desk.new_tenant import open_tenant
from onecard.tenants import service as tenants

app = typer.Typer(help="Institutions of this installation.", no_args_is_help=True)

ACTOR = Actor("command", "tenant")
Code = Annotated[str, typer.Argument(help="Four digits.")]


@app.command()
def create(
    code: Code,
    name: Annotated[str, typer.Argument(help="Name of the institution.")],
    *,
    currency: Annotated[str, typer.Option(help="ISO 4217, e.g. CNY.")] = "CNY",
    time_zone: Annotated[str, typer.Option(help="IANA name.")] = "Asia/Shanghai",
    day_cutoff: Annotated[str, typer.Option(help="End of the business day, HH:MM.")] = "03:00",
    language: Annotated[str, typer.Option(help="zh-CN or en.")] = "zh-CN",
    as_json: Json = False,
) -> None:
    """Create a tenant with its books and the root of its departments."""

    async def work() -> int:
        async with open_runtime(load_settings()) as runtime:
            return await open_tenant(
                runtime.db,
                ACTOR,
                code=code,
                name=name,
                currency=currency,
                time_zone=time_zone,
                day_cutoff=parse_time(day_cutoff),
                language=language,
            )

    tenant_id = run_async(work())
    output.show(
        {"code": code, "tenant_id": tenant_id, "name": name},
        as_json=as_json,
        sentence=f"Created: {code} {name}",
    )


@app.command("list")
def list_tenants(as_json: Json = False) -> None:  # noqa: FBT002
    """List the tenants."""

    async def rows() -> list[dict[str, Any]]:
        async with open_runtime(load_settings()) as runtime:
            found = []
            for route in await tenants.routes(runtime.db, ACTOR):
                async with runtime.db.tenant_tx(route.tenant_id, ACTOR) as tx:
                    tenant = await tenants.get(tx)
                found.append(
                    {
                        "code": tenant.code,
                        "name": tenant.name,
                        "state": tenant.state,
                        "time_zone": tenant.time_zone,
                        "day_cutoff": f"{tenant.day_cutoff:%H:%M}",
                        "language": tenant.language,
                    }
                )
            return found

    output.show_rows("tenants", run_async(rows()), as_json=as_json)


@app.command()
def suspend(code: Code, as_json: Json = False) -> None:  # noqa: FBT002
    """Refuse the tenant's operators and terminals; its data stays."""
    _set_suspended(code, suspended=True, as_json=as_json)


@app.command()
def resume(code: Code, as_json: Json = False) -> None:  # noqa: FBT002
    """End a suspension."""
    _set_suspended(code, suspended=False, as_json=as_json)


def _set_suspended(code: str, *, suspended: bool, as_json: bool) -> None:
    async def work() -> None:
        async with tenant_scope(code, ACTOR) as tx:
            await tenants.set_suspended(tx, suspended=suspended)

    run_async(work())
    state = "suspended" if suspended else "active"
    output.show({"code": code, "state": state}, as_json=as_json, sentence=f"{code} is {state}.")


def parse_time(text: str) -> time:
    """A wall-clock time written HH:MM.

    Raises:
        OneCardError: it is not one.
    """
    try:
        return time.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a time of day; write it as HH:MM."
        raise OneCardError(message) from None
