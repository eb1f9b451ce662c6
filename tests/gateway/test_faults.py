"""What is killed, torn, flooded or malformed: nothing lost, nothing posted twice, nothing falls over."""

import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pos import RICH, Certify, Pos, School, StartGateway, comes_true, locked, running_gateway, sale

from onecard.base.bus import connect_bus
from onecard.base.embedded import Logins
from onecard.base.errors import UnavailableError
from onecard.base.natsserver import BusAddress, EmbeddedNats
from onecard.base.status import Status
from onecard.devices.drivers.ot1 import codec
from onecard.devices.drivers.ot1.model import Batch, Hello, Request, State
from onecard.gateway.worker import Gateway
from onecard.ledger.remote import serve_ledger
from onecard.ledger.writer import Writer


async def test_two_gateways_share_the_load(start_gateway: StartGateway, pos: Pos, school: School) -> None:
    second = await start_gateway()
    for seq in range(1, 41):
        assert (await pos.pay(RICH, 1, seq=seq))["ok"]
    paid = second.counters.snapshot().get("req.pay.ok", 0)
    assert 0 < paid < 40
    assert await school.takings() == 40


async def test_the_bus_server_is_killed_and_comes_back(
    tmp_path: Path, urls: Logins, writer: Writer, certify: Certify, school: School
) -> None:
    with served(EmbeddedNats(tmp_path, mqtt_port=18900)) as server:
        address, pid = server.start(), server.pid()
        async with running_gateway(urls, address, writer) as gateway:
            pos = await certify()
            pos.address = (address.mqtt_host, address.mqtt_port)
            await pos.arrive(school)
            assert (await pos.pay(RICH, 1_00, seq=1))["ok"]
            assert pid
            os.kill(pid, signal.SIGKILL)
            assert await pos.is_disconnected()
            assert server.start() == address
            await comes_true(lambda: connected(gateway))
            await pos.comes_back()
            assert (await pos.pay(RICH, 1_00, seq=2))["ok"]
            assert await school.takings() == 2_00


async def connected(gateway: Gateway) -> bool:
    return gateway._bus.connected


@contextmanager
def served(server: EmbeddedNats) -> Iterator[EmbeddedNats]:
    """A bus server that is stopped when the block ends, however it does."""
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
async def lone_gateway(urls: Logins, nats: BusAddress, writer: Writer) -> AsyncIterator[Process]:
    """A gateway process; its postings come to the test's writer."""
    async with AsyncExitStack() as stack:
        bus = await connect_bus(nats.url)
        stack.push_async_callback(bus.close)
        await serve_ledger(bus, writer)
        script = str(Path(__file__).with_name("lone_gateway.py"))
        arguments = (urls.application, nats.url, nats.system_url, nats.issuer_seed)
        process = await create_subprocess_exec(sys.executable, script, *arguments, stdout=PIPE)
        stack.push_async_callback(end, process)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield process


async def end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


async def test_a_gateway_killed_between_posting_and_acknowledging(
    lone_gateway: Process, certify: Certify, school: School, urls: Logins, start_gateway: StartGateway
) -> None:
    pos = await certify()
    await pos.arrive(school)
    assert (await pos.deliver(sale(1, RICH, 1_00)))["ack"] == 1

    async def posted() -> bool:
        return await school.takings() == 6_00

    async with locked(urls, "devices.record"):
        pos.send_records(sale(2, RICH, 5_00))
        await comes_true(posted)
        await end(lone_gateway)
    await start_gateway()
    assert await pos.heard_before_the_time() == []
    assert (await pos.deliver(sale(2, RICH, 5_00)))["ack"] == 2
    assert await school.takings() == 6_00
    assert await school.fetch("select seq from devices.record order by seq") == [(1,), (2,)]


async def test_no_acknowledgement_before_the_commit(
    pos: Pos, school: School, urls: Logins, blocked: Callable[[], Awaitable[None]]
) -> None:
    assert (await pos.deliver(sale(1, RICH, 1_00)))["ack"] == 1
    async with locked(urls, "devices.record"):
        pos.send_records(sale(2, RICH, 1_00))
        await blocked()
        assert await pos.heard_before_the_time() == []
    assert (await pos.answer("dn/rec"))["ack"] == 2


