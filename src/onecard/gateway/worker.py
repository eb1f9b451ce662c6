"""A gateway worker: everything it answers, wired to the bus. Any number of them share the load."""

import asyncio
import contextlib

from onecard.base.bus import Bus
from onecard.base.db import Database
from onecard.base.nkeys import AccountKey
from onecard.gateway.agents_door import AgentDoor
from onecard.gateway.agents_talk import ANY_JOIN, ANY_STATE, Agents
from onecard.gateway.callout import Callout
from onecard.gateway.connections import Connections
from onecard.gateway.counters import STATS_SUBJECT, Counters
from onecard.gateway.datasets import Lists
from onecard.gateway.directory import Directory
from onecard.gateway.doorkeeper import Doorkeeper
from onecard.gateway.hub import Hub
from onecard.gateway.presence import Joining, States
from onecard.gateway.records import Records
from onecard.gateway.requests import Requests
from onecard.gateway.sessions import Sessions
from onecard.ledger.service import Ledger

QUEUE = "gateway"


class Gateway:
    """One worker.

    Args:
        db: the application's door.
        bus: the product's connection to the bus.
        system: connection to the bus's system account.
        ledger: decides and books.
        issuer_seed: nkey seed whose signature the bus accepts for sessions of devices.
    """

    def __init__(self, *, db: Database, bus: Bus, system: Bus, ledger: Ledger, issuer_seed: str) -> None:
        self.counters = Counters()
        self._bus = bus
        hub = Hub(db, bus, ledger, Directory(db), Sessions(), self.counters)
        connections = Connections(system)
        door = AgentDoor(db, bus, connections)
        issuer = AccountKey.from_seed(issuer_seed)
        self._callout = Callout(db, hub.directory, door, issuer, self.counters)
        self._lists = Lists(hub)
        self._requests = Requests(hub, self._lists)
        self._records = Records(hub)
        self._states = States(hub)
        self._joining = Joining(hub)
        self._agents = Agents(hub)
        self._doorkeeper = Doorkeeper(db, hub.directory, connections)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to answer."""
        subscribe = self._bus.subscribe
        await subscribe("ot1.*.*.up.state", self._states.hear)
        await subscribe("ot1.*.*.up.state", self._states.handle, queue=QUEUE)
        await subscribe("ot1.*.*.up.req", self._requests.handle, queue=QUEUE)
        await subscribe("ot1.*.*.up.rec", self._records.handle, queue=QUEUE)
        await subscribe("ot1.*.*.up.have", self._lists.handle, queue=QUEUE)
        await subscribe("ot1._join.*.up.hello", self._joining.handle, queue=QUEUE)
        await subscribe(ANY_JOIN, self._agents.join, queue=QUEUE)
        await subscribe(ANY_STATE, self._agents.state, queue=QUEUE)
        await subscribe(STATS_SUBJECT, self.counters.answer)
        await self._callout.start(self._bus)
        self._tasks = [
            asyncio.create_task(self._doorkeeper.run(), name="doorkeeper"),
            asyncio.create_task(self._lists.run(), name="lists"),
        ]

    async def stop(self) -> None:
        """End what runs by itself; the subscriptions end with the connection to the bus."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
