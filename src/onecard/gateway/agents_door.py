"""Who may connect as a desk agent: whoever signs the server's nonce with the key of an enrolled workstation.

One connection for each workstation. A second one takes over, because the first is usually the one that a
broken network left behind; when it is another program's, the key has been copied: that is told loudly.
"""

import asyncio
import contextlib
import logging
from base64 import b64decode
from binascii import Error as Base64Error

from onecard.agent import protocol
from onecard.base.bus import Bus
from onecard.base.db import Database
from onecard.base.errors import UnavailableError
from onecard.base.nkeys import is_signed
from onecard.base.status import Status
from onecard.devices.workstations import service as workstations
from onecard.devices.workstations.model import Holder
from onecard.gateway.asked import Asked, ConnectOptions, Decision, Rights, only
from onecard.gateway.connections import Connections
from onecard.gateway.directory import AWAY, GATEWAY

log = logging.getLogger(__name__)

_ANSWER_WITHIN_NS = 120 * 1_000_000_000
_LEAVE_S = 0.1
_ATTEMPTS = 3


def user_of(tenant: str, token: str) -> str:
    """The name of a workstation's connection; the dot keeps it apart from devices' names."""
    return f"{tenant}/agent.{token}"


class AgentDoor:
    """Decides on connections of agents.

    Args:
        db: knows whose key it is.
        bus: to tell a program that another has taken its place.
        connections: who is there now.
    """

    def __init__(self, db: Database, bus: Bus, connections: Connections) -> None:
        self._db = db
        self._bus = bus
        self._connections = connections

    async def decide(self, asked: Asked) -> Decision:
        """The rights of a connection, or None and the reason."""
        options = asked.connect_opts
        if not options.nkey:
            return None, Status.PROTOCOL_UNSUPPORTED
        if not _has_signed(options, asked.client_info.nonce):
            return None, Status.DEVICE_UNKNOWN
        if options.purpose == protocol.JOIN:
            subject = protocol.join_subject(options.nkey)
            allowed = only(publish=[subject], subscribe=[f"{subject}.dn"])
            return Rights(f"_join/{options.nkey}", allowed), Status.OK
        try:
            return await self._admit(asked)
        except AWAY as error:
            log.warning("cannot decide on a desk agent: %s", error or type(error).__name__)
            return None, Status.BUSY

    async def _admit(self, asked: Asked) -> Decision:
        async with self._db.platform_tx(GATEWAY) as tx:
            holder = await workstations.holder(tx, asked.connect_opts.nkey)
        if holder is None:
            return None, Status.DEVICE_UNKNOWN
        if not holder.welcome:
            return None, Status.DEVICE_DISABLED
        await self._make_way(holder, asked)
        subject = protocol.root(holder.tenant_code, holder.token)
        allowed = only(publish=[f"{subject}.up.>"], subscribe=[f"{subject}.dn.>"])
        # besides, each request it hears may be answered, once
        allowed["resp"] = {"max": 1, "ttl": _ANSWER_WITHIN_NS}
        return Rights(user_of(holder.tenant_code, holder.token), allowed), Status.OK

    async def _make_way(self, holder: Holder, asked: Asked) -> None:
        """End what else is connected with this workstation's key.

        Raises:
            UnavailableError: it does not end.
        """
        user = user_of(holder.tenant_code, holder.token)
        here = (asked.server_id.id, asked.client_info.id)
        for attempt in range(_ATTEMPTS):
            others = [each async for each in self._connections.listed(user) if (each[0], each[1].cid) != here]
            if not others:
                return
            rivals = {other.name for _, other in others} - {asked.connect_opts.name}
            if rivals and not attempt:
                log.warning("ALARM: a second program signed in as workstation %s; the first is ended", user)
                await self._tell(holder, rivals)
            for server, other in others:
                with contextlib.suppress(UnavailableError):  # nobody answers for one that has just left
                    await self._connections.end(server, other)
        message = f"the older connection of {user} does not end"
        raise UnavailableError(message)

    async def _tell(self, holder: Holder, rivals: set[str]) -> None:
        """Note the copied key, and stop the other program from coming back at once."""
        async with self._db.tenant_tx(holder.tenant_id, GATEWAY) as tx:
            await workstations.set_rivalled(tx, holder.workstation_id)
        subject = f"{protocol.root(holder.tenant_code, holder.token)}.dn.{protocol.LEAVE}"
        for name in rivals:
            await self._bus.publish(subject, protocol.encode(protocol.Leave(name)))
        await self._bus.flush()
        await asyncio.sleep(_LEAVE_S)


def _has_signed(options: ConnectOptions, nonce: str) -> bool:
    try:
        signature = b64decode(options.signature, validate=True)
    except Base64Error:
        return False
    return bool(nonce) and is_signed(options.nkey, nonce.encode(), signature)