JUNK = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "rid",
                        "boot",
                        "n",
                        "t",
                        "op",
                        "seq",
                        "ep",
                        "recs",
                        "from",
                        "cred",
                        "amt",
                        "v",
                        "k",
                        "on",
                        "d",
                    ]
                ),
                inner,
                max_size=8,
            )
        ),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode()),
)


@settings(max_examples=150, deadline=None)
@given(payloads=st.lists(JUNK, min_size=1, max_size=5))
def test_junk_gets_a_name_and_never_falls_over(payloads: list[bytes]) -> None:
    """Every byte string is a message or a named status to the codec; the gateway's handlers build on that."""
    for payload in payloads:
        for kind in (State, Request, Batch, Hello):
            message = codec.decode(kind, payload)
            assert isinstance(message, kind) or message is Status.MALFORMED
            if isinstance(message, Batch):
                assert isinstance(codec.entries(message), list | Status)


JUNK_MESSAGES = [
    b"", b"\x00", b"\xff\xfe", b"{", b"[]", b"null", b'"x"', b"1" * 5000, b"[" * 60_000, b'{"a":' * 9_000,
    b'{"rid":"r","boot":1,"n":1,"t":1,"op":"pay","cred":[' + b"[" * 2_000 + b"]" * 2_000 + b"]}",
    b'{"rid":"\\ud800","boot":1,"n":1,"t":1,"op":"pay"}', b"{" + b'"a":1,' * 9_000 + b'"b":1}',
    b'{"ep":7001,"from":1,"recs":[{"seq":1,"k":"note","t":1,"d":' + b"[" * 500 + b"]" * 500 + b"}]}",
    b'{"on":1,"ep":-1}', b'{"on":2}', b'{"on":1,"boot":1e400}', b"x" * 65_536, b"x" * 65_537, b"x" * 200_000,
]  # fmt: skip


async def test_junk_over_the_bus_is_counted_and_the_terminal_goes_on(pos: Pos, gateway: Gateway) -> None:
    for junk in JUNK_MESSAGES:
        for topic in ("up/req", "up/rec", "up/state", "up/other", "up/req/deeper"):
            pos.send(topic, junk)
    answer = await pos.pay(RICH, 1_00, seq=1)
    while answer.get("code") in {"malformed", "too_large"}:
        answer = await pos.answer("dn/rsp")
    assert answer["ok"]
    counts = gateway.counters.snapshot()
    assert counts["req.malformed"] == len(JUNK_MESSAGES) - 2
    assert counts["req.too_large"] == counts["rec.too_large"] == counts["state.too_large"] == 2


async def test_a_flood_beyond_the_servers_size_ends_the_connection_only(pos: Pos) -> None:
    pos.send("up/req", b"x" * 400_000)
    assert await pos.is_disconnected()
    await pos.connect()
    assert (await pos.ask(pos.request("time")))["ok"]


def test_a_taken_port_is_replaced_by_a_free_one(nats: BusAddress, tmp_path: Path) -> None:
    with served(EmbeddedNats(tmp_path, mqtt_port=nats.mqtt_port)) as server:
        assert server.start().mqtt_port != nats.mqtt_port


def test_an_address_that_is_not_ours_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="address 203"):
        EmbeddedNats(tmp_path, mqtt_host="203.0.113.9").start()


def test_a_left_over_server_is_adopted(tmp_path: Path) -> None:
    with served(EmbeddedNats(tmp_path, mqtt_port=18950)) as first:
        address, pid = first.start(), first.pid()
        second = EmbeddedNats(tmp_path, mqtt_port=18950)
        assert second.start() == address
        assert second.pid() == pid
        second.stop()
        assert first.pid() is None


def test_the_bus_keeps_its_secrets_to_itself(tmp_path: Path) -> None:
    with served(EmbeddedNats(tmp_path, mqtt_port=18960)) as server:
        server.start()
        for path in ("nats/nats.conf", "keys/nats-issuer.seed"):
            assert (tmp_path / path).stat().st_mode & 0o777 == 0o600
