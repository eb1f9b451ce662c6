"""Whether the installation waits for its first institution and administrator."""

from onecard.base.db import SYSTEM, Database
from onecard.tenants import service as tenants
from onecard.tenants.model import Route
from onecard.tenants.operators import service as operators

SETUP = "/setup"


class FirstRun:
    """Remembers that the first run is over, which it stays."""

    def __init__(self) -> None:
        self._over = False

    async def waits(self, db: Database) -> bool:
        """Whether nobody can sign in yet: no tenant has an operator."""
        if not self._over:
            routes = await tenants.routes(db, SYSTEM)
            self._over = len(await self.vacant(db, routes)) < len(routes)
        return not self._over

    async def vacant(self, db: Database, routes: list[Route]) -> list[Route]:
        """Tenants without operator, which a shell created; looks no further than the first that has one."""
        found = []
        for route in routes:
            async with db.tenant_tx(route.tenant_id, SYSTEM) as tx:
                if await operators.any_operator(tx):
                    break
            found.append(route)
        return found
