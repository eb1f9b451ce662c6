"""The cast of the agent tests: a server with a school, and a desk with an agent and a virtual reader."""

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from onecard.agent import protocol
from onecard.agent.enrolment import enrol
from onecard.agent.home import Configuration, Home
from onecard.agent.program import Program
from onecard.agent.sources import Source
from onecard.agent.virtual import CardOnReader, VirtualSource
from onecard.base.bus import Bus, SignIn, connect_bus, sign_in
from onecard.base.db import SYSTEM, Database, connect
from onecard.base.embedded import Logins
from onecard.base.natsserver import BusAddress
from onecard.base.nkeys import UserKey
from onecard.cards.keys import KeyType
from onecard.cards.reader import Presence
from onecard.cards.steps import Authenticate, Dialect, Exchange, Read, Step, Write, exchanges
from onecard.cards.virtual.chip import new_chip
from onecard.cards.virtual.dumps import write_dump
from onecard.devices.workstations import service as workstations
from onecard.devices.workstations.model import Workstation
from onecard.gateway.agents import AgentReader
from onecard.gateway.worker import Gateway
from onecard.ledger.remote import RemoteLedger

TENANT, DESK = "8672", "front"
UID, OTHER_UID = bytes.fromhex("01A062BD"), bytes.fromhex("C0FFEE07")
BLANK = b"\xff" * 6
DATA = bytes(range(16))


@dataclass
class Server:
    """The product's side: gateway, database, bus."""

    db: Database
    bus: Bus
    address: BusAddress
    tenant_id: int
    gateway: Gateway

    async def new_desk(self, token: str = DESK) -> str:
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            return (await workstations.create(tx, token=token, name="充值窗口")).code

    async def new_code(self, token: str = DESK) -> str:
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            return (await workstations.new_code(tx, token)).code

    async def revoke(self, token: str = DESK) -> None:
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            await workstations.revoke(tx, token)

    async def desk(self, token: str = DESK) -> Workstation:
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            return next(each for each in await workstations.workstations(tx) if each.token == token)

    def reader(self, token: str = DESK) -> AgentReader:
        return AgentReader(self.bus, TENANT, token)


@asynccontextmanager
async def running_server(urls: Logins, address: BusAddress, tenant_id: int) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        db = await connect(urls.application, size=4)
        stack.push_async_callback(db.close)
        bus, system = await connect_bus(address.url), await connect_bus(address.system_url)
        stack.push_async_callback(bus.close)
        stack.push_async_callback(system.close)
        ledger = RemoteLedger(bus)
        gateway = Gateway(db=db, bus=bus, system=system, ledger=ledger, issuer_seed=address.issuer_seed)
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        yield Server(db, bus, address, tenant_id, gateway)


@dataclass
class Desk:
    """A desk's computer: the agent's files, and cards to lay on its virtual reader."""

    server: Server
    directory: Path
    said: list[str] = field(default_factory=list)
    program: Program | None = None
    task: "asyncio.Task[None] | None" = None

    @property
    def home(self) -> Home:
        return Home(self.directory / "home")

    @property
    def on_reader(self) -> CardOnReader:
        return CardOnReader(self.home.virtual)

    async def enrol(self, code: str) -> Configuration:
        url = self.server.address.agents_url
        return await enrol(self.home, server=url, code=code, ca_file=None, tls_first=False)

    async def start(self, source: Source | None = None) -> None:
        self.program = Program(self.home, source or VirtualSource(self.home.virtual), self.said.append)
        self.task = asyncio.create_task(self.program.run())
        await until(lambda: self.connected)

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task
            self.task = None

    @property
    def connected(self) -> bool:
        status = self.home.status()
        return status is not None and status.connected

    def new_card(self, uid: bytes = UID) -> Path:
        path = self.directory / f"{uid.hex()}.bin"
        write_dump(path, new_chip(uid).dump())
        return path

    def insert(self, uid: bytes = UID) -> Path:
        path = self.new_card(uid)
        self.on_reader.insert(path)
        return path


async def nobody_asks() -> None:
    """Connections of these tests end when the test does."""


@asynccontextmanager
async def signed_in(
    server: Server,
    key: UserKey,
    purpose: str = protocol.RUN,
    closed: Callable[[], Awaitable[None]] = nobody_asks,
) -> AsyncIterator[Bus]:
    """A connection with an agent's key, for the length of a block."""
    bus = await sign_in(server.address.agents_url, SignIn(key, purpose, "test"), closed)
    try:
        yield bus
    finally:
        await bus.close()


async def until(true: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait for something that another process or task does; `true` may have to be awaited."""
    deadline = time.monotonic() + within_s
    while not (await found if inspect.isawaitable(found := true()) else found):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


def script(*steps: Step, dialect: Dialect = Dialect.ACS) -> list[Exchange]:
    return list(exchanges(steps, dialect))


def write_block_4(key: bytes = BLANK, data: bytes = DATA) -> list[Exchange]:
    return script(Authenticate(1, KeyType.A, key), Write(4, data), Read(4, expect=data))


async def card_on(reader: AgentReader) -> Presence:
    presence = await reader.present()
    assert presence is not None
    return presence
