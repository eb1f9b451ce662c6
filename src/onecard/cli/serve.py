"""`onecard serve` and `onecard gateway`: the product put together, kept running, ended in order."""

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import typer

from onecard.base.bus import Bus
from onecard.base.db import SYSTEM, Database, database
from onecard.base.embedded import Logins
from onecard.base.errors import UnavailableError
from onecard.base.migrate import migrate
from onecard.base.natsserver import BusAddress
from onecard.base.pgserver import directory_lock
from onecard.base.settings import Settings, load_settings
from onecard.cli import output
from onecard.cli.runtime import (
    announce_servers,
    external_address,
    external_logins,
    open_bus,
    open_runtime,
    run_async,
    start_nats,
    start_postgres,
    start_writer,
)
from onecard.cli.signals import until_signal
from onecard.cli.web import console
from onecard.gateway.worker import Gateway
from onecard.ledger.remote import RemoteLedger, SharedLedger, serve_ledger
from onecard.ledger.service import Ledger
from onecard.people import service as people
from onecard.web.kit.first_run import SETUP, FirstRun

log = logging.getLogger(__name__)
app = typer.Typer()

_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Product:
    """The running product: database and its logins, ledger, bus, and where terminals connect."""

    settings: Settings
    db: Database
    urls: Logins
    ledger: Ledger
    bus: Bus
    gateway: Gateway
    mqtt_host: str
    mqtt_port: int
    agents_url: str


class _Server(Protocol):
    def alive(self) -> bool: ...
    def start(self) -> object: ...


@asynccontextmanager
async def running_product(settings: Settings) -> AsyncIterator[Product]:
    """Servers, ledger writer and gateway for the length of the block.

    Servers named in the settings are used, the others are embedded and supervised. A second block on the same
    servers, of this or another process, adds a gateway, and a writer that stands by.

    Raises:
        UnavailableError: a directory, server or port cannot be had; one sentence.
    """
    async with AsyncExitStack() as stack:
        if not (settings.database_url and settings.nats_url):
            stack.enter_context(directory_lock(settings.data_dir))
        urls = await _database(stack, settings)
        address = await _bus(stack, settings)
        db = await stack.enter_async_context(database(urls.application, size=settings.database_pool))
        _in_background(stack, people.reindex(db, SYSTEM), "index of people")
        writer = await start_writer(stack, settings, urls)
        bus = await open_bus(stack, address.url)
        system = await open_bus(stack, address.system_url)
        await serve_ledger(bus, writer)
        ledger = SharedLedger(writer, RemoteLedger(bus))
        gateway = Gateway(db=db, bus=bus, system=system, ledger=ledger, issuer_seed=address.issuer_seed)
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        if not settings.database_url:
            stack.enter_context(announce_servers(settings.data_dir, address))
        yield Product(
            settings, db, urls, ledger, bus, gateway, address.mqtt_host, address.mqtt_port, address.agents_url
        )


async def _database(stack: AsyncExitStack, settings: Settings) -> Logins:
    if settings.database_url:
        urls = external_logins(settings)
        await migrate(urls.owner)
        return urls
    server, urls = await start_postgres(stack, settings)
    _supervise(stack, server, "the database")
    return urls


async def _bus(stack: AsyncExitStack, settings: Settings) -> BusAddress:
    if settings.nats_url:
        return external_address(settings)
    server, address = await start_nats(stack, settings)
    _supervise(stack, server, "the bus")
    return address


def _in_background(stack: AsyncExitStack, work: Coroutine[Any, Any, object], name: str) -> None:
    """Something that nobody waits for; it ends with the stack, and its failure is only logged."""
    task = asyncio.create_task(work, name=name)

    async def stop() -> None:
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, Exception):
            log.error("the %s failed: %s", name, outcome)

    stack.push_async_callback(stop)


def _supervise(stack: AsyncExitStack, server: _Server, name: str) -> None:
    """Start a server again whenever it dies, until the stack ends (and then stops it)."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if server.alive():
                continue
            log.warning("%s has died and is started again", name)
            try:
                await asyncio.to_thread(server.start)
            except UnavailableError as error:
                log.error("%s does not come back: %s", name, error)  # noqa: TRY400  the sentence says it

    async def stop(task: "asyncio.Task[None]") -> None:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(stop, asyncio.create_task(watch(), name=f"supervisor of {name}"))


@app.command()
def serve() -> None:
    """Run the product: embedded servers where none are named, ledger, gateway. Ends on Ctrl-C or SIGTERM."""
    run_async(_serve(load_settings()))


async def _serve(settings: Settings) -> None:
    setup_code = secrets.token_urlsafe(16)
    with until_signal() as ended:
        async with (
            running_product(settings) as product,
            console(settings, product.db, product.bus, setup_code=setup_code) as address,
        ):
            first_run = await FirstRun().waits(product.db)
            _show(product, address, f"{address}{SETUP}#{setup_code}" if first_run else "")
            await ended.wait()
            output.say("Ending …")


def _show(product: Product, address: str, setup_link: str) -> None:
    settings = product.settings
    lines = [
        "OneCard is running; Ctrl-C ends it.",
        f"  console    {address}",
        f"  terminals  mqtt://{product.mqtt_host}:{product.mqtt_port} (OT/1)",
        f"  agents     {product.agents_url}",
        f"  database   {'external' if settings.database_url else settings.data_dir.resolve() / 'pg'}",
        f"  bus        {'external' if settings.nats_url else settings.data_dir.resolve() / 'nats'}",
        f"  process    {os.getpid()}",
    ]
    if product.mqtt_port != settings.mqtt_port and not settings.nats_url:
        lines.insert(3, f"             port {settings.mqtt_port} was taken")
    if setup_link:
        lines.insert(2, f"  set it up  {setup_link}")
    output.say("\n".join(lines))


@app.command()
def gateway() -> None:
    """Run one more gateway worker beside a running `serve`; both share the load."""
    run_async(_gateway(load_settings()))


async def _gateway(settings: Settings) -> None:
    with until_signal() as ended:
        async with AsyncExitStack() as stack:
            runtime = await stack.enter_async_context(open_runtime(settings, bus=True))
            if runtime.owner or runtime.bus is None or runtime.address is None:
                message = f"No `onecard serve` runs on {settings.data_dir}; start it first."
                raise UnavailableError(message)
            address = runtime.address
            system = await open_bus(stack, address.system_url)
            worker = Gateway(
                db=runtime.db,
                bus=runtime.bus,
                system=system,
                ledger=runtime.ledger,
                issuer_seed=address.issuer_seed,
            )
            await worker.start()
            stack.push_async_callback(worker.stop)
            output.say("One more gateway is running; Ctrl-C ends it.")
            await ended.wait()
