"""`onecard operator …`: on the server's shell, when nobody can sign in to do it in the console.

A password is typed without echo, read from standard input, or made here; it is never an argument, which
other users of the machine and the shell's history would see.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from getpass import getpass
from typing import Annotated, Any

import typer

from onecard.base.db import Actor, Tx
from onecard.base.errors import NotFoundError, OneCardError
from onecard.base.listing import Wish
from onecard.base.texts import say
from onecard.cli import output
from onecard.cli.links import LINK_PATH, sign_in_link
from onecard.cli.output import Json
from onecard.cli.runtime import run_async
from onecard.cli.scope import TenantCode, tenant_scope
from onecard.tenants.operators import passwords, roles, rules, service
from onecard.tenants.operators.lists import OPERATORS
from onecard.tenants.operators.model import EVERYTHING, Operator, OperatorDraft
from onecard.tenants.sessions import service as sessions

app = typer.Typer(no_args_is_help=True, help="Operators: for the day on which nobody can sign in.")

ACTOR = Actor("command", "operator", "shell")
_PASSWORD_MOST = 1024
_SHOWN = ("account", "name", "department", "roles", "state", "locked", "ends_on", "signed_in_at")

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account number, e.g. 86729001.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking.")
]
OneTime = Annotated[bool, typer.Option("--one-time", help="Make a random password and print it.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Whose account it is.")],
    *,
    tenant: TenantCode,
    administrator: Annotated[
        bool, typer.Option("--administrator", help="May do everything and sees all departments.")
    ] = False,
    password_stdin: FromStdin = False,
    one_time: OneTime = False,
    as_json: Json = False,
) -> None:
    """Create an operator, who has to change the password at the first sign-in."""
    password = _new_password(stdin=password_stdin, one_time=one_time)

    async def work() -> str:
        async with tenant_scope(tenant, ACTOR) as tx:
            draft = OperatorDraft(name=name, all_departments=administrator)
            made = await service.create(tx, draft, by=EVERYTHING, password=password)
            if administrator:
                await roles.set_roles(tx, made.id, [await roles.open_operators(tx)], by=EVERYTHING)
            return made.account

    account = run_async(work())
    _show_password(account, f"Created: {account} {name}", password if one_time else None, as_json=as_json)


@app.command("list")
def list_(*, tenant: TenantCode, as_json: Json = False) -> None:
    """The institution's operators."""

    async def work() -> list[dict[str, Any]]:
        async with tenant_scope(tenant, ACTOR) as tx:
            return [
                {name: row[name] for name in _SHOWN}
                async for rows in OPERATORS.all(tx, Wish())
                for row in rows
            ]

    empty = "No operators yet; `onecard operator add --administrator` makes the first."
    output.show_rows("operators", run_async(work()), as_json=as_json, empty=empty)


@app.command()
def password(
    account: Account, *, password_stdin: FromStdin = False, one_time: OneTime = False, as_json: Json = False
) -> None:
    """Set an operator's password, which the next sign-in has to change; also ends a lock."""
    new = _new_password(stdin=password_stdin, one_time=one_time)

    async def work() -> None:
        async with _operator(account) as (tx, operator):
            await service.set_password(tx, operator.id, new, by=EVERYTHING)
            await sessions.unlock(tx, operator.id, by=EVERYTHING)

    run_async(work())
    _show_password(account, f"The password of {account} is set.", new if one_time else None, as_json=as_json)


@app.command()
def link(
    account: Account,
    *,
    minutes: Annotated[int, typer.Option(min=1, max=1440, help="How long it may be used.")] = 60,
    address: Annotated[
        str, typer.Option(help="Of the console, as browsers reach it; empty: only the code is shown.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Make a link that signs an operator in to the console once, without a password."""

    async def work() -> str:
        async with _operator(account) as (tx, operator):
            return await sessions.make_link(tx, operator.id, minutes, by=EVERYTHING)

    code = run_async(work())
    shown = sign_in_link(address, code) if address else f"Code for {LINK_PATH}: {code}"
    output.show({"account": account, "code": code}, as_json=as_json, sentence=shown)


@app.command()
def unlock(account: Account, *, as_json: Json = False) -> None:
    """Let an operator who was locked out after repeated failures try again."""

    async def work() -> None:
        async with _operator(account) as (tx, operator):
            await sessions.unlock(tx, operator.id, by=EVERYTHING)

    run_async(work())
    output.show(
        {"account": account, "locked": False}, as_json=as_json, sentence=f"{account} is not locked any more."
    )


@app.command()
def disable(account: Account, *, as_json: Json = False) -> None:
    """Refuse an operator from the next request on."""
    _set_enabled(account, enabled=False, as_json=as_json)


@app.command()
def enable(account: Account, *, as_json: Json = False) -> None:
    """Let a disabled operator sign in again."""
    _set_enabled(account, enabled=True, as_json=as_json)


def _set_enabled(account: str, *, enabled: bool, as_json: bool) -> None:
    async def work() -> None:
        async with _operator(account) as (tx, operator):
            await service.set_enabled(tx, operator.id, enabled=enabled, by=EVERYTHING)

    run_async(work())
    state = "enabled" if enabled else "disabled"
    output.show({"account": account, "state": state}, as_json=as_json, sentence=f"{account} is {state}.")


@asynccontextmanager
async def _operator(account: str) -> AsyncIterator[tuple[Tx, Operator]]:
    """The operator of an account, whose number begins with its tenant's code."""
    async with tenant_scope(rules.tenant_code_of(account), ACTOR) as tx:
        found = await service.find(tx, account)
        if found is None:
            raise NotFoundError(say("There is no such operator."))
        yield tx, found


def _new_password(*, stdin: bool, one_time: bool) -> str:
    if stdin and one_time:
        message = "Choose one of --password-stdin and --one-time."
        raise OneCardError(message)
    if one_time:
        return passwords.one_time()
    if stdin:
        return sys.stdin.readline(_PASSWORD_MOST).rstrip("\r\n")
    if not sys.stdin.isatty():
        message = "Nobody can type a password here; give it with --password-stdin, or take --one-time."
        raise OneCardError(message)
    typed = getpass(f"New password (at least {passwords.LENGTH_LEAST} characters): ")
    if getpass("The same again: ") != typed:
        message = "The two passwords are not the same."
        raise OneCardError(message)
    return typed


def _show_password(account: str, sentence: str, one_time: str | None, *, as_json: bool) -> None:
    shown = {"account": account} | ({"one_time_password": one_time} if one_time else {})
    if one_time:
        days = passwords.ONE_TIME_LASTS.days
        sentence += f"\nOne-time password, for {days} days: {one_time}"
    output.show(shown, as_json=as_json, sentence=sentence)
