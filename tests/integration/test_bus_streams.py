"""Sockets of connections that did not come about: none stays open, whatever ended the attempt."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from onecard.base.bus import connect_bus

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
INFO = b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"proto":1}\r\n'


@asynccontextmanager
async def server(talk: Talk) -> AsyncIterator[tuple[str, "asyncio.Queue[bytes]"]]:
    """A server that says what it likes; each conversation's last bytes end up in the queue."""
    over: asyncio.Queue[bytes] = asyncio.Queue()
    talks: set[asyncio.Task[None] | None] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError):
            await talk(reader, writer)
            over.put_nowait(await reader.read())
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with listening:
        yield f"nats://127.0.0.1:{listening.sockets[0].getsockname()[1]}", over
    await asyncio.wait([task for task in talks if task], timeout=5)


async def test_nobody_waits_for_the_answer_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    # Python 3.11 may lose the cancellation, and only the time-out ends the attempt
    monkeypatch.setattr("onecard.base.bus._CONNECT_TIMEOUT_S", 1.5)
    met = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        met.set()

    async with server(silent) as (url, over):
        attempt = asyncio.ensure_future(connect_bus(url))
        await met.wait()
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        assert await asyncio.wait_for(over.get(), 30) == b""


async def test_a_server_that_comes_back_confused() -> None:
    """Welcomed once, then dropped; the next two attempts get nonsense for an answer, and are hung up."""
    visits = 0

    async def confused(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        writer.write(INFO)
        await reader.readuntil(b"PING\r\n")
        writer.write(b"PONG\r\n" if visits == 1 else b"-ERR 'not today'\r\n")
        if visits == 1:
            writer.write_eof()

    async with server(confused) as (url, over):
        bus = await connect_bus(url)
        try:
            for _ in range(3):
                await asyncio.wait_for(over.get(), 30)
        finally:
            await bus.close()
