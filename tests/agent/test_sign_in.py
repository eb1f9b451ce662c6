"""Who may connect to the bus as an agent, and what he may say and hear there."""

import asyncio
import contextlib
from base64 import b64encode

import pytest
from nats.aio.client import Client
from workplace import DESK, TENANT, Desk, Server, until

from onecard.agent import protocol
from onecard.agent.link import ReplacedError
from onecard.agent.program import Program
from onecard.agent.virtual import VirtualSource
from onecard.base.bus import Bus, SignIn, sign_in
from onecard.base.errors import UnavailableError
from onecard.base.nkeys import UserKey

OTHER = "back"


async def never() -> None:
    """Connections of these tests end when the test does."""


async def connect(server: Server, key: UserKey, purpose: str = protocol.RUN) -> Bus:
    return await sign_in(server.address.agents_url, SignIn(key, purpose, "test"), never)


async def hears(server: Server, bus: Bus, subject: str) -> bool:
    """Whether somebody connected so gets what is sent to a subject."""
    heard: list[str] = []

    async def hear(where: str, _: bytes) -> None:
        heard.append(where)

    await bus.subscribe(subject, hear)
    await server.bus.publish(subject.replace("*", "x").replace(">", "x"), b"secret")
    await server.bus.flush()
    await asyncio.sleep(0.1)
    return bool(heard)


async def is_heard(server: Server, bus: Bus, subject: str) -> bool:
    """Whether the server hears what somebody connected so says on a subject."""
    heard: list[str] = []

    async def hear(where: str, _: bytes) -> None:
        heard.append(where)

    await server.bus.subscribe(subject, hear)
    await bus.publish(subject, b"x")
    await bus.flush()
    await asyncio.sleep(0.1)
    return bool(heard)


@pytest.fixture
async def key(server: Server, new_desk: Desk) -> UserKey:
    await new_desk.enrol(await server.new_desk())
    await server.new_desk(OTHER)
    return new_desk.home.key()


async def test_a_workstation_hears_only_what_is_for_it(server: Server, key: UserKey) -> None:
    bus = await connect(server, key)
    assert await hears(server, bus, f"agent.{TENANT}.{DESK}.dn.run")
    foreign = (f"agent.{TENANT}.{OTHER}.dn.run", "agent.1200.front.dn.run", f"agent.{TENANT}.*.dn.run", ">")
    for subject in (*foreign, "ot1.8672.pos.up.req", f"agent.{TENANT}.{DESK}.up.card", "$SYS.REQ.USER.AUTH"):
        assert not await hears(server, bus, subject), subject
    await bus.close()


async def test_a_workstation_speaks_only_as_itself(server: Server, key: UserKey) -> None:
    bus = await connect(server, key)
    assert await is_heard(server, bus, f"agent.{TENANT}.{DESK}.up.card")
    foreign = (f"agent.{TENANT}.{OTHER}.up.card", f"agent.{TENANT}.{DESK}.dn.run", "_INBOX.abc")
    for subject in (*foreign, "oc.ledger.post", "ot1.8672.pos.up.rec", f"agent._join.{key.public}"):
        assert not await is_heard(server, bus, subject), subject
    await bus.close()


async def test_whoever_wants_to_join_may_only_ask(server: Server, key: UserKey) -> None:
    stranger = UserKey.generate()
    bus = await connect(server, stranger, protocol.JOIN)
    mine = protocol.join_subject(stranger.public)
    assert await hears(server, bus, f"{mine}.dn")
    for subject in (f"{protocol.join_subject(key.public)}.dn", f"agent.{TENANT}.{DESK}.dn.run", ">"):
        assert not await hears(server, bus, subject), subject
    for subject in (protocol.join_subject(key.public), f"agent.{TENANT}.{DESK}.up.state"):
        assert not await is_heard(server, bus, subject), subject
    await bus.close()


async def test_an_unknown_key_cannot_run(server: Server, key: UserKey) -> None:
    with pytest.raises(UnavailableError, match="refuses the sign-in"):
        await connect(server, UserKey.generate())


async def refused(server: Server, *, nkey: str | None, sign: UserKey) -> bool:
    client = Client()
    client._public_nkey = nkey
    try:
        await client.connect(
            server.address.agents_url,
            token=protocol.RUN,
            signature_cb=lambda nonce: b64encode(sign.sign(nonce.encode())),
            allow_reconnect=False,
        )
    except Exception as error:  # noqa: BLE001  whatever the library makes of it
        return "Authorization" in str(error)
    else:
        return False
    finally:
        transport = client._transport
        await client.close()
        if transport:
            transport.close()
            with contextlib.suppress(OSError):
                await transport.wait_closed()


async def test_a_key_without_its_signature_is_nothing(server: Server, key: UserKey) -> None:
    assert not await refused(server, nkey=key.public, sign=key)
    assert await refused(server, nkey=key.public, sign=UserKey.generate())
    assert await refused(server, nkey=None, sign=key)
    assert await refused(server, nkey="nonsense", sign=key)


async def test_a_second_program_with_the_same_key_takes_over_and_is_told_of(
    server: Server, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await server.desk()).rivalled_at is None
    second: list[str] = []
    program = Program(desk.home, VirtualSource(desk.home.virtual), second.append)
    running = asyncio.create_task(program.run())
    assert desk.task is not None
    with pytest.raises(ReplacedError, match="Another program has signed in"):
        await asyncio.wait_for(desk.task, 5)
    desk.task = None
    assert "ALARM" in caplog.text
    assert (await server.desk()).rivalled_at is not None
    await until(lambda: any(", connected to" in line for line in second))
    assert await server.reader().present() is None
    running.cancel()
    await asyncio.wait({running})


async def test_the_same_program_coming_back_is_no_alarm(
    server: Server, key: UserKey, caplog: pytest.LogCaptureFixture
) -> None:
    gone = asyncio.Event()

    async def closed() -> None:
        gone.set()

    login = SignIn(key, protocol.RUN, "the same name")
    first = await sign_in(server.address.agents_url, login, closed)
    second = await sign_in(server.address.agents_url, login, never)
    await asyncio.wait_for(gone.wait(), 2)
    assert not first.connected
    assert second.connected
    assert "ALARM" not in caplog.text
    assert (await server.desk()).rivalled_at is None
    await second.close()
