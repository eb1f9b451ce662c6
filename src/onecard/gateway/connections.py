"""Who is connected to the bus right now, and how a connection is ended; asked of the bus's system account."""

import logging
from collections.abc import AsyncIterator

import msgspec
from msgspec import Struct

from onecard.base.bus import Bus
from onecard.base.errors import UnavailableError
from onecard.base.natsserver import ACCOUNT

log = logging.getLogger(__name__)

_GATHER_S = 0.2
_PATIENCE_S = 2.0  # half of what the bus server waits for a sign-in's decision
_PAGE = 1024


class Connection(Struct, frozen=True):
    """A connection: its number on its server, who signed in, and what it calls itself."""

    cid: int
    authorized_user: str = ""
    name: str = ""


class _Connections(Struct):
    server_id: str
    total: int = 0
    connections: list[Connection] = []


class _Listing(Struct):
    data: _Connections


class Connections:
    """Connections of the product's account, on all servers of the bus.

    Args:
        system: connection to the bus's system account.
    """

    def __init__(self, system: Bus) -> None:
        self._system = system

    async def listed(self, user: str | None = None) -> AsyncIterator[tuple[str, Connection]]:
        """Server and connection of everybody, or of one user.

        Raises:
            UnavailableError: no server answers, so nobody knows who is there.
        """
        offset = 0
        while True:
            query = {"acc": ACCOUNT, "auth": True, "state": 0, "limit": _PAGE, "offset": offset}
            if user is not None:
                query["user"] = user
            answers = await self._system.gather(
                "$SYS.REQ.SERVER.PING.CONNZ", msgspec.json.encode(query), _GATHER_S, patience_s=_PATIENCE_S
            )
            if not answers:
                message = "No server of the bus says who is connected."
                raise UnavailableError(message)
            listings = [msgspec.json.decode(answer, type=_Listing).data for answer in answers]
            for listing in listings:
                for connection in listing.connections:
                    yield listing.server_id, connection
            offset += _PAGE
            if all(listing.total <= offset for listing in listings):
                return

    async def end(self, server: str, connection: Connection) -> None:
        """Disconnect somebody.

        Raises:
            UnavailableError: the server does not answer.
        """
        log.info("disconnecting %s", connection.authorized_user)
        # a request and not a message: without an address for the answer the server does nothing
        order = msgspec.json.encode({"cid": connection.cid})
        await self._system.request(f"$SYS.REQ.SERVER.{server}.KICK", order, _GATHER_S)
