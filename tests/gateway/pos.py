"""The cast of the gateway tests: a school to look into, and a terminal that speaks real MQTT."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg

from onecard.base.bus import Bus, connect_bus
from onecard.base.db import SYSTEM, Database, connect
from onecard.base.embedded import Logins
from onecard.base.natsserver import BusAddress
from onecard.devices.model import Credentials
from onecard.gateway.worker import Gateway
from onecard.ledger.model import Balances
from onecard.ledger.service import balances
from onecard.ledger.writer import Writer
from onecard.sim.mqtt import BusRefusedError, MqttClient, Will

EPOCH = 7001
RICH, POOR = "A1B2C3D4", "0BADCAFE"


@dataclass
class School:
    """Tenant 8672 with merchant C1; 王小明 has 100.00 and 李四 1.00 on the card; and a way to look."""

    db: Database
    tenant_id: int
    other_id: int
    merchant_id: int
    merchant_book: int
    persons: dict[str, int]  # by UID of the card

    async def balance(self, card: str) -> Balances:
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            return (await balances(tx, [self.persons[card]]))[self.persons[card]]

    async def fetch(self, query: str, tenant_id: int | None = None) -> list[tuple[object, ...]]:
        async with self.db.tenant_tx(tenant_id or self.tenant_id, SYSTEM) as tx:
            return [tuple(row) for row in await tx.connection.fetch(query)]

    async def knows(self, pos: "Pos") -> None:
        """Wait until a terminal's announcement is stored, which gateways may look for only for a moment."""
        stored = f"select 1 from devices.epoch where epoch = {pos.epoch}"  # noqa: S608  a number
        stored += f" and device_id = {pos.credentials.device_id}"
        await comes_true(lambda: self.fetch(stored))

    async def takings(self) -> int:
        rows = await self.fetch("select balance_fen from ledger.book where kind = 17")
        return int(str(rows[0][0]))


@dataclass
class Pos:
    """One connected terminal."""

    address: tuple[str, int]
    credentials: Credentials
    boot: int = 1
    epoch: int = EPOCH
    client: MqttClient = field(default_factory=MqttClient)
    numbers: Any = field(default_factory=lambda: count(1))
    passed_over: list[str] = field(default_factory=list)  # topics of what came before what was waited for

    @property
    def prefix(self) -> str:
        return self.credentials.topic_prefix

    async def arrive(self, school: School) -> None:
        """Connect, announce itself, and wait until that is known."""
        await self.connect()
        self.announce()
        await school.knows(self)

    async def comes_back(self) -> None:
        """Connect as soon as it is let in."""
        async with asyncio.timeout(30):
            while True:
                try:
                    return await self.connect()
                except BusRefusedError:
                    await asyncio.sleep(0.05)

    async def connect(self) -> None:
        host, port = self.address
        will = Will(f"{self.prefix}/up/state", b'{"on":0}')
        await self.client.connect(
            host, port, user=self.credentials.user, secret=self.credentials.secret,
            client_id=self.credentials.client_id, will=will,
        )  # fmt: skip
        await self.client.subscribe(f"{self.prefix}/dn/#")

    def announce(self, **more: Any) -> None:
        state = {
            "on": 1,
            "boot": self.boot,
            "ep": self.epoch,
            "fw": "1",
            "model": "t",
            "proto": "ot1",
            "clk": 0,
        }
        self.send("up/state", state | more, retain=True)

    def send(self, topic: str, message: Any, *, retain: bool = False, qos: int = 0) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.client.publish(f"{self.prefix}/{topic}", payload, qos=qos, retain=retain)

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        number = next(self.numbers)
        common = {"rid": f"{self.boot}-{number}", "boot": self.boot, "n": number, "op": op}
        return common | {"t": now_ms()} | fields

    def pay_request(self, card: str, amount: int, seq: int, **fields: Any) -> dict[str, Any]:
        return self.request("pay", seq=seq, ep=self.epoch, cred={"t": "uid", "v": card}, amt=amount, **fields)

    async def pay(self, card: str, amount: int, seq: int, **fields: Any) -> dict[str, Any]:
        return await self.ask(self.pay_request(card, amount, seq, **fields))

    async def ask(self, request: Any) -> dict[str, Any]:
        self.send("up/req", request)
        return await self.answer("dn/rsp")

    async def deliver(self, *records: dict[str, Any], epoch: int | None = None) -> dict[str, Any]:
        self.send_records(*records, epoch=epoch)
        return await self.answer("dn/rec")

    def send_records(self, *records: dict[str, Any], epoch: int | None = None) -> None:
        batch = {
            "ep": epoch or self.epoch,
            "from": records[0]["seq"],
            "recs": records,
            "last": records[-1]["seq"],
        }
        self.send("up/rec", batch)

    async def answer(self, topic: str, timeout_s: float = 30.0) -> dict[str, Any]:
        self.passed_over.clear()
        while True:
            heard, payload = await self.client.next_message(timeout_s)
            if heard == f"{self.prefix}/{topic}":
                return dict(json.loads(payload))
            self.passed_over.append(heard)

    async def heard_before_the_time(self) -> list[str]:
        """Topics of what was on its way already: the server's answer about the time comes after it."""
        assert (await self.ask(self.request("time")))["ok"]
        return self.passed_over

    async def is_disconnected(self, within_s: float = 30.0) -> bool:
        deadline = time.monotonic() + within_s
        while self.client.connected and time.monotonic() < deadline:  # noqa: ASYNC110  a real connection
            await asyncio.sleep(0.02)
        return not self.client.connected


def sale(seq: int, card: str, amount: int, **more: Any) -> dict[str, Any]:
    """A sale record: offline and sold, unless told otherwise."""
    record = {
        "seq": seq,
        "k": "sale",
        "t": now_ms(),
        "clk": 0,
        "cred": {"t": "uid", "v": card},
        "amt": amount,
    }
    return record | {"res": "sold", "off": 1} | more


def now_ms() -> int:
    return time.time_ns() // 1_000_000


StartGateway = Callable[[], Awaitable[Gateway]]
Certify = Callable[..., Awaitable[Pos]]


async def comes_true(look: Callable[[], Awaitable[object]]) -> None:
    """Look again and again until there is something to see."""
    async with asyncio.timeout(30):
        while not await look():  # noqa: ASYNC110  neither database nor gateway tells
            await asyncio.sleep(0.01)


@asynccontextmanager
async def locked(urls: Logins, table: str) -> AsyncIterator[None]:
    """Nobody else reads or writes a table for the length of a block."""
    owner = await asyncpg.connect(urls.owner)
    try:
        await owner.execute(f"begin; lock table {table} in access exclusive mode")
        yield
    finally:
        await owner.close()


@asynccontextmanager
async def running_gateway(urls: Logins, address: BusAddress, writer: Writer) -> AsyncIterator[Gateway]:
    async with AsyncExitStack() as stack:
        db = await connect(urls.application, size=4)
        stack.push_async_callback(db.close)
        buses: list[Bus] = []
        for url in (address.url, address.system_url):
            buses.append(await connect_bus(url))
            stack.push_async_callback(buses[-1].close)
        gateway = Gateway(
            db=db, bus=buses[0], system=buses[1], ledger=writer, issuer_seed=address.issuer_seed
        )
        await gateway.start()
        stack.push_async_callback(gateway.stop)
        yield gateway
