"""Merchants, meals, and the snapshot of a tenant's rules that sales are decided with."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time

from onecard.base.clock import BusinessDay
from onecard.ledger.model import Terms


@dataclass(frozen=True, slots=True)
class Merchant:
    """An outlet. Its takings are credited to the ledger book `book_id`. States: open, closed."""

    id: int
    code: str
    name: str
    book_id: int
    state: str


@dataclass(frozen=True, slots=True)
class MealDraft:
    """A meal period by the tenant's wall clock: from `starts` up to but not including `ends`."""

    name: str
    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Meal(MealDraft):
    """A meal with its number: 1, 2, … in the order of the business day."""

    number: int


@dataclass(frozen=True, slots=True)
class Rules:
    """One consistent view of what sales of a tenant are decided with; users keep it for at most a second."""

    tenant_id: int
    suspended: bool
    language: str
    business_day: BusinessDay
    meals: tuple[Meal, ...]
    terms: Mapping[int, Terms]  # by account class id
    merchants: Mapping[int, Merchant]  # by merchant id
    narrower: Mapping[tuple[int, int], Terms]  # by class and merchant: where not every purse may be spent

    def terms_at(self, class_id: int, merchant_id: int) -> Terms:
        """Terms of a class at a merchant; the plain ones for a class that this view does not know yet."""
        return self.narrower.get((class_id, merchant_id)) or self.terms.get(class_id, Terms())

    def period(self, at_us: int) -> tuple[date, int]:
        """Business day and meal number (0: outside meals) of an instant."""
        return self.business_day.of(at_us), meal_at(self.meals, self.business_day.local_time(at_us))


def meal_at(meals: Iterable[Meal], local_time: time) -> int:
    """Number of the meal at a wall-clock time; 0 outside every meal."""
    return next((meal.number for meal in meals if covers(meal, local_time)), 0)


def covers(meal: MealDraft, local: time) -> bool:
    """Whether a wall-clock time lies in the meal, which may run past midnight."""
    if meal.starts < meal.ends:
        return meal.starts <= local < meal.ends
    return local >= meal.starts or local < meal.ends
