"""All proofs: of the ledger, of what devices reported and desks planned, and of the audit."""

from collections.abc import Sequence

from onecard.base.db import SYSTEM, Database, load_queries
from onecard.ledger import proofs
from onecard.ledger.proofs import Proof
from onecard.tenants.audit.proofs import verify

_sql = load_queries("onecard.desk")
_devices_sql = load_queries("onecard.devices")
_operations_sql = load_queries("onecard.desk.operations")
_STATEMENTS = {"records_are_posted": "prove_records", "watermarks_hold": "prove_watermarks"}
_OPERATION_STATEMENTS = {"operations_and_money_agree": "prove_parts"}
_DEVICE_STATEMENTS = {"lists_are_confirmed": "prove_confirmed"}


async def check(db: Database, engine_url: str, tenant_ids: Sequence[int]) -> list[Proof]:
    """Every proof of the product, each tenant in one snapshot (spec money.md, “Settlement and proof”).

    Args:
        db: the application's door.
        engine_url: login of the ledger's writer.
        tenant_ids: whose books and records to prove.
    """
    found = await proofs.check(db, engine_url, tenant_ids)
    found += await proofs.prove(db, tenant_ids, _sql, _STATEMENTS)
    found += await proofs.prove(db, tenant_ids, _operations_sql, _OPERATION_STATEMENTS)
    found += await proofs.prove(db, tenant_ids, _devices_sql, _DEVICE_STATEMENTS)
    return [*found, await _audit(db, tenant_ids)]


async def _audit(db: Database, tenant_ids: Sequence[int]) -> Proof:
    checked, wrong = 0, ""
    for tenant_id in tenant_ids:
        async with db.tenant_tx(tenant_id, SYSTEM, snapshot=True) as tx:
            verdict = await verify(tx)
        checked += verdict.entries
        if verdict.faults and not wrong:
            wrong = f"tenant {tenant_id}: {verdict.faults[0].text}"
    return Proof("audit_is_unbroken", not wrong, checked, wrong)
