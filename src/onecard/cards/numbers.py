"""Numbers that readers type and cards have printed on them, and the UIDs they stand for.

A reader that poses as a keyboard types one number for each card. Which one is a setting of the reader: how
many bytes it takes, whether it writes them as one decimal or as two, and from which end it begins. Makers
name the forms by hexadecimal digits in (H) and decimal digits out (D).

| form | of card 17E8A27F | takes | written as |
|---|---|---|---|
| `hex` | 17E8A27F | all bytes | two hexadecimal digits each |
| `decimal` | 401121919 | all bytes | one decimal, no zeros before it |
| `8H10D` | 0401121919 | the last 4 bytes | one decimal of ten digits |
| `6H8D` | 15245951 | the last 3 bytes | one decimal of eight digits |
| `4H4H` | 06120,41599 | the last 4 bytes | two decimals of five digits, of two bytes each |
| `3+5` | 232,41599 | the last 3 bytes | three digits of one byte, five of the other two |
| `2H4H` | 23241599 | the last 3 bytes | as 3+5 without the comma |

A reader that begins from the other end types the same forms of the bytes in reverse: 2141382679 for the card
above. Whoever has only 6H8D, 2H4H or 3+5 does not know the whole UID; a search for it matches a part.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from onecard.base.errors import OneCardError
from onecard.cards.keys import UID_LENGTHS

_SHORT, _LONG = UID_LENGTHS


class NumberFormat(Enum):
    """How a reader writes a UID; see the table of the module."""

    HEX = "hex"
    DECIMAL = "decimal"
    H8D10 = "8H10D"
    H6D8 = "6H8D"
    H4H4 = "4H4H"
    H2H4 = "2H4H"
    THREE_FIVE = "3+5"


class ByteOrder(Enum):
    """From which end a reader begins."""

    AS_READ = "as-read"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class _Group:
    """Bytes that become one decimal of a fixed number of digits."""

    size: int
    digits: int

    @property
    def most(self) -> int:
        return (1 << 8 * self.size) - 1


# format -> groups of bytes, and what stands between them
_GROUPS: Mapping[NumberFormat, tuple[tuple[_Group, ...], str]] = {
    NumberFormat.H8D10: ((_Group(4, 10),), ""),
    NumberFormat.H6D8: ((_Group(3, 8),), ""),
    NumberFormat.H4H4: ((_Group(2, 5), _Group(2, 5)), ","),
    NumberFormat.H2H4: ((_Group(1, 3), _Group(2, 5)), ""),
    NumberFormat.THREE_FIVE: ((_Group(1, 3), _Group(2, 5)), ","),
}


@dataclass(frozen=True, slots=True)
class KnownBytes:
    """What a number tells of a UID.

    Attributes:
        known: bytes in the order a card sends them, at least one.
        at_end: whether these are the UID's last bytes; otherwise its first.
        whole: whether there are certainly no others.
    """

    known: bytes
    at_end: bool = True
    whole: bool = False

    @property
    def uid(self) -> str | None:
        """The UID, upper-case hexadecimal; None when bytes are missing.

        Four bytes that a form of four bytes gave are taken for the UID. On a card with seven bytes they are a
        part of it; `masks` has both.
        """
        return self.known.hex().upper() if len(self.known) in UID_LENGTHS else None

    @property
    def masks(self) -> tuple[str, ...]:
        """UIDs this may be, `?` for a digit that is not known, the shorter first."""
        lengths = [len(self.known)] if self.whole else [n for n in UID_LENGTHS if n >= len(self.known)]
        digits = self.known.hex().upper()
        return tuple(
            digits.rjust(2 * length, "?") if self.at_end else digits.ljust(2 * length, "?")
            for length in lengths
        )

    def matches(self, uid: str) -> bool:
        """Whether a UID (upper-case hexadecimal) may be the one meant."""
        return any(
            len(mask) == len(uid) and all(a in {"?", b} for a, b in zip(mask, uid, strict=True))
            for mask in self.masks
        )

    @property
    def like(self) -> tuple[str, ...]:
        """The masks as patterns of SQL's `like`: `uid like any (…)`."""
        return tuple(mask.replace("?", "_") for mask in self.masks)


