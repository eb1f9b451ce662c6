"""Disconnects devices that were disabled or retired, and all devices of suspended tenants, within a second.

It asks the database (routing tables, one small statement) and not a notification: what is asked again and
again cannot be missed.
"""

import asyncio
import logging
import time
from collections.abc import Collection

import msgspec
from msgspec import Struct

from onecard.base.bus import Bus
from onecard.base.db import Database
from onecard.base.natsserver import ACCOUNT
from onecard.devices import service as devices
from onecard.gateway.directory import AWAY, GATEWAY, Directory
from onecard.tenants import service as tenants

log = logging.getLogger(__name__)

_POLL_S = 0.5
_GATHER_S = 0.2
_PAGE = 1024
_INSIST_S = 3.0


class _Connection(Struct):
    cid: int
    authorized_user: str = ""
    mqtt_client: str = ""


class _Connections(Struct):
    server_id: str
    total: int = 0
    connections: list[_Connection] = []


class _Listing(Struct):
    data: _Connections


class Doorkeeper:
    """Watches who may no longer be connected.

    Args:
        db: the application's door.
        directory: forgets what it knew of tenants that changed, so that nobody comes back by an old view.
        system: connection to the bus's system account.
    """

    def __init__(self, db: Database, directory: Directory, system: Bus) -> None:
        self._db = db
        self._directory = directory
        self._system = system
        self._since: dict[str, float] = {}
        self._begun = False

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self.look()
            except AWAY as error:
                log.warning("cannot see who is unwelcome: %s", error or type(error).__name__)
            except Exception:
                log.exception("the doorkeeper failed")
            await asyncio.sleep(_POLL_S)

    async def look(self) -> None:
        """Disconnect whoever became unwelcome since the last look; at first, whoever is."""
        routes = await tenants.routes(self._db, GATEWAY)
        codes = {route.tenant_id: route.code for route in routes}
        suspended = {f"{route.code}/" for route in routes if route.suspended}
        async with self._db.platform_tx(GATEWAY) as tx:
            unwelcome = await devices.unwelcome(tx, recent=self._begun)
        users = {f"{codes[tenant]}/{token}" for tenant, token in unwelcome if tenant in codes}
        now = time.monotonic()
        self._since = {user: self._since.get(user, now) for user in suspended | users}
        # more than once: another gateway may have let somebody in by a view that is a second old
        news = {user for user, since in self._since.items() if now - since < _INSIST_S}
        for user in news:
            self._directory.forget(user.partition("/")[0])
        if news:
            await self._disconnect(news)
        self._begun = True

    async def _disconnect(self, users: Collection[str]) -> None:
        """End the connections of these users: `<tenant>/<device>`, or `<tenant>/` for all of a tenant."""
        offset = 0
        while True:
            query = {"acc": ACCOUNT, "auth": True, "state": 0, "limit": _PAGE, "offset": offset}
            answers = await self._system.gather(
                "$SYS.REQ.SERVER.PING.CONNZ", msgspec.json.encode(query), _GATHER_S
            )
            listings = [msgspec.json.decode(answer, type=_Listing).data for answer in answers]
            for listing in listings:
                for connection in listing.connections:
                    user = connection.authorized_user
                    if user in users or user[: user.find("/") + 1] in users:
                        await self._kick(listing.server_id, connection)
            offset += _PAGE
            if all(listing.total <= offset for listing in listings):
                return

    async def _kick(self, server: str, connection: _Connection) -> None:
        log.info("disconnecting %s", connection.authorized_user)
        # a request and not a message: without an address for the answer the server does nothing
        order = msgspec.json.encode({"cid": connection.cid})
        await self._system.request(f"$SYS.REQ.SERVER.{server}.KICK", order, _GATHER_S)
