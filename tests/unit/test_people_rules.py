from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecard.base.errors import OneCardError
from onecard.cards.model import CardHolder, parse_uid
from onecard.consumption.model import Meal, MealDraft, meal_at
from onecard.consumption.rules import number_meals, terms_of
from onecard.ledger.model import BookKind, Terms
from onecard.people.model import ClassDraft, Department
from onecard.people.rules import DepartmentTree, mask_id_number, parse_id_number, parse_phone

SCHOOL = DepartmentTree(
    [
        Department(1, "1", "青松学校", None),
        Department(2, "2", "初中部", 1, 1),
        Department(3, "3", "高中部", 1, 2),
        Department(4, "4", "1班", 2),
        Department(5, "5", "1班", 3),
        Department(6, "6", "2班", 3),
    ]
)
HOURS = st.integers(0, 23)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("青松学校", [1]),
        ("2班", [6]),
        (" 初中部 / 1班 ", [4]),
        ("青松学校/高中部/1班", [5]),
        ("高中部\uff0f2班", [6]),
        ("1班", [4, 5]),
        ("3班", []),
        ("初中部/2班", []),
        ("1班/初中部", []),
    ],
)
def test_departments_are_found_by_name_or_path(text: str, ids: list[int]) -> None:
    assert SCHOOL.find(text) == ids


def test_the_tree_reads_like_an_outline() -> None:
    lines = [(depth, department.id) for depth, department in SCHOOL.outline()]
    assert lines == [(0, 1), (1, 2), (2, 4), (1, 3), (2, 5), (2, 6)]
    assert SCHOOL.path(6) == "高中部/2班"
    assert SCHOOL.path(1) == "青松学校"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("11010519491231002X", "11010519491231002X"),
        ("11010519491231002x", "11010519491231002X"),
        ("110105194912310021", None),
        ("110105194902310026", None),
        ("A1234567", "A1234567"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("A" * 33, None),
        ("", None),
    ],
)
def test_id_numbers(text: str, stored: str | None) -> None:
    assert parse_id_number(text) == stored


def test_an_id_number_is_shown_masked() -> None:
    assert mask_id_number("11010519491231002X") == "1101**********002X"
    assert mask_id_number("A1234567") == "******67"


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("13800138000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("+44 20 7946 0958", "+442079460958"),
        ("12345678901", None),
        ("1380013800", None),
        ("+0123456789", None),
        ("phone", None),
    ],
)
def test_phones(text: str, stored: str | None) -> None:
    assert parse_phone(text) == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("04a1b2c3", "04A1B2C3"),
        ("04:A1:B2:C3:D4:E5:F6", "04A1B2C3D4E5F6"),
        ("0" * 20, "0" * 20),
        ("4A1B2C3", None),
        ("0" * 16, None),
        ("GGGGGGGG", None),
    ],
)
def test_card_uids(text: str, stored: str | None) -> None:
    assert parse_uid(text) == stored


def test_a_name_is_shown_masked() -> None:
    holder = CardHolder(
        card_id=1,
        uid="04A1B2C3",
        state="active",
        person_id=1,
        name="王小明",
        class_id=1,
        person_state="active",
    )
    assert holder.masked_name == "王**"


def test_meals_are_numbered_in_the_order_of_the_business_day() -> None:
    drafts = [
        MealDraft("夜宵", time(22), time(1)),
        MealDraft("凌晨", time(1, 30), time(3)),
        MealDraft("早餐", time(6), time(9)),
        MealDraft("午餐", time(11), time(13)),
    ]
    meals = number_meals(drafts, time(3))
    assert [(meal.number, meal.name) for meal in meals] == [
        (1, "早餐"),
        (2, "午餐"),
        (3, "夜宵"),
        (4, "凌晨"),
    ]
    moments = (time(6), time(8, 59), time(9), time(23), time(0, 59), time(1), time(2, 59))
    assert [meal_at(meals, moment) for moment in moments] == [1, 1, 0, 3, 3, 0, 4]


@pytest.mark.parametrize(
    ("drafts", "sentence"),
    [
        ([("a", 6, 9), ("b", 8, 10)], "The meals a and b overlap."),
        ([("a", 22, 4)], "The meal a (22:00–04:00) runs over the end of the business day at 03:00."),
        ([("a", 6, 9), ("a", 10, 11)], "Two meals are called a."),
        ([(" ", 6, 9)], "The meal from 06:00 needs a name."),
    ],
)
def test_meals_that_cannot_be(drafts: list[tuple[str, int, int]], sentence: str) -> None:
    meals = [MealDraft(name, time(starts), time(ends)) for name, starts, ends in drafts]
    with pytest.raises(OneCardError) as error:
        number_meals(meals, time(3))
    assert str(error.value) == sentence


@given(st.lists(st.tuples(HOURS, HOURS), max_size=6), HOURS)
def test_the_number_of_the_meal_never_falls_within_a_business_day(
    hours: list[tuple[int, int]], cutoff: int
) -> None:
    drafts = [MealDraft(str(n), time(a), time(b)) for n, (a, b) in enumerate(hours)]
    try:
        meals: tuple[Meal, ...] = number_meals(drafts, time(cutoff))
    except OneCardError:
        return
    seen = [meal_at(meals, time((cutoff + hour) % 24)) for hour in range(24)]
    inside = [number for number in seen if number]
    assert inside == sorted(inside)
    assert set(inside) == set(range(1, len(drafts) + 1))


def test_terms_of_a_class() -> None:
    draft = ClassDraft(number=1, name="a", drawing=("cash", "subsidy"), floor_fen=5, meal_limit_count=2)
    assert terms_of(draft) == Terms(
        drawing=(BookKind.CASH, BookKind.SUBSIDY), floor_fen=5, meal_limit_count=2
    )
