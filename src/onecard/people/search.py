"""Keeps what people are found by in step with their names; indexes those again whose keys are missing."""

from collections.abc import Mapping

from onecard.base.db import Actor, Database, Tx, load_queries
from onecard.people.search_keys import VERSION, keys, spelling
from onecard.tenants import service as tenants

_sql = load_queries("onecard.people", "search.sql")
_PORTION = 2_000


async def save_keys(tx: Tx, names: Mapping[int, str], *, fresh: bool = False) -> None:
    """Make people findable by these names; to be called in the transaction that saves a name.

    Args:
        tx: the tenant's transaction.
        names: by person id.
        fresh: the people are new, so there is nothing to take away.
    """
    if not names:
        return
    key = {"tenant_id": tx.tenant_id}
    if not fresh:
        await _sql.delete_keys(tx.connection, **key, ids=list(names))
    pairs = [(person_id, each) for person_id, name in names.items() for each in sorted(keys(name))]
    await _sql.insert_keys(
        tx.connection, **key, ids=[person_id for person_id, _ in pairs], keys=[each for _, each in pairs]
    )
    await _sql.mark_searchable(
        tx.connection, **key, ids=list(names), pinyins=[spelling(name) for name in names.values()],
        version=VERSION,
    )  # fmt: skip


async def forget_keys(tx: Tx, ids: list[int]) -> None:
    """These people can no longer be found by a name."""
    await _sql.delete_keys(tx.connection, tenant_id=tx.tenant_id, ids=ids)
    await _sql.mark_searchable(
        tx.connection, tenant_id=tx.tenant_id, ids=ids, pinyins=[""] * len(ids), version=VERSION
    )


async def reindex(db: Database, actor: Actor) -> int:
    """Index all people of all tenants whose keys are missing or made by older rules; returns how many.

    Several processes may do it at once; none waits for another.
    """
    done = 0
    for route in await tenants.routes(db, actor):
        while found := await _reindex_some(db, actor, route.tenant_id):
            done += found
    return done


async def _reindex_some(db: Database, actor: Actor, tenant_id: int) -> int:
    async with db.tenant_tx(tenant_id, actor) as tx:
        rows = _sql.unsearchable(tx.connection, tenant_id=tenant_id, version=VERSION, most=_PORTION)
        names = {row["id"]: row["name"] async for row in rows}
        await save_keys(tx, names)
        return len(names)
