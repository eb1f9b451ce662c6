"""Several processes and one ledger: races for the last fen, a killed writer, a writer that slept too long."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
from tellers import Teller, assert_kept, posted
from town import Town, settle, until_leading

from onecard.base.db import Database
from onecard.base.embedded import Logins
from onecard.base.natsserver import EmbeddedNats
from onecard.ledger.term import LeaseLostError
from onecard.ledger.writer import Writer

MONEY = 60
TAKE_OVER_S = 3
LEASE_MS = 1500
UNBROKEN_MS = 30_000  # of a lease that is not to be lost, whatever else this machine does


@pytest.fixture(scope="module")
def bus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = EmbeddedNats(tmp_path_factory.mktemp("bus"), mqtt_port=18870)
    yield server.start().url
    server.stop()


@pytest.fixture
async def town(db: Database, urls: Logins) -> Town:
    """Ann has sixty fen, or as much as a test puts there."""
    return await settle(db, "8672", {"ann": {"cash": MONEY}, "bob": {"cash": 1000_00}})


async def fund(town: Town, urls: Logins, more: int = 0) -> None:
    writer = Writer(urls.engine)
    try:
        await writer.start()
        await town.fund(writer)
        if more:
            assert (await writer.post(town.top_up("ann", more))).ok
    finally:
        await writer.stop()


async def started(at_end: AsyncExitStack, urls: Logins, **options: int) -> Writer:
    """A writer that stops when the test ends."""
    writer = Writer(urls.engine, **options)
    at_end.push_async_callback(writer.stop)
    await writer.start()
    return writer


async def two_tellers(at_end: AsyncExitStack, town: Town, urls: Logins, bus: str, sales: int) -> list[Teller]:
    more = {"at_end": at_end, "sales": sales, "bus": bus, "lease_ms": UNBROKEN_MS}
    return [await Teller.start(urls, town, number, **more) for number in (1, 2)]  # type: ignore[arg-type]


async def test_two_processes_share_the_last_fen(
    town: Town, urls: Logins, bus_url: str, at_end: AsyncExitStack
) -> None:
    await fund(town, urls)
    tellers = await two_tellers(at_end, town, urls, bus_url, MONEY)
    for teller in tellers:
        teller.go()
    await asyncio.gather(*(teller.listen() for teller in tellers))
    sold = [teller.keys("ok", "duplicate") for teller in tellers]
    refused = [teller.keys("balance_too_low") for teller in tellers]
    assert len(sold[0]) + len(sold[1]) == MONEY
    assert len(refused[0]) + len(refused[1]) == MONEY
    assert set(await posted(town)) == {*sold[0], *sold[1]}
    await assert_kept(town, urls, sold[0] + sold[1], sold[0] + sold[1])
    await asyncio.gather(*(teller.end() for teller in tellers))


async def test_one_fen_has_one_taker(town: Town, urls: Logins, bus_url: str, at_end: AsyncExitStack) -> None:
    town.opening["ann"]["cash"] = 1
    await fund(town, urls)
    tellers = await two_tellers(at_end, town, urls, bus_url, 1)
    for teller in tellers:
        teller.go()
    await asyncio.gather(*(teller.listen() for teller in tellers))
    answers = sorted(word for teller in tellers for word, _ in teller.said if word != "ask")
    assert answers == ["balance_too_low", "ok"]
    await asyncio.gather(*(teller.end() for teller in tellers))


async def lease_left_ms(urls: Logins) -> int:
    """For how long the lease is still somebody's, by the database's clock."""
    owner = await asyncpg.connect(urls.owner)
    try:
        left = "select extract(epoch from held_until - clock_timestamp()) * 1000 from ledger.head"
        return int(await owner.fetchval(left))
    finally:
        await owner.close()


@pytest.mark.timeout(900)
async def test_a_killed_writer_is_succeeded_and_nothing_is_lost(
    town: Town, urls: Logins, chaos_rounds: int, at_end: AsyncExitStack
) -> None:
    """In good time: the lease ends soon after the kill, and a standby asks for it six times in its life."""
    await fund(town, urls, more=500_00)
    acknowledged, asked = [], []
    for number in range(max(1, chaos_rounds)):
        teller = await Teller.start(urls, town, number, at_end=at_end, sales=10**6, lease_ms=LEASE_MS)
        standby = await started(at_end, urls, lease_ms=LEASE_MS)
        assert not standby.leading
        teller.go()
        await teller.listen(most=150 + 37 * number)
        teller.process.kill()
        assert await lease_left_ms(urls) + 2 * LEASE_MS / 6 < TAKE_OVER_S * 1000
        await until_leading(standby)
        sale = town.sale("bob", 1)
        assert (await standby.post(sale)).ok
        await teller.listen()
        await teller.process.wait()
        acknowledged += [*teller.keys("ok"), sale.key]
        asked += [*teller.keys("ask"), sale.key]
        await assert_kept(town, urls, acknowledged, asked)
        await standby.stop()


async def test_what_a_killed_writer_left_unanswered_is_resolved_by_its_key(
    town: Town, urls: Logins, at_end: AsyncExitStack
) -> None:
    await fund(town, urls, more=500_00)
    teller = await Teller.start(urls, town, 1, at_end=at_end, sales=10**6)
    teller.go()
    await teller.listen(most=200)
    teller.process.kill()
    await teller.listen()
    await teller.process.wait()
    answered = set(teller.keys("ok"))
    doubtful = [key for key in teller.keys("ask") if key not in answered]
    before = await posted(town)
    successor = await started(at_end, urls)
    await until_leading(successor)
    answers = [await successor.post(town.sale("ann", 1, key=key)) for key in doubtful]
    assert [(a.ok, a.duplicate) for a in answers] == [(True, key in before) for key in doubtful]
    again = [await successor.post(town.sale("ann", 1, key=key)) for key in list(answered)[:20]]
    assert all(answer.ok and answer.duplicate for answer in again)
    await successor.stop()
    await assert_kept(town, urls, teller.keys("ask"), teller.keys("ask"))


async def test_a_writer_that_slept_is_deposed_and_posts_nothing(
    town: Town, urls: Logins, at_end: AsyncExitStack
) -> None:
    await fund(town, urls, more=500_00)
    teller = await Teller.start(urls, town, 1, at_end=at_end, sales=10**6, lease_ms=400)
    teller.go()
    await teller.listen(most=100)
    os.kill(teller.process.pid, signal.SIGSTOP)
    successor = await started(at_end, urls, lease_ms=UNBROKEN_MS)
    await until_leading(successor)
    sale = town.sale("bob", 1)
    assert (await successor.post(sale)).ok
    before = await posted(town)
    os.kill(teller.process.pid, signal.SIGCONT)
    await teller.listen("lost")
    await teller.listen()
    assert set(await posted(town)) == set(before)
    assert len(teller.keys("lost")) >= 1
    await teller.end()
    await assert_kept(town, urls, [*teller.keys("ok"), sale.key], [*teller.keys("ask"), sale.key])


async def test_a_deposed_writer_tells_its_callers(town: Town, urls: Logins, at_end: AsyncExitStack) -> None:
    first = await started(at_end, urls, lease_ms=UNBROKEN_MS)
    await town.fund(first)
    assert first._term is not None
    await first._term._reading.release_lease(1, first._term.epoch)  # as if it had slept through its lease
    second = await started(at_end, urls, lease_ms=UNBROKEN_MS)
    with pytest.raises(LeaseLostError):
        await first.post(sale := town.sale("bob", 1))
    assert (await second.post(sale)).ok
    with pytest.raises(LeaseLostError):
        await first.post(town.sale("bob", 1))
