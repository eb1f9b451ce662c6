"""Journals: named movements between purses and the tenant's own books, all or none."""

from collections.abc import Sequence

from onecard.base.status import Status
from onecard.ledger import rules
from onecard.ledger.batch import Draft
from onecard.ledger.cache import Account, Book, Cache
from onecard.ledger.model import (
    CONSUMPTION_PURSES,
    Answer,
    BookKind,
    Journal,
    Leg,
    Part,
    Place,
    PostingKind,
)
from onecard.ledger.outcome import answer_of, refuse
from onecard.ledger.rules import Refused

# what a frozen account's holder could ask for; the institution's own corrections still reach it
_HOLDERS_KINDS = frozenset(
    {
        PostingKind.TOP_UP,
        PostingKind.WITHDRAWAL,
        PostingKind.TRANSFER,
        PostingKind.CARD_FEE,
        PostingKind.DEPOSIT,
    }
)
# SALE and REVERSAL have requests of their own, which keep limits and originals
_KINDS = frozenset(PostingKind) - {PostingKind.SALE, PostingKind.REVERSAL, PostingKind.COLLECTION}

_OWN_MONEY = (BookKind.CASH, BookKind.WATER)

_Side = tuple[Account | None, Book | int]


def judge_journal(cache: Cache, request: Journal, draft: Draft, print_: int) -> Answer:
    """Post all legs in order, or refuse and post none."""
    senseless = any(leg.debit == leg.credit for leg in request.legs)
    if request.kind not in _KINDS or not request.legs or senseless or not 0 <= request.meal < rules.MEALS:
        return refuse(request, draft, Refused(Status.MALFORMED), print_)
    sides: list[tuple[_Side, _Side, int]] = []
    reasons: list[Refused] = []
    for leg in request.legs:
        resolved = _resolve(cache, request, leg)
        if isinstance(resolved, Refused):
            reasons.append(resolved)
        else:
            sides.append(resolved)
    if reasons:
        return refuse(request, draft, _first(reasons), print_)
    refused, account = _rehearse(sides)
    if refused is not None:
        return refuse(request, draft, refused, print_, account)
    return _post(request, sides, draft, print_)


def _first(reasons: Sequence[Refused]) -> Refused:
    """The reason that comes first in the order of the statuses."""
    return min(reasons, key=lambda reason: reason.status)


def _resolve(cache: Cache, request: Journal, leg: Leg) -> tuple[_Side, _Side, int] | Refused:
    amount, purse = rules.amount_refused(leg.amount_fen), _purse_refused(request, leg.debit)
    debit, credit = _side(cache, request, leg.debit), _side(cache, request, leg.credit)
    if isinstance(debit, Refused) or isinstance(credit, Refused) or amount or purse:
        return _first([reason for reason in (amount, debit, credit, purse) if isinstance(reason, Refused)])
    return debit, credit, leg.amount_fen


def _purse_refused(request: Journal, debit: Place) -> Refused | None:
    """People withdraw their own money only (spec money.md, “Desk money”)."""
    if (
        request.kind == PostingKind.WITHDRAWAL
        and debit.account_id is not None
        and debit.book not in _OWN_MONEY
    ):
        return Refused(Status.PURSE_NOT_ALLOWED)
    return None


def _side(cache: Cache, request: Journal, place: Place) -> _Side | Refused:
    if place.account_id is None:
        known = (request.tenant_id, place.book) in cache.own
        return (None, place.book) if known else Refused(Status.BOOK_UNKNOWN)
    account = cache.accounts.get((request.tenant_id, place.account_id))
    refused = rules.state_refused(account)
    if refused is not None and refused.status == Status.ACCOUNT_FROZEN and request.kind not in _HOLDERS_KINDS:
        refused = None
    if refused is None and not BookKind.CASH <= place.book <= BookKind.SHORTFALL:
        refused = Refused(Status.BOOK_UNKNOWN)
    if refused is not None or account is None:
        return refused or Refused(Status.ACCOUNT_UNKNOWN)
    return account, account.books[place.book]


def _rehearse(sides: list[tuple[_Side, _Side, int]]) -> tuple[Refused | None, Account | None]:
    """Walk through the legs on paper: the first refusal and whose account it is about."""
    moved: dict[Book, int] = {}
    for (giver, debit), (taker, credit), amount in sides:
        if isinstance(debit, Book):
            free = debit.balance - debit.held + moved.get(debit, 0)
            if debit.kind != BookKind.SHORTFALL and free < amount:
                return Refused(Status.BALANCE_TOO_LOW, amount, max(free, 0)), giver
            moved[debit] = moved.get(debit, 0) - amount
        if isinstance(credit, Book) and taker is not None:
            moved[credit] = moved.get(credit, 0) + amount
            after = credit.balance + moved[credit]
            others = sum(
                taker.books[kind].balance + moved.get(taker.books[kind], 0)
                for kind in CONSUMPTION_PURSES
                if kind != credit.kind
            )
            refused = rules.over_ceiling(taker, credit.kind, after, others)
            if refused is not None:
                return refused, taker
    return None, None


def _post(request: Journal, sides: list[tuple[_Side, _Side, int]], draft: Draft, print_: int) -> Answer:
    parts: list[Part] = []
    accounts: dict[int, Account] = {}
    for leg, ((giver, debit), (taker, credit), amount) in enumerate(sides, 1):
        for account in (giver, taker):
            if account is not None:
                draft.touch(account)
                accounts[account.id] = account
        draft.line(request, leg, request.kind, (debit, credit), amount, print_=print_)
        if isinstance(debit, Book):
            parts.append(Part(debit.kind, -amount, debit.balance))
        if isinstance(credit, Book):
            parts.append(Part(credit.kind, amount, credit.balance))
    if request.kind == PostingKind.TOP_UP:
        for account in accounts.values():
            parts += _collect(request, len(sides) + 1, account, draft, print_)
    first = next(iter(accounts.values()), None)
    return answer_of(request, first, tuple(parts))


def _collect(request: Journal, leg: int, account: Account, draft: Draft, print_: int) -> list[Part]:
    """Pay what the account owes out of its cash purse (spec money.md: collected at the next top-up)."""
    cash, shortfall = account.books[BookKind.CASH], account.books[BookKind.SHORTFALL]
    amount = min(-shortfall.balance, cash.balance - cash.held)
    if amount <= 0:
        return []
    draft.line(request, leg, PostingKind.COLLECTION, (cash, shortfall), amount, print_=print_)
    return [Part(cash.kind, -amount, cash.balance), Part(shortfall.kind, amount, shortfall.balance)]
