"""The database is the judge of last resort: what the engine gets wrong is refused and nothing changes.

A batch is judged as the writer would, then made wrong in one place and sent through the engine's own login.
"""

from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from typing import Any

import asyncpg
import pytest
from town import Town, settle

from onecard.base.clock import now_us
from onecard.base.db import SYSTEM, Database
from onecard.base.embedded import Logins
from onecard.base.pgserver import EmbeddedPostgres
from onecard.base.schema_kinds import LEDGER_TABLES
from onecard.ledger.batch import Draft
from onecard.ledger.cache import Book, Cache
from onecard.ledger.judge import Judge, Targets
from onecard.ledger.model import AnyRequest, BookKind, PostingKind
from onecard.ledger.service import open_accounts, open_book
from onecard.ledger.store import Session
from onecard.ledger.writer import Writer

LIFE_MS = 60_000
LOST, STALE, KNOWN, NO_RIGHT = "55000", "40001", "23505", "42501"
IMPOSSIBLE, NO_BOOK = "23514", "23503"
ALL_TABLES = (*LEDGER_TABLES, "ledger.head", "ledger.batch")
CHANGES = (("delete from", ""), ("insert into", " default values"), ("truncate", ""))


class Engine:
    """What a writer does for one batch, by hand."""

    def __init__(self, session: Session, town: Town, epoch: int) -> None:
        self.session, self.town, self.epoch = session, town, epoch
        self.cache = Cache()

    async def draft(self, *requests: AnyRequest) -> Draft:
        tenant_id = self.town.tenant_id
        self.cache.add_accounts(
            await self.session.load_accounts((tenant_id, who) for who in self.town.people.values())
        )
        self.cache.own = {(tenant_id, book): 0 for book in self.town.books.values()}
        draft = Draft()
        draft.tenants.add(tenant_id)
        for request in requests:
            Judge(self.cache).decide(request, draft, Targets(), now_us(), made_ms=None)
        return draft

    async def send(self, draft: Draft, *, epoch: int | None = None) -> None:
        await self.session.commit(draft.arguments(1, epoch or self.epoch, LIFE_MS))

    def purse(self, who: str, kind: BookKind = BookKind.CASH) -> Book:
        return self.cache.accounts[self.town.tenant_id, self.town.people[who]].books[kind]


@pytest.fixture
async def engine(town: Town, urls: Logins) -> AsyncIterator[Engine]:
    writer = Writer(urls.engine)
    await writer.start()
    await town.fund(writer)
    await writer.stop()
    session = await Session.open(urls.engine)
    epoch = await session.take_lease(1, "by hand", LIFE_MS)
    assert epoch
    yield Engine(session, town, epoch)
    await session.close()


@pytest.fixture
async def superuser(postgres: EmbeddedPostgres, urls: Logins) -> AsyncIterator[asyncpg.Connection]:
    database = urls.engine.partition("?")[0].rpartition("/")[2]
    connection = await asyncpg.connect(postgres.url(database=database))
    yield connection
    await connection.close()


async def state(superuser: asyncpg.Connection) -> bytes:
    """Digest of everything the ledger holds."""
    seen = sha256()
    for table in ALL_TABLES:
        rows = await superuser.fetch(f"select t::text as row from {table} t order by 1")  # noqa: S608  ours
        seen.update(repr((table, [row["row"] for row in rows])).encode())
    return seen.digest()


async def refused(engine: Engine, superuser: asyncpg.Connection, draft: Draft, **options: Any) -> str:
    """SQLSTATE of a wrong batch, which has left no trace."""
    before = await state(superuser)
    with pytest.raises(asyncpg.PostgresError) as caught:
        await engine.send(draft, **options)
    assert await state(superuser) == before
    return str(caught.value.sqlstate)


async def test_a_right_batch_is_taken(engine: Engine, superuser: asyncpg.Connection) -> None:
    before = await state(superuser)
    await engine.send(await engine.draft(engine.town.sale("ann", 5_00)))
    assert await state(superuser) != before


