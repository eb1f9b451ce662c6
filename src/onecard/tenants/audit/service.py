"""Writing the audit."""

from typing import Any, TypeAlias

from onecard.base.db import Tx, load_queries
from onecard.tenants.audit.model import Entry, as_text

_sql = load_queries("onecard.tenants.audit")
_Columns: TypeAlias = tuple[str, str, str, str | None, str | None, str]


async def write(tx: Tx, *entries: Entry) -> None:
    """Write entries about what this transaction does; they become part of it and are lost with it.

    They are kept and written by the transaction's last statement, all at once: the chain's head is locked
    while numbers are given, and a lock taken last can neither deadlock with others nor make them wait long.

    Raises:
        TypeError: a value of `before` or `after` has no form in JSON.
        ValueError: the transaction is not a tenant's.
    """
    if tx.tenant_id is None:
        message = "The platform has no audit; write inside a tenant's transaction."
        raise ValueError(message)
    tx.at_end.setdefault(_append, []).extend(_columns(entry) for entry in entries)


def _columns(entry: Entry) -> _Columns:
    return (
        str(entry.function),
        entry.thing,
        entry.subject,
        as_text(entry.before),
        as_text(entry.after),
        entry.note,
    )


async def _append(tx: Tx, entries: list[Any]) -> None:
    if entries:
        functions, things, subjects, befores, afters, notes = map(list, zip(*entries, strict=True))
        await _sql.write(
            tx.connection, tenant_id=tx.tenant_id, functions=functions, things=things, subjects=subjects,
            befores=befores, afters=afters, notes=notes,
        )  # fmt: skip
