"""The door to the database: one tenant or none, for one transaction, and never for the next borrower."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from onecard.base.db import SYSTEM, Actor, Database, connect
from onecard.base.embedded import Logins
from onecard.base.schema_kinds import TENANT_TABLES

NEW_COUNTER = "insert into tenants.counter (tenant_id, name) values ($1, $2)"


@pytest.fixture
async def narrow(urls: Logins) -> AsyncIterator[Database]:
    """A door with a single connection, so that each transaction borrows the one before's."""
    database = await connect(urls.application, size=2)
    async with database.platform_tx(SYSTEM):
        yield database
    await database.close()


async def count(db: Database, tenant_id: int) -> int:
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        return int(await tx.connection.fetchval("select count(*) from tenants.counter"))


async def test_the_end_commits(db: Database) -> None:
    async with db.tenant_tx(1, SYSTEM) as tx:
        await tx.connection.execute(NEW_COUNTER, 1, "a")
    assert await count(db, 1) == 1


async def test_an_exception_rolls_back(db: Database) -> None:
    async def work() -> None:
        async with db.tenant_tx(1, SYSTEM) as tx:
            await tx.connection.execute(NEW_COUNTER, 1, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert await count(db, 1) == 0


async def test_a_cancelled_task_rolls_back(db: Database) -> None:
    written = asyncio.Event()

    async def work() -> None:
        async with db.tenant_tx(1, SYSTEM) as tx:
            await tx.connection.execute(NEW_COUNTER, 1, "a")
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await count(db, 1) == 0


async def test_a_tenant_sees_its_own_only(db: Database) -> None:
    for tenant_id in (1, 2):
        async with db.tenant_tx(tenant_id, SYSTEM) as tx:
            await tx.connection.execute(NEW_COUNTER, tenant_id, "a")
            # even a statement that forgets its tenant reaches one tenant only
            assert await tx.connection.fetchval("select array_agg(tenant_id) from tenants.counter") == [
                tenant_id
            ]
            assert await tx.connection.execute("update tenants.counter set value = 9") == "UPDATE 1"


async def test_a_row_of_another_tenant_is_refused(db: Database) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tenant_tx(1, SYSTEM) as tx:
            await tx.connection.execute(NEW_COUNTER, 2, "a")


async def test_without_a_tenant_nothing_is_seen(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.platform_tx(SYSTEM) as tx:
        for table in TENANT_TABLES:
            assert await tx.connection.fetchval(f"select count(*) from {table}") == 0, table  # noqa: S608  our names


@pytest.mark.parametrize("setting", ["set local onecard.actor = 'x'", "set local onecard.tenant = ''"])
async def test_without_a_tenant_nothing_is_written(db: Database, setting: str) -> None:
    async with db.platform_tx(SYSTEM) as tx:
        await tx.connection.execute(setting)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tx.connection.execute(NEW_COUNTER, 1, "a")


async def test_an_empty_or_strange_tenant_sees_nothing(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.platform_tx(SYSTEM) as tx:
        await tx.connection.execute("set local onecard.tenant = ''")
        assert await tx.connection.fetchval("select count(*) from tenants.tenant") == 0
        await tx.connection.execute("set local onecard.tenant = 'all'")
        with pytest.raises(asyncpg.DataError):
            await tx.connection.fetchval("select count(*) from tenants.tenant")


@pytest.mark.parametrize("fails", [False, True])
async def test_the_next_borrower_has_no_tenant(narrow: Database, fails: bool) -> None:  # noqa: FBT001  a case
    try:
        async with narrow.tenant_tx(1, Actor("operator", "ann")) as tx:
            process = await tx.connection.fetchval("select pg_backend_pid()")
            if fails:
                await tx.connection.execute("select 1 / 0")
    except asyncpg.DivisionByZeroError:
        assert fails
    async with narrow.platform_tx(SYSTEM) as tx:
        assert await tx.connection.fetchval("select pg_backend_pid()") == process
        assert await tx.connection.fetchval("select current_setting('onecard.tenant', true)") in {None, ""}
        assert await tx.connection.fetchval("select current_setting('onecard.actor')") == "system:onecard"


@pytest.mark.parametrize(
    "name", ["O'Brien", "'; set local onecard.tenant = '2", "王小明", "back\\slash", "''"]
)
async def test_an_actors_name_is_only_a_name(db: Database, name: str) -> None:
    async with db.tenant_tx(1, Actor("operator", name)) as tx:
        assert await tx.connection.fetchval("select current_setting('onecard.actor')") == f"operator:{name}"
        assert await tx.connection.fetchval("select current_setting('onecard.tenant')") == "1"
    async with db.platform_tx(Actor("operator", name)) as tx:
        assert await tx.connection.fetchval("select current_setting('onecard.actor')") == f"operator:{name}"


async def test_a_snapshot_does_not_move(db: Database) -> None:
    async with db.tenant_tx(1, SYSTEM, snapshot=True) as tx:
        assert await tx.connection.fetchval("select count(*) from tenants.counter") == 0
        async with db.tenant_tx(1, SYSTEM) as other:
            await other.connection.execute(NEW_COUNTER, 1, "a")
        assert await tx.connection.fetchval("select count(*) from tenants.counter") == 0
    assert await count(db, 1) == 1
