"""Use cases of the ledger inside a tenant's transaction, and the door through which everything is posted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from onecard.base.db import Tx, load_queries
from onecard.ledger.model import SYSTEM_BOOKS, Answer, AnyRequest, Balances, BookKind, PostingKind

_sql = load_queries("onecard.ledger")


@dataclass(frozen=True, slots=True)
class Taking:
    """Takings of one merchant's book in one meal of one business day."""

    book: int
    business_day: date
    meal: int
    amount_fen: int
    sales: int


class Ledger(Protocol):
    """Whoever wants to post holds one of these: the writer in this process, or the way to it over the bus."""

    async def post(self, request: AnyRequest) -> Answer:
        """The ledger's answer, given only after it is durable."""
        ...


async def open_accounts(tx: Tx, ids: Sequence[int]) -> int:
    """Open accounts with empty purses; existing ones stay as they are. Returns how many are new."""
    return int(await _sql.open_accounts(tx.connection, tenant_id=tx.tenant_id, ids=list(ids)))


async def open_book(tx: Tx, kind: BookKind) -> int:
    """Open one of the tenant's own books (a merchant's takings, a drawer …); returns its id."""
    return int(await _sql.open_book(tx.connection, tenant_id=tx.tenant_id, kind=int(kind)))


async def open_system_books(tx: Tx) -> dict[BookKind, int]:
    """The tenant's system books, opened when missing: one id for each kind of `SYSTEM_BOOKS`."""
    books = await system_books(tx)
    for kind in SYSTEM_BOOKS:
        if kind not in books:
            books[kind] = await open_book(tx, kind)
    return books


async def system_books(tx: Tx) -> dict[BookKind, int]:
    """Ids of the tenant's system books that exist."""
    books: dict[BookKind, int] = {}
    async for row in _sql.own_books(tx.connection, tenant_id=tx.tenant_id):
        kind = BookKind(row["kind"])
        if kind in SYSTEM_BOOKS:
            books.setdefault(kind, row["id"])
    return books


async def balances(tx: Tx, accounts: Sequence[int]) -> dict[int, Balances]:
    """Spendable balances by account (balance minus holds) as committed; unknown accounts are absent."""
    found: dict[int, dict[str, int]] = {}
    async for row in _sql.purses(tx.connection, tenant_id=tx.tenant_id, accounts=list(accounts)):
        purses = found.setdefault(row["account_id"], {})
        purses[BookKind(row["kind"]).name.lower()] = row["balance_fen"] - row["held_fen"]
    return {account: Balances(**purses) for account, purses in found.items()}


async def merchant_balances(tx: Tx) -> dict[int, int]:
    """What stands in each merchant's book, by its id."""
    rows = _sql.own_books(tx.connection, tenant_id=tx.tenant_id)
    return {row["id"]: row["balance_fen"] async for row in rows if row["kind"] == BookKind.MERCHANT}


async def money_moved(tx: Tx) -> bool:
    """Whether any amount was ever booked in the tenant."""
    return bool(await _sql.money_moved(tx.connection, tenant_id=tx.tenant_id))


async def merchant_takings(tx: Tx) -> list[Taking]:
    """What each merchant's book took in sales less reversals, by business day and meal."""
    return [Taking(**row) async for row in _sql.merchant_takings(tx.connection, tenant_id=tx.tenant_id)]


async def statement(tx: Tx, account_id: int, *, most: int) -> list[dict[str, Any]]:
    """Latest movements, newest first: when, what, which purse, amount, balance after, key, memo."""
    rows = _sql.statement(tx.connection, tenant_id=tx.tenant_id, account_id=account_id, most=most)
    return [
        dict(row)
        | {"kind": PostingKind(row["kind"]).name.lower(), "purse": BookKind(row["purse"]).name.lower()}
        async for row in rows
    ]
