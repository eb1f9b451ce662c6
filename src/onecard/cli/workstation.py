"""`onecard workstation …`: desks and their agents: one-time codes, list, rename, revoke."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

import typer

from onecard.base.db import Actor, Tx
from onecard.base.settings import load_settings
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import open_runtime, run_async
from onecard.cli.scope import TenantCode, tenant_scope
from onecard.devices.workstations import service
from onecard.devices.workstations.model import OneTimeCode
from onecard.tenants import service as tenants

app = typer.Typer(no_args_is_help=True, help="Workstations: let a desk's agent enrol, list, revoke.")

ACTOR = Actor("command", "workstation")
T = TypeVar("T")

Token = Annotated[
    str, typer.Argument(metavar="WORKSTATION", help="Its short name: a-z, 0-9, hyphen, underscore.")
]
Name = Annotated[str, typer.Option("--name", help="What people call it.")]


@app.command()
def create(token: Token, *, tenant: TenantCode, name: Name = "", as_json: Json = False) -> None:
    """Make a workstation; prints the one-time code its agent enrols with."""
    _show_code(run_async(_with_code(tenant, lambda tx: service.create(tx, token=token, name=name))), as_json)


@app.command()
def code(token: Token, *, tenant: TenantCode, as_json: Json = False) -> None:
    """Print a new one-time code; the agent that enrols with it takes the place of the one before."""
    _show_code(run_async(_with_code(tenant, lambda tx: service.new_code(tx, token))), as_json)


@app.command("list")
def list_(*, tenant: TenantCode, as_json: Json = False) -> None:
    """The institution's workstations, whether their agents are there, and alarms."""
    rows = [asdict(each) for each in run_async(_in_tenant(tenant, service.workstations))]
    output.show_rows("workstations", rows, as_json=as_json, empty="No workstations yet.")


@app.command()
def rename(token: Token, *, tenant: TenantCode, name: Name, as_json: Json = False) -> None:
    """Change what people call a workstation."""
    run_async(_in_tenant(tenant, lambda tx: service.rename(tx, token, name)))
    output.show(
        {"workstation": token, "name": name}, as_json=as_json, sentence=f"{token} is now called {name}."
    )


@app.command()
def revoke(token: Token, *, tenant: TenantCode, as_json: Json = False) -> None:
    """Refuse a workstation's agent from now on; it is disconnected within a second."""
    run_async(_in_tenant(tenant, lambda tx: service.revoke(tx, token)))
    output.show(
        {"workstation": token, "state": "revoked"},
        as_json=as_json,
        sentence=f"The workstation {token} is revoked; with a new code its agent may enrol again.",
    )


def _show_code(made: tuple[OneTimeCode, str | None], as_json: bool) -> None:  # noqa: FBT001  as given
    one_time, server = made
    shown = {"workstation": one_time.token, "code": one_time.code, "ends": one_time.ends, "server": server}
    where = server or "tls://HOST:PORT"
    sentence = (
        f"{one_time.token} waits until {one_time.ends.astimezone():%H:%M}; on its computer run\n"
        f"  onecard-agent enrol --server {where} --code {one_time.code}"
    )
    output.show(shown, as_json=as_json, sentence=sentence)


async def _with_code(
    tenant: str, make: Callable[[Tx], Awaitable[OneTimeCode]]
) -> tuple[OneTimeCode, str | None]:
    async with open_runtime(load_settings()) as runtime:
        route = await tenants.route(runtime.db, tenant, ACTOR)
        async with runtime.db.tenant_tx(route.tenant_id, ACTOR) as tx:
            return await make(tx), runtime.address.agents_url if runtime.address else None


async def _in_tenant(tenant: str, work: Callable[[Tx], Awaitable[T]]) -> T:
    async with tenant_scope(tenant, ACTOR) as tx:
        return await work(tx)
