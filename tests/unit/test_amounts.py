"""Amounts as people write and read them."""

import pytest
from hypothesis import given, strategies

from onecard.base.amounts import format_amount, parse_amount
from onecard.base.errors import OneCardError


@given(strategies.integers(0, 10**12 - 1), strategies.integers(0, 4))
def test_what_is_shown_can_be_typed(amount_fen: int, exponent: int) -> None:
    assert parse_amount(format_amount(amount_fen, exponent).replace(",", ""), exponent) == amount_fen


@pytest.mark.parametrize(("text", "fen"), [("12", 1200), ("12.5", 1250), (" 0.01 ", 1), ("0", 0)])
def test_written_amounts(text: str, fen: int) -> None:
    assert parse_amount(text) == fen


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1,000", "1.", ".5", "١٢", "12.345", "0x10", "nan"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(OneCardError):
        parse_amount(text)


def test_thousands_and_signs() -> None:
    assert [format_amount(fen) for fen in (0, 5, -1250, 123_456_789)] == [
        "0.00",
        "0.05",
        "-12.50",
        "1,234,567.89",
    ]
