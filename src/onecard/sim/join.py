"""How a terminal without a credential gets one: hello, wait to be certified, open what was sealed for it."""

import asyncio
from base64 import b64decode, b64encode

import msgspec
from nacl.public import PrivateKey, SealedBox

from onecard.sim.device import Credential
from onecard.sim.mqtt import BusRefusedError, MqttClient

JOIN_USER = "_join"


async def join(
    address: tuple[str, int],
    sn: str,
    *,
    model: str = "sim-pos",
    firmware: str = "1.0.0",
    claim: str = "",
    hello_every_s: float = 1.0,
    timeout_s: float = 60.0,
) -> Credential:
    """Ask to join under a serial number until an operator has certified it.

    Args:
        address: host and port of the bus.
        sn: serial number.
        model: what it is.
        firmware: version of its program.
        claim: whatever helps the operator to recognise it.
        hello_every_s: it asks again as often as this.
        timeout_s: how long it waits for the operator.

    Raises:
        BusRefusedError: the bus or the operator says no.
        TimeoutError: nobody certified it in time.
    """
    key = PrivateKey.generate()
    hello = {"sn": sn, "model": model, "fw": firmware, "pubkey": b64encode(bytes(key.public_key)).decode()}
    client = MqttClient()
    prefix = f"ot1/_join/{sn}"
    await client.connect(*address, user=JOIN_USER, secret="", client_id=sn)
    try:
        await client.subscribe(f"{prefix}/dn/grant")
        async with asyncio.timeout(timeout_s):
            while True:
                client.publish(f"{prefix}/up/hello", msgspec.json.encode({**hello, "claim": claim}), qos=1)
                credential = await _granted(client, key, sn, hello_every_s)
                if credential is not None:
                    return credential
    finally:
        await client.disconnect()


async def _granted(client: MqttClient, key: PrivateKey, sn: str, patience_s: float) -> Credential | None:
    """The credential when the answer is yes, None when it is to wait."""
    try:
        _, payload = await client.next_message(patience_s)
    except TimeoutError:
        return None
    grant = msgspec.json.decode(payload, type=dict)
    if grant["state"] == "no":
        message = f"The terminal {sn} may not join: {grant.get('code') or 'refused'}."
        raise BusRefusedError(message)
    if grant["state"] != "ok":
        await asyncio.sleep(patience_s)
        return None
    secret = SealedBox(key).decrypt(b64decode(grant["secret"])).decode()
    return Credential(grant["tenant"], grant["device"], secret)
