"""What a command needs around it: database, ledger, bus; joined from a running `serve`, or started for it."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import uvloop

from onecard.base.bus import Bus, connect_bus
from onecard.base.db import Database, database
from onecard.base.embedded import Logins, logins, prepare
from onecard.base.errors import UnavailableError
from onecard.base.natsserver import BusAddress, EmbeddedNats
from onecard.base.pgserver import EmbeddedPostgres, directory_lock
from onecard.base.settings import Settings
from onecard.ledger.remote import RemoteLedger
from onecard.ledger.service import Ledger
from onecard.ledger.writer import Writer

T = TypeVar("T")
_LOCK_PATIENCE_S = 10.0
_EXIT_SIGTERM = 128 + signal.SIGTERM
_COLLECT_AFTER = (20_000, 10, 100)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a command works with.

    Attributes:
        bus: None unless asked for or needed.
        owner: whether the servers belong to this process and end with it.
        address: where the bus is, when there is one.
    """

    settings: Settings
    db: Database
    urls: Logins
    ledger: Ledger
    bus: Bus | None
    owner: bool
    address: BusAddress | None


class Servers(msgspec.Struct, frozen=True):
    """What a running `onecard serve` leaves for others in `run/servers.json`."""

    pid: int
    url: str
    system_url: str
    mqtt_host: str
    mqtt_port: int


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a command on a fresh event loop; Ctrl-C and SIGTERM cancel it, and its blocks end in order."""
    # The ledger's cache is millions of long-lived objects without cycles. The collector's defaults walk them
    # all the time: a fifth of the engine's CPU and twice its p99, measured with `onecard bench ledger`. Still
    # rarer passes cost as much altogether and stop everything for longer: 30 ms at most with these numbers,
    # 400 with (50 000, 50, 100)
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_cancelled_by_sigterm(work))
    except asyncio.CancelledError:
        sys.exit(_EXIT_SIGTERM)


async def _cancelled_by_sigterm(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work


@asynccontextmanager
async def open_runtime(settings: Settings, *, bus: bool = False) -> AsyncIterator[Runtime]:
    """Database and ledger, and the bus if asked for.

    They are those named in the settings, or of the `serve` that runs on the data directory, or started for
    this block and stopped at its end.

    Raises:
        UnavailableError: something needed cannot be had; one sentence.
    """
    async with AsyncExitStack() as stack:
        if settings.database_url:
            yield await _external(stack, settings, bus=bus)
        elif await _take_lock(stack, settings.data_dir):
            yield await _own(stack, settings, bus=bus)
        else:
            yield await _join(stack, settings)


def read_servers(directory: Path) -> Servers | None:
    """What the `serve` on this directory announced, if one did and still lives."""
    try:
        servers = msgspec.json.decode((directory / "run" / "servers.json").read_bytes(), type=Servers)
        os.kill(servers.pid, 0)
    except (OSError, msgspec.MsgspecError):
        return None
    return servers


@contextlib.contextmanager
def announce_servers(directory: Path, address: BusAddress) -> Iterator[None]:
    """Let other commands find this process's servers for the length of the block."""
    servers = Servers(os.getpid(), address.url, address.system_url, address.mqtt_host, address.mqtt_port)
    path = directory / "run" / "servers.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(servers))
    fresh.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


async def start_postgres(stack: AsyncExitStack, settings: Settings) -> tuple[EmbeddedPostgres, Logins]:
    """The embedded database, ready; stopped with the stack."""
    server = EmbeddedPostgres(settings.data_dir)
    stack.callback(server.stop)
    await _uninterrupted(server.start)
    return server, await prepare(server)


async def start_nats(stack: AsyncExitStack, settings: Settings) -> tuple[EmbeddedNats, BusAddress]:
    """The embedded bus server; stopped with the stack."""
    server = EmbeddedNats(settings.data_dir, settings.mqtt_host, settings.mqtt_port, port=settings.bus_port)
    stack.callback(server.stop)
    return server, await _uninterrupted(server.start)


