"""Account classes: every rule is kept, refused when it cannot be, and versioned."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest
from people_cast import School

from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.consumption import service as consumption
from onecard.consumption.model import MealDraft
from onecard.ledger.model import BookKind
from onecard.people import classes
from onecard.people.model import ClassDraft, Exclusion, Fate, Rate

WHOLE = ClassDraft(
    number=7, name="教工", drawing=("bonus", "cash"), floor_fen=100, transaction_limit_fen=5_000,
    meal_limit_fen=3_000, meal_limit_count=2, day_limit_fen=8_000, day_limit_count=5, cards_most=2,
    card_fee_fen=1_500, deposit_fen=2_000, valid_days=365, batch_starts=date(2026, 9, 1),
    batch_ends=date(2026, 9, 30), batch_expires=date(2029, 7, 31), purses=("cash", "bonus"),
    pin_above_fen=10_000, overdraft_fen=500, refund_cash=Fate.KEEP, leaving_bonus=Fate.PAY_OUT,
)  # fmt: skip


async def _places(school: School) -> tuple[int, str]:
    async with school.tx() as tx:
        merchant = await consumption.create_merchant(tx, code="c1", name="一食堂")
        await consumption.set_meals(tx, [MealDraft("午餐", time(11), time(13))])
    return merchant.id, "午餐"


async def test_every_rule_is_kept(school: School) -> None:
    merchant, meal = await _places(school)
    rates = (Rate(None, None, -500), Rate(None, meal, 100), Rate(merchant, None, -1_000))
    draft = replace(WHOLE, rates=rates, exclusions=(Exclusion(merchant, "bonus"),))
    async with school.tx() as tx:
        made = await classes.create(tx, draft)
        found = await classes.get(tx, made)
    assert {name: getattr(found, name) for name in ClassDraft.__dataclass_fields__} == {
        name: getattr(draft, name) for name in ClassDraft.__dataclass_fields__
    }


async def test_each_change_gets_a_higher_version(school: School) -> None:
    async with school.tx() as tx:
        pupils, staff = await classes.classes(tx)
        first = await classes.change(tx, staff.id, replace(WHOLE, number=2), version=staff.version)
        again = await classes.change(tx, staff.id, replace(WHOLE, number=2), version=first)
        other = replace(WHOLE, number=1, name="走读")
        second = await classes.change(tx, pupils.id, other, version=pupils.version)
    assert max(pupils.version, staff.version) < first == again < second
    (entry,) = [each for each in await school.audit("class") if each[1] == "2 教师" and each[2]]
    assert entry[2]["floor_fen"] == 0
    assert entry[3]["floor_fen"] == 100
    assert "number" not in entry[3]


async def test_a_form_that_was_opened_before_somebody_saved_is_refused(school: School) -> None:
    async with school.tx() as tx:
        (pupils, _) = await classes.classes(tx)
        draft = replace(WHOLE, number=1, name="学生")
        await classes.change(tx, pupils.id, draft, version=pupils.version)
        with pytest.raises(ConflictError, match="Somebody else has changed 学生 meanwhile"):
            await classes.change(tx, pupils.id, draft, version=pupils.version)
        with pytest.raises(ConflictError, match="number of an account class never changes"):
            await classes.change(tx, pupils.id, WHOLE, version=pupils.version)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"valid_until": date(2027, 1, 1)}, "a number of days or until a day, not both"),
        ({"batch_ends": None}, "all three or none"),
        ({"batch_expires": date(2026, 9, 2)}, "starts first, then ends"),
        ({"purses": ("cash",)}, "only name purses that the class has"),
        ({"purses": ()}, "at least one purse"),
        ({"drawing": ("cash", "cash")}, "drawing order names"),
        ({"pin_above_fen": -1}, "PIN above is an amount"),
        ({"day_limit_count": 10_001}, "Transactions per day is a number from 0 to 10000"),
        ({"floor_fen": 2**63}, "Floor is an amount"),
        ({"cards_most": 0}, "Cards per person is a number from 1"),
        ({"valid_until": date(1999, 1, 1), "valid_days": None}, "Days lie between"),
        ({"rates": (Rate(None, None, 0),)}, "from 0.01 to 100 percent"),
        ({"rates": (Rate(None, None, 1), Rate(None, None, 2))}, "same merchant and meal"),
        ({"exclusions": (Exclusion(1, "cash"),)}, "Only subsidy and bonus"),
        ({"rates": (Rate(None, "夜宵", 1),)}, "a meal that does not exist"),
        ({"rates": (Rate(10**9, None, 1),)}, "a merchant that does not exist"),
    ],
)
async def test_rules_that_cannot_be(school: School, change: dict[str, Any], sentence: str) -> None:
    async with school.tx() as tx:
        with pytest.raises(OneCardError, match=sentence):
            await classes.create(tx, replace(WHOLE, **change))


async def test_a_meal_that_a_discount_names_cannot_disappear(school: School) -> None:
    _, meal = await _places(school)
    async with school.tx() as tx:
        await classes.create(tx, replace(WHOLE, rates=(Rate(None, meal, -100),)))
    renumbered = [MealDraft("早餐", time(6), time(8)), MealDraft(meal, time(11), time(12))]
    async with school.tx() as tx:
        await consumption.set_meals(tx, renumbered)
    with pytest.raises(ConflictError, match="discounts of account classes"):
        async with school.tx() as tx:
            await consumption.set_meals(tx, renumbered[:1])


async def test_a_class_in_use_is_not_deleted(school: School) -> None:
    await school.add("1", "王")
    async with school.tx() as tx:
        with pytest.raises(ConflictError, match="学生 cannot be deleted: it is that of 1 person"):
            await classes.delete(tx, school.pupils)
        await classes.delete(tx, school.staff)
        assert [(each.number, each.people) for each in await classes.classes_with_people(tx)] == [(1, 1)]


@pytest.mark.parametrize("use", [classes.get, classes.delete])
async def test_classes_of_another_tenant_are_not_found(
    school: School, factory: School, use: Callable[..., Any]
) -> None:
    async with school.tx() as tx:
        with pytest.raises(NotFoundError):
            await use(tx, factory.staff)


async def test_a_sale_draws_on_no_purse_that_the_merchant_may_not_take(school: School) -> None:
    merchant, _ = await _places(school)
    async with school.tx() as tx:
        draft = replace(WHOLE, drawing=("bonus", "cash"), exclusions=(Exclusion(merchant, "bonus"),))
        made = await classes.create(tx, draft)
        rules = await consumption.load_rules(tx)
    assert rules.terms_at(made, merchant).drawing == (BookKind.CASH,)
    assert rules.terms_at(made, merchant + 1).drawing == (BookKind.BONUS, BookKind.CASH)
    assert rules.terms_at(school.pupils, merchant) == rules.terms[school.pupils]
