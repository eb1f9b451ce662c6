"""Rules and counters without a database, against calculations that a person would do."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies

from onecard.base.status import Status
from onecard.ledger.cache import Account, Book, Cache
from onecard.ledger.model import PURSES, BookKind, Terms
from onecard.ledger.rules import (
    MEALS,
    amount_refused,
    draw,
    drawing_refused,
    fingerprint,
    over_ceiling,
    usage_period,
)

FEN = strategies.integers(0, 500)
MONDAY = date(2026, 11, 23)


def row(kind: int, balance: int = 0, held: int = 0) -> dict[str, Any]:
    usage = dict.fromkeys(
        ("usage_period", "usage_day_fen", "usage_day_count", "usage_meal_fen", "usage_meal_count"), 0
    )
    return usage | {
        "tenant_id": 1, "account_id": 1, "status": "open", "id": kind, "kind": kind,
        "balance_fen": balance, "held_fen": held, "seq": 0,
    }  # fmt: skip


def account(**balances: int) -> Account:
    cache = Cache()
    cache.add_accounts(row(kind, balances.get(BookKind(kind).name.lower(), 0)) for kind in range(1, 6))
    return cache.accounts[1, 1]


@given(
    drawing=strategies.permutations(PURSES).flatmap(lambda p: strategies.integers(1, 4).map(lambda n: p[:n])),
    balances=strategies.lists(FEN, min_size=4, max_size=4), floor=FEN, amount=strategies.integers(1, 1500),
)  # fmt: skip
def test_drawing_empties_one_purse_before_the_next(
    drawing: list[int], balances: list[int], floor: int, amount: int
) -> None:
    own = account(cash=balances[0], subsidy=balances[1], bonus=balances[2], water=balances[3])
    parts, missing = draw(own.books, Terms(drawing=tuple(drawing), floor_fen=floor), amount)
    free = {kind: own.books[kind].balance - (floor if kind == BookKind.CASH else 0) for kind in drawing}
    assert sum(taken for _, taken in parts) + missing == amount
    assert all(0 < taken <= free[book.kind] for book, taken in parts)
    # in order, and whatever was passed over for the next had nothing more to give
    order = [drawing.index(book.kind) for book, _ in parts]
    assert order == sorted(set(order))
    assert all(taken == free[book.kind] for book, taken in parts[:-1])
    assert missing == max(0, amount - sum(max(0, rest) for rest in free.values()))


# one sale or reversal: (day, meal, purse, amount); negative gives an earlier one back
MOVES = strategies.lists(
    strategies.tuples(
        strategies.integers(0, 2), strategies.integers(0, 3), strategies.sampled_from(PURSES), FEN
    ),
    max_size=20,
)


@given(MOVES, strategies.randoms(use_true_random=False))
def test_counters_equal_a_recount(moves: list[tuple[int, int, int, int]], random: Any) -> None:
    own, sold = account(), []
    newest = (0, 0)
    for day, meal, purse, amount in moves:
        own.books[purse].use(usage_period(MONDAY + timedelta(day), meal), amount, 1)
        sold.append((day, meal, purse, amount))
        newest = max(newest, (day, meal))
        if random.random() < 0.3:
            day_, meal_, purse_, amount_ = sold.pop(random.randrange(len(sold)))
            own.books[purse_].give_back(usage_period(MONDAY + timedelta(day_), meal_), amount_, 1)
    today = [move for move in sold if move[0] == newest[0]]
    now = [move for move in today if move[1] == newest[1]]
    expected = (sum(m[3] for m in today), len(today), sum(m[3] for m in now), len(now))
    assert own.usage(usage_period(MONDAY + timedelta(newest[0]), newest[1])) == expected


def test_periods_grow_through_the_days() -> None:
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 12, 31), date(2027, 1, 1)]
    periods = [usage_period(day, meal) for day in days for meal in (0, 1, MEALS - 1)]
    assert all(before < after for before, after in pairwise(periods))


def test_amounts() -> None:
    statuses = [refused and refused.status for refused in map(amount_refused, (-1, 0, 1, 10**9, 10**9 + 1))]
    assert statuses == [
        Status.AMOUNT_NOT_POSITIVE, Status.AMOUNT_NOT_POSITIVE, None, None, Status.AMOUNT_TOO_LARGE,
    ]  # fmt: skip


def test_ceilings() -> None:
    own = account()
    assert over_ceiling(own, BookKind.CASH, 99_998_00, 1_00) is None
    assert over_ceiling(own, BookKind.BONUS, 1, 99_999_00) is not None
    assert over_ceiling(own, BookKind.WATER, 999_99, 99_999_00) is None
    assert over_ceiling(own, BookKind.WATER, 1000_00, 0) is not None
    assert over_ceiling(own, BookKind.SHORTFALL, 0, 0) is None
    assert over_ceiling(own, BookKind.SHORTFALL, 1, 0) is not None


def test_drawing_orders_are_of_purses_each_once() -> None:
    assert drawing_refused(PURSES) is None
    assert drawing_refused(()) is None
    for wrong in ((BookKind.CASH, BookKind.CASH), (0,), (BookKind.SHORTFALL,), (BookKind.MERCHANT,), (99,)):
        assert drawing_refused(wrong) is not None, wrong


def test_fingerprints_fit_a_signed_bigint_and_tell_contents_apart() -> None:
    prints = {fingerprint((1, account_id, 5, amount)) for account_id in range(40) for amount in range(40)}
    assert len(prints) == 1600
    assert all(-(2**63) <= print_ < 2**63 for print_ in prints)


def test_the_cache_forgets_the_longest_known_but_none_in_flight() -> None:
    cache = Cache()
    for number in range(5):
        cache.add_accounts(row(kind) | {"account_id": number} for kind in range(1, 6))
    cache.accounts[1, 0].flight = 1
    cache.shrink(3)
    assert [number for _, number in cache.accounts] == [0, 3, 4]


def test_books_start_from_their_row() -> None:
    book = Book(row(BookKind.WATER, 7, 3))
    assert (book.kind, book.balance, book.held, book.seq) == (BookKind.WATER, 7, 3, 0)
