"""The MIFARE application directory (MAD1): which application a sector of a shared card belongs to."""

from collections.abc import Mapping

PRESENT = 0x80  # of sector 0's free byte
_POLYNOMIAL = 0x1D
_PRESET = 0xC7
_KNOWN = {0x0004: "card holder", 0xE103: "NDEF"}


def crc(data: bytes) -> int:
    """CRC-8 of a directory's bytes behind its first one."""
    found = _PRESET
    for byte in data:
        found ^= byte
        for _ in range(8):
            found = (found << 1 ^ (_POLYNOMIAL if found & 0x80 else 0)) & 0xFF
    return found


def applications(directory: bytes) -> Mapping[int, str]:
    """Application by sector (1 to 15) of the directory's 32 bytes; the application code is stored first.

    Raises:
        ValueError: the checksum is wrong.
    """
    if crc(directory[1:]) != directory[0]:
        message = "the checksum of the application directory is wrong"
        raise ValueError(message)
    found = {}
    for sector in range(1, 16):
        number = int.from_bytes(directory[2 * sector : 2 * sector + 2], "little")
        if number:
            found[sector] = f"{number:04X}" + (f" ({_KNOWN[number]})" if number in _KNOWN else "")
    return found
