"""Corrections point at what they correct: reversals at sales, captures and releases at holds."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from onecard.base.status import Status
from onecard.ledger import rules
from onecard.ledger.batch import Draft
from onecard.ledger.cache import Account, Book, Cache
from onecard.ledger.model import (
    Answer,
    BookKind,
    Capture,
    Part,
    PostingKind,
    Release,
    Reversal,
)
from onecard.ledger.outcome import answer_of, refuse
from onecard.ledger.rules import Refused


@dataclass(slots=True)
class OriginalLeg:
    """One line of the posting to be corrected; `account_id` None: drawn from a book of the tenant."""

    kind: int
    debit_book: int
    credit_book: int
    amount_fen: int
    account_id: int | None
    purse: int


@dataclass(slots=True)
class Original:
    """A posting to be corrected, and how much of it has been given back so far."""

    key: UUID
    legs: list[OriginalLeg]
    business_day: date
    meal: int
    reversed_fen: int = 0
    reversals: int = 0

    @property
    def amount_fen(self) -> int:
        """What the posting took altogether."""
        return sum(leg.amount_fen for leg in self.legs)


@dataclass(slots=True)
class HoldState:
    """A hold: its parts as (purse, amount) and its state."""

    key: UUID
    account_id: int
    parts: list[tuple[int, int]]
    state: str


def judge_reversal(
    cache: Cache, request: Reversal, original: Original | None, draft: Draft, print_: int
) -> Answer:
    """Give back to the very purses it came from, last drawn first; altogether at most the whole."""
    refused = None if request.amount_fen is None else rules.amount_refused(request.amount_fen)
    if refused is None and original is None:
        refused = Refused(Status.ORIGINAL_UNKNOWN)
    if refused is not None or original is None:
        return refuse(request, draft, refused or Refused(Status.ORIGINAL_UNKNOWN), print_)
    holder = original.legs[0].account_id
    account = None if holder is None else cache.accounts.get((request.tenant_id, holder))
    left = original.amount_fen - original.reversed_fen
    amount = left if request.amount_fen is None else request.amount_fen
    if account is not None and account.status == "closed":
        refused = Refused(Status.ACCOUNT_CLOSED)
    elif any(leg.kind != PostingKind.SALE for leg in original.legs):
        refused = Refused(Status.NOT_REVERSIBLE)
    elif amount > left or left == 0:
        refused = Refused(Status.REVERSED_TOO_MUCH, amount, left, original.amount_fen, original.reversed_fen)
    if refused is not None:
        return refuse(request, draft, refused, print_, account)
    if account is not None:
        draft.touch(account)
    parts = _give_back(request, original, account, amount, draft, print_=print_)
    _count_back(original, account, amount, draft)
    original.reversed_fen += amount
    original.reversals += 1
    draft.reversals.append(
        {
            "tenant_id": request.tenant_id,
            "original_key": str(original.key),
            "number": original.reversals,
            "key": str(request.key),
            "amount_fen": amount,
            "sum_after_fen": original.reversed_fen,
            "original_fen": original.amount_fen,
        }
    )
    return answer_of(request, account, tuple(parts))


def _shares(original: Original, amount: int) -> list[tuple[OriginalLeg, int]]:
    """What each leg gives back: the legs laid end to end, last first, cut at what was given back before."""
    shares = []
    start, end, at = original.reversed_fen, original.reversed_fen + amount, 0
    for leg in reversed(original.legs):
        share = min(end, at + leg.amount_fen) - max(start, at)
        at += leg.amount_fen
        if share > 0:
            shares.append((leg, share))
    return shares


def _give_back(
    request: Reversal, original: Original, account: Account | None, amount: int, draft: Draft, *, print_: int
) -> list[Part]:
    parts: list[Part] = []
    number = 0
    for leg, share in _shares(original, amount):
        number += 1
        credit = leg.debit_book if account is None else account.books[leg.purse]
        sides = (leg.credit_book, credit)
        draft.line(request, number, PostingKind.REVERSAL, sides, share, print_=print_)
        if not isinstance(credit, Book) or account is None:
            continue
        parts.append(Part(credit.kind, share, credit.balance))
        if credit.kind == BookKind.SHORTFALL and credit.balance > 0:
            # it was collected meanwhile, so it goes back to the cash it was collected from
            number += 1
            excess, cash = credit.balance, account.books[BookKind.CASH]
            draft.line(request, number, PostingKind.COLLECTION, (credit, cash), excess, print_=print_)
            parts += [Part(credit.kind, -excess, credit.balance), Part(cash.kind, excess, cash.balance)]
    return parts


def _count_back(original: Original, account: Account | None, amount: int, draft: Draft) -> None:
    """Take the reversed amounts, and a sale reversed whole, out of the limits' counters."""
    if account is None:
        return
    period = rules.usage_period(original.business_day, original.meal)
    for leg, share in _shares(original, amount):
        book = account.books[leg.purse]
        draft.touched.setdefault(book, book.seq)
        book.give_back(period, share, 0)
    if original.reversed_fen + amount == original.amount_fen:
        first = account.books[original.legs[0].purse]
        draft.touched.setdefault(first, first.seq)
        first.give_back(period, 0, 1)


