"""Cards pulled away: which EEPROM write, and what it leaves behind."""

from dataclasses import dataclass
from enum import Enum


class PulledError(Exception):
    """The card left the field in the middle of an exchange; whether its write happened, nobody was told."""


class Torn(Enum):
    """What an interrupted write leaves: the old bytes, the new, zeros, the first half new, bits of both."""

    NONE = "none"
    FULL = "full"
    ZERO = "zero"
    HALF = "half"
    MIXED = "mixed"

    def apply(self, old: bytes, new: bytes) -> bytes:
        """The block afterwards."""
        half = len(old) // 2
        return {
            Torn.NONE: old,
            Torn.FULL: new,
            Torn.ZERO: bytes(len(old)),
            Torn.HALF: new[:half] + old[half:],
            # every second bit is programmed already
            Torn.MIXED: bytes(a & 0x55 | b & 0xAA for a, b in zip(old, new, strict=True)),
        }[self]


@dataclass(frozen=True, slots=True)
class Tear:
    """The card is pulled during the write that the chip counts as `write`."""

    write: int
    how: Torn