@dataclass(frozen=True, slots=True)
class ReaderNumbers:
    """A reader's setting: the form it types, and from which end it begins."""

    form: NumberFormat
    order: ByteOrder = ByteOrder.AS_READ

    def parse(self, text: str) -> KnownBytes:
        """What a typed number tells of the card.

        Zeros before a number may be missing, and full-width digits of a Chinese keyboard count as digits.

        Raises:
            OneCardError: it is not a number of this form; the sentence says what one looks like.
        """
        plain = unicodedata.normalize("NFKC", text).strip().upper()
        if self.form is NumberFormat.HEX:
            typed = _hex(plain)
        elif self.form is NumberFormat.DECIMAL:
            typed = _decimal(plain)
        else:
            typed = b"".join(_grouped(plain, self.form))
        backwards = self.order is ByteOrder.REVERSED
        whole = self.form in {NumberFormat.HEX, NumberFormat.DECIMAL}
        return KnownBytes(typed[::-1] if backwards else typed, at_end=not backwards, whole=whole)

    def spell(self, card: KnownBytes) -> str | None:
        """The number this reader types for a card; None when bytes it needs are not known."""
        backwards = self.order is ByteOrder.REVERSED
        if self.form in {NumberFormat.HEX, NumberFormat.DECIMAL}:
            if card.uid is None:
                return None
            raw = card.known[::-1] if backwards else card.known
            return raw.hex().upper() if self.form is NumberFormat.HEX else str(int.from_bytes(raw))
        groups, between = _GROUPS[self.form]
        needed = sum(group.size for group in groups)
        if len(card.known) < needed or (card.uid is None and card.at_end is backwards):
            return None
        raw = card.known[:needed][::-1] if backwards else card.known[-needed:]
        return between.join(_digits(raw, groups))


def spellings(card: KnownBytes) -> dict[str, dict[str, str]]:
    """All numbers of a card that follow from what is known of it: byte order -> form -> number."""
    found: dict[str, dict[str, str]] = {}
    for order in ByteOrder:
        numbers = {form.value: ReaderNumbers(form, order).spell(card) for form in NumberFormat}
        found[order.value] = {form: number for form, number in numbers.items() if number is not None}
    return found


def known_uid(uid: bytes) -> KnownBytes:
    """A UID of 4 or 7 bytes that was read from its card."""
    return KnownBytes(uid, whole=True)


def _hex(plain: str) -> bytes:
    digits = "".join(character for character in plain if character not in " :-")
    try:
        value = bytes.fromhex(digits)
    except ValueError:
        value = b""
    if len(value) not in UID_LENGTHS:
        raise _not_of(plain, NumberFormat.HEX, "8 or 14 hexadecimal digits")
    return value


def _decimal(plain: str) -> bytes:
    most = (1 << 8 * _LONG) - 1
    form = f"a decimal number up to {most}"
    number = _number(plain, NumberFormat.DECIMAL, form, digits=len(str(most)))
    if number > most:
        raise _not_of(plain, NumberFormat.DECIMAL, form)
    # the first byte of a UID names the chip's maker and is never 0 on seven bytes, so that no number is both
    return number.to_bytes(_SHORT if number < 1 << 8 * _SHORT else _LONG)


def _grouped(plain: str, form: NumberFormat) -> Iterator[bytes]:
    groups, _ = _GROUPS[form]
    shape = " and ".join(f"{group.digits} digits" for group in groups)
    parts = plain.replace(",", " ").split()
    if len(groups) > 1 and len(parts) == 1:
        width = sum(group.digits for group in groups)
        text = parts[0].rjust(width, "0")
        cut = groups[0].digits
        parts = [text[:cut], text[cut:]]
    if len(parts) != len(groups):
        raise _not_of(plain, form, shape)
    for part, group in zip(parts, groups, strict=True):
        number = _number(part, form, shape, digits=group.digits)
        if number > group.most:
            message = f"{part} is not part of a number of the form {form.value}: it is at most {group.most}."
            raise OneCardError(message)
        yield number.to_bytes(group.size)


def _number(part: str, form: NumberFormat, shape: str, *, digits: int) -> int:
    if not (part.isascii() and part.isdecimal() and len(part) <= digits):
        raise _not_of(part, form, shape)
    return int(part)


def _digits(raw: bytes, groups: tuple[_Group, ...]) -> Iterator[str]:
    for group in groups:
        yield str(int.from_bytes(raw[: group.size])).zfill(group.digits)
        raw = raw[group.size :]


def _not_of(text: str, form: NumberFormat, shape: str) -> OneCardError:
    return OneCardError(f"{text!r} is not a card number of the form {form.value}: that is {shape}.")
