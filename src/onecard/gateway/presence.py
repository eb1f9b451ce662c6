"""What devices say of themselves: their states, and the hellos of those without credentials."""

import asyncio
import base64
import binascii
import logging
import time
from datetime import datetime

from nacl.public import PublicKey

from onecard.base.clock import now_us, to_utc
from onecard.base.status import Status
from onecard.devices import datasets
from onecard.devices import service as devices
from onecard.devices.black import DATASET as BLACK
from onecard.devices.drivers.ot1 import codec
from onecard.devices.drivers.ot1.model import PROTOCOL, Grant, Hello, State
from onecard.devices.model import Presence, Reply
from onecard.gateway.directory import AWAY, GATEWAY, admission
from onecard.gateway.hub import Hub

log = logging.getLogger(__name__)

_STORE_AGAIN_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
_HELLO_EVERY_S = 1.0
_HELLO_MOST = 20  # answered per second


class States:
    """Takes `up/state`: presence into the database, boot and record store into the sessions."""

    def __init__(self, hub: Hub) -> None:
        self._db = hub.db
        self._directory = hub.directory
        self._sessions = hub.sessions
        self._counters = hub.counters
        self._latest: dict[str, State | Status] = {}

    async def hear(self, subject: str, payload: bytes) -> None:
        """Handler at every gateway: the session learns of a new boot or record store."""
        _, code, token, _, _ = subject.split(".")
        state = codec.decode(State, payload)
        if isinstance(state, State) and state.on:
            self._sessions.of(code, token).announce(state.boot, state.ep)

    async def handle(self, subject: str, payload: bytes) -> None:
        """Handler at one gateway of the queue group: the database learns of it, however long that takes.

        A device announces itself once for each connection, so nobody would say it again.
        """
        _, code, token, _, _ = subject.split(".")
        state, at = codec.decode(State, payload), to_utc(now_us())
        status = state if isinstance(state, Status) else Status.BUSY
        self._latest[subject] = state
        for wait_s in _STORE_AGAIN_S:
            if isinstance(state, Status) or self._latest.get(subject) is not state:
                break
            try:
                status = await self._store(code, token, state, at)
                break
            except AWAY as error:
                log.warning("state of %s/%s waits: %s", code, token, error or type(error).__name__)
                await asyncio.sleep(wait_s)
        if self._latest.get(subject) is state:
            del self._latest[subject]
        self._counters.count("state", status)

    async def _store(self, code: str, token: str, state: State, at: datetime) -> Status:
        if state.proto is not None and state.proto != PROTOCOL:
            return Status.PROTOCOL_UNSUPPORTED
        view = await self._directory.view(code)
        device = view.devices.get(token) if view else None
        if view is None or device is None:
            return Status.DEVICE_UNKNOWN
        async with self._db.tenant_tx(view.tenant_id, GATEWAY) as tx:
            if not state.on:
                await devices.went_offline(tx, device.id, at=at)
                return Status.OK
            status = admission(view, device)
            if status is not Status.OK:
                return status
            clock = None if state.clk is None else int(state.clk)
            presence = Presence(state.boot, state.ep, state.fw, state.model, state.proto, clock, state.last)
            if await devices.came_online(tx, device.id, token, presence, at=at):
                log.info("device %s/%s opened record store %s", code, token, state.ep)
            lists = await datasets.state(tx, BLACK, device.id)
            if lists is not None and lists.behind:
                # its own word about its lists may have been taken before it counted as online
                await datasets.wake(tx)
        return Status.OK


class Joining:
    """Answers `hello` of devices that have no credential yet; slow on purpose."""

    def __init__(self, hub: Hub) -> None:
        self._db = hub.db
        self._bus = hub.bus
        self._counters = hub.counters
        self._last: dict[str, float] = {}
        self._second, self._answered = 0, 0

    async def handle(self, subject: str, payload: bytes) -> None:
        """Bus handler of `ot1._join.<sn>.up.hello`; the serial number is the subject's."""
        sn = subject.split(".")[2]
        hello = codec.decode(Hello, payload)
        if self._too_often(sn):
            self._counters.count("hello", Status.BUSY)
            return
        grant = Grant("no", code=hello.code) if isinstance(hello, Status) else await self._greet(sn, hello)
        self._counters.count("hello", hello if isinstance(hello, Status) else Status.OK)
        await self._bus.publish(f"ot1._join.{sn}.dn.grant", codec.encode(grant))

    async def _greet(self, sn: str, hello: Hello) -> Grant:
        key = _public_key(hello.pubkey)
        if hello.sn != sn or (hello.pubkey is not None and key is None):
            return Grant("no", code=Status.MALFORMED.code)
        try:
            async with self._db.platform_tx(GATEWAY) as tx:
                reply = await devices.hello(
                    tx, sn=sn, model=hello.model, firmware=hello.fw, public_key=key, claim=hello.claim
                )
        except AWAY:
            return Grant("wait", code=Status.BUSY.code)
        return grant_of(reply)

    def _too_often(self, sn: str) -> bool:
        now = time.monotonic()
        if int(now) != self._second:
            self._second, self._answered = int(now), 0
            self._last = {name: at for name, at in self._last.items() if now - at < _HELLO_EVERY_S}
        if sn in self._last or self._answered >= _HELLO_MOST:
            return True
        self._last[sn] = now
        self._answered += 1
        return False


def grant_of(reply: Reply) -> Grant:
    """What a candidate is told, as a message."""
    sealed = base64.b64encode(reply.sealed_secret).decode() if reply.sealed_secret else None
    if reply.state == "ok":
        return Grant("ok", device=reply.token, tenant=reply.tenant_code, secret=sealed)
    return Grant("wait" if reply.state == "wait" else "no")


def _public_key(text: str | None) -> bytes | None:
    try:
        key = base64.b64decode(text or "", validate=True)
    except binascii.Error:
        return None
    return key if len(key) == PublicKey.SIZE else None
