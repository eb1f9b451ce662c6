"""A tenant for the ledger's tests: accounts by name, merchants' books by name, and requests in few words."""

import asyncio
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from onecard.base.clock import now_us
from onecard.base.db import SYSTEM, Database
from onecard.base.ids import uuid7
from onecard.ledger.model import (
    BookKind,
    Capture,
    Hold,
    Journal,
    Leg,
    Place,
    PostingKind,
    Release,
    Reversal,
    Sale,
    SetStatus,
    Source,
    Terms,
)
from onecard.ledger.service import Ledger, open_accounts, open_book, open_system_books
from onecard.ledger.writer import Writer
from onecard.tenants import service as tenants

TODAY = date(2026, 11, 23)
MERCHANTS = ("canteen", "shop")
NOBODY = 999_999
NOWHERE = 999_999_999


@dataclass
class Town:
    """One tenant. `opening` is what people's purses are to hold before anything happens."""

    db: Database
    tenant_id: int
    books: dict[str, int]
    people: dict[str, int]
    opening: dict[str, dict[str, int]] = field(default_factory=dict)
    day: date = TODAY
    meal: int = 0

    def common(self, key: UUID | None = None, **more: Any) -> dict[str, Any]:
        """What every request says."""
        return {
            "tenant_id": self.tenant_id,
            "key": key or uuid7(),
            "business_day": self.day,
            "meal": self.meal,
            "occurred_at_us": now_us(),
            "source": Source.COMMAND,
            "source_id": 7,
        } | more

    def person(self, name: str) -> int:
        return self.people.get(name, NOBODY)

    def book(self, name: str) -> int:
        return self.books.get(name, NOWHERE)

    def sale(self, who: str, amount_fen: int, *, at: str = "canteen", **more: Any) -> Sale:
        terms = more.pop("terms", Terms())
        place = {"account_id": self.person(who), "merchant_book": self.book(at)}
        return Sale(**self.common(**more), **place, amount_fen=amount_fen, terms=terms)

    def journal(self, kind: PostingKind, *legs: tuple[str, str, int], **more: Any) -> Journal:
        """Legs as (from, to, fen); a place is a book's name, or `ann.cash`."""
        moved = tuple(Leg(self.place(debit), self.place(credit), amount) for debit, credit, amount in legs)
        return Journal(**self.common(**more), kind=kind, legs=moved)

    def top_up(self, who: str, amount_fen: int, **more: Any) -> Journal:
        return self.journal(PostingKind.TOP_UP, ("drawer", f"{who}.cash", amount_fen), **more)

    def place(self, name: str) -> Place:
        who, _, purse = name.partition(".")
        if not purse:
            return Place(self.book(who))
        kind = BookKind.SHORTFALL if purse == "owes" else BookKind[purse.upper()]
        return Place(kind, self.person(who))

    def reversal(self, original: UUID, amount_fen: int | None = None, **more: Any) -> Reversal:
        return Reversal(**self.common(**more), original=original, amount_fen=amount_fen)

    def hold(self, who: str, amount_fen: int, *, life_us: int = 3_600_000_000, **more: Any) -> Hold:
        terms = more.pop("terms", Terms())
        until = now_us() + life_us
        common = self.common(**more)
        return Hold(
            **common, account_id=self.person(who), amount_fen=amount_fen, terms=terms, expires_at_us=until
        )

    def capture(self, hold: UUID, amount_fen: int, *, at: str = "canteen", **more: Any) -> Capture:
        return Capture(**self.common(**more), hold=hold, merchant_book=self.book(at), amount_fen=amount_fen)

    def release(self, hold: UUID, **more: Any) -> Release:
        return Release(**self.common(**more), hold=hold)

    def set_status(self, who: str, status: str, **more: Any) -> SetStatus:
        return SetStatus(**self.common(**more), account_id=self.person(who), status=status)

    async def fund(self, ledger: Ledger) -> None:
        """Put the opening money in by real postings, against the bank."""
        for who, purses in self.opening.items():
            for purse, amount in purses.items():
                answer = await ledger.post(
                    self.journal(PostingKind.ADJUSTMENT, ("bank", f"{who}.{purse}", amount))
                )
                assert answer.ok, answer
        self.opening = {}


async def settle(db: Database, code: str, opening: dict[str, dict[str, int]]) -> Town:
    """Create a tenant with its books and one account for each name."""
    tenant_id = await tenants.create(db, SYSTEM, code=code, name=f"Town {code}")
    people = {name: number for number, name in enumerate(opening, 1)}
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        books = {kind.name.lower(): book for kind, book in (await open_system_books(tx)).items()}
        books["drawer"] = await open_book(tx, BookKind.DRAWER)
        for merchant in MERCHANTS:
            books[merchant] = await open_book(tx, BookKind.MERCHANT)
        await open_accounts(tx, list(people.values()))
    return Town(db, tenant_id, books, people, opening)


async def until_leading(writer: Writer, seconds: int = 60) -> None:
    """Wait for a writer to get the lease."""
    async with asyncio.timeout(seconds):
        while not writer.leading:  # noqa: ASYNC110  it tells nobody when it does
            await asyncio.sleep(0.01)