async def _uninterrupted(start: Callable[[], T]) -> T:
    """Run in a thread to its end even when cancelled: a server half started would be left behind."""
    starting = asyncio.ensure_future(asyncio.to_thread(start))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting})
        raise


async def start_writer(stack: AsyncExitStack, settings: Settings, urls: Logins) -> Writer:
    """A ledger writer of this process; its lease is given back with the stack."""
    holder = f"{os.uname().nodename}:{os.getpid()}"
    writer = Writer(urls.engine, holder=holder, lease_ms=settings.lease_ms)
    await writer.start()
    stack.push_async_callback(writer.stop)
    return writer


def external_logins(settings: Settings) -> Logins:
    """The three logins of the database named in the settings."""
    owner, application, engine = (
        settings.database_owner_url,
        settings.database_url,
        settings.database_engine_url,
    )
    if not (owner and application and engine):
        message = "DATABASE_URL needs ONECARD_DATABASE_OWNER_URL and ONECARD_DATABASE_ENGINE_URL beside it."
        raise UnavailableError(message)
    return Logins(owner, application, engine)


async def open_bus(stack: AsyncExitStack, url: str) -> Bus:
    """A connection to the bus, closed with the stack."""
    bus = await connect_bus(url)
    stack.push_async_callback(bus.close)
    return bus


async def _take_lock(stack: AsyncExitStack, directory: Path) -> bool:
    """Hold the data directory (True), or find the `serve` that holds it (False); short commands queue."""
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            stack.enter_context(directory_lock(directory))
        except UnavailableError:
            if read_servers(directory):
                return False
            if time.monotonic() > deadline:
                raise
        else:
            return True
        await asyncio.sleep(0.05)


async def _own(stack: AsyncExitStack, settings: Settings, *, bus: bool) -> Runtime:
    _, urls = await start_postgres(stack, settings)
    address = (await start_nats(stack, settings))[1] if bus else None
    db = await stack.enter_async_context(database(urls.application, size=settings.database_pool))
    writer = await start_writer(stack, settings, urls)
    connection = await open_bus(stack, address.url) if address else None
    return Runtime(settings, db, urls, writer, connection, owner=True, address=address)


async def _join(stack: AsyncExitStack, settings: Settings) -> Runtime:
    servers = read_servers(settings.data_dir)
    if servers is None:
        message = f"The servers on {settings.data_dir} have just ended; try again."
        raise UnavailableError(message)
    urls = logins(EmbeddedPostgres(settings.data_dir))
    db = await stack.enter_async_context(database(urls.application, size=settings.database_pool))
    connection = await open_bus(stack, servers.url)
    seed = (settings.data_dir / "keys" / "nats-issuer.seed").read_text().strip()
    address = BusAddress(servers.url, servers.system_url, seed, servers.mqtt_host, servers.mqtt_port)
    return Runtime(settings, db, urls, RemoteLedger(connection), connection, owner=False, address=address)


async def _external(stack: AsyncExitStack, settings: Settings, *, bus: bool) -> Runtime:
    urls = external_logins(settings)
    db = await stack.enter_async_context(database(urls.application, size=settings.database_pool))
    if settings.nats_url:
        connection = await open_bus(stack, settings.nats_url)
        address = external_address(settings)
        return Runtime(settings, db, urls, RemoteLedger(connection), connection, owner=False, address=address)
    if bus:
        message = "This needs the bus: set NATS_URL beside DATABASE_URL."
        raise UnavailableError(message)
    writer = await start_writer(stack, settings, urls)
    return Runtime(settings, db, urls, writer, None, owner=False, address=None)


def external_address(settings: Settings) -> BusAddress:
    """The bus named in the settings."""
    return BusAddress(
        settings.nats_url or "",
        settings.nats_system_url or "",
        settings.nats_issuer_seed or "",
        settings.mqtt_host,
        settings.mqtt_port,
    )
