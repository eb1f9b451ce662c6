"""Rules of account classes without I/O: what a draft must be, and until when a new card is good."""

from dataclasses import asdict
from datetime import date, timedelta

from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say
from onecard.people.model import PURSES, ClassDraft, Fate, Rate

FEN_MOST = 99_999_999
COUNT_MOST = 10_000
DAYS_MOST = 36_500
BASIS_POINTS_MOST = 10_000
FIRST_YEAR, LAST_YEAR = 2000, 2099  # what a calendar of a terminal knows

LABELS: dict[str, Text] = {
    "number": say("Class number"),
    "floor_fen": say("Floor"),
    "transaction_limit_fen": say("Limit per transaction"),
    "meal_limit_fen": say("Limit per meal"),
    "meal_limit_count": say("Transactions per meal"),
    "day_limit_fen": say("Limit per day"),
    "day_limit_count": say("Transactions per day"),
    "cards_most": say("Cards per person"),
    "card_fee_fen": say("Card fee"),
    "deposit_fen": say("Deposit"),
    "valid_days": say("Days of validity"),
    "pin_above_fen": say("PIN above"),
    "overdraft_fen": say("Overdraft"),
}
"""How forms and refusals call the numbers of a class."""

_FROM_ONE = {"number", "cards_most", "valid_days"}
_MOST = {
    "number": 2**31 - 1,
    "cards_most": 99,
    "valid_days": DAYS_MOST,
    "meal_limit_count": COUNT_MOST,
    "day_limit_count": COUNT_MOST,
}


def check(draft: ClassDraft) -> None:
    """Whether the rules of a class can be.

    Raises:
        OneCardError: something is malformed or contradicts something else; one sentence says what.
    """
    values = asdict(draft)
    for name, label in LABELS.items():
        value = values[name]
        least, most = int(name in _FROM_ONE), _MOST.get(name, FEN_MOST)
        if value is not None and not least <= value <= most:
            message = say("{label} is a number from {least} to {most}.", label=label, least=least, most=most)
            if name.endswith("_fen"):
                message = say("{label} is an amount from 0 to 999,999.99.", label=label)
            raise OneCardError(message)
    _check_purses(draft)
    _check_days(draft)
    for rate in draft.rates:
        _check_rate(rate)
    if len({(rate.merchant_id, rate.meal) for rate in draft.rates}) < len(draft.rates):
        raise OneCardError(say("Two discounts or surcharges name the same merchant and meal."))
    if {each.purse for each in draft.exclusions} - {"subsidy", "bonus"}:
        raise OneCardError(say("Only subsidy and bonus money can be kept from merchants."))


def _check_purses(draft: ClassDraft) -> None:
    purses, drawing = draft.purses, draft.drawing
    if not purses or len(set(purses)) < len(purses) or set(purses) - set(PURSES):
        raise OneCardError(say("An account class has at least one purse, and each only once."))
    if not drawing or len(set(drawing)) < len(drawing) or set(drawing) - set(PURSES):
        raise OneCardError(say("The drawing order names at least one purse, and each only once."))
    if set(drawing) - set(purses):
        raise OneCardError(say("The drawing order may only name purses that the class has."))


def _check_days(draft: ClassDraft) -> None:
    if draft.valid_days is not None and draft.valid_until is not None:
        raise OneCardError(say("Cards are valid for a number of days or until a day, not both."))
    batch = (draft.batch_starts, draft.batch_ends, draft.batch_expires)
    for day in (draft.valid_until, *batch):
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise OneCardError(say("Days lie between {first} and {last}.", first=FIRST_YEAR, last=LAST_YEAR))
    known = [day for day in batch if day is not None]
    if len(known) not in {0, len(batch)}:
        raise OneCardError(say("A batch has a first day, a last day and a day of expiry: all three or none."))
    if known != sorted(known):
        raise OneCardError(say("A batch starts first, then ends, then expires."))


def _check_rate(rate: Rate) -> None:
    if rate.basis_points == 0 or abs(rate.basis_points) > BASIS_POINTS_MOST:
        message = say("A discount or surcharge is from 0.01 to 100 percent.")
        raise OneCardError(message)


def card_valid_until(account_class: ClassDraft, issued_on: date) -> date | None:
    """The last day of a card that is issued on a day; None: no end. A batch comes first."""
    starts, ends = account_class.batch_starts, account_class.batch_ends
    if starts is not None and ends is not None and starts <= issued_on <= ends:
        return account_class.batch_expires
    if account_class.valid_days is not None:
        return issued_on + timedelta(days=account_class.valid_days - 1)
    return account_class.valid_until


def fates(account_class: ClassDraft, *, leaving: bool) -> dict[str, Fate]:
    """What becomes of each purse when a card ends; `leaving`: its holder has left."""
    when = "leaving" if leaving else "refund"
    return {purse: getattr(account_class, f"{when}_{purse}") for purse in PURSES}


def rate_at(account_class: ClassDraft, merchant_id: int, meal: str | None) -> int:
    """Discount (below zero) or surcharge in basis points; a merchant named counts before a meal named."""
    fitting = [
        rate
        for rate in account_class.rates
        if rate.merchant_id in {None, merchant_id} and rate.meal in {None, meal}
    ]
    fitting.sort(key=lambda rate: (rate.merchant_id is not None, rate.meal is not None))
    return fitting[-1].basis_points if fitting else 0


def drawing_at(account_class: ClassDraft, merchant_id: int) -> tuple[str, ...]:
    """Purses that may be spent at a merchant, in drawing order; may be empty."""
    kept = {each.purse for each in account_class.exclusions if each.merchant_id == merchant_id}
    return tuple(purse for purse in account_class.drawing if purse not in kept)
