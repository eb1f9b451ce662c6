"""What the writer remembers between batches: what the database will hold once those in flight are in."""

from collections.abc import Iterable, Mapping
from typing import Any

from onecard.ledger.model import Balances, BookKind

_BOOKS_OF_AN_ACCOUNT = 5
_DAY = 100  # usage_period is yyyymmdd * 100 + meal


class Book:
    """A guarded book: a purse of an account or its shortfall. `seq` counts changes, compared on commit."""

    __slots__ = (
        "balance",
        "day_count",
        "day_fen",
        "held",
        "id",
        "kind",
        "meal_count",
        "meal_fen",
        "period",
        "seq",
        "tenant_id",
    )

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.tenant_id: int = row["tenant_id"]
        self.id: int = row["id"]
        self.kind: int = row["kind"]
        self.balance: int = row["balance_fen"]
        self.held: int = row["held_fen"]
        self.seq: int = row["seq"]
        self.period: int = row["usage_period"]
        self.day_fen: int = row["usage_day_fen"]
        self.day_count: int = row["usage_day_count"]
        self.meal_fen: int = row["usage_meal_fen"]
        self.meal_count: int = row["usage_meal_count"]

    def use(self, period: int, amount_fen: int, count: int) -> None:
        """Count what is drawn (or, negative, given back) in a business day and meal.

        The newest period seen is kept; an older day is past caring, an older meal counts for its day only.
        """
        if period > self.period:
            if period // _DAY != self.period // _DAY:
                self.day_fen = self.day_count = 0
            self.meal_fen = self.meal_count = 0
            self.period = period
        if period // _DAY == self.period // _DAY:
            self.day_fen += amount_fen
            self.day_count += count
            if period == self.period:
                self.meal_fen += amount_fen
                self.meal_count += count

    def give_back(self, period: int, amount_fen: int, count: int) -> None:
        """Take a reversed sale out of the counters; a period no longer counted stays as it is."""
        if period <= self.period:
            self.use(period, -amount_fen, -count)


class Account:
    """An account with its five books. `flight` counts uncommitted batches that touch it."""

    __slots__ = ("books", "flight", "id", "status", "tenant_id")

    def __init__(self, tenant_id: int, account_id: int, status: str, books: list[Book]) -> None:
        self.tenant_id = tenant_id
        self.id = account_id
        self.status = status
        self.books = books  # index = BookKind; index 0 repeats the cash purse and is never asked for
        self.flight = 0

    def balances(self) -> Balances:
        """Spendable balances."""
        _, cash, subsidy, bonus, water, shortfall = self.books
        return Balances(
            cash.balance - cash.held,
            subsidy.balance - subsidy.held,
            bonus.balance - bonus.held,
            water.balance - water.held,
            shortfall.balance,
        )

    def usage(self, period: int) -> tuple[int, int, int, int]:
        """Drawn so far: (day fen, day count, meal fen, meal count) of a period."""
        day_fen = day_count = meal_fen = meal_count = 0
        first = period - period % _DAY  # the day's own number; its meals count on from there
        for book in self.books[1:]:
            if first <= book.period < first + _DAY:
                day_fen += book.day_fen
                day_count += book.day_count
                if book.period == period:
                    meal_fen += book.meal_fen
                    meal_count += book.meal_count
        return day_fen, day_count, meal_fen, meal_count


class Cache:
    """Accounts and the tenants' own books by (tenant, id)."""

    def __init__(self) -> None:
        self.accounts: dict[tuple[int, int], Account] = {}
        self.own: dict[tuple[int, int], int] = {}
        self.suspense: dict[int, int] = {}

    def add_accounts(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take rows of `ledger.load_accounts`: five for each account."""
        gathered: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
        for row in rows:
            gathered.setdefault((row["tenant_id"], row["account_id"]), []).append(row)
        for (tenant_id, account_id), own in gathered.items():
            by_kind = {row["kind"]: Book(row) for row in own}
            books = [by_kind[BookKind.CASH], *(by_kind[kind] for kind in range(1, _BOOKS_OF_AN_ACCOUNT + 1))]
            account = Account(tenant_id, account_id, own[0]["status"], books)
            self.accounts[tenant_id, account_id] = account

    def shrink(self, most: int) -> None:
        """Forget the longest known accounts above `most`, but none that a batch in flight has changed."""
        surplus = len(self.accounts) - most
        if surplus <= 0:
            return
        idle = (key for key, account in self.accounts.items() if not account.flight)
        for key in [key for key, _ in zip(idle, range(surplus), strict=False)]:
            del self.accounts[key]

    def forget(self, accounts: Iterable[Account]) -> None:
        """Drop accounts whose remembered state did not become true; the next batch reads them anew."""
        for account in accounts:
            self.accounts.pop((account.tenant_id, account.id), None)
