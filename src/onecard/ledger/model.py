"""What the ledger is asked and what it answers.

Amounts are minor units (fen), instants microseconds since 1970 UTC. No value here can be part of a reference
cycle, so the cyclic collector need not look at them (`gc=False`): there are hundreds of thousands at a time.
"""

from datetime import date
from enum import IntEnum
from uuid import UUID

from msgspec import Struct

from onecard.base.status import Status

AMOUNT_MAX_FEN = 10_000_000_00
CONSUMPTION_CEILING_FEN = 99_999_00
WATER_CEILING_FEN = 999_99


class BookKind(IntEnum):
    """Kinds of books. 1–5 belong to an account (its purses and what it owes), the others to the tenant."""

    CASH = 1
    SUBSIDY = 2
    BONUS = 3
    WATER = 4
    SHORTFALL = 5
    DRAWER = 10
    BANK = 11
    PROVIDER = 12
    SUBSIDY_FUND = 13
    BONUS_FUND = 14
    CARD_FEE_INCOME = 15
    DEPOSITS_HELD = 16
    MERCHANT = 17
    DISCOUNTS = 18
    SURCHARGES = 19
    SERVICE_FEES = 20
    IMBALANCE = 21
    WRITE_OFF = 22
    SUSPENSE = 23


PURSES = (BookKind.CASH, BookKind.SUBSIDY, BookKind.BONUS, BookKind.WATER)
CONSUMPTION_PURSES = (BookKind.CASH, BookKind.SUBSIDY, BookKind.BONUS)
# one of each is opened with the tenant; drawers and merchants' books are opened as they are needed
SYSTEM_BOOKS = tuple(kind for kind in BookKind if kind >= BookKind.BANK and kind != BookKind.MERCHANT)


class PostingKind(IntEnum):
    """What a line of a posting is."""

    SALE = 1
    TOP_UP = 2
    WITHDRAWAL = 3
    REVERSAL = 4
    GRANT = 5
    CLEARING = 6
    CARD_FEE = 7
    DEPOSIT = 8
    TRANSFER = 9
    ADJUSTMENT = 10
    WRITE_OFF = 11
    COLLECTION = 12  # a shortfall paid from a top-up


class Source(IntEnum):
    """Who asked; `source_id` is the number of that operator, terminal, job, provider or command."""

    OPERATOR = 1
    TERMINAL = 2
    JOB = 3
    PROVIDER = 4
    COMMAND = 5


class Terms(Struct, frozen=True, gc=False):
    """Rules one sale lives under (spec money.md, “Rules of spending”). A limit of 0 means none."""

    drawing: tuple[int, ...] = (BookKind.SUBSIDY, BookKind.BONUS, BookKind.CASH)
    floor_fen: int = 0
    transaction_limit_fen: int = 0
    meal_limit_fen: int = 0
    meal_limit_count: int = 0
    day_limit_fen: int = 0
    day_limit_count: int = 0


class Request(Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Common part of everything the ledger is asked.

    `key` is made and kept by whoever asks: the same key with the same content gives the first answer again.
    `deadline_us`: after this instant the request is refused without touching money.
    `meal` is the meal's number in the order of the business day, 0 outside meals.
    """

    tenant_id: int
    key: UUID
    business_day: date
    occurred_at_us: int
    source: int
    source_id: int
    meal: int = 0
    card_id: int | None = None
    memo: str | None = None
    deadline_us: int | None = None

    @property
    def target(self) -> UUID | None:
        """Key of the posting or hold this request points at."""
        return None


class Sale(Request, frozen=True, kw_only=True, gc=False):
    """Draw `amount_fen` from the account's purses for a merchant.

    `offline`: the goods are gone, so it is never refused for money, limit or state: what the purses lack is
    owed by the account (its shortfall), and a sale of an unknown account goes to suspense.
    """

    account_id: int
    merchant_book: int
    amount_fen: int
    terms: Terms
    offline: bool = False


class Place(Struct, frozen=True, gc=False):
    """One side of a movement: a purse of an account, or one of the tenant's own books (`account_id` None)."""

    book: int  # BookKind of the purse, or the id of the tenant's book
    account_id: int | None = None


class Leg(Struct, frozen=True, gc=False):
    """`amount_fen` moves from `debit` to `credit`."""

    debit: Place
    credit: Place
    amount_fen: int


class Journal(Request, frozen=True, kw_only=True, gc=False):
    """Named movements, all or none: top-up, withdrawal, grant, fee, transfer, adjustment.

    A top-up first pays what the account owes: a collection leg is added by the ledger.
    """

    kind: int
    legs: tuple[Leg, ...]


class Reversal(Request, frozen=True, kw_only=True, gc=False):
    """Give a sale back to the purses it came from, last drawn first; `amount_fen` None: all that is left."""

    original: UUID
    amount_fen: int | None = None

    @property
    def target(self) -> UUID:
        """What it points at."""
        return self.original


class Hold(Request, frozen=True, kw_only=True, gc=False):
    """Set `amount_fen` aside until it is captured, released, or expires."""

    account_id: int
    amount_fen: int
    terms: Terms
    expires_at_us: int


class Capture(Request, frozen=True, kw_only=True, gc=False):
    """Turn a hold into a sale of at most the held amount; the rest is free again."""

    hold: UUID
    merchant_book: int
    amount_fen: int

    @property
    def target(self) -> UUID:
        """What it points at."""
        return self.hold


class Release(Request, frozen=True, kw_only=True, gc=False):
    """Give a hold up (`expired`: its time has passed)."""

    hold: UUID
    expired: bool = False

    @property
    def target(self) -> UUID:
        """What it points at."""
        return self.hold


class SetStatus(Request, frozen=True, kw_only=True, gc=False):
    """Freeze, open or close an account; closing needs empty purses."""

    account_id: int
    status: str


AnyRequest = Sale | Journal | Reversal | Hold | Capture | Release | SetStatus


class Part(Struct, frozen=True, gc=False):
    """What one purse gave (negative) or got (positive), and its balance after."""

    purse: int
    amount_fen: int
    balance_fen: int


class Balances(Struct, frozen=True, gc=False):
    """Spendable balances of an account after the answer (balance minus holds), and what it owes."""

    cash: int = 0
    subsidy: int = 0
    bonus: int = 0
    water: int = 0
    shortfall: int = 0


class Answer(Struct, frozen=True, kw_only=True, gc=False):
    """The ledger's answer. Refusals carry the numbers that explain them."""

    key: UUID
    status: Status
    parts: tuple[Part, ...] = ()
    balances: Balances | None = None
    needed_fen: int | None = None
    available_fen: int | None = None
    limit_value: int | None = None
    used_value: int | None = None
    duplicate: bool = False

    @property
    def ok(self) -> bool:
        """Whether it was posted."""
        return self.status is Status.OK
