"""Value blocks of MIFARE Classic: a signed number kept three times, and an address that is free for use."""

from dataclasses import dataclass
from struct import Struct

_NUMBER = Struct("<i")


@dataclass(frozen=True, slots=True)
class Value:
    """A value block. The chip knows no lower bound: 999 less 1000 is -1 and no error."""

    value: int
    address: int

    def encode(self) -> bytes:
        """The 16 bytes.

        Raises:
            ValueError: the value has more than 32 bits with its sign, or the address more than a byte.
        """
        if not -(1 << 31) <= self.value < 1 << 31 or not 0 <= self.address <= 0xFF:  # noqa: PLR2004  a byte
            message = f"no value block holds {self}"
            raise ValueError(message)
        number = _NUMBER.pack(self.value)
        inverse = bytes(byte ^ 0xFF for byte in number)
        address, other = self.address, self.address ^ 0xFF
        return number + inverse + number + bytes([address, other, address, other])

    @classmethod
    def decode(cls, block: bytes) -> "Value | None":
        """The value of a block; None when its copies disagree."""
        found = cls(_NUMBER.unpack(block[:4])[0], block[12])
        return found if found.encode() == block else None
