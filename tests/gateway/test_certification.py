"""How a terminal becomes one of a tenant's, and who else tries to."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from nacl.public import PrivateKey, SealedBox
from pos import RICH, Certify, Pos, School, comes_true

from onecard.base.db import SYSTEM
from onecard.base.errors import ConflictError
from onecard.base.natsserver import BusAddress
from onecard.devices import service as devices
from onecard.devices.model import Credentials
from onecard.gateway import connections, doorkeeper, presence
from onecard.gateway.worker import Gateway
from onecard.sim.mqtt import BusRefusedError, MqttClient

SN = "SN-77"
Joining = Callable[..., Awaitable[MqttClient]]


@pytest.fixture
async def joining(nats: BusAddress) -> AsyncIterator[Joining]:
    """Connects candidates by serial number; they are gone when the test has ended."""
    made: list[MqttClient] = []

    async def one(sn: str = SN) -> MqttClient:
        made.append(client := MqttClient())
        await client.connect(nats.mqtt_host, nats.mqtt_port, user="_join", secret="", client_id=sn)
        await client.subscribe(f"ot1/_join/{sn}/dn/grant")
        return client

    yield one
    for client in made:
        client.kill()


def say_hello(client: MqttClient, sn: str = SN, **more: str) -> None:
    client.publish(
        f"ot1/_join/{sn}/up/hello", json.dumps({"sn": sn, "model": "M", "fw": "1"} | more).encode()
    )


async def granted(client: MqttClient, timeout_s: float = 30.0) -> dict[str, str]:
    _, payload = await client.next_message(timeout_s)
    return dict(json.loads(payload))


async def hello(client: MqttClient, **more: str) -> dict[str, str]:
    say_hello(client, **more)
    return await granted(client)


async def hello_until(client: MqttClient, state: str, **more: str) -> dict[str, str]:
    """Hellos are answered once a second only."""
    async with asyncio.timeout(30):
        while True:
            say_hello(client, **more)
            with suppress(TimeoutError):
                if (grant := await granted(client, 0.1))["state"] == state:
                    return grant


async def test_join_wait_certify_grant_sign_in(
    school: School, gateway: Gateway, nats: BusAddress, joining: Joining
) -> None:
    key = PrivateKey.generate()
    pubkey = b64encode(bytes(key.public_key)).decode()
    client = await joining()
    assert (await hello(client, pubkey=pubkey))["state"] == "wait"
    async with school.db.platform_tx(SYSTEM) as tx:
        assert [each.sn for each in await devices.candidates(tx)] == [SN]
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await devices.certify(tx, tenant_code="8672", sn=SN, merchant_id=school.merchant_id)
    grant = await hello_until(client, "ok", pubkey=pubkey)
    assert (grant["tenant"], grant["device"]) == ("8672", "sn-77")
    secret = SealedBox(key).decrypt(b64decode(grant["secret"])).decode()
    pos = Pos(
        (nats.mqtt_host, nats.mqtt_port), Credentials(1, "8672/sn-77", secret, "sn-77", "ot1/8672/sn-77")
    )
    try:
        await pos.connect()
        pos.announce()
        assert (await pos.pay(RICH, 1_00, seq=1))["ok"]
        await comes_true(lambda: nobody_waits(school))
    finally:
        pos.client.kill()


async def nobody_waits(school: School) -> bool:
    async with school.db.platform_tx(SYSTEM) as tx:
        return await devices.candidates(tx) == []


async def test_a_refused_candidate_hears_no(school: School, gateway: Gateway, joining: Joining) -> None:
    client = await joining()
    assert (await hello(client))["state"] == "wait"
    async with school.db.platform_tx(SYSTEM) as tx:
        await devices.refuse_candidate(tx, SN)
    await hello_until(client, "no")


async def test_hellos_are_answered_seldom(
    gateway: Gateway, school: School, joining: Joining, monkeypatch: pytest.MonkeyPatch
) -> None:
    # once a second, which a slow machine may need for eleven messages
    monkeypatch.setattr(presence, "_HELLO_EVERY_S", 60.0)
    client = await joining()
    assert (await hello(client))["state"] == "wait"
    for _ in range(10):
        say_hello(client)
    await comes_true(counts(gateway, "hello.busy", 10))
    assert gateway.counters.snapshot()["hello.ok"] == 1
    with pytest.raises(TimeoutError):
        await client.next_message(0.1)


def counts(gateway: Gateway, name: str, number: int) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return gateway.counters.snapshot().get(name) == number

    return look


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"sn":"other"}', b'{"sn":"SN-77","pubkey":"AAAA"}'])
async def test_a_malformed_hello_is_refused(gateway: Gateway, joining: Joining, payload: bytes) -> None:
    client = await joining()
    client.publish(f"ot1/_join/{SN}/up/hello", payload)
    assert await granted(client) == {"state": "no", "code": "malformed"}


async def test_a_candidate_reaches_nothing_but_its_own_hello(gateway: Gateway, joining: Joining) -> None:
    client = await joining()
    for topic in ("#", "ot1/#", "ot1/_join/+/dn/grant", "ot1/_join/SN-78/dn/grant", "ot1/8672/pos-1/dn/#"):
        with pytest.raises(BusRefusedError):
            await client.subscribe(topic)
    say_hello(client, "SN-78")
    await hello(client)  # comes after it
    assert {n: c for n, c in gateway.counters.snapshot().items() if n.startswith("hello")} == {"hello.ok": 1}


async def test_nobody_joins_under_the_name_of_a_working_terminal(pos: Pos, joining: Joining) -> None:
    for client_id in ("pos-1", "POS-1"):
        with pytest.raises(BusRefusedError):
            await joining(client_id)
    assert (await pos.ask(pos.request("time")))["ok"]


@pytest.mark.parametrize(
    ("user", "secret", "client_id"),
    [
        ("8672/pos-1", "wrong", "pos-1"),
        ("8672/pos-1", "", "pos-1"),
        ("8672/pos-1", None, "pos-2"),
        ("1200/pos-1", None, "pos-1"),
        ("9999/pos-1", None, "pos-1"),
        ("8672/pos-9", None, "pos-9"),
        ("onecard", None, "pos-1"),
        ("_join", "", "pos 1"),
        ("_join", "", "a.b"),
        ("", "", "x"),
    ],
)
async def test_wrong_credentials_are_refused(
    certify: Certify, gateway: Gateway, user: str, secret: str | None, client_id: str
) -> None:
    pos = await certify()
    right = pos.credentials.secret
    with pytest.raises(BusRefusedError):
        await pos.client.connect(
            *pos.address, user=user, secret=right if secret is None else secret, client_id=client_id
        )


async def test_a_terminal_hears_and_says_only_its_own(pos: Pos, certify: Certify, gateway: Gateway) -> None:
    for topic in ("#", "ot1/#", "ot1/8672/#", "ot1/1200/pos-1/dn/#", "ot1/8672/pos-2/dn", "$SYS/#", "oc/#"):
        with pytest.raises(BusRefusedError):
            await pos.client.subscribe(topic)
    await certify("POS-2")
    assert (await pos.ask(pos.request("time")))["ok"]
    await comes_true(counts(gateway, "state.ok", 1))
    before = gateway.counters.snapshot()
    request = json.dumps(pos.pay_request(RICH, 1_00, seq=1)).encode()
    for topic in (
        "ot1/8672/pos-2/up/req",
        "ot1/1200/pos-1/up/req",
        "ot1/8672/pos-1/dn/rsp",
        "oc/ledger/1/post",
    ):
        pos.client.publish(topic, request)
    last = pos.request("time")
    assert (await pos.ask(last))["rid"] == last["rid"]
    assert pos.passed_over == []
    assert gateway.counters.snapshot() == before | {"req.time.ok": before["req.time.ok"] + 1}


async def test_a_disabled_terminal_is_disconnected_within_a_second(
    pos: Pos, school: School, gateway: Gateway
) -> None:
    """One look of the doorkeeper is enough, and it looks often enough."""
    assert doorkeeper._POLL_S + connections._GATHER_S < 1
    for task in gateway._tasks:
        task.cancel()
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await devices.set_disabled(tx, "POS-1", disabled=True)
    await gateway._doorkeeper.look()
    assert await pos.is_disconnected()
    with pytest.raises(BusRefusedError):
        await pos.connect()
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await devices.set_disabled(tx, "POS-1", disabled=False)
    await pos.comes_back()
    assert (await pos.pay(RICH, 1_00, seq=1))["ok"]


async def test_a_serial_number_is_certified_once(certify: Certify, school: School) -> None:
    first = await certify()
    for tenant in (school.tenant_id, school.other_id):
        with pytest.raises(ConflictError):
            await certify("pos-1", tenant_id=tenant)
        with pytest.raises(ConflictError):
            await certify("POS-1", tenant_id=tenant)
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await devices.retire(tx, "POS-1")
    again = await certify("POS-1")
    assert again.credentials.device_id == first.credentials.device_id
    assert again.credentials.secret != first.credentials.secret


async def test_secrets_are_not_kept(certify: Certify, school: School) -> None:
    pos = await certify()
    (row,) = await school.fetch("select secret_hash from devices.device")
    assert pos.credentials.secret.encode() not in bytes(row[0])  # type: ignore[call-overload]
    assert len(pos.credentials.secret) == 43
