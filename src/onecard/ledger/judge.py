"""Decides requests one by one, in the order they came, on what the cache knows. Pure: no clock, I/O or await.

Each method takes a request and the batch in the making and returns the answer; what the answer claims is in
the batch.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from onecard.base.status import Status
from onecard.ledger import rules
from onecard.ledger.batch import Draft
from onecard.ledger.cache import Account, Book, Cache
from onecard.ledger.corrections import HoldState, Original, judge_capture, judge_release, judge_reversal
from onecard.ledger.journal import judge_journal
from onecard.ledger.model import (
    Answer,
    AnyRequest,
    BookKind,
    Capture,
    Hold,
    Journal,
    Part,
    PostingKind,
    Release,
    Request,
    Reversal,
    Sale,
    SetStatus,
)
from onecard.ledger.outcome import answer_of, refuse
from onecard.ledger.rules import Refused

# A key made by a clock further ahead than this is refused: the writer tells new keys from old by their time
KEY_AHEAD_MS = 2_000
_SALE = int(PostingKind.SALE)  # attribute look-ups of an enumeration show in the time of a sale


@dataclass
class Targets:
    """Postings and holds that the batch's requests point at, as committed; shared by the whole batch."""

    originals: dict[tuple[int, UUID], Original] = field(default_factory=dict)
    holds: dict[tuple[int, UUID], HoldState] = field(default_factory=dict)


class Judge:
    """Judges requests against a cache.

    Args:
        cache: accounts and books; whatever requests name must be in it, if it exists.
    """

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self._methods: dict[type, Callable[[Any, Draft, Targets], Answer]] = {
            Sale: self._sale,
            Journal: self._journal,
            Reversal: self._reversal,
            Hold: self._hold,
            Capture: self._capture,
            Release: self._release,
            SetStatus: self._set_status,
        }

    def decide(
        self, request: AnyRequest, draft: Draft, targets: Targets, now_us: int, *, made_ms: int | None
    ) -> Answer:
        """The answer to one request at the instant `now_us`; its key says that it was made at `made_ms`."""
        if made_ms is not None and made_ms > now_us // 1000 + KEY_AHEAD_MS:
            return Answer(key=request.key, status=Status.KEY_FROM_THE_FUTURE)
        if request.deadline_us is not None and request.deadline_us < now_us:
            return refuse(request, draft, Refused(Status.EXPIRED), print_of(request))
        return self._methods[type(request)](request, draft, targets)

    def _account(self, request: Sale | Hold | SetStatus) -> Account | None:
        return self.cache.accounts.get((request.tenant_id, request.account_id))

    def _sale(self, request: Sale, draft: Draft, _targets: Targets) -> Answer:
        amount = request.amount_fen
        print_ = print_of(request)
        account = self._account(request)
        refused = (
            rules.meal_and_floor_refused(request.meal, request.terms.floor_fen)
            or rules.amount_refused(amount)
            or (None if request.offline else rules.state_refused(account))
            or self._merchant_refused(request, account)
            or rules.drawing_refused(request.terms.drawing)
        )
        if refused is None and request.offline:
            return self._offline_sale(request, account, draft, print_)
        if refused is not None or account is None:
            return refuse(request, draft, refused or Refused(Status.ACCOUNT_UNKNOWN), print_, account)
        period = rules.usage_period(request.business_day, request.meal)
        parts, refused = _drawn(request, account, period)
        if refused is not None:
            return refuse(request, draft, refused, print_, account)
        draft.touch(account)
        return _take(request, account, parts, draft, print_=print_, period=period)

    def _merchant_refused(self, request: Sale, account: Account | None) -> Refused | None:
        """Whether a book the sale needs is missing: the merchant's, or suspense for an unknown account."""
        known = (request.tenant_id, request.merchant_book) in self.cache.own
        if known and (account is not None or request.tenant_id in self.cache.suspense):
            return None
        return Refused(Status.BOOK_UNKNOWN)

    def _offline_sale(self, request: Sale, account: Account | None, draft: Draft, print_: int) -> Answer:
        if account is None:
            suspense = self.cache.suspense[request.tenant_id]
            sides = (suspense, request.merchant_book)
            draft.line(request, 1, _SALE, sides, request.amount_fen, print_=print_)
            part = Part(BookKind.SUSPENSE, -request.amount_fen, 0)
            return Answer(key=request.key, status=Status.OK, parts=(part,))
        parts, missing = rules.draw(account.books, request.terms, request.amount_fen)
        if missing:
            parts.append((account.books[BookKind.SHORTFALL], missing))
        draft.touch(account)
        period = rules.usage_period(request.business_day, request.meal)
        return _take(request, account, parts, draft, print_=print_, period=period)

    def _hold(self, request: Hold, draft: Draft, _targets: Targets) -> Answer:
        amount = request.amount_fen
        print_ = print_of(request)
        account = self._account(request)
        refused = (
            rules.meal_and_floor_refused(request.meal, request.terms.floor_fen)
            or rules.amount_refused(amount)
            or rules.state_refused(account)
            or rules.drawing_refused(request.terms.drawing)
        )
        if refused is not None or account is None:
            return refuse(request, draft, refused or Refused(Status.ACCOUNT_UNKNOWN), print_, account)
        parts, refused = _drawn(request, account, rules.usage_period(request.business_day, request.meal))
        if refused is not None:
            return refuse(request, draft, refused, print_, account)
        draft.touch(account)
        for leg, (book, part) in enumerate(parts, 1):
            draft.hold(book, part)
            draft.holds.append(
                {
                    "tenant_id": request.tenant_id,
                    "key": str(request.key),
                    "leg": leg,
                    "account_id": account.id,
                    "book_id": book.id,
                    "amount_fen": part,
                    "expires_at_us": request.expires_at_us,
                    "fingerprint": print_,
                }
            )
        return answer_of(
            request, account, tuple(Part(book.kind, -part, book.balance) for book, part in parts)
        )

    def _set_status(self, request: SetStatus, draft: Draft, _targets: Targets) -> Answer:
        account = self._account(request)
        print_ = print_of(request)
        if request.status not in {"open", "frozen", "closed"}:
            return refuse(request, draft, Refused(Status.MALFORMED), print_, account)
        if account is None:
            return refuse(request, draft, Refused(Status.ACCOUNT_UNKNOWN), print_)
        if account.status == "closed":
            return refuse(request, draft, Refused(Status.ACCOUNT_CLOSED), print_, account)
        if request.status == "closed" and any(book.balance or book.held for book in account.books):
            return refuse(request, draft, Refused(Status.ACCOUNT_NOT_EMPTY), print_, account)
        # the whole account is compared on commit, so that nothing slips in between emptiness and closing
        draft.touch_fully(account)
        # a change of the cash purse by nothing: who relies on the state compares its count and so notices
        draft.hold(account.books[BookKind.CASH], 0)
        account.status = request.status
        draft.statuses[account.tenant_id, account.id] = request.status
        draft.changes.append(
            {
                "tenant_id": account.tenant_id,
                "key": str(request.key),
                "account_id": account.id,
                "status": request.status,
                "fingerprint": print_,
            }
        )
        return answer_of(request, account, ())

    def _journal(self, request: Journal, draft: Draft, _targets: Targets) -> Answer:
        return judge_journal(self.cache, request, draft, print_of(request))

    def _reversal(self, request: Reversal, draft: Draft, targets: Targets) -> Answer:
        original = targets.originals.get((request.tenant_id, request.original))
        return judge_reversal(self.cache, request, original, draft, print_of(request))

    def _capture(self, request: Capture, draft: Draft, targets: Targets) -> Answer:
        hold = targets.holds.get((request.tenant_id, request.hold))
        return judge_capture(self.cache, request, hold, draft, print_of(request))

    def _release(self, request: Release, draft: Draft, targets: Targets) -> Answer:
        hold = targets.holds.get((request.tenant_id, request.hold))
        return judge_release(self.cache, request, hold, draft, print_of(request))


