"""Whole columns of numbers and keys in PostgreSQL's binary array format, for the call that carries a batch.

asyncpg asks every element of every array whether it is itself an array; with some thirty columns that costs
more than judging. The posting function takes two domains, `ledger.bigints` and `ledger.uuids`, whose codecs
below hand over bytes that are made a column at a time. asyncpg's public `set_type_codec` accepts no domains,
because results never show them; parameters do, so the codec is registered one level deeper (ADR 0010).

The same bytes are what the hash chain is made of.
"""

import struct
from array import array
from collections.abc import Sequence
from typing import Any
from uuid import UUID

_INT8, _UUID = 20, 2950  # type oids, fixed in PostgreSQL's catalogue
_INT8_LENGTH = array(
    "i", [int.from_bytes((8).to_bytes(4), "little" if array("H", [1]).tobytes()[0] else "big")]
)
_FEW = 6  # below this, packing one by one is quicker than by columns
_UUID_LENGTH = (16).to_bytes(4)


def _header(oid: int, length: int) -> bytes:
    # dimensions, has-nulls, element type, then length and lower bound of the one dimension
    return struct.pack(">iiiii", 1, 0, oid, length, 1) if length else struct.pack(">iii", 0, 0, oid)


def bigints(column: Sequence[int]) -> bytes:
    """A column of 64-bit integers; each element is its length (8) and its value, big-endian."""
    if len(column) <= _FEW:
        cells_of_few = [part for value in column for part in (8, value)]
        return _header(_INT8, len(column)) + struct.pack(">" + "iq" * len(column), *cells_of_few)
    values = array("q", column)
    if _INT8_LENGTH[0] != 8:  # noqa: PLR2004  little-endian machine: the constant reads differently there
        values.byteswap()
    halves = memoryview(values).cast("B").cast("i")
    cells = memoryview(_INT8_LENGTH * (3 * len(values)))
    cells[1::3], cells[2::3] = halves[0::2], halves[1::2]
    return _header(_INT8, len(values)) + cells.tobytes()


def uuids(column: Sequence[UUID]) -> bytes:
    """A column of UUIDs."""
    return _header(_UUID, len(column)) + b"".join([_UUID_LENGTH + key.bytes for key in column])


async def register(connection: Any) -> None:
    """Teach a connection the two domains."""
    settings = connection._protocol.get_settings()  # noqa: SLF001  see the module's docstring
    for name in ("bigints", "uuids"):
        oid = await connection.fetchval("select $1::text::regtype::oid", f"ledger.{name}")
        settings.add_python_codec(oid, name, "ledger", [], "scalar", _as_is, _as_is, "binary")


def _as_is(value: bytes) -> bytes:
    return value
