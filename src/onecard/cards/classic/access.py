"""Access conditions of MIFARE Classic: what each key may do with each block, as bits, tables and words.

A condition is written as its bits C1 C2 C3, so 0b110 is a value block that key B charges and key A spends.
Some libraries write the bits the other way round.
"""

from dataclasses import dataclass
from enum import Enum

from onecard.cards.classic.geometry import KEY_BYTES, TRANSPORT_KEY
from onecard.cards.keys import KeyType

TRAILER_BYTES = 16


class Right(Enum):
    """Which keys may do a thing."""

    NEVER = "never"
    A = "key A"
    B = "key B"
    ANY = "key A or B"

    def holds(self, key: KeyType) -> bool:
        """Whether somebody who authenticated with this key may."""
        return self is Right.ANY or self is (Right.A if key is KeyType.A else Right.B)


@dataclass(frozen=True, slots=True)
class DataRights:
    """What may be done with a data block; `spend` is decrement, restore and transfer."""

    read: Right
    write: Right
    increment: Right
    spend: Right


@dataclass(frozen=True, slots=True)
class TrailerRights:
    """What may be done with a trailer. Key A can never be read."""

    write_a: Right
    read_access: Right
    write_access: Right
    read_b: Right
    write_b: Right


_NO, _A, _B, _AB = Right.NEVER, Right.A, Right.B, Right.ANY

DATA_RIGHTS: dict[int, DataRights] = {
    0b000: DataRights(_AB, _AB, _AB, _AB),
    0b010: DataRights(_AB, _NO, _NO, _NO),
    0b100: DataRights(_AB, _B, _NO, _NO),
    0b110: DataRights(_AB, _B, _B, _AB),
    0b001: DataRights(_AB, _NO, _NO, _AB),
    0b011: DataRights(_B, _B, _NO, _NO),
    0b101: DataRights(_B, _NO, _NO, _NO),
    0b111: DataRights(_NO, _NO, _NO, _NO),
}
TRAILER_RIGHTS: dict[int, TrailerRights] = {
    0b000: TrailerRights(_A, _A, _NO, _A, _A),
    0b010: TrailerRights(_NO, _A, _NO, _A, _NO),
    0b100: TrailerRights(_B, _AB, _NO, _NO, _B),
    0b110: TrailerRights(_NO, _AB, _NO, _NO, _NO),
    0b001: TrailerRights(_A, _A, _A, _A, _A),
    0b011: TrailerRights(_B, _AB, _B, _NO, _B),
    0b101: TrailerRights(_NO, _AB, _B, _NO, _NO),
    0b111: TrailerRights(_NO, _AB, _NO, _NO, _NO),
}


@dataclass(frozen=True, slots=True)
class Access:
    """The four conditions of a sector: three groups of data blocks and the trailer; bits C1 C2 C3 each."""

    data_0: int
    data_1: int
    data_2: int
    trailer: int

    def __post_init__(self) -> None:
        if not all(condition in DATA_RIGHTS for condition in self.conditions):
            message = f"a condition has three bits: {self.conditions}"
            raise ValueError(message)

    @property
    def conditions(self) -> tuple[int, int, int, int]:
        """By group; see `geometry.access_group`."""
        return self.data_0, self.data_1, self.data_2, self.trailer

    @property
    def trailer_rights(self) -> TrailerRights:
        """What may be done with the trailer."""
        return TRAILER_RIGHTS[self.trailer]

    @property
    def key_b_is_data(self) -> bool:
        """Whether key B can be read. Such a key authenticates, and then every access is refused."""
        return self.trailer_rights.read_b is not Right.NEVER

    def data_rights(self, group: int) -> DataRights:
        """What may be done with the blocks of a group (0 to 2)."""
        return DATA_RIGHTS[self.conditions[group]]

    def encode(self) -> bytes:
        """Bytes 6, 7 and 8 of the trailer."""
        c1, c2, c3 = (
            sum((condition >> shift & 1) << group for group, condition in enumerate(self.conditions))
            for shift in (2, 1, 0)
        )
        return bytes([(~c2 & 0xF) << 4 | ~c1 & 0xF, c1 << 4 | ~c3 & 0xF, c3 << 4 | c2])

    @classmethod
    def decode(cls, bits: bytes) -> "Access | None":
        """The conditions of a trailer's bytes 6 to 8; None when the two copies of the bits disagree.

        A chip blocks such a sector for ever.
        """
        byte_6, byte_7, byte_8 = bits
        c1, c2, c3 = byte_7 >> 4, byte_8 & 0xF, byte_8 >> 4
        found = cls(*((c1 >> n & 1) << 2 | (c2 >> n & 1) << 1 | c3 >> n & 1 for n in range(4)))
        return found if found.encode() == bytes([byte_6, byte_7, byte_8]) else None


@dataclass(frozen=True, slots=True, repr=False)
class Trailer:
    """A sector's last block: its keys (6 bytes each), access conditions, and a free byte."""

    key_a: bytes
    access: Access
    general: int
    key_b: bytes

    def encode(self) -> bytes:
        """The 16 bytes, read back before they are given out: a wrong one would be a dead sector for ever.

        Raises:
            ValueError: a key has not six bytes, or the free byte is none.
        """
        raw = self.key_a + self.access.encode() + bytes([self.general]) + self.key_b
        if len(self.key_a) != KEY_BYTES or len(raw) != TRAILER_BYTES or Trailer.decode(raw) != self:
            message = "these keys and conditions make no trailer"
            raise ValueError(message)
        return raw

    @classmethod
    def decode(cls, raw: bytes) -> "Trailer | None":
        """A trailer from its 16 bytes; None when its access conditions are broken."""
        access = Access.decode(raw[6:9])
        return cls(raw[:6], access, raw[9], raw[10:]) if access else None


TRANSPORT_ACCESS = Access(0b000, 0b000, 0b000, 0b001)
TRANSPORT = Trailer(TRANSPORT_KEY, TRANSPORT_ACCESS, 0x69, TRANSPORT_KEY)


def describe(access: Access, group: int) -> str:
    """A group's condition in words."""
    return _trailer_words(access.trailer_rights) if group == 3 else _data_words(access.data_rights(group))  # noqa: PLR2004  the trailer's group


def _data_words(rights: DataRights) -> str:
    things = {
        "read": rights.read,
        "write": rights.write,
        "increment": rights.increment,
        "decrement": rights.spend,
    }
    return _words(things)


def _trailer_words(rights: TrailerRights) -> str:
    things = {
        "write key A": rights.write_a,
        "read access bits": rights.read_access,
        "write access bits": rights.write_access,
        "read key B": rights.read_b,
        "write key B": rights.write_b,
    }
    return _words(things)


def _words(things: dict[str, Right]) -> str:
    """`key A or B: read; key B: write; never: increment`, in the order of first mention."""
    by_right: dict[Right, list[str]] = {}
    for thing, right in things.items():
        by_right.setdefault(right, []).append(thing)
    return "; ".join(f"{right.value}: {', '.join(by_right[right])}" for right in by_right)
