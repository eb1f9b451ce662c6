"""Technologies of cards behind one interface, and the choices a tenant makes among them.

`uid` is known by its number and holds nothing of ours; `classic` holds OC1. Another technology is another
class here and its bytes in a folder of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from typing import Any, Protocol, Self

from onecard.base.errors import OneCardError
from onecard.cards.classic.geometry import Size
from onecard.cards.oc1.layout import CARD_NUMBER_MOST, Layout
from onecard.cards.oc1.records import DAYS_FROM

DIGITS_MOST = 6
_DAYS_MOST = (1 << 16) - 1
_ATR_HEAD = bytes.fromhex("3B8F8001804F0CA00000030603")
_ATR_SIZES = {b"\x00\x01": Size.K1, b"\x00\x02": Size.K4}


class Mode(Enum):
    """Where the purse is spent: at the server, or from the card."""

    ONLINE = "online"
    STORED = "stored"


class Technology(Protocol):
    """What the desk must know of a kind of card before it touches one."""

    @property
    def name(self) -> str:
        """As it is kept in the card's row."""

    @property
    def modes(self) -> frozenset[Mode]:
        """What cards of it can be used for."""

    def accepts(self, atr: bytes) -> bool:
        """Whether a card with this answer to reset may be one. It picks the technology and proves nothing."""

    def has_room(self, layout: Layout, atr: bytes) -> bool:
        """Whether what the layout asks for fits on the card."""


@dataclass(frozen=True, slots=True)
class UidTechnology:
    """Any card with a number: nothing is written to it."""

    name: str = "uid"
    modes: frozenset[Mode] = frozenset({Mode.ONLINE})

    def accepts(self, atr: bytes) -> bool:
        """Every card has a UID."""
        return bool(atr)

    def has_room(self, layout: Layout, atr: bytes) -> bool:
        """Nothing is written."""
        return True


@dataclass(frozen=True, slots=True)
class ClassicTechnology:
    """MIFARE Classic 1K and 4K with OC1."""

    name: str = "classic"
    modes: frozenset[Mode] = frozenset(Mode)

    def accepts(self, atr: bytes) -> bool:
        """A storage card of 1K or 4K, by its name in the answer to reset."""
        return size_of(atr) is not None

    def has_room(self, layout: Layout, atr: bytes) -> bool:
        """A 4K card serves where a 1K card is asked for."""
        size = size_of(atr)
        return size is not None and size >= layout.size


UID, CLASSIC = UidTechnology(), ClassicTechnology()
TECHNOLOGIES: Mapping[str, Technology] = {one.name: one for one in (UID, CLASSIC)}


def size_of(atr: bytes) -> Size | None:
    """The size of a MIFARE Classic by its answer to reset; None for other cards."""
    name = atr[len(_ATR_HEAD) : len(_ATR_HEAD) + 2]
    return _ATR_SIZES.get(name) if atr.startswith(_ATR_HEAD) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFormat:
    """What a tenant's cards are like.

    Attributes:
        technology: a name of `TECHNOLOGIES`.
        mode: where the purse is spent.
        layout: sectors of cards that hold something.
        number_digits: 1 to 6; longest card number.
    """

    technology: str
    mode: Mode
    layout: Layout = field(default_factory=Layout)
    number_digits: int = DIGITS_MOST

    @property
    def number_most(self) -> int:
        """The largest card number: what the digits hold, and what terminals of stored cards can index."""
        most = int("9" * self.number_digits)
        return min(most, CARD_NUMBER_MOST) if self.mode is Mode.STORED else most

    @property
    def columns(self) -> dict[str, Any]:
        """As the database keeps it."""
        return {
            "technology": self.technology,
            "mode": self.mode.value,
            "size": self.layout.size.label,
            "first_sector": self.layout.first_sector,
            "lift_groups": self.layout.lift_groups,
            "value_blocks": self.layout.value_blocks,
            "number_digits": self.number_digits,
        }

    @classmethod
    def of(
        cls,
        *,
        technology: str,
        mode: str,
        size: str = Size.K1.label,
        first_sector: int = 1,
        lift_groups: int = 0,
        value_blocks: bool = False,
        number_digits: int = DIGITS_MOST,
    ) -> Self:
        """A format from plain values.

        Raises:
            OneCardError: a value is unknown, or the card has no such sectors.
        """
        sizes = {one.label: one for one in Size}
        try:
            layout = Layout(
                size=sizes[size],
                first_sector=first_sector,
                lift_groups=lift_groups,
                value_blocks=value_blocks,
            )
            return cls(technology=technology, mode=Mode(mode), layout=layout, number_digits=number_digits)
        except KeyError:
            message = f"There is no card of {size!r}; choose 1K or 4K."
        except ValueError as error:
            message = f"Such cards cannot be: {error}."
        raise OneCardError(message)


def check_format(chosen: CardFormat) -> None:
    """Whether the choices go together.

    Raises:
        OneCardError: they do not; the sentence says why.
    """
    technology = TECHNOLOGIES.get(chosen.technology)
    if technology is None:
        message = f"The card technology {chosen.technology!r} is not known; choose {', '.join(TECHNOLOGIES)}."
        raise OneCardError(message)
    if chosen.mode not in technology.modes:
        message = f"Cards of technology {chosen.technology} cannot be {chosen.mode.value}."
        raise OneCardError(message)
    if not 1 <= chosen.number_digits <= DIGITS_MOST:
        message = f"Card numbers have 1 to {DIGITS_MOST} digits."
        raise OneCardError(message)


def check_number(chosen: CardFormat, number: int) -> None:
    """Whether a card may have the number.

    Raises:
        OneCardError: it may not; the sentence names the range.
    """
    if not 1 <= number <= chosen.number_most:
        message = f"A card number is 1 to {chosen.number_most} here, not {number}."
        raise OneCardError(message)


def day_number(day: date) -> int:
    """A day as cards hold it, since 2000-01-01.

    Raises:
        OneCardError: it is before that, or after 2179-06-06.
    """
    number = (day - DAYS_FROM).days
    if not 0 <= number <= _DAYS_MOST:
        last = DAYS_FROM + timedelta(days=_DAYS_MOST)
        message = f"A card can hold days from {DAYS_FROM} to {last}, not {day}."
        raise OneCardError(message)
    return number


def is_expired(valid_until: int, today: date) -> bool:
    """Whether the last day of validity, as a card holds it, is over."""
    return (today - DAYS_FROM).days > valid_until
