"""Proofs that the ledger is right, computed from what is stored (spec money.md, “Settlement and proof”).

Each tenant is proven in one snapshot; the hash chain runs through all tenants of a shard and is proven apart.
Every proof names the first thing that is wrong.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import asyncpg

from onecard.base.db import SYSTEM, Database, load_queries
from onecard.ledger.batch import LINE_COLUMNS, columns_of, digest

_sql = load_queries("onecard.ledger")

# name of the proof → name of its statement in queries.sql
_STATEMENTS = {
    "lines_are_possible": "prove_lines",
    "balances_are_sums": "prove_balances",
    "histories_chain": "prove_histories",
    "money_is_conserved": "prove_conservation",
    "floors_hold": "prove_floors",
    "keys_are_used_once": "prove_keys",
    "corrections_fit": "prove_corrections",
    "counters_recount": "prove_counters",
}
_BATCHES_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Proof:
    """Outcome of one proof: how many things were checked, and the first that is wrong."""

    name: str
    ok: bool
    checked: int
    detail: str


async def check(db: Database, engine_url: str, tenant_ids: Sequence[int], *, shard: int = 1) -> list[Proof]:
    """All proofs of the ledger.

    Args:
        db: the application's door.
        engine_url: login of the writer, which alone may read the chain across tenants.
        tenant_ids: whose books to prove.
        shard: whose chain to prove.
    """
    found = await prove(db, tenant_ids, _sql, _STATEMENTS)
    return [*found, await check_chain(engine_url, shard)]


async def prove(
    db: Database, tenant_ids: Sequence[int], queries: Any, statements: Mapping[str, str]
) -> list[Proof]:
    """Run proving statements for each tenant.

    Args:
        db: the application's door.
        tenant_ids: whose rows to prove.
        queries: holds the statements; each takes `tenant_id` and gives `checked` and `wrong` (or null).
        statements: name of the proof → name of its statement.
    """
    proofs = {name: Proof(name, ok=True, checked=0, detail="") for name in statements}
    for tenant_id in tenant_ids:
        async with db.tenant_tx(tenant_id, SYSTEM, snapshot=True) as tx:
            # whole tables are compared: without statistics a young database would choose loops that never end
            await tx.connection.execute("set local enable_nestloop = off")
            for name, statement in statements.items():
                row = await getattr(queries, statement)(tx.connection, tenant_id=tenant_id)
                proofs[name] = _merged(proofs[name], row["checked"], row["wrong"], f"tenant {tenant_id}: ")
    return list(proofs.values())


def _merged(proof: Proof, checked: int, wrong: str | None, prefix: str) -> Proof:
    """A proof extended by another tenant's rows; the first fault stays."""
    detail = proof.detail or (prefix + wrong if wrong else "")
    return Proof(proof.name, proof.ok and wrong is None, proof.checked + checked, detail)


async def check_chain(engine_url: str, shard: int) -> Proof:
    """Recompute every batch's digest from its lines as stored, and the chain from the digests."""
    connection = await asyncpg.connect(engine_url, timeout=10)
    checked, wrong = 0, ""
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            link = b""
            async for batch, lines in _batches(connection, shard):
                checked += 1
                link = sha256(link + batch["digest"]).digest()
                wrong = _fault(batch, lines, link)
                if wrong:
                    break
            if not wrong:
                wrong = await _head_fault(connection, shard, link)
    finally:
        await connection.close()
    return Proof("chain_holds", not wrong, checked, wrong)


def _fault(batch: Any, lines: list[Any], link: bytes) -> str:
    if len(lines) != batch["lines"]:
        return f"batch {batch['id']} was written with {batch['lines']} lines and has {len(lines)}"
    plain = [tuple(line[column] or 0 for column in LINE_COLUMNS) for line in lines]
    if digest(columns_of(plain)) != batch["digest"]:
        first = lines[0]["key"] if lines else "none"
        return f"a line of batch {batch['id']} is not what was posted (the batch's first key is {first})"
    if link != batch["hash"]:
        return f"batch {batch['id']} does not follow from the one before it"
    return ""


async def _head_fault(connection: Any, shard: int, link: bytes) -> str:
    head = await connection.fetchrow("select * from ledger.chain_head($1)", shard)
    if head is not None and bytes(head["hash"]) != link:
        return f"the chain's head is at batch {head['last_batch']} and does not match the batches"
    return ""


async def _batches(connection: Any, shard: int) -> AsyncIterator[tuple[Any, list[Any]]]:
    after = 0
    while True:
        batches = await connection.fetch(
            "select * from ledger.chain($1, $2, $3)", shard, after, _BATCHES_AT_ONCE
        )
        if not batches:
            return
        upto = batches[-1]["id"]
        by_batch: dict[int, list[Any]] = {}
        statement = "select * from ledger.chained_lines($1, $2, $3)"
        for line in await connection.fetch(statement, shard, after, upto):
            by_batch.setdefault(line["batch"], []).append(line)
        for batch in batches:
            yield batch, by_batch.get(batch["id"], [])
        after = upto
