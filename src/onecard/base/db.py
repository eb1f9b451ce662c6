"""The one door to the database.

Everything that belongs to a tenant is read and written inside `tenant_tx`, which names tenant and actor for
the length of one transaction; row-level security shows nothing without it. `platform_tx` sets no tenant and
so reaches only routing and local tables.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, TypeAlias

import aiosql
import asyncpg
from aiosql.queries import Queries

from onecard.base.errors import UnavailableError

DURABLE_SETTINGS = ("fsync", "full_page_writes", "synchronous_commit")

Row: TypeAlias = asyncpg.Record


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, e.g. `operator:86729001`; named in audit trails and in `onecard.actor` of the transaction.

    Attributes:
        kind: `operator`, `key` (of the API), `system`, `device` …
        name: account number, key's name …
        where: from where, e.g. an address or `shell`; for the audit.
    """

    kind: str
    name: str
    where: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


SYSTEM = Actor("system", "onecard")


@dataclass(frozen=True, slots=True)
class Tx:
    """One open transaction of one tenant (`tenant_id` None: of the platform).

    Attributes:
        at_end: what is called with everything collected for it right before the commit, e.g. the audit.
    """

    connection: "asyncpg.Connection[Row]"
    tenant_id: int | None
    actor: Actor
    at_end: "dict[Ending, list[Any]]" = field(default_factory=dict, repr=False, compare=False)


Ending: TypeAlias = Callable[[Tx, list[Any]], Awaitable[None]]


class Database:
    """Pool of the application's login."""

    def __init__(self, pool: "asyncpg.Pool[Row]") -> None:
        self._pool = pool

    @asynccontextmanager
    async def tenant_tx(self, tenant_id: int, actor: Actor, *, snapshot: bool = False) -> AsyncIterator[Tx]:
        """A transaction that sees exactly one tenant; the block's end commits it, an exception rolls it back.

        Args:
            tenant_id: the tenant; every statement names it too (docs/internals/schema-rules.md).
            actor: who acts.
            snapshot: one unchanging view for all statements (REPEATABLE READ), for proofs and reports.
        """
        async with self._pool.acquire() as connection:
            begin = "begin isolation level repeatable read" if snapshot else "begin"
            # SET LOCAL as a statement, not set_config(): only this form reaches the nodes of a distributed
            # database; rule 10 of docs/internals/schema-rules.md says so
            await connection.execute(f"{begin}; set local onecard.tenant = '{int(tenant_id)}'; {_who(actor)}")
            async with _end(connection):
                tx = Tx(connection, tenant_id, actor)
                yield tx
                for ending, collected in tx.at_end.items():
                    await ending(tx, collected)

    @asynccontextmanager
    async def platform_tx(self, actor: Actor) -> AsyncIterator[Tx]:
        """A transaction without a tenant: tenant tables look empty and refuse every row."""
        async with self._pool.acquire() as connection:
            await connection.execute(f"begin; {_who(actor)}")
            async with _end(connection):
                yield Tx(connection, None, actor)

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()


@asynccontextmanager
async def savepoint(tx: Tx) -> AsyncIterator[None]:
    """A part of a transaction that an exception undoes alone, with what it collected for the end."""
    marks = {ending: len(collected) for ending, collected in tx.at_end.items()}
    await tx.connection.execute("savepoint part")
    try:
        yield
    except BaseException:
        for ending, collected in tx.at_end.items():
            del collected[marks.get(ending, 0) :]
        await tx.connection.execute("rollback to part; release part")
        raise
    await tx.connection.execute("release part")


def _who(actor: Actor) -> str:
    name, where = (text.replace("'", "''") for text in (str(actor), actor.where))
    return f"set local onecard.actor = '{name}'; set local onecard.origin = '{where}'"


@asynccontextmanager
async def _end(connection: "asyncpg.pool.PoolConnectionProxy[Row]") -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        try:
            if not connection.is_closed():
                await connection.execute("rollback")
        except Exception:  # noqa: BLE001  the reason is already on its way; a connection in doubt is thrown away
            connection.terminate()
        raise
    await connection.execute("commit")


async def connect(url: str, *, size: int) -> Database:
    """Open the application's pool after checking that the server is durable and the login is a plain one.

    Raises:
        UnavailableError: no server, an undurable server, or a login that could bypass row-level security.
    """
    pool = await open_pool(url, size=size)
    try:
        async with pool.acquire() as connection:
            await refuse_undurable(connection)
            await _refuse_powerful_login(connection)
    except BaseException:
        await pool.close()
        raise
    return Database(pool)


def database(url: str, *, size: int = 8) -> AbstractAsyncContextManager[Database]:
    """`connect` as a block that closes the pool at its end."""

    @asynccontextmanager
    async def block() -> AsyncIterator[Database]:
        db = await connect(url, size=size)
        try:
            yield db
        finally:
            await db.close()

    return block()


async def open_pool(url: str, *, size: int) -> "asyncpg.Pool[Row]":
    """A pool of plain connections.

    Raises:
        UnavailableError: the server refuses or does not answer.
    """
    try:
        return await asyncpg.create_pool(url, min_size=1, max_size=size, timeout=10, reset=_keep_session)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        message = f"The database cannot be reached: {error or type(error).__name__}."
        raise UnavailableError(message) from error


async def _keep_session(connection: Any) -> None:
    """Nothing to reset when a connection comes back: the door sets everything for one transaction only.

    The driver's own reset would cost every transaction one more round trip; an open transaction is rolled
    back by the driver before this.
    """


async def refuse_undurable(connection: Any) -> None:
    """Refuse a server that could forget what it acknowledged when the power fails.

    Raises:
        UnavailableError: names the setting that is off.
    """
    for name in DURABLE_SETTINGS:
        value = await connection.fetchval("select current_setting($1)", name)
        if value == "off":
            message = (
                f"The database has {name} = off and could lose what it acknowledged; turn it on to serve."
            )
            raise UnavailableError(message)


async def _refuse_powerful_login(connection: Any) -> None:
    powerful = await connection.fetchval(
        "select rolsuper or rolbypassrls or exists (select from pg_class c"
        " join pg_namespace n on n.oid = relnamespace where relowner = r.oid and nspname = 'ledger')"
        " from pg_roles r where rolname = current_user"
    )
    if powerful:
        message = (
            "The application's database login owns tables or bypasses row-level security; use onecard_app."
        )
        raise UnavailableError(message)


def load_queries(package: str, file: str = "queries.sql") -> Any:
    """The named statements of a domain's `queries.sql`, or another file beside it (aiosql), each a coroutine.

    The first argument of each is `tx.connection`. Typed `Any` because the names live in the SQL file.
    """
    text = (files(package) / file).read_text(encoding="utf-8")
    queries: Queries = aiosql.from_str(text, "asyncpg")
    return queries


def as_dicts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as plain dictionaries, for JSON."""
    return [dict(row) for row in rows]
