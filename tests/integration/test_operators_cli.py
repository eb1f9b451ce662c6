"""`onecard operator …`: the way in when nobody can sign in, and passwords that are never arguments."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from onecard.base.db import SYSTEM, Tx, database
from onecard.base.embedded import Logins
from onecard.desk.new_tenant import open_tenant
from onecard.tenants import service as tenants
from onecard.tenants.operators import passwords, service
from onecard.tenants.operators.authority import authority
from onecard.tenants.operators.model import EVERYTHING, Operator
from shell import onecard, settings

GOOD = "liang teng gua"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def in_school(urls: Logins, work: Callable[[Tx], Awaitable[Any]]) -> Any:
    async def inside() -> Any:
        async with database(urls.application, size=2) as db:
            route = await tenants.route(db, "8672", SYSTEM)
            async with db.tenant_tx(route.tenant_id, SYSTEM) as tx:
                return await work(tx)

    return asyncio.run(inside())


def stored(urls: Logins, account: str) -> tuple[Operator, str | None]:
    async def work(tx: Tx) -> tuple[Operator, str | None]:
        found = await service.find(tx, account)
        assert found is not None
        return found, await service.password_hash(tx, found.id)

    found: tuple[Operator, str | None] = in_school(urls, work)
    return found


@pytest.fixture
def run(urls: Logins, tmp_path: Path) -> Run:
    """Runs `onecard operator …` for a new school 8672."""

    async def make() -> None:
        async with database(urls.application, size=2) as db:
            await open_tenant(db, SYSTEM, code="8672", name="青松学校")

    asyncio.run(make())
    environment = settings(urls, tmp_path)

    def command(*arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        return onecard("operator", *arguments, env=environment, cwd=tmp_path, text=typed)

    return command


def test_the_way_in(run: Run, urls: Logins) -> None:
    arguments = ("add", "王芳", "--tenant", "8672", "--administrator", "--password-stdin", "--json")
    made = run(*arguments, typed=GOOD + "\n")
    assert (made.returncode, json.loads(made.stdout)) == (0, {"account": "86729000"})
    operator, kept = stored(urls, "86729000")
    assert operator.password_set_by_other
    assert asyncio.run(passwords.matches(kept, GOOD))
    assert in_school(urls, lambda tx: authority(tx, operator.id)) == EVERYTHING
    listed = json.loads(run("list", "--tenant", "8672", "--json").stdout)["operators"]
    assert [(row["account"], row["roles"], row["state"]) for row in listed] == [
        ("86729000", "管理员", "enabled")
    ]


def test_a_random_password_is_printed_once(run: Run, urls: Logins) -> None:
    first = json.loads(run("add", "王芳", "--tenant", "8672", "--one-time", "--json").stdout)
    again = json.loads(run("password", "86729000", "--one-time", "--json").stdout)
    assert first["one_time_password"] != again["one_time_password"]
    _, kept = stored(urls, "86729000")
    assert asyncio.run(passwords.matches(kept, again["one_time_password"]))


def test_disable_and_enable(run: Run, urls: Logins) -> None:
    run("add", "王芳", "--tenant", "8672", "--administrator", "--one-time")
    last = run("disable", "86729000")
    assert last.returncode == 1
    assert last.stderr.startswith("Nobody would be left who may grant everything.")
    run("add", "李强", "--tenant", "8672", "--one-time")
    assert run("disable", "86729001").stdout == "86729001 is disabled.\n"
    assert stored(urls, "86729001")[0].state == "disabled"
    assert run("enable", "86729001").returncode == run("unlock", "86729001").returncode == 0
    assert stored(urls, "86729001")[0].state == "enabled"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "王芳", "--tenant", "8672"), "Nobody can type a password here"),
        (("add", "王芳", "--tenant", "8672", "--password-stdin", "--one-time"), "Choose one of"),
        (("add", "王芳", "--tenant", "8672", "--password-stdin"), "This password is easy to guess"),
        (("password", "86729009", "--one-time"), "There is no such operator."),
        (("unlock", "99999009"), "There is no tenant 9999."),
    ],
)
def test_errors_are_sentences(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    refused = run(*arguments, typed="12345678\n")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith(sentence)
