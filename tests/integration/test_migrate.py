"""Migrations: repeatable, unedited, alone, patient."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from onecard.base import migrate as module
from onecard.base.embedded import OWNER, Logins, logins
from onecard.base.errors import ConflictError, UnavailableError
from onecard.base.migrate import Migration, migrate, migrations, schema_version
from onecard.base.pgserver import EmbeddedPostgres


@pytest.fixture
def empty(postgres: EmbeddedPostgres) -> Iterator[Logins]:
    """Logins of a database without a schema."""
    name = f"empty_{uuid4().hex}"
    asyncio.run(execute(postgres.url(), f'create database "{name}" owner {OWNER}'))
    yield logins(postgres, name)
    asyncio.run(execute(postgres.url(), f'drop database "{name}" with (force)'))


async def execute(url: str, statement: str) -> None:
    async with connected(url) as connection:
        await connection.execute(statement)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_repeating_applies_nothing(urls: Logins) -> None:
    assert await migrate(urls.owner) == []


async def test_an_empty_database_gets_everything(empty: Logins) -> None:
    async with connected(empty.owner) as connection:
        assert await schema_version(connection) == 0
        assert await migrate(empty.owner) == [migration.name for migration in migrations()]
        assert await schema_version(connection) == migrations()[-1].number


def test_files_are_numbered_without_gaps() -> None:
    names = [file.name for file in (files("onecard.base") / "migrations").iterdir()]
    assert sorted(names) == [f"{m.number:04}_{m.name}.sql" for m in migrations()]
    assert [migration.number for migration in migrations()] == list(range(1, len(names) + 1))


async def test_an_edited_migration_is_refused(urls: Logins) -> None:
    await execute(urls.owner, "update base.migration set digest = 'other' where number = 2")
    with pytest.raises(
        ConflictError, match=r"^Migration 2 \(people\) is not the text that made this database"
    ):
        await migrate(urls.owner)


async def test_a_newer_database_is_refused(urls: Logins) -> None:
    await execute(urls.owner, "insert into base.migration values (9999, 'future', 'x')")
    with pytest.raises(ConflictError, match=r"too old for the database, which has migration 9999 \(future\)"):
        await migrate(urls.owner)


def test_two_processes_at_once(empty: Logins) -> None:
    program = (
        "import asyncio, sys; from onecard.base.migrate import migrate;"
        "print(len(asyncio.run(migrate(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", program, empty.owner]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    applied = [process.communicate()[0].strip() for process in both]
    assert sorted(applied) == sorted(["0", str(len(migrations()))])


async def test_a_broken_migration_leaves_nothing(urls: Logins, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Migration(9000, "broken", "create table base.half (id bigint); select 1 / 0")
    monkeypatch.setattr(module, "migrations", lambda: [*migrations(), broken])
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(urls.owner)
    async with connected(urls.owner) as connection:
        assert await connection.fetchval("select to_regclass('base.half')") is None
        assert await connection.fetchval("select max(number) from base.migration") == migrations()[-1].number


async def test_a_locked_table_is_waited_for(urls: Logins) -> None:
    attempts = "select xact_start from pg_stat_activity where datname = current_database() and"
    attempts += " wait_event_type = 'Lock'"
    async with connected(urls.owner) as watcher, connected(urls.owner) as reader:
        await reader.execute("begin; lock table people.person in access share mode")
        waiting, seen = asyncio.create_task(migrate(urls.owner)), set()
        async with asyncio.timeout(60):
            while len(seen) < 2:
                assert not waiting.done()
                seen |= {row["xact_start"] for row in await watcher.fetch(attempts)}
                await asyncio.sleep(0.02)
        await reader.execute("rollback")
        assert await asyncio.wait_for(waiting, 60) == []


async def test_a_table_that_stays_locked_is_one_sentence(
    urls: Logins, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ATTEMPTS", 1)
    async with connected(urls.owner) as reader, reader.transaction():
        await reader.execute("lock table people.person in access share mode")
        with pytest.raises(UnavailableError, match="other sessions keep its tables locked"):
            await migrate(urls.owner)


async def test_no_database_is_one_sentence(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(UnavailableError, match=r"^The database cannot be reached to prepare it: [^\n]+\.$"):
        await migrate(postgres.url(database="missing"))
