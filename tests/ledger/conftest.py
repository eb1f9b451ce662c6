"""Fixtures of the ledger's tests: one database for many cases, each of which is a tenant of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count

import pytest
from town import Town, settle

import fresh
from onecard.base.db import Database, connect
from onecard.base.embedded import Logins
from onecard.base.pgserver import EmbeddedPostgres
from onecard.ledger.writer import Writer

_codes = count(1000)


@pytest.fixture(scope="module")
def module_urls(postgres: EmbeddedPostgres) -> Iterator[Logins]:
    """Logins of a database that all tests of a module share."""
    with fresh.database(postgres) as urls:
        yield urls


@pytest.fixture
async def module_db(module_urls: Logins) -> AsyncIterator[Database]:
    database = await connect(module_urls.application, size=2)
    yield database
    await database.close()


@pytest.fixture
def next_code() -> str:
    """A tenant code that no other test of this process has."""
    return str(next(_codes))


@pytest.fixture
async def town(db: Database) -> Town:
    """A tenant with money on people's accounts, alone in its database."""
    return await settle(db, "8672", {"ann": {"cash": 100_00, "subsidy": 2_00}, "bob": {"cash": 5_00}})


@pytest.fixture
async def start_writer(urls: Logins) -> AsyncIterator[Callable[..., Awaitable[Writer]]]:
    """Starts writers that end with the test."""
    async with AsyncExitStack() as stack:

        async def start(**options: int | str) -> Writer:
            writer = Writer(urls.engine, **options)
            stack.push_async_callback(writer.stop)
            await writer.start()
            return writer

        yield start
