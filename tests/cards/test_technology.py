"""What a tenant can choose, and what cards can be."""

from datetime import date

import pytest

from onecard.base.errors import OneCardError
from onecard.cards.classic.geometry import Size
from onecard.cards.oc1.layout import Layout
from onecard.cards.technology import (
    CLASSIC,
    TECHNOLOGIES,
    UID,
    CardFormat,
    Mode,
    check_format,
    check_number,
    day_number,
    is_expired,
)
from onecard.cards.virtual.reader import atr

DESFIRE = bytes.fromhex("3B8180018080")
ULTRALIGHT = bytes.fromhex("3B8F8001804F0CA0000003060300030000000068")


def test_the_answer_to_reset_picks_the_technology() -> None:
    answers = (atr(Size.K1), atr(Size.K4), DESFIRE, ULTRALIGHT, b"")
    assert [CLASSIC.accepts(answer) for answer in answers] == [True, True, False, False, False]
    assert [UID.accepts(answer) for answer in answers] == [True, True, True, True, False]
    assert {name: one.name for name, one in TECHNOLOGIES.items()} == {"uid": "uid", "classic": "classic"}


def test_a_larger_card_serves_for_a_smaller_one() -> None:
    large = Layout(size=Size.K4, first_sector=20)
    assert [CLASSIC.has_room(large, atr(size)) for size in Size] == [False, True]
    assert [CLASSIC.has_room(Layout(), atr(size)) for size in Size] == [True, True]
    assert not CLASSIC.has_room(Layout(), DESFIRE)
    assert UID.has_room(large, DESFIRE)


@pytest.mark.parametrize(
    ("technology", "mode", "digits", "sentence"),
    [
        ("magnetic", "online", 6, "The card technology 'magnetic' is not known"),
        ("uid", "stored", 6, "Cards of technology uid cannot be stored."),
        ("classic", "stored", 7, "Card numbers have 1 to 6 digits."),
        ("classic", "stored", 0, "Card numbers have 1 to 6 digits."),
        ("classic", "paper", 6, "Such cards cannot be"),
    ],
)
def test_choices_that_contradict(technology: str, mode: str, digits: int, sentence: str) -> None:
    with pytest.raises(OneCardError) as caught:
        check_format(CardFormat.of(technology=technology, mode=mode, number_digits=digits))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"size": "2K"}, "There is no card of '2K'"),
        ({"first_sector": 0}, "sector 0 belongs to the manufacturer"),
        ({"first_sector": 14}, "a card of 1K has no sector 16"),
        ({"size": "4K", "first_sector": 30}, "a card of 4K has no sector 32 of four blocks"),
    ],
)
def test_sectors_that_cannot_be_chosen(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(OneCardError) as caught:
        CardFormat.of(technology="classic", mode="stored", **values)  # type: ignore[arg-type]
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("technology", "mode", "digits", "most"),
    [
        ("uid", "online", 6, 999_999),
        ("classic", "online", 6, 999_999),
        ("classic", "stored", 6, 500_000),
        ("classic", "stored", 5, 99_999),
        ("uid", "online", 1, 9),
    ],
)
def test_card_numbers(technology: str, mode: str, digits: int, most: int) -> None:
    chosen = CardFormat.of(technology=technology, mode=mode, number_digits=digits)
    check_format(chosen)
    check_number(chosen, 1)
    check_number(chosen, most)
    for number in (0, most + 1):
        with pytest.raises(OneCardError, match=f"1 to {most}"):
            check_number(chosen, number)


def test_validity() -> None:
    assert day_number(date(2027, 5, 18)) == 9999
    assert day_number(date(2179, 6, 6)) == 0xFFFF
    assert [is_expired(9999, date(2027, 5, day)) for day in (18, 19)] == [False, True]
    for day in (date(1999, 12, 31), date(2179, 6, 7)):
        with pytest.raises(OneCardError, match="A card can hold days from 2000-01-01 to 2179-06-06"):
            day_number(day)


def test_formats_and_columns() -> None:
    chosen = CardFormat(
        technology="classic",
        mode=Mode.STORED,
        layout=Layout(size=Size.K4, first_sector=3, lift_groups=2, value_blocks=True),
        number_digits=5,
    )
    assert CardFormat.of(**chosen.columns) == chosen