def judge_capture(
    cache: Cache, request: Capture, hold: HoldState | None, draft: Draft, print_: int
) -> Answer:
    """Sell out of a hold; what is not needed is free again."""
    not_closable, account = _closable(cache, request, hold)
    refused = rules.meal_and_floor_refused(request.meal, 0) or rules.amount_refused(request.amount_fen)
    if refused is None and (request.tenant_id, request.merchant_book) not in cache.own:
        refused = Refused(Status.BOOK_UNKNOWN)
    refused = refused or not_closable
    held = sum(part for _, part in hold.parts) if hold else 0
    if refused is None and request.amount_fen > held:
        refused = Refused(Status.HOLD_EXCEEDED, request.amount_fen, held)
    if refused is not None or hold is None or account is None:
        return refuse(request, draft, refused or Refused(Status.HOLD_UNKNOWN), print_, account)
    draft.touch(account)
    period = rules.usage_period(request.business_day, request.meal)
    rest = request.amount_fen
    parts: list[Part] = []
    for purse, held_part in hold.parts:
        book = account.books[purse]
        draft.hold(book, -held_part)
        take = min(rest, held_part)
        if take:
            leg = len(parts) + 1
            draft.line(request, leg, PostingKind.SALE, (book, request.merchant_book), take, print_=print_)
            book.use(period, take, 1 if leg == 1 else 0)
            parts.append(Part(purse, -take, book.balance))
            rest -= take
    _close(request, hold, "captured", draft)
    return answer_of(request, account, tuple(parts))


def judge_release(
    cache: Cache, request: Release, hold: HoldState | None, draft: Draft, print_: int
) -> Answer:
    """Free what a hold had set aside."""
    refused, account = _closable(cache, request, hold)
    if refused is not None or hold is None or account is None:
        return refuse(request, draft, refused or Refused(Status.HOLD_UNKNOWN), print_, account)
    draft.touch(account)
    for purse, part in hold.parts:
        draft.hold(account.books[purse], -part)
    _close(request, hold, "expired" if request.expired else "released", draft)
    return answer_of(request, account, ())


def _closable(
    cache: Cache, request: Capture | Release, hold: HoldState | None
) -> tuple[Refused | None, Account | None]:
    if hold is None:
        return Refused(Status.HOLD_UNKNOWN), None
    account = cache.accounts.get((request.tenant_id, hold.account_id))
    if hold.state != "open":
        return Refused(Status.HOLD_NOT_OPEN), account
    return None, account


def _close(request: Capture | Release, hold: HoldState, state: str, draft: Draft) -> None:
    hold.state = state
    draft.closings.append(
        {
            "tenant_id": request.tenant_id,
            "key": str(hold.key),
            "state": state,
            "closed_by": str(request.key),
        }
    )
