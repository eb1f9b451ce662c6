"""Fixtures of the destructive tests; the tenant and its words are those of the ledger's tests."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "ledger"))


@pytest.fixture
async def at_end() -> AsyncIterator[AsyncExitStack]:
    """What is to be closed when the test ends, however it does."""
    async with AsyncExitStack() as stack:
        yield stack
