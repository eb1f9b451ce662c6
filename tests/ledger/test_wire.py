"""The bytes of whole columns are those of PostgreSQL's binary arrays."""

import struct
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from hypothesis import example, given, strategies
from pages import fen

from onecard.base.embedded import Logins
from onecard.ledger.batch import LINE_COLUMNS, columns_of, digest
from onecard.ledger.wire import bigints, register, uuids

INT8 = strategies.integers(-(2**63), 2**63 - 1)
COLUMNS = [
    [],
    [0],
    [1, -1, 2**63 - 1, -(2**63)],
    list(range(-3, 3)),
    list(range(-3, 4)),
    [(-7) ** n for n in range(20)] * 50,
]


def spelt_out(oid: int, cells: list[bytes]) -> bytes:
    """An array as PostgreSQL's array_recv reads it, one cell at a time."""
    if not cells:
        return struct.pack(">iii", 0, 0, oid)
    head = struct.pack(">iiiii", 1, 0, oid, len(cells), 1)
    return head + b"".join(struct.pack(">i", len(cell)) + cell for cell in cells)


@given(strategies.lists(INT8, max_size=40))
@example([7] * 6)
@example([7] * 7)
def test_bigints_are_spelt_as_arrays(column: list[int]) -> None:
    assert bigints(column) == spelt_out(20, [struct.pack(">q", value) for value in column])


@given(strategies.lists(strategies.uuids(), max_size=12))
def test_uuids_are_spelt_as_arrays(column: list[UUID]) -> None:
    assert uuids(column) == spelt_out(2950, [key.bytes for key in column])


@pytest.fixture
async def connection(urls: Logins) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(urls.engine)
    await register(opened)
    yield opened
    await opened.close()


async def test_the_server_reads_what_was_sent(connection: asyncpg.Connection) -> None:
    for column in COLUMNS:
        # one of the product's functions carries the domain in, a cast shows what arrived
        statement = "select ($1::ledger.bigints)::bigint[]"
        assert await connection.fetchval(statement, bigints(column)) == column
        as_asyncpg_sends = "select ($1::ledger.bigints)::bigint[] = $2::bigint[]"
        assert await connection.fetchval(as_asyncpg_sends, bigints(column), column)


async def test_the_server_reads_keys_that_were_sent(connection: asyncpg.Connection) -> None:
    keys = [UUID(int=0), UUID(int=2**128 - 1), UUID("0193e0c5-7a00-7000-8000-000000000001")] * 3
    for column in ([], keys[:1], keys):
        assert await connection.fetchval("select ($1::ledger.uuids)::uuid[]", uuids(column)) == column


def test_a_digest_notices_each_column() -> None:
    line = [UUID(int=1) if name == "key" else number for number, name in enumerate(LINE_COLUMNS)]
    digests = {digest(columns_of([tuple(line)]))}
    for number, name in enumerate(LINE_COLUMNS):
        changed = list(line)
        changed[number] = UUID(int=2) if name == "key" else line[number] + 1
        digests.add(digest(columns_of([tuple(changed)])))
    assert len(digests) == len(LINE_COLUMNS) + 1


def test_money_of_the_pages_is_exact() -> None:
    assert [fen("0.01"), fen("99999.00"), fen("-1.10"), fen("2")] == [1, 9_999_900, -110, 2]
