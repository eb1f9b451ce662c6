"""Authentication callout: who may connect to the bus from outside, and what it may say and hear there.

Devices are answered from memory (devices.md §2.7 N7). A device may publish below its own `up` and hear its
own `dn`, nothing else; a device without credentials may only say hello under its serial number. Whoever does
not speak MQTT is a desk agent or nobody (agents_door.py).
"""

import base64
import hashlib
import logging
import re
import time
from typing import Any

import msgspec
from msgspec import Struct

from onecard.base.bus import Bus
from onecard.base.db import Database
from onecard.base.natsserver import ACCOUNT
from onecard.base.nkeys import AccountKey
from onecard.base.status import Status
from onecard.devices import service as devices
from onecard.gateway.agents_door import AgentDoor
from onecard.gateway.asked import Asked, Decision, Rights, only
from onecard.gateway.counters import Counters
from onecard.gateway.directory import AWAY, GATEWAY, Directory

log = logging.getLogger(__name__)

SUBJECT = "$SYS.REQ.USER.AUTH"
JOIN_USER = "_join"
_USER = re.compile(r"([0-9]{4})/([a-z0-9_-]{1,32})", re.ASCII)
_SERIAL = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


class _Claims(Struct):
    nats: Asked


_claims = msgspec.json.Decoder(_Claims)


class Callout:
    """Answers the bus server's question about each connection; run by every gateway as one queue group.

    Args:
        db: to see whether a serial number that wants to join is certified already.
        directory: what gateways know of tenants and devices.
        door: decides on desk agents.
        issuer: the key whose signature the bus server accepts.
        counters: where refusals are counted.
    """

    def __init__(
        self, db: Database, directory: Directory, door: AgentDoor, issuer: AccountKey, counters: Counters
    ) -> None:
        self._db = db
        self._directory = directory
        self._door = door
        self._issuer = issuer
        self._counters = counters

    async def start(self, bus: Bus) -> None:
        """Begin to answer."""
        await bus.subscribe(SUBJECT, self._answer, queue="callout")

    async def _answer(self, subject: str, payload: bytes) -> bytes:
        asked = _claims.decode(_unpack(payload)).nats
        mqtt = asked.client_info.type in {"mqtt", "mqtt_websocket"}
        rights, status = await (self._decide(asked) if mqtt else self._door.decide(asked))
        self._counters.count("callout" if mqtt else "callout.agent", status)
        if rights is None:
            log.info("connection of %r refused: %s", asked.connect_opts.user, status.code)
            return self._response(asked, error=status.code)
        kinds = ["MQTT", "MQTT_WS"] if mqtt else ["STANDARD", "WEBSOCKET"]
        user = {
            "name": rights.user,
            "aud": ACCOUNT,
            "sub": asked.user_nkey,
            "nats": rights.permissions
            | {"subs": -1, "data": -1, "payload": -1, "allowed_connection_types": kinds}
            | {"type": "user", "version": 2},
        }
        return self._response(asked, jwt=self._sign(user).decode())

    async def _decide(self, asked: Asked) -> Decision:
        """The rights of a device, or None and the reason."""
        client_id, options = asked.client_info.mqtt_id, asked.connect_opts
        if options.user == JOIN_USER:
            return await self._decide_join(client_id)
        match = _USER.fullmatch(options.user)
        if match is None or match[2] != client_id:
            return None, Status.DEVICE_UNKNOWN
        status = await self._directory.sign_in(match[1], match[2], options.password)
        if status is not Status.OK:
            return None, status
        prefix = f"ot1.{match[1]}.{match[2]}"
        # a filter that ends in /# needs both subjects (devices.md §2.2)
        allowed = only(publish=[f"{prefix}.up.>"], subscribe=[f"{prefix}.dn", f"{prefix}.dn.>"])
        return Rights(options.user, allowed), Status.OK

    async def _decide_join(self, client_id: str) -> Decision:
        if not _SERIAL.fullmatch(client_id):
            return None, Status.DEVICE_UNKNOWN
        # a client id takes over the connection that has it: nobody may push a working terminal off the bus by
        # asking to join under its name. Between certification and the first sign-in the grant waits to be
        # fetched
        try:
            async with self._db.platform_tx(GATEWAY) as tx:
                taken = await devices.is_taken(tx, client_id) and not await devices.has_grant(tx, client_id)
        except AWAY:
            return None, Status.BUSY
        if taken:
            return None, Status.DEVICE_UNKNOWN
        prefix = f"ot1._join.{client_id}"
        allowed = only(publish=[f"{prefix}.up.hello"], subscribe=[f"{prefix}.dn.grant"])
        return Rights(JOIN_USER, allowed), Status.OK

    def _response(self, asked: Asked, **outcome: str) -> bytes:
        claims = {
            "aud": asked.server_id.id,
            "sub": asked.user_nkey,
            "nats": {**outcome, "type": "authorization_response", "version": 2},
        }
        return self._sign(claims)

    def _sign(self, claims: dict[str, Any]) -> bytes:
        claims = claims | {"iss": self._issuer.public, "iat": int(time.time())}
        claims["jti"] = (
            base64.b32encode(hashlib.sha256(msgspec.json.encode(claims)).digest()).decode().rstrip("=")
        )
        body = _HEADER + b"." + _base64(msgspec.json.encode(claims))
        return body + b"." + _base64(self._issuer.sign(body))


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _unpack(token: bytes) -> bytes:
    """The claims of a JWT; only the bus server can publish on the callout's subject, so it is believed."""
    body = token.split(b".")[1]
    return base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))


_HEADER = _base64(b'{"typ":"JWT","alg":"ed25519-nkey"}')