async def test_a_batch_on_old_knowledge_is_stale(engine: Engine, superuser: asyncpg.Connection) -> None:
    late = await engine.draft(engine.town.sale("ann", 5_00, key=None))
    await engine.send(await engine.draft(engine.town.sale("ann", 6_00)))
    assert await refused(engine, superuser, late) in {STALE, KNOWN}


async def test_a_refusal_on_old_knowledge_is_stale(engine: Engine, superuser: asyncpg.Connection) -> None:
    late = await engine.draft(engine.town.sale("bob", 6_00))
    assert late.refusals
    await engine.send(await engine.draft(engine.town.top_up("bob", 5_00)))
    assert await refused(engine, superuser, late) == STALE


async def test_money_that_is_not_there_cannot_be_taken(engine: Engine, superuser: asyncpg.Connection) -> None:
    draft, sale = await engine.draft(), engine.town.sale("bob", 5_01)
    sides = (engine.purse("bob"), engine.town.books["canteen"])
    draft.line(sale, 1, PostingKind.SALE, sides, 5_01, print_=1)
    assert await refused(engine, superuser, draft) == IMPOSSIBLE


async def test_what_is_held_cannot_be_taken(engine: Engine, superuser: asyncpg.Connection) -> None:
    draft, sale = await engine.draft(), engine.town.sale("bob", 5_00)
    sides = (engine.purse("bob"), engine.town.books["canteen"])
    draft.line(sale, 1, PostingKind.SALE, sides, 5_00, print_=1)
    draft.hold(engine.purse("bob"), 1)
    assert await refused(engine, superuser, draft) == IMPOSSIBLE


@pytest.mark.parametrize("amount", [0, -5_00])
async def test_a_line_moves_money_forward(amount: int, engine: Engine, superuser: asyncpg.Connection) -> None:
    draft, sale = await engine.draft(), engine.town.sale("bob", 5_00)
    sides = (engine.purse("bob"), engine.town.books["canteen"])
    draft.line(sale, 1, PostingKind.SALE, sides, amount, print_=1)
    assert await refused(engine, superuser, draft) == IMPOSSIBLE


async def test_a_known_key_is_not_posted_again(engine: Engine, superuser: asyncpg.Connection) -> None:
    sale = engine.town.sale("ann", 5_00)
    await engine.send(await engine.draft(sale))
    assert await refused(engine, superuser, await engine.draft(sale)) == KNOWN


async def test_a_known_key_is_not_refused_or_held_again(
    engine: Engine, superuser: asyncpg.Connection
) -> None:
    for request in (engine.town.sale("bob", 9_00), engine.town.hold("ann", 1_00)):
        await engine.send(await engine.draft(request))
        assert await refused(engine, superuser, await engine.draft(request)) == KNOWN


async def test_a_deposed_writer_is_fenced(engine: Engine, superuser: asyncpg.Connection) -> None:
    draft = await engine.draft(engine.town.sale("ann", 5_00))
    assert await refused(engine, superuser, draft, epoch=engine.epoch - 1) == LOST
    assert await refused(engine, superuser, draft, epoch=engine.epoch + 1) == LOST
    assert not await engine.session.renew_lease(1, engine.epoch - 1, LIFE_MS)


async def test_a_lease_is_given_to_one(engine: Engine) -> None:
    assert await engine.session.take_lease(1, "somebody else", LIFE_MS) is None
    await engine.session.release_lease(1, engine.epoch - 1)
    assert await engine.session.take_lease(1, "somebody else", LIFE_MS) is None
    await engine.session.release_lease(1, engine.epoch)
    assert await engine.session.take_lease(1, "somebody else", LIFE_MS) == engine.epoch + 1