# what a request asks for; see `rules.fingerprint` for what is left out and why
_CONTENTS: dict[type, Callable[[Any], tuple[object, ...]]] = {
    Sale: lambda r: (1, r.account_id, r.merchant_book, r.amount_fen),
    Journal: lambda r: (2, r.kind, r.legs, r.memo),
    Reversal: lambda r: (3, r.original.bytes, r.amount_fen, r.memo),
    Hold: lambda r: (4, r.account_id, r.amount_fen),
    Capture: lambda r: (5, r.hold.bytes, r.merchant_book, r.amount_fen),
    Release: lambda r: (6, r.hold.bytes),
    SetStatus: lambda r: (7, r.account_id, r.status),
}


def print_of(request: Request) -> int:
    """Fingerprint of a request's content."""
    return rules.fingerprint(_CONTENTS[type(request)](request))


def _drawn(
    request: Sale | Hold, account: Account, period: int
) -> tuple[list[tuple[Book, int]], Refused | None]:
    """What each purse gives for a sale or a hold, or why it may not: a limit first, then the balance."""
    amount = request.amount_fen
    refused = rules.over_limit(request.terms, account, amount, period)
    parts, missing = rules.draw(account.books, request.terms, amount)
    if refused is None and missing:
        refused = Refused(Status.BALANCE_TOO_LOW, amount, amount - missing)
    return parts, refused


def _take(
    request: Sale,
    account: Account,
    parts: list[tuple[Book, int]],
    draft: Draft,
    *,
    print_: int,
    period: int,
) -> Answer:
    """Write down what each purse gives, and count it for the limits."""
    answered = []
    for leg, (book, amount) in enumerate(parts, 1):
        draft.line(request, leg, _SALE, (book, request.merchant_book), amount, print_=print_)
        book.use(period, amount, 1 if leg == 1 else 0)
        answered.append(Part(book.kind, -amount, book.balance))
    return answer_of(request, account, tuple(answered))
