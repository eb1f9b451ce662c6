"""A snapshot of a database's catalogue, so that schema rules are plain functions over plain values."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosql

from onecard.base.embedded import APPLICATION, ENGINE

LEDGER_ROLE, AUDIT_ROLE = "onecard_ledger", "onecard_audit"
# schema → the role that alone writes in it, by functions it owns; nobody signs in as it
WRITERS = {"ledger": LEDGER_ROLE, "audit": AUDIT_ROLE}
SERVING_ROLES = (APPLICATION, ENGINE, *WRITERS.values())
_sql: Any = aiosql.from_path(Path(__file__).with_name("catalogue.sql"), "asyncpg")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Rows of catalogue.sql's statements, one field each."""

    schemas: list[Any]
    relations: list[Any]
    columns: list[Any]
    unique_indexes: list[Any]
    foreign_keys: list[Any]
    policies: list[Any]
    rights: list[Any]
    roles: list[Any]
    owned: list[Any]
    functions: list[Any]
    triggers: list[Any]
    sequences: list[Any]

    @property
    def tables(self) -> list[Any]:
        """Relations that store rows and are no materialized views."""
        return [relation for relation in self.relations if relation["kind"] in {"r", "p", "f"}]


async def read(connection: Any) -> Catalogue:
    """The catalogue as `connection` sees it now, uncommitted changes of its transaction included."""
    rows: dict[str, list[Any]] = {}
    for name in Catalogue.__dataclass_fields__:
        arguments = {"roles": list(SERVING_ROLES)} if name == "rights" else {}
        rows[name] = [row async for row in getattr(_sql, name)(connection, **arguments)]
    return Catalogue(**rows)
