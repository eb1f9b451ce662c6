"""A school with stored cards, and desks whose agents run in processes of their own."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from onecard.agent.home import Home
from onecard.agent.protocol import CardEvent
from onecard.agent.virtual import CardOnReader
from onecard.base.bus import Bus
from onecard.base.db import SYSTEM, Actor, Database
from onecard.base.errors import UnavailableError
from onecard.base.vault import Vault
from onecard.bench.desk_reader import TracedReader
from onecard.bench.processes import program, started
from onecard.cards import setup
from onecard.cards.keyring import KeyRing
from onecard.cards.oc1.layout import Layout
from onecard.cards.technology import CardFormat, Mode
from onecard.cards.virtual.chip import new_chip
from onecard.cards.virtual.dumps import read_dump, write_dump
from onecard.cards.wrapping import FileWrapper
from onecard.consumption import service as consumption
from onecard.desk.new_tenant import open_tenant
from onecard.desk.operations.place import Desk
from onecard.desk.operations.workplace import Workplace
from onecard.devices.workstations import service as workstations
from onecard.gateway.agents import AgentReader
from onecard.ledger.service import Ledger, open_accounts
from onecard.people import service as people
from onecard.people.model import ClassDraft, PersonDraft

TENANT = "1201"
_CLERK = Actor("operator", "bench")
_CONNECT_S, _SEEN_S = 15.0, 5.0
_FIRST_UID = 0x10000001
_PIN = "4821"


@dataclass(frozen=True, slots=True)
class Target:
    """The running product: ways in for desks and proofs, and the address agents use."""

    db: Database
    ledger: Ledger
    vault: Vault
    engine_url: str
    bus: Bus
    agents_url: str


@dataclass(frozen=True, slots=True)
class Office:
    """The school: its format and keys, a merchant, persons without cards, a place for files."""

    target: Target
    directory: Path
    tenant_id: int
    chosen: CardFormat
    ring: KeyRing
    merchant_id: int
    persons: list[int]

    def desk(self, name: str) -> Desk:
        """A desk of the school."""
        target = self.target
        return Desk(target.db, target.ledger, self.tenant_id, _CLERK, name, self.chosen, self.ring)

    def plastic(self, number: int) -> Path:
        """The file of a card as it comes from the factory."""
        path = self.directory / f"card-{number}.bin"
        write_dump(path, new_chip((_FIRST_UID + number).to_bytes(4)).dump())
        return path


async def furnish(target: Target, directory: Path, *, persons: int) -> Office:
    """A tenant ready to issue cards to so many persons; files of agents and cards go into `directory`."""
    tenant_id = await open_tenant(target.db, SYSTEM, code=TENANT, name="Lakeside School")
    chosen = CardFormat(technology="classic", mode=Mode.STORED, layout=Layout())
    async with target.db.tenant_tx(tenant_id, SYSTEM) as tx:
        wrapper = FileWrapper(token_bytes(32))
        await setup.set_card_format(tx, chosen)
        await setup.create_keys(tx, wrapper, pin=_PIN)
        ring = await setup.key_ring(tx, wrapper)
        class_id = await people.create_class(tx, ClassDraft(number=1, name="Pupils"))
        department = await people.ensure_department(tx, "Class 1")
        merchant = await consumption.create_merchant(tx, code="1", name="Canteen")
        drafts = [
            PersonDraft(
                number=str(number), name=f"Pupil {number}", department_id=department, class_id=class_id
            )
            for number in range(persons)
        ]
        ids = list((await people.add_persons(tx, target.vault, drafts)).values())
        await open_accounts(tx, ids)
    return Office(target, directory, tenant_id, chosen, ring, merchant.id, ids)


class Station:
    """A desk with its agent: cards are laid on the virtual reader of another process.

    Args:
        office: whose desk.
        name: of desk and workstation.
        home: the agent's files.

    Attributes:
        name: of the desk.
        agent: the reader at the end of the bus.
        reader: the same, listened to.
        place: the desk, on the reader that is listened to.
    """

    def __init__(self, office: Office, name: str, home: Home) -> None:
        self.name = name
        self.agent = AgentReader(office.target.bus, TENANT, name)
        self.reader = TracedReader(self.agent)
        self.place = Workplace(office.desk(name), self.reader)
        self._on_reader = CardOnReader(home.virtual)
        self._events: asyncio.Queue[CardEvent] = asyncio.Queue()

    async def watch(self) -> None:
        """Begin to hear of cards that are laid on."""

        async def hear(event: CardEvent) -> None:
            self._events.put_nowait(event)

        await self.agent.watch(hear)

    def put(self, card: Path) -> None:
        """Lay a card on, in the place of the one before."""
        self._on_reader.insert(card)

    async def lay(self, card: Path) -> None:
        """Lay a card on and wait until its agent has told the server.

        Raises:
            UnavailableError: it has not in five seconds.
        """
        uid = read_dump(card)[:4]
        while not self._events.empty():
            self._events.get_nowait()
        self.put(card)
        try:
            async with asyncio.timeout(_SEEN_S):
                while True:
                    event = await self._events.get()
                    if event.card is not None and event.card.uid == uid:
                        return
        except TimeoutError:
            message = "The agent did not see the card."
            raise UnavailableError(message) from None


@asynccontextmanager
async def station(office: Office, name: str, *, radio: bool = False) -> AsyncIterator[Station]:
    """A desk whose agent has enrolled and is connected; `radio`: with the air's times of the data sheet.

    Raises:
        UnavailableError: the agent did not get there.
    """
    async with office.target.db.tenant_tx(office.tenant_id, SYSTEM) as tx:
        code = (await workstations.create(tx, token=name, name=name)).code
    home = Home(office.directory / f"agent-{name}")
    agent = (program("onecard-agent"), "--home", str(home.directory))
    enrolling = (*agent, "enrol", "--server", office.target.agents_url, "--code", code)
    async with started(*enrolling, silent=True) as process:
        await process.wait()
    how = ("--virtual", "--radio") if radio else ("--virtual",)
    async with started(*agent, "run", *how, "--log-level", "warning", silent=True) as process:
        await _connected(home, process)
        found = Station(office, name, home)
        await found.watch()
        yield found


async def _connected(home: Home, process: asyncio.subprocess.Process) -> None:
    deadline = time.monotonic() + _CONNECT_S
    while time.monotonic() < deadline and process.returncode is None:
        status = home.status()
        if status is not None and status.connected and status.readers:
            return
        await asyncio.sleep(0.05)
    message = "`onecard-agent run` did not connect to be measured."
    raise UnavailableError(message)
