"""Block 0 of a MIFARE Classic: its UID, and what the maker wrote behind it."""

from onecard.cards.classic.geometry import BLOCK_BYTES, Size
from onecard.cards.keys import UID_LENGTHS

_SAK = {Size.K1: 0x08, Size.K4: 0x18}
_ATQA = {
    (Size.K1, 4): b"\x04\x00",
    (Size.K4, 4): b"\x02\x00",
    (Size.K1, 7): b"\x44\x00",
    (Size.K4, 7): b"\x42\x00",
}


def manufacturer_block(uid: bytes, size: Size) -> bytes:
    """Block 0: UID, for four bytes its check byte, type bytes, and what makers put there."""
    head = uid + (bytes([check_byte(uid)]) if len(uid) == UID_LENGTHS[0] else b"")
    return (head + bytes([_SAK[size]]) + _ATQA[size, len(uid)]).ljust(BLOCK_BYTES, b"\0")


def check_byte(uid: bytes) -> int:
    """All bytes of a UID combined by exclusive or."""
    found = 0
    for byte in uid:
        found ^= byte
    return found


def uid_length(memory: bytes) -> int:
    """Length of the UID in a dump: 4 when its check byte follows it, else 7.

    One in 256 UIDs of seven bytes has such a byte by chance; then the type bytes behind either decide.
    """
    types = {(length, atqa) for (_, length), atqa in _ATQA.items()}
    short = check_byte(memory[:4]) == memory[4]
    by_chance = (4, memory[6:8]) not in types and (7, memory[8:10]) in types
    return 4 if short and not by_chance else 7