async def test_money_is_neither_made_nor_lost(engine: Engine, superuser: asyncpg.Connection) -> None:
    draft = await engine.draft(engine.town.sale("ann", 5_00))
    draft.deltas[engine.town.tenant_id, engine.town.books["canteen"]] += 1
    assert await refused(engine, superuser, draft) == IMPOSSIBLE


async def test_tenants_do_not_pay_for_each_other(
    engine: Engine, superuser: asyncpg.Connection, db: Database
) -> None:
    other = await settle(db, "1200", {"eve": {}})
    draft = await engine.draft(engine.town.sale("ann", 5_00))
    draft.deltas.clear()
    draft.tenants.add(other.tenant_id)
    draft.move(other.tenant_id, other.books["canteen"], 5_00)  # balanced, but not for either of them
    assert await refused(engine, superuser, draft) == IMPOSSIBLE


def _names_nobody(draft: Draft, other: Town) -> None:
    draft.tenants.clear()


def _moves_anothers_money(draft: Draft, other: Town) -> None:
    draft.move(other.tenant_id, other.books["canteen"], 1)
    draft.move(other.tenant_id, other.books["shop"], -1)


def _refuses_for_another(draft: Draft, other: Town) -> None:
    other_refusal = Draft()
    Judge(Cache()).decide(other.sale("eve", 1_00), other_refusal, Targets(), now_us(), made_ms=None)
    draft.refusals += other_refusal.refusals


def _freezes_anothers_account(draft: Draft, other: Town) -> None:
    draft.statuses[other.tenant_id, other.people["eve"]] = "frozen"


@pytest.mark.parametrize(
    "wrong", [_names_nobody, _moves_anothers_money, _refuses_for_another, _freezes_anothers_account]
)
async def test_a_batch_is_only_for_the_tenants_it_names(
    wrong: Callable[[Draft, Town], None], engine: Engine, superuser: asyncpg.Connection, db: Database
) -> None:
    other = await settle(db, "1200", {"eve": {}})
    draft = await engine.draft(engine.town.sale("ann", 5_00))
    wrong(draft, other)
    assert await refused(engine, superuser, draft) == NO_RIGHT


async def test_a_tenant_of_another_shard_is_not_ours(engine: Engine, superuser: asyncpg.Connection) -> None:
    await superuser.execute("update tenants.route set shard = 2")
    draft = await engine.draft(engine.town.sale("ann", 5_00))
    assert await refused(engine, superuser, draft) == NO_RIGHT


async def test_a_book_of_another_tenant_is_not_found(
    engine: Engine, superuser: asyncpg.Connection, db: Database
) -> None:
    other = await settle(db, "1200", {"eve": {}})
    draft = await engine.draft(engine.town.sale("ann", 5_00))
    draft.deltas = {(engine.town.tenant_id, other.books["canteen"]): 5_00}
    assert await refused(engine, superuser, draft) == NO_BOOK


async def test_a_purse_of_another_tenant_is_not_found(
    engine: Engine, superuser: asyncpg.Connection, db: Database
) -> None:
    other = await settle(db, "1200", {"eve": {}})
    [*_, row] = await engine.session.load_accounts([(other.tenant_id, other.people["eve"])])
    draft = await engine.draft(engine.town.sale("ann", 5_00))
    stolen = Book(dict(row) | {"tenant_id": engine.town.tenant_id})
    draft.touched[stolen] = stolen.seq
    assert await refused(engine, superuser, draft) == STALE


async def test_unknown_and_guarded_books_cannot_be_added_to(
    engine: Engine, superuser: asyncpg.Connection
) -> None:
    for book in (10**9, None):
        draft = await engine.draft(engine.town.sale("ann", 5_00))
        draft.deltas = {(engine.town.tenant_id, book or engine.purse("bob").id): 5_00}
        assert await refused(engine, superuser, draft) == NO_BOOK


