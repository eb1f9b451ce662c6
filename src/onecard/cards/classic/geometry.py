"""Sectors and blocks of MIFARE Classic 1K and 4K."""

from collections.abc import Iterator
from enum import IntEnum

BLOCK_BYTES = 16
KEY_BYTES = 6
TRANSPORT_KEY = b"\xff" * KEY_BYTES
_SMALL_SECTORS = 32  # of 4 blocks; a 4K card has 8 of 16 blocks behind them
_SMALL_BLOCKS = _SMALL_SECTORS * 4


class Size(IntEnum):
    """The sizes there are, by their number of bytes."""

    K1 = 1024
    K4 = 4096

    @property
    def label(self) -> str:
        """`1K` or `4K`."""
        return f"{self // 1024}K"

    @property
    def sectors(self) -> int:
        """Number of sectors: 16 or 40."""
        return 16 if self is Size.K1 else 40

    @property
    def blocks(self) -> int:
        """Number of blocks: 64 or 256."""
        return self // BLOCK_BYTES


def sector_of(block: int) -> int:
    """The sector a block lies in."""
    return block // 4 if block < _SMALL_BLOCKS else _SMALL_SECTORS + (block - _SMALL_BLOCKS) // 16


def first_block(sector: int) -> int:
    """The number of a sector's first block."""
    return sector * 4 if sector < _SMALL_SECTORS else _SMALL_BLOCKS + (sector - _SMALL_SECTORS) * 16


def blocks_in(sector: int) -> int:
    """4 or 16, the trailer included."""
    return 4 if sector < _SMALL_SECTORS else 16


def trailer_of(sector: int) -> int:
    """The number of a sector's last block, which holds its keys and access conditions."""
    return first_block(sector) + blocks_in(sector) - 1


def is_trailer(block: int) -> bool:
    """Whether the block is its sector's trailer."""
    return block == trailer_of(sector_of(block))


def data_blocks(sector: int) -> Iterator[int]:
    """The numbers of a sector's blocks but the trailer."""
    return iter(range(first_block(sector), trailer_of(sector)))


def access_group(block: int) -> int:
    """Which of the trailer's four conditions holds for the block: 0, 1, 2, or 3 for the trailer itself."""
    inside = block - first_block(sector_of(block))
    return inside if block < _SMALL_BLOCKS else inside // 5
