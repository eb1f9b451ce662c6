"""A batch in the making: lines, changed books, refusals; and how it travels to the database."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

from msgspec import json

from onecard.ledger.cache import Account, Book
from onecard.ledger.model import Request
from onecard.ledger.rules import DAY_ZERO, Refused
from onecard.ledger.wire import bigints, uuids

# columns of a line in the order of ledger.commit_batch and of the hash chain
LINE_COLUMNS = (
    "tenant_id",
    "key",
    "leg",
    "kind",
    "debit_book",
    "credit_book",
    "amount_fen",
    "debit_seq",
    "debit_balance_fen",
    "credit_seq",
    "credit_balance_fen",
    "business_day",
    "meal",
    "occurred_at_us",
    "source",
    "source_id",
    "card_id",
    "fingerprint",
)
_KEY = LINE_COLUMNS.index("key")
_NO_COLUMNS: list[tuple[Any, ...]] = [()] * len(LINE_COLUMNS)


def columns_of(lines: Iterable[tuple[Any, ...]]) -> list[bytes]:
    """Lines as columns on the wire, one for each of LINE_COLUMNS; empty ones for a batch without lines."""
    columns = list(zip(*lines, strict=True)) or _NO_COLUMNS
    return [uuids(column) if number == _KEY else bigints(column) for number, column in enumerate(columns)]


def digest(columns: Sequence[bytes]) -> bytes:
    """SHA-256 over a batch's columns, the link of the hash chain."""
    return sha256(b"".join(columns)).digest()


class Draft:
    """Everything one call of `ledger.commit_batch` writes."""

    __slots__ = (
        "accounts",
        "changes",
        "closings",
        "deltas",
        "holds",
        "lines",
        "memos",
        "refusals",
        "reversals",
        "statuses",
        "tenants",
        "touched",
    )

    def __init__(self) -> None:
        self.tenants: set[int] = (
            set()
        )  # whose lines and books are here; all of them must be of the writer's shard
        self.lines: list[tuple[Any, ...]] = []
        self.touched: dict[Book, int] = {}  # book → the seq it had before this batch
        self.deltas: dict[tuple[int, int], int] = {}
        self.accounts: set[Account] = set()
        self.memos: list[dict[str, Any]] = []
        self.refusals: list[dict[str, Any]] = []
        self.reversals: list[dict[str, Any]] = []
        self.holds: list[dict[str, Any]] = []
        self.closings: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.statuses: dict[tuple[int, int], str] = {}

    def touch(self, account: Account) -> None:
        """Name an account this batch relies on.

        While an earlier batch in flight has changed it, all its books are compared on commit, also those only
        read: should that batch fail, this one must not stand.
        """
        if account.flight:
            for book in account.books[1:]:
                self.touched.setdefault(book, book.seq)
        self.accounts.add(account)

    def touch_fully(self, account: Account) -> None:
        """Name an account whose state decided a refusal: the refusal stands only if that state does."""
        for book in account.books[1:]:
            self.touched.setdefault(book, book.seq)
        self.accounts.add(account)

    def hold(self, book: Book, delta: int) -> None:
        """Change what is held on a guarded book."""
        self.touched.setdefault(book, book.seq)
        book.held += delta
        book.seq += 1

    def move(self, tenant_id: int, side: Book | int, delta: int) -> tuple[int, int, int]:
        """Change one side; its id, and of a guarded book the number of the change and the balance after."""
        if isinstance(side, Book):
            self.touched.setdefault(side, side.seq)
            side.balance += delta
            side.seq += 1
            return side.id, side.seq, side.balance
        place = tenant_id, side
        self.deltas[place] = self.deltas.get(place, 0) + delta
        return side, 0, 0

    def line(
        self,
        request: Request,
        leg: int,
        kind: int,
        sides: tuple[Book | int, Book | int],
        amount_fen: int,
        *,
        print_: int,
    ) -> None:
        """Move money from the first side to the second and write the line.

        A side is a guarded book, or the id of one of the tenant's own.
        """
        debit_id, debit_seq, debit_balance = self.move(request.tenant_id, sides[0], -amount_fen)
        credit_id, credit_seq, credit_balance = self.move(request.tenant_id, sides[1], amount_fen)
        self.lines.append(
            (
                request.tenant_id,
                request.key,
                leg,
                kind,
                debit_id,
                credit_id,
                amount_fen,
                debit_seq,
                debit_balance,
                credit_seq,
                credit_balance,
                request.business_day.toordinal() - DAY_ZERO,
                request.meal,
                request.occurred_at_us,
                request.source,
                request.source_id,
                request.card_id or 0,
                print_,
            )
        )
        if request.memo and leg == 1:
            self.memos.append({"tenant_id": request.tenant_id, "key": str(request.key), "memo": request.memo})

    def refuse(self, request: Request, account_id: int | None, refused: Refused, print_: int) -> None:
        """Remember a refusal for ever."""
        self.refusals.append(
            {
                "tenant_id": request.tenant_id,
                "key": str(request.key),
                "fingerprint": print_,
                "account_id": account_id,
                **refused._asdict(),
            }
        )

    def is_empty(self) -> bool:
        """Whether nothing would be written."""
        return not (self.lines or self.touched or self.refusals or self.closings or self.statuses)

    def arguments(self, shard: int, epoch: int, life_ms: int) -> list[Any]:
        """Arguments of `ledger.commit_batch`."""
        columns = columns_of(self.lines)
        books = [
            (
                b.tenant_id,
                b.id,
                old,
                b.seq,
                b.balance,
                b.held,
                b.period,
                b.day_fen,
                b.day_count,
                b.meal_fen,
                b.meal_count,
            )
            for b, old in self.touched.items()
        ]
        own = [(tenant_id, book, delta) for (tenant_id, book), delta in self.deltas.items()]
        return [
            shard,
            epoch,
            life_ms,
            digest(columns),
            bigints(sorted(self.tenants)),
            *columns,
            *map(bigints, zip(*books, strict=True) if books else [()] * 11),
            *map(bigints, zip(*own, strict=True) if own else [()] * 3),
            self._rest(),
        ]

    def _rest(self) -> str | None:
        rest: dict[str, list[dict[str, Any]]] = {
            "memos": self.memos,
            "refusals": self.refusals,
            "reversals": self.reversals,
            "holds": self.holds,
            "closings": self.closings,
            "changes": self.changes,
            "statuses": [
                {"tenant_id": tenant_id, "id": account_id, "status": status}
                for (tenant_id, account_id), status in self.statuses.items()
            ],
        }
        written = {name: rows for name, rows in rest.items() if rows}
        return json.encode(written).decode() if written else None
