"""Brings a database to this program's schema: numbered migrations once, re-creatable code every time.

Tables change only by `base/migrations/NNNN_name.sql`; functions live in `<domain>/functions.sql`; policies
and grants follow from `base/schema_kinds.py`. Time-outs keep a migration from blocking terminals.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import asyncpg

from onecard.base.errors import ConflictError, UnavailableError
from onecard.base.jobs.queue_schema import install_queue
from onecard.base.schema_kinds import grants_sql, policies_sql

# package with a functions.sql → schema and role that its functions belong to
CODE_DOMAINS = {
    "onecard.ledger": ("ledger", "onecard_ledger"),
    "onecard.tenants.audit": ("audit", "onecard_audit"),
}
_LOCK_KEY = 0x0CA2D
# `create or replace` cannot change a result's shape, so functions are dropped first; all in one transaction
_DROP_FUNCTIONS = """
grant create on schema {schema} to {role};
do $$
declare f regprocedure;
begin
  for f in select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
            where n.nspname = '{schema}' loop
    execute format('drop routine %s', f);
  end loop;
end $$;
"""
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """SHA-256 of the text: a migration that was applied may never be edited."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations of this program, in order."""
    return sorted(_read(), key=lambda migration: migration.number)


def _read() -> Iterator[Migration]:
    for file in (files("onecard.base") / "migrations").iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            yield Migration(int(number), name, file.read_text(encoding="utf-8"))


def code_sql() -> str:
    """Functions of all domains, then policies, then grants: what is re-created at each deployment."""
    drops = [_DROP_FUNCTIONS.format(schema=schema, role=role) for schema, role in CODE_DOMAINS.values()]
    functions = [(files(package) / "functions.sql").read_text(encoding="utf-8") for package in CODE_DOMAINS]
    return "\n".join([*drops, *functions, policies_sql(), grants_sql()])


async def migrate(owner_url: str) -> list[str]:
    """Apply what is missing; returns the names of newly applied migrations. Several processes may run it.

    Raises:
        UnavailableError: the database does not answer, or stays locked.
        ConflictError: the database was made by other or edited migrations.
    """
    try:
        connection = await asyncpg.connect(owner_url, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        message = f"The database cannot be reached to prepare it: {error or type(error).__name__}."
        raise UnavailableError(message) from error
    try:
        await connection.execute("set client_min_messages = warning")
        await connection.fetchval("select pg_advisory_lock($1)", _LOCK_KEY)
        return await _apply(connection)
    finally:
        await connection.close()


async def _apply(connection: Any) -> list[str]:
    await connection.execute(
        "create schema if not exists base; create table if not exists base.migration ("
        "number int primary key, name text not null, digest text not null,"
        " applied_at timestamptz not null default now())"
    )
    applied = {
        row["number"]: row
        for row in await connection.fetch("select number, name, digest from base.migration")
    }
    _refuse_strangers(applied)
    new = []
    for migration in migrations():
        if migration.number not in applied:
            await _with_retries(connection, migration.sql, migration)
            new.append(migration.name)
    async with connection.transaction():
        await install_queue(connection)
    await _with_retries(connection, code_sql(), None)
    return new


def _refuse_strangers(applied: dict[int, Any]) -> None:
    known = {migration.number: migration for migration in migrations()}
    for number, row in applied.items():
        if number not in known:
            message = (
                f"This program is too old for the database, which has migration {number} ({row['name']})."
            )
            raise ConflictError(message)
        if known[number].digest != row["digest"]:
            message = f"Migration {number} ({row['name']}) is not the text that made this database."
            raise ConflictError(message)


async def _with_retries(connection: Any, sql: str, migration: Migration | None) -> None:
    for attempt in range(_ATTEMPTS):
        try:
            async with connection.transaction():
                await connection.execute("set local lock_timeout = '1s'; set local statement_timeout = '60s'")
                await connection.execute(sql)
                if migration:
                    await connection.execute(
                        "insert into base.migration (number, name, digest) values ($1, $2, $3)",
                        migration.number,
                        migration.name,
                        migration.digest,
                    )
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await asyncio.sleep(0.1 * (attempt + 1))
        else:
            return
    message = "The schema could not be changed because other sessions keep its tables locked; try again."
    raise UnavailableError(message)


async def schema_version(connection: Any) -> int:
    """Number of the newest applied migration; 0 for an empty database."""
    exists = await connection.fetchval("select to_regclass('base.migration') is not null")
    if not exists:
        return 0
    return int(await connection.fetchval("select coalesce(max(number), 0) from base.migration"))
