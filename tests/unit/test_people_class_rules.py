"""Until when a card is good, what a sale costs more or less, which purses a merchant may take."""

from datetime import date

import pytest

from onecard.people.class_rules import card_valid_until, drawing_at, fates, rate_at
from onecard.people.model import ClassDraft, Exclusion, Fate, Rate
from onecard.people.rules import age_on, born_on, parse_email

BATCH = {
    "batch_starts": date(2026, 9, 1),
    "batch_ends": date(2026, 9, 30),
    "batch_expires": date(2029, 7, 31),
}


@pytest.mark.parametrize(
    ("draft", "issued", "until"),
    [
        (ClassDraft(number=1, name="a"), date(2026, 9, 1), None),
        (ClassDraft(number=1, name="a", valid_days=1), date(2026, 9, 1), date(2026, 9, 1)),
        (ClassDraft(number=1, name="a", valid_days=365), date(2026, 9, 1), date(2027, 8, 31)),
        (ClassDraft(number=1, name="a", valid_until=date(2030, 1, 1)), date(2026, 9, 1), date(2030, 1, 1)),
        (ClassDraft(number=1, name="a", valid_days=5, **BATCH), date(2026, 9, 30), date(2029, 7, 31)),
        (ClassDraft(number=1, name="a", valid_days=5, **BATCH), date(2026, 10, 1), date(2026, 10, 5)),
        (ClassDraft(number=1, name="a", **BATCH), date(2026, 8, 31), None),
    ],
)
def test_the_last_day_of_a_card(draft: ClassDraft, issued: date, until: date | None) -> None:
    assert card_valid_until(draft, issued) == until


def test_the_rate_that_names_most_counts() -> None:
    rates = (Rate(None, None, -100), Rate(None, "午餐", -200), Rate(7, None, -300), Rate(7, "午餐", 400))
    draft = ClassDraft(number=1, name="a", rates=rates)
    found = [rate_at(draft, merchant, meal) for merchant in (6, 7) for meal in (None, "早餐", "午餐")]
    assert found == [-100, -100, -200, -300, -300, 400]
    assert rate_at(ClassDraft(number=1, name="a"), 7, "午餐") == 0


def test_a_merchant_takes_only_what_it_may() -> None:
    draft = ClassDraft(number=1, name="a", exclusions=(Exclusion(7, "subsidy"), Exclusion(8, "bonus")))
    assert [drawing_at(draft, merchant) for merchant in (6, 7, 8)] == [
        ("subsidy", "bonus", "cash"),
        ("bonus", "cash"),
        ("subsidy", "cash"),
    ]


def test_birthdays_come_from_id_numbers() -> None:
    assert born_on("11010519491231002X") == date(1949, 12, 31)
    assert born_on("A1234567") is None
    assert [age_on(date(2012, 2, 29), day) for day in (date(2026, 2, 28), date(2026, 3, 1))] == [13, 14]


@pytest.mark.parametrize("text", ["a", "a@", "a@b", "a b@c.de", "a@b..c", "<a@b.cd>", "a@b.cd\nx", "@b.cd"])
def test_what_is_no_address(text: str) -> None:
    assert parse_email(text) is None


def test_addresses_are_kept_as_typed() -> None:
    assert parse_email(" Li.Xiao-Ming+1@School.Example.cn ") == "Li.Xiao-Ming+1@School.Example.cn"


def test_leaving_has_rules_of_its_own_for_each_purse() -> None:
    draft = ClassDraft(number=1, name="Pupils", refund_water=Fate.KEEP, leaving_cash=Fate.FORFEIT)
    refund = {"cash": "pay_out", "subsidy": "forfeit", "bonus": "forfeit", "water": "keep"}
    assert fates(draft, leaving=False) == refund
    assert fates(draft, leaving=True) == refund | {"cash": "forfeit", "water": "pay_out"}
