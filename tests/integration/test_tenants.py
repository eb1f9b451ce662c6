from onecard.base.db import SYSTEM, Database
from onecard.tenants import service as tenants


async def test_each_tenant_sees_itself_only(db: Database, two_tenants: tuple[int, int]) -> None:
    school, factory = two_tenants
    async with db.tenant_tx(school, SYSTEM) as tx:
        assert (await tenants.get(tx)).code == "8672"
        assert await tx.connection.fetchval("select count(*) from tenants.tenant") == 1
    async with db.tenant_tx(factory, SYSTEM) as tx:
        assert (await tenants.get(tx)).name == "Lakeside Works"
