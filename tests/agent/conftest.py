"""Fixtures of the agent tests: a real bus server, a gateway, and a desk whose agent has enrolled."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from workplace import Desk, Server, running_server

from onecard.base.embedded import Logins
from onecard.base.natsserver import BusAddress, EmbeddedNats


@pytest.fixture(scope="session")
def bus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNats]:
    """A bus server for all agent tests of this process."""
    server = EmbeddedNats(tmp_path_factory.mktemp("bus"), mqtt_port=18840)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def nats(bus_server: EmbeddedNats) -> BusAddress:
    return bus_server.start()


@pytest.fixture
async def server(urls: Logins, two_tenants: tuple[int, int], nats: BusAddress) -> AsyncIterator[Server]:
    async with running_server(urls, nats, two_tenants[0]) as running:
        yield running


@pytest.fixture
async def new_desk(server: Server, tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk's computer on which nothing has happened yet."""
    desk = Desk(server, tmp_path)
    yield desk
    await desk.stop()


@pytest.fixture
async def desk(server: Server, new_desk: Desk) -> Desk:
    """A desk whose agent has enrolled and is connected."""
    await new_desk.enrol(await server.new_desk())
    await new_desk.start()
    return new_desk
