"""Disconnects who was disabled, retired or revoked, and everybody of suspended tenants, within a second.

It asks the database (routing tables, one small statement) and not a notification: what is asked again and
again cannot be missed.
"""

import asyncio
import logging
import time
from collections.abc import Collection

from onecard.base.db import Database
from onecard.devices import service as devices
from onecard.devices.workstations import service as workstations
from onecard.gateway.agents_door import user_of
from onecard.gateway.connections import Connections
from onecard.gateway.directory import AWAY, GATEWAY, Directory
from onecard.tenants import service as tenants

log = logging.getLogger(__name__)

_POLL_S = 0.5
_INSIST_S = 3.0


class Doorkeeper:
    """Watches who may no longer be connected.

    Args:
        db: the application's door.
        directory: forgets what it knew of tenants that changed, so that nobody comes back by an old view.
        connections: who is there now.
    """

    def __init__(self, db: Database, directory: Directory, connections: Connections) -> None:
        self._db = db
        self._directory = directory
        self._connections = connections
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
            revoked = await workstations.unwelcome(tx, recent=self._begun)
        users = {f"{codes[tenant]}/{token}" for tenant, token in unwelcome if tenant in codes}
        users |= {user_of(codes[tenant], token) for tenant, token in revoked if tenant in codes}
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
        """End the connections of these users: `<tenant>/<name>`, or `<tenant>/` for all of a tenant."""
        async for server, connection in self._connections.listed():
            user = connection.authorized_user
            if user in users or user[: user.find("/") + 1] in users:
                await self._connections.end(server, connection)
