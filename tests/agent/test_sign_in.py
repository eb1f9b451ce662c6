"""Who may connect to the bus as an agent, and what he may say and hear there."""

import asyncio
import contextlib
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from nats.aio.client import Client
from workplace import DESK, TENANT, Desk, Server, signed_in, until

from onecard.agent import protocol
from onecard.agent.link import ReplacedError
from onecard.agent.program import Program
from onecard.agent.virtual import VirtualSource
from onecard.base.bus import Bus, Handler
from onecard.base.errors import UnavailableError
from onecard.base.nkeys import UserKey

OTHER = "back"
MINE, NOT_MINE = b"last", b"secret"


async def hears_besides(server: Server, bus: Bus, mine: str, *others: str) -> set[str]:
    """Which subjects besides its own somebody connected so gets, when something is sent there.

    All of it passes one server in the order in which it was sent: what has not come before the message on
    its own subject never comes.
    """
    heard: set[str] = set()
    over = asyncio.Event()

    def hearing(subject: str) -> Handler:
        async def hear(_: str, payload: bytes) -> None:
            if (subject, payload) == (mine, MINE):
                over.set()
            else:
                heard.add(subject)

        return hear

    for subject in (mine, *others):
        await bus.subscribe(subject, hearing(subject))
    for subject in others:
        await server.bus.publish(subject.replace("*", "x").replace(">", "x"), NOT_MINE)
    await server.bus.publish(mine, MINE)
    async with asyncio.timeout(30):
        await over.wait()
    await bus.flush()
    return heard


async def is_heard_besides(server: Server, bus: Bus, mine: str, *others: str) -> set[str]:
    """On which subjects besides its own the server hears what somebody connected so says; as above."""
    heard: set[str] = set()
    over = asyncio.Event()

    async def hear(subject: str, payload: bytes) -> None:
        if payload == NOT_MINE:
            heard.add(subject)
        elif (subject, payload) == (mine, MINE):
            over.set()

    for subject in (mine, *others):
        await server.bus.subscribe(subject, hear)
    for subject in others:
        await bus.publish(subject, NOT_MINE)
    await bus.publish(mine, MINE)
    async with asyncio.timeout(30):
        await over.wait()
    await server.bus.flush()
    return heard


@pytest.fixture
async def key(server: Server, new_desk: Desk) -> UserKey:
    await new_desk.enrol(await server.new_desk())
    await server.new_desk(OTHER)
    return new_desk.home.key()


async def test_a_workstation_hears_only_what_is_for_it(server: Server, key: UserKey) -> None:
    mine = f"agent.{TENANT}.{DESK}.dn.run"
    foreign = (f"agent.{TENANT}.{OTHER}.dn.run", "agent.1200.front.dn.run", f"agent.{TENANT}.*.dn.run", ">")
    others = (*foreign, "ot1.8672.pos.up.req", f"agent.{TENANT}.{DESK}.up.card", "$SYS.REQ.USER.AUTH")
    async with signed_in(server, key) as bus:
        assert await hears_besides(server, bus, mine, *others) == set()


async def test_a_workstation_speaks_only_as_itself(server: Server, key: UserKey) -> None:
    mine = f"agent.{TENANT}.{DESK}.up.card"
    foreign = (f"agent.{TENANT}.{OTHER}.up.card", f"agent.{TENANT}.{DESK}.dn.run", "_INBOX.abc")
    others = (*foreign, "oc.ledger.post", "ot1.8672.pos.up.rec", f"agent._join.{key.public}")
    async with signed_in(server, key) as bus:
        assert await is_heard_besides(server, bus, mine, *others) == set()


async def test_whoever_wants_to_join_may_only_ask(server: Server, key: UserKey) -> None:
    stranger = UserKey.generate()
    mine, foreign = protocol.join_subject(stranger.public), protocol.join_subject(key.public)
    others = (f"{foreign}.dn", f"agent.{TENANT}.{DESK}.dn.run", ">")
    async with signed_in(server, stranger, protocol.JOIN) as bus:
        assert await hears_besides(server, bus, f"{mine}.dn", *others) == set()
        said = (foreign, f"agent.{TENANT}.{DESK}.up.state")
        assert await is_heard_besides(server, bus, mine, *said) == set()


async def test_what_others_hear_and_say_would_be_noticed(server: Server) -> None:
    """The measure itself: the server's own connection may everything."""
    mine, others = f"agent.{TENANT}.{DESK}.dn.run", ("_INBOX.abc", "agent.1200.front.dn.run")
    assert await hears_besides(server, server.bus, mine, *others, ">") == {*others, ">"}
    assert await is_heard_besides(server, server.bus, mine, *others) == set(others)


async def test_an_unknown_key_cannot_run(server: Server, key: UserKey) -> None:
    with pytest.raises(UnavailableError, match="refuses the sign-in"):
        async with signed_in(server, UserKey.generate()):
            pass


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


@asynccontextmanager
async def running(program: Program) -> AsyncIterator[None]:
    task = asyncio.create_task(program.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_second_program_with_the_same_key_takes_over_and_is_told_of(
    server: Server, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await server.desk()).rivalled_at is None
    second: list[str] = []
    assert desk.task is not None
    async with running(Program(desk.home, VirtualSource(desk.home.virtual), second.append)):
        with pytest.raises(ReplacedError, match="Another program has signed in"):
            await asyncio.wait_for(desk.task, 30)
        desk.task = None
        assert "ALARM" in caplog.text
        assert (await server.desk()).rivalled_at is not None
        await until(lambda: any(", connected to" in line for line in second))
        assert await server.reader().present() is None


async def test_the_same_program_coming_back_is_no_alarm(
    server: Server, key: UserKey, caplog: pytest.LogCaptureFixture
) -> None:
    gone = asyncio.Event()

    async def closed() -> None:
        gone.set()

    async with signed_in(server, key, closed=closed) as first, signed_in(server, key) as second:
        await asyncio.wait_for(gone.wait(), 30)
        assert not first.connected
        assert second.connected
        assert "ALARM" not in caplog.text
        assert (await server.desk()).rivalled_at is None
