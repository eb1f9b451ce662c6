"""Fixtures on real servers: one PostgreSQL for the whole run, a fresh database for each test that asks."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

import fresh
from onecard.base.db import SYSTEM, Database, connect
from onecard.base.embedded import Logins, prepare
from onecard.base.pgserver import EmbeddedPostgres
from onecard.ledger.service import open_system_books
from onecard.tenants import service as tenants

SHARED_DIRECTORY = "ONECARD_TEST_POSTGRES"
_servers: list[EmbeddedPostgres] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make chaos` makes the random and destructive tests longer."""
    parser.addoption("--chaos-rounds", type=int, default=0, help="how often to repeat what is random")


def pytest_configure(config: pytest.Config) -> None:
    """Start the shared server once, in the process that all test workers descend from."""
    if hasattr(config, "workerinput") or SHARED_DIRECTORY in os.environ:
        return
    server = fresh.server()
    _servers.append(server)  # first, so that it is stopped even if what follows fails
    server.start()
    asyncio.run(prepare(server, fresh.TEMPLATE))
    os.environ[SHARED_DIRECTORY] = str(server.directory)


def pytest_unconfigure() -> None:
    """Stop the shared server and throw its data away."""
    for server in _servers:
        fresh.remove(server)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many cuts of operations were tried, of how many there are."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    cases = [value for report in reports for name, value in report.user_properties if name == "cases"]
    if cases:
        terminalreporter.section("operations cut short")
        for name, done, every, failures in sorted(cases):
            terminalreporter.line(f"{name}: {done} of {every} cases, {failures} disagreements")
        done, every, failures = (sum(case[column] for case in cases) for column in (1, 2, 3))
        terminalreporter.line(f"altogether {done} of {every} cases, {failures} disagreements")


@pytest.fixture(scope="session")
def chaos_rounds(request: pytest.FixtureRequest) -> int:
    """How many rounds of random tests are wanted; 0 when only `make test` runs."""
    return int(request.config.getoption("--chaos-rounds"))


@pytest.fixture(scope="session")
def postgres() -> EmbeddedPostgres:
    """The shared server (adopted, never stopped by a test)."""
    return EmbeddedPostgres(Path(os.environ[SHARED_DIRECTORY]))


@pytest.fixture
def urls(postgres: EmbeddedPostgres) -> Iterator[Logins]:
    """Logins of a fresh, migrated database of this test's own."""
    with fresh.database(postgres) as urls:
        yield urls


@pytest.fixture
async def db(urls: Logins) -> AsyncIterator[Database]:
    """The application's door to the fresh database."""
    database = await connect(urls.application, size=4)
    yield database
    await database.close()


@pytest.fixture
async def blocked(postgres: EmbeddedPostgres, urls: Logins) -> Callable[[], Awaitable[None]]:
    """Waits until a session of this test's database waits for a lock that another one holds."""
    name = urlsplit(urls.owner).path.strip("/")
    waiting = "select count(*) from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'"

    async def one() -> None:
        watcher = await asyncpg.connect(postgres.url())
        try:
            async with asyncio.timeout(30):
                while not await watcher.fetchval(waiting, name):  # noqa: ASYNC110  a database does not tell
                    await asyncio.sleep(0.01)
        finally:
            await watcher.close()

    return one


@pytest.fixture
async def two_tenants(db: Database) -> tuple[int, int]:
    """The standing cast's institutions: school 8672 and factory 1200, with their system books."""
    ids = []
    for code, name in (("8672", "青松学校"), ("1200", "Lakeside Works")):
        tenant_id = await tenants.create(db, SYSTEM, code=code, name=name)
        async with db.tenant_tx(tenant_id, SYSTEM) as tx:
            await open_system_books(tx)
        ids.append(tenant_id)
    return ids[0], ids[1]
