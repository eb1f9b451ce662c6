"""PostgreSQL is killed in the middle of load: what was acknowledged is there afterwards, nothing twice."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import UUID

import pytest
from tellers import assert_kept
from town import Town, settle

from onecard.base.db import connect
from onecard.base.embedded import Logins, prepare
from onecard.base.pgserver import EmbeddedPostgres
from onecard.ledger.writer import Writer

CLIENTS = 40


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "data", {"shared_buffers": "32MB"})
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def own_urls(own_server: EmbeddedPostgres) -> Logins:
    return await prepare(own_server)


class Load:
    """Clients that sell without a pause, and what they were told."""

    def __init__(self, town: Town, writer: Writer) -> None:
        self.town, self.writer = town, writer
        self.asked: list[UUID] = []
        self.acknowledged: list[UUID] = []
        self.over = False

    async def client(self) -> None:
        while not self.over:
            sale = self.town.sale("ann", 1)
            self.asked.append(sale.key)
            if (await self.writer.post(sale)).ok:
                self.acknowledged.append(sale.key)

    async def more(self, count: int) -> None:
        """Wait until that many more were acknowledged."""
        goal = len(self.acknowledged) + count
        async with asyncio.timeout(60):
            while len(self.acknowledged) < goal:  # noqa: ASYNC110  a wait for numbers, not for an event
                await asyncio.sleep(0.005)


@pytest.mark.timeout(1800)
async def test_acknowledged_postings_survive(
    own_server: EmbeddedPostgres, own_urls: Logins, chaos_rounds: int, at_end: AsyncExitStack
) -> None:
    db = await connect(own_urls.application, size=2)
    at_end.push_async_callback(db.close)
    town = await settle(db, "8672", {"ann": {"cash": 99_000_00}})
    writer = Writer(own_urls.engine)
    at_end.push_async_callback(writer.stop)
    await writer.start()
    await town.fund(writer)
    load, chance = Load(town, writer), random.Random(chaos_rounds)
    clients = [asyncio.create_task(load.client()) for _ in range(CLIENTS)]
    for _ in range(max(1, chaos_rounds)):
        await load.more(chance.randrange(200, 2000))
        pid = own_server.pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(own_server.start)
        await load.more(200)  # clients get their answers from the same writer: nobody has to ask again
    load.over = True
    await asyncio.gather(*clients)
    await writer.stop()
    town.db = await connect(own_urls.application, size=2)
    at_end.push_async_callback(town.db.close)
    assert len(load.acknowledged) == len(load.asked)
    await assert_kept(town, own_urls, load.acknowledged, load.asked)
