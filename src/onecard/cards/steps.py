"""What is done to a card, as steps that know no reader, and their APDUs in a reader's dialect.

A script is run in one go and stops at the first answer that is not the expected one. Only status 9000 is a
success; what happened after anything else is found out by reading the card again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from onecard.cards.classic.geometry import first_block, is_trailer
from onecard.cards.keys import KeyType

OK = b"\x90\x00"


class Dialect(Enum):
    """Families of readers, which differ in how a key is loaded and named, and in how they say no."""

    ACS = "acs"
    OMNIKEY = "omnikey"
    IDENTIV = "identiv"


@dataclass(frozen=True, slots=True)
class CheckUid:
    """The card is still the one the script was made for."""

    uid: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Authenticate:
    """Begin to work in a sector."""

    sector: int
    key_type: KeyType
    key: bytes


@dataclass(frozen=True, slots=True)
class Read:
    """Read a block; with `expect` anything else ends the script."""

    block: int
    expect: bytes | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Write:
    """Write a block. Its success is believed only after a `Read` with the same bytes."""

    block: int
    data: bytes


Step: TypeAlias = CheckUid | Authenticate | Read | Write


@dataclass(frozen=True, slots=True, repr=False)
class Exchange:
    """One APDU of a script.

    Attributes:
        apdu: the command.
        expect: the data that must come back; None: whatever comes.
        secret: the command holds a key and must not be logged.
    """

    apdu: bytes
    expect: bytes | None = None
    secret: bool = False

    def accepts(self, answer: bytes) -> bool:
        """Whether the script may go on. An answer of no bytes at all leaves open what happened."""
        return answer[-2:] == OK and (self.expect is None or answer[:-2] == self.expect)


def exchanges(steps: Iterable[Step], dialect: Dialect) -> Iterator[Exchange]:
    """The APDUs of a script; an authentication is two of them."""
    for step in steps:
        match step:
            case CheckUid(uid):
                yield Exchange(bytes.fromhex("FFCA000000"), expect=uid)
            case Authenticate(sector, key_type, key):
                yield from _authenticate(first_block(sector), key_type, key, dialect)
            case Read(block, expect):
                yield Exchange(bytes([0xFF, 0xB0, 0x00, block, 0x10]), expect=expect)
            case Write(block, data):
                apdu = bytes([0xFF, 0xD6, 0x00, block, len(data)]) + data
                yield Exchange(apdu, expect=b"", secret=is_trailer(block))


def _authenticate(block: int, key_type: KeyType, key: bytes, dialect: Dialect) -> Iterator[Exchange]:
    storage, place, number = {
        Dialect.ACS: (0x00, 0x00, 0x00),
        Dialect.OMNIKEY: (0x20, 0x00, 0x00),  # only its lasting memory can be loaded
        Dialect.IDENTIV: (0x00, key_type, 0x01),  # a place for each type of key
    }[dialect]
    yield Exchange(bytes([0xFF, 0x82, storage, place, len(key)]) + key, expect=b"", secret=True)
    command = bytes([0xFF, 0x86, 0x00, 0x00, 0x05, 0x01, 0x00, block, key_type, number])
    yield Exchange(command, expect=b"")
