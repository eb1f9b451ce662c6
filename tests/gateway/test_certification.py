"""How a terminal becomes one of a tenant's, and who else tries to."""

import asyncio
import json
import time
from base64 import b64decode, b64encode

import pytest
from nacl.public import PrivateKey, SealedBox
from pos import RICH, Certify, Pos, School

from onecard.base.db import SYSTEM
from onecard.base.errors import ConflictError
from onecard.base.natsserver import BusAddress
from onecard.devices import service as devices
from onecard.devices.model import Credentials
from onecard.gateway.worker import Gateway
from onecard.sim.mqtt import BusRefusedError, MqttClient

SN = "SN-77"


async def joining(nats: BusAddress, sn: str = SN) -> MqttClient:
    client = MqttClient()
    await client.connect(nats.mqtt_host, nats.mqtt_port, user="_join", secret="", client_id=sn)
    await client.subscribe(f"ot1/_join/{sn}/dn/grant")
    return client


async def hello(client: MqttClient, sn: str = SN, **more: str) -> dict[str, str]:
    client.publish(
        f"ot1/_join/{sn}/up/hello", json.dumps({"sn": sn, "model": "M", "fw": "1"} | more).encode()
    )
    _, payload = await client.next_message()
    return dict(json.loads(payload))


async def test_join_wait_certify_grant_sign_in(school: School, gateway: Gateway, nats: BusAddress) -> None:
    key = PrivateKey.generate()
    pubkey = b64encode(bytes(key.public_key)).decode()
    client = await joining(nats)
    assert (await hello(client, pubkey=pubkey))["state"] == "wait"
    async with school.db.platform_tx(SYSTEM) as tx:
        assert [each.sn for each in await devices.candidates(tx)] == [SN]
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await devices.certify(tx, tenant_code="8672", sn=SN, merchant_id=school.merchant_id)
    await asyncio.sleep(1.0)
    grant = await hello(client, pubkey=pubkey)
    assert (grant["state"], grant["tenant"], grant["device"]) == ("ok", "8672", "sn-77")
    secret = SealedBox(key).decrypt(b64decode(grant["secret"])).decode()
    pos = Pos(
        (nats.mqtt_host, nats.mqtt_port), Credentials(1, "8672/sn-77", secret, "sn-77", "ot1/8672/sn-77")
    )
    await pos.connect()
    pos.announce()
    assert (await pos.pay(RICH, 1_00, seq=1))["ok"]
    await asyncio.sleep(0.2)
    async with school.db.platform_tx(SYSTEM) as tx:
        assert await devices.candidates(tx) == []
    pos.client.kill()


async def test_a_refused_candidate_hears_no(school: School, gateway: Gateway, nats: BusAddress) -> None:
    client = await joining(nats)
    assert (await hello(client))["state"] == "wait"
    async with school.db.platform_tx(SYSTEM) as tx:
        await devices.refuse_candidate(tx, SN)
    await asyncio.sleep(1.0)
    assert (await hello(client))["state"] == "no"
    client.kill()


async def test_hellos_are_answered_once_a_second(gateway: Gateway, school: School, nats: BusAddress) -> None:
    client = await joining(nats)
    assert (await hello(client))["state"] == "wait"
    for _ in range(10):
        client.publish(f"ot1/_join/{SN}/up/hello", json.dumps({"sn": SN}).encode())
    with pytest.raises(TimeoutError):
        await client.next_message(0.5)
    assert gateway.counters.snapshot()["hello.busy"] == 10
    client.kill()


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"sn":"other"}', b'{"sn":"SN-77","pubkey":"AAAA"}'])
async def test_a_malformed_hello_is_refused(gateway: Gateway, nats: BusAddress, payload: bytes) -> None:
    client = await joining(nats)
    client.publish(f"ot1/_join/{SN}/up/hello", payload)
    _, answer = await client.next_message()
    assert json.loads(answer) == {"state": "no", "code": "malformed"}
    client.kill()


async def test_a_candidate_reaches_nothing_but_its_own_hello(gateway: Gateway, nats: BusAddress) -> None:
    client = await joining(nats)
    for topic in ("#", "ot1/#", "ot1/_join/+/dn/grant", "ot1/_join/SN-78/dn/grant", "ot1/8672/pos-1/dn/#"):
        with pytest.raises(BusRefusedError):
            await client.subscribe(topic)
    client.publish("ot1/_join/SN-78/up/hello", b'{"sn":"SN-78"}')
    await asyncio.sleep(0.2)
    assert not any(name.startswith("hello") for name in gateway.counters.snapshot())
    client.kill()


async def test_nobody_joins_under_the_name_of_a_working_terminal(pos: Pos, nats: BusAddress) -> None:
    for client_id in ("pos-1", "POS-1"):
        with pytest.raises(BusRefusedError):
            await joining(nats, client_id)
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
    while "state.ok" not in gateway.counters.snapshot():  # noqa: ASYNC110  the gateway does not tell
        await asyncio.sleep(0.01)
    before = gateway.counters.snapshot()
    request = json.dumps(pos.pay_request(RICH, 1_00, seq=1)).encode()
    for topic in (
        "ot1/8672/pos-2/up/req",
        "ot1/1200/pos-1/up/req",
        "ot1/8672/pos-1/dn/rsp",
        "oc/ledger/1/post",
    ):
        pos.client.publish(topic, request)
    assert await pos.hears_nothing()
    assert gateway.counters.snapshot() == before


async def test_a_disabled_terminal_is_disconnected_within_a_second(pos: Pos, school: School) -> None:
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await devices.set_disabled(tx, "POS-1", disabled=True)
    since = time.monotonic()
    assert await pos.is_disconnected()
    assert time.monotonic() - since < 1.3
    with pytest.raises(BusRefusedError):
        await pos.connect()
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await devices.set_disabled(tx, "POS-1", disabled=False)
    await asyncio.sleep(1.1)
    await pos.connect()
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
