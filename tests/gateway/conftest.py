"""Fixtures of the gateway tests: a real bus server, a school, its terminals, people with cards and money."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pos import POOR, RICH, Certify, Pos, School, StartGateway, running_gateway

from onecard.base.clock import now_us, to_utc
from onecard.base.db import SYSTEM, Database
from onecard.base.embedded import Logins
from onecard.base.ids import uuid7
from onecard.base.natsserver import BusAddress, EmbeddedNats
from onecard.base.vault import Vault
from onecard.cards import service as cards
from onecard.consumption import service as consumption
from onecard.devices import service as devices
from onecard.gateway.worker import Gateway
from onecard.ledger.model import Answer, BookKind, Journal, Leg, Place, PostingKind, Source
from onecard.ledger.service import open_accounts, open_book
from onecard.ledger.writer import Writer
from onecard.people import service as people
from onecard.people.model import ClassDraft, PersonDraft


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BusAddress]:
    """A bus server for all gateway tests of this process."""
    server = EmbeddedNats(tmp_path_factory.mktemp("bus"), mqtt_port=18830)
    yield server.start()
    server.stop()


@pytest.fixture
async def writer(urls: Logins) -> AsyncIterator[Writer]:
    writer = Writer(urls.engine)
    await writer.start()
    yield writer
    await writer.stop()


@pytest.fixture
async def school(db: Database, two_tenants: tuple[int, int], writer: Writer) -> School:
    tenant_id, other_id = two_tenants
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        merchant = await consumption.create_merchant(tx, code="C1", name="一号窗口")
        root = await people.create_department(tx, name="青松学校")
        class_id = await people.create_class(tx, ClassDraft(number=1, name="学生"))
        drafts = [
            PersonDraft(number=number, name=name, department_id=root, class_id=class_id)
            for number, name in (("1001", "王小明"), ("1002", "李四"))
        ]
        ids = await people.add_persons(tx, Vault(bytes(range(32))), drafts)
        persons = {RICH: ids["1001"], POOR: ids["1002"]}
        await cards.bind(tx, persons)
        await open_accounts(tx, list(persons.values()))
        drawer = await open_book(tx, BookKind.DRAWER)
    for card, amount in ((RICH, 100_00), (POOR, 1_00)):
        assert (await top_up(writer, tenant_id, drawer, persons[card], amount)).ok
    return School(db, tenant_id, other_id, merchant.id, merchant.book_id, persons)


async def top_up(writer: Writer, tenant_id: int, drawer: int, account_id: int, amount_fen: int) -> Answer:
    leg = Leg(Place(drawer), Place(BookKind.CASH, account_id), amount_fen)
    return await writer.post(
        Journal(
            tenant_id=tenant_id, key=uuid7(), business_day=to_utc(now_us()).date(), occurred_at_us=now_us(),
            source=Source.COMMAND, source_id=0, kind=PostingKind.TOP_UP, legs=(leg,),
        )
    )  # fmt: skip


@pytest.fixture
async def start_gateway(urls: Logins, nats: BusAddress, writer: Writer) -> AsyncIterator[StartGateway]:
    """Starts gateways that end with the test."""
    async with AsyncExitStack() as stack:

        async def start() -> Gateway:
            return await stack.enter_async_context(running_gateway(urls, nats, writer))

        yield start


@pytest.fixture
async def gateway(start_gateway: StartGateway) -> Gateway:
    return await start_gateway()


@pytest.fixture
async def certify(school: School, nats: BusAddress) -> AsyncIterator[Certify]:
    """Certifies a terminal by serial number; not connected yet, and no longer when the test has ended."""
    made: list[Pos] = []

    async def one(sn: str = "POS-1", *, tenant_id: int | None = None, merchant: bool = True) -> Pos:
        tenant = tenant_id or school.tenant_id
        code = "8672" if tenant == school.tenant_id else "1200"
        async with school.db.tenant_tx(tenant, SYSTEM) as tx:
            merchant_id = school.merchant_id if merchant and tenant == school.tenant_id else None
            credentials = await devices.certify(tx, tenant_code=code, sn=sn, merchant_id=merchant_id)
        made.append(Pos((nats.mqtt_host, nats.mqtt_port), credentials))
        return made[-1]

    yield one
    for pos in made:
        pos.client.kill()


@pytest.fixture
async def pos(certify: Certify, gateway: Gateway, school: School) -> Pos:
    """A terminal that is connected and has announced itself."""
    terminal = await certify()
    await terminal.arrive(school)
    return terminal


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"
