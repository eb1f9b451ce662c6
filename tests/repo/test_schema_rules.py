"""Schema rules of docs/internals/schema-rules.md, each read from the catalogue of a migrated database.

A rule's checker is itself held: one table, policy, key or right is broken at a time, in a transaction that is
rolled back, and the checker must name it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from house import catalogue
from house.schema_rules import HISTORY, RULES
from onecard.base.embedded import prepare
from onecard.base.pgserver import EmbeddedPostgres
from onecard.base.schema_kinds import LEDGER_TABLES, ROUTING_TABLES, TENANT_TABLES

_FILE = Path(__file__).with_name("schema_mutations.sql")
# rules that must notice, what the finding must say, statements
MUTATIONS: list[tuple[str, str, str]] = re.findall(
    r"^-- (\d[\w ]*) \| (.+)\n((?:(?!--).*\n)+)", _FILE.read_text(encoding="utf-8"), re.MULTILINE
)


@pytest.fixture(scope="module")
def database(postgres: EmbeddedPostgres) -> Iterator[str]:
    """URL of a migrated database for this whole file; no test leaves a change in it."""
    name = f"schema_{uuid4().hex}"
    asyncio.run(prepare(postgres, name))
    yield postgres.url(database=name)
    asyncio.run(_execute(postgres.url(), f'drop database "{name}" with (force)'))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


@pytest.fixture
async def superuser(database: str) -> AsyncIterator[Any]:
    """A superuser's connection in a transaction that is rolled back."""
    connection = await asyncpg.connect(database)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@asynccontextmanager
async def _undone(connection: Any) -> AsyncIterator[None]:
    await connection.execute("savepoint before")
    yield
    await connection.execute("rollback to before")


async def findings(connection: Any, rule: str) -> list[str]:
    seen = await catalogue.read(connection)
    return [finding for name, check in RULES.items() if name.startswith(rule) for finding in check(seen)]


@pytest.mark.parametrize("rule", RULES)
async def test_rule_holds(superuser: Any, rule: str) -> None:
    assert await findings(superuser, rule) == []


def test_each_rule_is_broken_at_least_once() -> None:
    assert len(MUTATIONS) == len(re.findall(r"^-- \d", _FILE.read_text(encoding="utf-8"), re.MULTILINE))
    assert [rule for rule in RULES if not any(rule.startswith(prefix) for prefix, _, _ in MUTATIONS)] == []


@pytest.mark.parametrize(("rule", "word", "statement"), MUTATIONS, ids=lambda value: value.strip()[:60])
async def test_rule_notices(superuser: Any, rule: str, word: str, statement: str) -> None:
    await superuser.execute(statement)
    assert [finding for finding in await findings(superuser, rule) if word in finding]


@pytest.mark.parametrize("table", TENANT_TABLES)
async def test_rules_notice_each_tenant_table(superuser: Any, table: str) -> None:
    breakages = {
        f"alter table {table} no force row level security": "10 policies",
        f"alter table {table} disable row level security": "10 policies",
        f"drop policy one_tenant on {table}": "10 policies",
        f"alter policy one_tenant on {table} using (true)": "10 policies",
        f"alter policy one_tenant on {table} with check (true)": "10 policies",
        f"alter table {table} rename tenant_id to owner": "1",
        f"grant truncate on {table} to onecard_app": "9 history",
        f"grant select on {table} to onecard_engine": "9 rights",
        f"create unique index broken on {table} ((tenant_id + 1))": "1",
    }
    for statement, rule in breakages.items():
        async with _undone(superuser):
            await superuser.execute(statement)
            assert [finding for finding in await findings(superuser, rule) if table in finding], statement


@pytest.mark.parametrize("table", [*LEDGER_TABLES, *HISTORY])
async def test_rules_notice_a_right_to_change_history(superuser: Any, table: str) -> None:
    for right in ("update", "delete"):
        async with _undone(superuser):
            await superuser.execute(f"grant {right} on {table} to onecard_app")
            assert any(
                f"may {right} {table}" in finding for finding in await findings(superuser, "9 history")
            )


@pytest.mark.parametrize("table", ROUTING_TABLES)
async def test_rules_notice_each_routing_table(superuser: Any, table: str) -> None:
    await superuser.execute(f"alter table {table} add column note text")
    assert [finding for finding in await findings(superuser, "4") if f"{table}.note" in finding]
