"""Rules that decide, without I/O (spec money.md, “Rules of spending”)."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from msgspec import msgpack

from onecard.base.status import Status
from onecard.ledger.cache import Account, Book
from onecard.ledger.model import (
    AMOUNT_MAX_FEN,
    CONSUMPTION_CEILING_FEN,
    PURSES,
    WATER_CEILING_FEN,
    BookKind,
    Terms,
)

MEALS = 100
DAY_ZERO = date(2000, 1, 1).toordinal()
_encode = msgpack.Encoder().encode
_CASH = int(BookKind.CASH)  # attribute look-ups of an enumeration show in the time of a sale


class Refused(NamedTuple):
    """A reason and the numbers that explain it."""

    status: Status
    needed_fen: int | None = None
    available_fen: int | None = None
    limit_value: int | None = None
    used_value: int | None = None


_REFUSING_STATES = {"frozen": Refused(Status.ACCOUNT_FROZEN), "closed": Refused(Status.ACCOUNT_CLOSED)}


def amount_refused(amount_fen: int) -> Refused | None:
    """Whether an amount is none that can be moved."""
    if amount_fen <= 0:
        return Refused(Status.AMOUNT_NOT_POSITIVE)
    if amount_fen > AMOUNT_MAX_FEN:
        return Refused(Status.AMOUNT_TOO_LARGE, None, None, AMOUNT_MAX_FEN)
    return None


@lru_cache(maxsize=1024)
def drawing_refused(drawing: tuple[int, ...]) -> Refused | None:
    """Whether a drawing order names something that is no purse, or one twice."""
    purses = set(drawing) & set(PURSES)
    return None if len(purses) == len(drawing) else Refused(Status.PURSE_NOT_ALLOWED)


def meal_and_floor_refused(meal: int, floor_fen: int) -> Refused | None:
    """Whether a meal would count for another day (see `usage_period`), or a floor would be an overdraft."""
    return None if 0 <= meal < MEALS and floor_fen >= 0 else Refused(Status.MALFORMED)


def state_refused(account: Account | None) -> Refused | None:
    """Whether an account is missing, frozen or closed."""
    if account is None:
        return Refused(Status.ACCOUNT_UNKNOWN)
    return _REFUSING_STATES.get(account.status)


def usage_period(day: date, meal: int) -> int:
    """The counters' period of a business day and meal: yyyymmdd * 100 + meal. Grows through the day."""
    return (day.year * 10000 + day.month * 100 + day.day) * MEALS + meal


def over_limit(  # noqa: PLR0911  one return for each limit, in the order of the statuses
    terms: Terms, account: Account, amount_fen: int, period: int
) -> Refused | None:
    """The first limit a sale would break; meal limits hold within meals only (meal 0 is outside them all)."""
    limit = terms.transaction_limit_fen
    if limit and amount_fen > limit:
        return Refused(Status.LIMIT_TRANSACTION, amount_fen, None, limit, 0)
    if not (terms.meal_limit_count or terms.meal_limit_fen or terms.day_limit_count or terms.day_limit_fen):
        return None
    day_fen, day_count, meal_fen, meal_count = account.usage(period)
    if period % MEALS:
        limit = terms.meal_limit_count
        if limit and meal_count >= limit:
            return Refused(Status.LIMIT_MEAL_COUNT, amount_fen, None, limit, meal_count)
        limit = terms.meal_limit_fen
        if limit and meal_fen + amount_fen > limit:
            return Refused(Status.LIMIT_MEAL_AMOUNT, amount_fen, None, limit, meal_fen)
    limit = terms.day_limit_count
    if limit and day_count >= limit:
        return Refused(Status.LIMIT_DAY_COUNT, amount_fen, None, limit, day_count)
    limit = terms.day_limit_fen
    if limit and day_fen + amount_fen > limit:
        return Refused(Status.LIMIT_DAY_AMOUNT, amount_fen, None, limit, day_fen)
    return None


def draw(books: Sequence[Book], terms: Terms, amount_fen: int) -> tuple[list[tuple[Book, int]], int]:
    """Take `amount_fen` from the purses in drawing order.

    Returns:
        The parts taken (purse, amount above 0), and what is missing. The floor binds the cash purse.
    """
    parts: list[tuple[Book, int]] = []
    rest = amount_fen
    for kind in terms.drawing:
        book = books[kind]
        free = book.balance - book.held
        if kind == _CASH:
            free -= terms.floor_fen
        if free > 0:
            take = min(free, rest)
            parts.append((book, take))
            rest -= take
            if not rest:
                break
    return parts, rest


def over_ceiling(account: Account, kind: int, balance_fen: int, others_fen: int) -> Refused | None:
    """Whether a purse would hold too much.

    Args:
        account: whose purse.
        kind: which of its books.
        balance_fen: its balance after the credit.
        others_fen: balance after it of the other consumption purses together.
    """
    if kind == BookKind.SHORTFALL:
        total, ceiling = balance_fen, 0
    elif kind == BookKind.WATER:
        total, ceiling = balance_fen, WATER_CEILING_FEN
    else:
        total, ceiling = balance_fen + others_fen, CONSUMPTION_CEILING_FEN
    if total > ceiling:
        return Refused(Status.CEILING_EXCEEDED, None, None, ceiling, total)
    return None


def fingerprint(content: tuple[object, ...]) -> int:
    """64 bits of BLAKE2b over a request's content, as PostgreSQL's signed bigint.

    It tells a repeated request from another one under the same key. It leaves out when and how the request
    came, so that a terminal's record of a sale equals the online request for it.
    """
    return int.from_bytes(blake2b(_encode(content), digest_size=8).digest(), signed=True)


def release_print(hold: UUID) -> int:
    """Fingerprint of the release of a hold, which leaves no line to read it from."""
    return fingerprint((6, hold.bytes))
