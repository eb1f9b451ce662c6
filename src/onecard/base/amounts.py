"""Amounts of money as people write them; inside they are whole minor units (fen)."""

import re

from onecard.base.errors import OneCardError

_WRITTEN = re.compile(r"(\d{1,12})(?:[.](\d{1,4}))?", re.ASCII)


def parse_amount(text: str, exponent: int = 2) -> int:
    """Minor units of an amount such as `12`, `12.5` or `12.50`.

    Args:
        text: digits with at most one decimal point; no sign, no separators.
        exponent: decimals of the currency (2 for CNY).

    Raises:
        OneCardError: it is no amount, or it has more decimals than the currency.
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no amount; write for example 12.50."
        raise OneCardError(message)
    whole, decimals = match[1], match[2] or ""
    if len(decimals) > exponent:
        message = f"{text!r} has more than {exponent} decimals."
        raise OneCardError(message)
    return int(whole + decimals.ljust(exponent, "0"))


def format_amount(amount_fen: int, exponent: int = 2) -> str:
    """An amount in minor units as people read it: `-1250` is `-12.50`, thousands are separated."""
    sign = "-" if amount_fen < 0 else ""
    whole, decimals = divmod(abs(amount_fen), 10**exponent)
    return f"{sign}{whole:,}" + (f".{decimals:0{exponent}d}" if exponent else "")