async def test_only_accounts_and_holds_that_exist_are_closed(
    engine: Engine, superuser: asyncpg.Connection
) -> None:
    draft = await engine.draft()
    draft.statuses[engine.town.tenant_id, 10**9] = "frozen"
    assert await refused(engine, superuser, draft) == NO_BOOK
    draft = await engine.draft()
    key = str(engine.town.common()["key"])
    draft.closings.append(
        {"tenant_id": engine.town.tenant_id, "key": key, "state": "released", "closed_by": key}
    )
    assert await refused(engine, superuser, draft) == STALE


async def test_never_more_is_given_back_than_the_whole(engine: Engine, superuser: asyncpg.Connection) -> None:
    draft = await engine.draft()
    keys = [str(engine.town.common()["key"]) for _ in range(2)]
    draft.reversals.append(
        {
            "tenant_id": engine.town.tenant_id, "original_key": keys[0], "number": 1, "key": keys[1],
            "amount_fen": 1, "sum_after_fen": 5_01, "original_fen": 5_00,
        }
    )  # fmt: skip
    assert await refused(engine, superuser, draft) == IMPOSSIBLE


@pytest.fixture
async def application(urls: Logins) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(urls.application)
    yield connection
    await connection.close()


async def test_the_application_cannot_write_the_ledger(
    engine: Engine, application: asyncpg.Connection, town: Town, superuser: asyncpg.Connection
) -> None:
    await application.execute(f"set onecard.tenant = '{town.tenant_id}'")
    before = await state(superuser)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("update ledger.book set balance_fen = 1")
    calls = ["select ledger.take_lease(1, 'me', 1)", "select ledger.renew_lease(1, 1, 1)"]
    changes = [f"{change} {table}{rest}" for table in ALL_TABLES for change, rest in CHANGES]
    for statement in (*calls, *changes):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await application.execute(statement)
    assert await state(superuser) == before


async def test_only_the_engine_calls_the_posting_functions(application: asyncpg.Connection) -> None:
    functions = (
        "select oid::regprocedure::text as f, proname from pg_proc"
        " where pronamespace = 'ledger'::regnamespace"
    )
    own = {"open_accounts", "open_book"}
    for row in await application.fetch(functions):
        may = await application.fetchrow(
            "select has_function_privilege('onecard_app', $1, 'execute') as app,"
            " has_function_privilege('onecard_engine', $1, 'execute') as engine",
            row["f"],
        )
        assert (may["app"], may["engine"]) == (row["proname"] in own, row["proname"] not in own), row["f"]


async def test_the_engine_reads_and_writes_no_table(engine: Engine) -> None:
    await engine.session.connection.execute(f"set onecard.tenant = '{engine.town.tenant_id}'")
    tables = (*ALL_TABLES, "tenants.route", "tenants.tenant")
    ways = (("table", ""), *CHANGES)
    for statement in [f"{way} {table}{rest}" for table in tables for way, rest in ways]:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await engine.session.connection.execute(statement)


async def test_accounts_and_books_are_opened_for_ones_own_tenant_only(
    db: Database, two_tenants: tuple[int, int]
) -> None:
    ours, theirs = two_tenants
    for statement in ("select ledger.open_accounts($1, '{1}')", "select ledger.open_book($1, 17::smallint)"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.tenant_tx(ours, SYSTEM) as tx:
                await tx.connection.fetchval(statement, theirs)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.platform_tx(SYSTEM) as tx:
                await tx.connection.fetchval(statement, ours)


async def test_purses_are_opened_with_their_account_and_once(
    db: Database, two_tenants: tuple[int, int]
) -> None:
    tenant_id, _ = two_tenants
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        assert [await open_accounts(tx, ids) for ids in ([1, 2], [2, 3], [])] == [2, 1, 0]
        statement = "select count(*) from ledger.book where tenant_id = $1 and account_id is not null"
        assert await tx.connection.fetchval(statement, tenant_id) == 15
        with pytest.raises(asyncpg.InvalidParameterValueError):
            await open_book(tx, BookKind.CASH)
