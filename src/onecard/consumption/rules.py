"""Rules of consumption without I/O: numbering of meals, terms of an account class."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import time
from itertools import pairwise

from onecard.base.errors import OneCardError
from onecard.consumption.model import Meal, MealDraft
from onecard.ledger.model import BookKind, Terms
from onecard.people.class_rules import drawing_at
from onecard.people.model import AccountClass, ClassDraft

_DAY_US = 24 * 3600 * 1_000_000
MEALS_MAX = 99


def number_meals(drafts: Iterable[MealDraft], cutoff: time) -> tuple[Meal, ...]:
    """Meals numbered from 1 in the order of the business day that begins at `cutoff`.

    The ledger relies on it: within a business day the meal's number never falls.

    Raises:
        OneCardError: two meals overlap or share a name, or one runs over the end of the business day.
    """
    ordered = sorted(drafts, key=lambda meal: _since(cutoff, meal.starts))
    if len(ordered) > MEALS_MAX:
        message = f"A business day has at most {MEALS_MAX} meals, not {len(ordered)}."
        raise OneCardError(message)
    for meal in ordered:
        if not meal.name.strip():
            message = f"The meal from {meal.starts:%H:%M} needs a name."
            raise OneCardError(message)
        if _end(cutoff, meal) <= _since(cutoff, meal.starts):
            message = (
                f"The meal {meal.name} ({meal.starts:%H:%M}–{meal.ends:%H:%M}) runs over the end of the"
                f" business day at {cutoff:%H:%M}."
            )
            raise OneCardError(message)
    _refuse_clashes(ordered, cutoff)
    return tuple(Meal(meal.name.strip(), meal.starts, meal.ends, n) for n, meal in enumerate(ordered, 1))


def _refuse_clashes(ordered: Sequence[MealDraft], cutoff: time) -> None:
    for before, meal in pairwise(ordered):
        if _end(cutoff, before) > _since(cutoff, meal.starts):
            message = f"The meals {before.name} and {meal.name} overlap."
            raise OneCardError(message)
    names = [meal.name.strip() for meal in ordered]
    for name in names:
        if names.count(name) > 1:
            message = f"Two meals are called {name}."
            raise OneCardError(message)


def terms_of(account_class: ClassDraft) -> Terms:
    """The ledger's terms of an account class."""
    return Terms(
        drawing=tuple(int(BookKind[purse.upper()]) for purse in account_class.drawing),
        floor_fen=account_class.floor_fen,
        transaction_limit_fen=account_class.transaction_limit_fen,
        meal_limit_fen=account_class.meal_limit_fen,
        meal_limit_count=account_class.meal_limit_count,
        day_limit_fen=account_class.day_limit_fen,
        day_limit_count=account_class.day_limit_count,
    )


def narrower_terms(account_class: AccountClass) -> dict[tuple[int, int], Terms]:
    """Terms by class and merchant where subsidy or bonus money of the class may not be spent."""
    merchants = {each.merchant_id for each in account_class.exclusions}
    return {
        (account_class.id, merchant_id): terms_of(
            replace(account_class, drawing=drawing_at(account_class, merchant_id))
        )
        for merchant_id in merchants
    }


def _since(cutoff: time, moment: time) -> int:
    """Microseconds from the beginning of the business day to a wall-clock time."""
    return (_us(moment) - _us(cutoff)) % _DAY_US


def _end(cutoff: time, meal: MealDraft) -> int:
    return _since(cutoff, meal.ends) or _DAY_US


def _us(moment: time) -> int:
    return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond
