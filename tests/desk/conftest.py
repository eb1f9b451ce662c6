"""Fixtures of the desk's tests."""

from collections.abc import AsyncIterator

import pytest

pytest.register_assert_rewrite("hall", "exhaustion", "scenarios", "life_scenarios")

from hall import Hall, furnish  # noqa: E402  after its asserts have been made to speak

from onecard.base.db import Database  # noqa: E402  as above
from onecard.base.embedded import Logins  # noqa: E402  as above
from onecard.ledger.writer import Writer  # noqa: E402  as above


@pytest.fixture
async def ledger(urls: Logins) -> AsyncIterator[Writer]:
    writer = Writer(urls.engine)
    await writer.start()
    yield writer
    await writer.stop()


@pytest.fixture
async def hall(db: Database, ledger: Writer) -> Hall:
    """A school with stored cards."""
    return await furnish(db, ledger)
