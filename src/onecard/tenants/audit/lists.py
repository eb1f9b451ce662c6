"""The audit as a list."""

from onecard.base.db import Tx, load_queries
from onecard.base.listing import Field, Kind, Listing, Wish

_sql = load_queries("onecard.tenants.audit", "lists.sql")


class _Entries(Listing):
    async def count(self, tx: Tx, wish: Wish) -> int:
        """How many entries there are; of all, without counting, because numbers have no gaps."""
        if wish.conditions or wish.arguments.get("search") is not None:
            return await super().count(tx, wish)
        return int(await _sql.newest(tx.connection, tenant_id=tx.tenant_id) or 0)


ENTRIES = _Entries(
    _sql,
    "entries",
    Field("at", Kind.INSTANT),
    Field("number", Kind.NUMBER),
    Field("actor", Kind.CHOICE, sort=False),
    Field("origin", Kind.CHOICE, sort=False),
    Field("area", Kind.CHOICE, sort=False),
    Field("function", Kind.CHOICE, sort=False),
    Field("thing", sort=False, filter=False),
    Field("subject", sort=False, filter=False),
    Field("before", sort=False, filter=False),
    Field("after", sort=False, filter=False),
    Field("note", sort=False, filter=False),
    order="at",
    key="number",
    descending=True,
)
"""Newest first. Argument: `search`, how a subject or what follows its first word begins; None for all.

`before` and `after` are JSON texts of objects, or None. Filters are those that an index answers.
"""


async def actors(tx: Tx) -> list[str]:
    """Everybody who is named in the tenant's audit, e.g. `operator:86729001`, in alphabetical order."""
    return [row["actor"] async for row in _sql.actors(tx.connection, tenant_id=tx.tenant_id)]
