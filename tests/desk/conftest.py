"""Fixtures of the desk's tests."""

from collections.abc import AsyncIterator

import pytest
from hall import Hall, furnish

from onecard.base.db import Database
from onecard.base.embedded import Logins
from onecard.ledger.writer import Writer


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
