"""What agents tell the server: that they want to join, and that they are there."""

import logging
import time

from onecard.agent.protocol import Join, Joined, State, decode, encode
from onecard.base.errors import NotFoundError
from onecard.base.status import Status
from onecard.devices.workstations import service as workstations
from onecard.gateway.directory import AWAY, GATEWAY
from onecard.gateway.hub import Hub
from onecard.tenants import service as tenants

log = logging.getLogger(__name__)

ANY_JOIN = "agent._join.*"
ANY_STATE = "agent.*.*.up.state"
_JOIN_EVERY_S = 1.0
_JOIN_MOST = 10  # answered per second
_VERSION_LONGEST = 32


class Agents:
    """Takes what agents tell.

    Args:
        hub: of the gateway.
    """

    def __init__(self, hub: Hub) -> None:
        self._db = hub.db
        self._bus = hub.bus
        self._counters = hub.counters
        self._last: dict[str, float] = {}
        self._second, self._answered = 0, 0

    async def join(self, subject: str, payload: bytes) -> None:
        """Bus handler of `ANY_JOIN`; whose key it is the subject says, which the callout has checked."""
        key = subject.split(".")[2]
        joined = Joined("busy") if self._too_often(key) else await self._enrol(key, decode(Join, payload))
        status = Status.BUSY if joined.result == "busy" else Status.OK
        self._counters.count(f"agent.join.{joined.result}", status)
        await self._bus.publish(f"{subject}.dn", encode(joined))

    async def _enrol(self, key: str, join: Join | None) -> Joined:
        if join is None:
            return Joined("wrong")
        try:
            enrolment = await workstations.enrol(
                self._db, GATEWAY, code=join.code, public_key=key, version=join.version[:_VERSION_LONGEST]
            )
        except AWAY as error:
            log.warning("cannot enrol a desk agent: %s", error or type(error).__name__)
            return Joined("busy")
        log.info(
            "enrolment of a desk agent: %s %s/%s", enrolment.result, enrolment.tenant_code, enrolment.token
        )
        return Joined(enrolment.result, enrolment.tenant_code, enrolment.token, enrolment.name)

    async def state(self, subject: str, payload: bytes) -> None:
        """Bus handler of `ANY_STATE`; said again twice a minute, so a fault of the database is no loss."""
        _, code, token, _, _ = subject.split(".")
        state = decode(State, payload)
        if state is None:
            self._counters.count("agent.state", Status.MALFORMED)
            return
        try:
            tenant_id = (await tenants.route(self._db, code, GATEWAY)).tenant_id
            async with self._db.tenant_tx(tenant_id, GATEWAY) as tx:
                version = state.version[:_VERSION_LONGEST]
                await workstations.set_presence(tx, token, online=state.on, version=version)
        except (NotFoundError, *AWAY) as error:
            log.warning("state of workstation %s/%s is lost: %s", code, token, error or type(error).__name__)
            return
        self._counters.count("agent.state", Status.OK)

    def _too_often(self, key: str) -> bool:
        now = time.monotonic()
        if int(now) != self._second:
            self._second, self._answered = int(now), 0
            self._last = {name: at for name, at in self._last.items() if now - at < _JOIN_EVERY_S}
        if key in self._last or self._answered >= _JOIN_MOST:
            return True
        self._last[key] = now
        self._answered += 1
        return False
