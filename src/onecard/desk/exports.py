"""Lists as files, in little memory.

Rows are fetched while a thread writes those before: the event loop stays free, two portions are in memory.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from onecard.base.db import Row
from onecard.desk.sheet_writer import Export, Format, open_table

AT_ONCE_MOST = 5_000
"""Rows of an export that a request may wait for; above it, a job."""


async def write_table(
    path: Path,
    kind: Format,
    export: Export,
    portions: AsyncIterator[Sequence[Row]],
    told: Callable[[int], None] = lambda _rows: None,
) -> int:
    """Write rows to a file; returns how many.

    Args:
        path: of the file.
        kind: of the file.
        export: columns and how they are written.
        portions: the rows; the next are fetched while a thread writes these.
        told: after each portion, how many rows are written; what it raises ends the writing.
    """
    # here, not in a thread: who is cancelled while a thread opens a file never learns of the file
    table = open_table(path, kind, export)
    writing: asyncio.Future[None] | None = None
    rows = 0
    try:
        async for portion in portions:
            if writing is not None:
                await asyncio.shield(writing)
            told(rows)
            writing = asyncio.ensure_future(asyncio.to_thread(table.add, portion))
            rows += len(portion)
        if writing is not None:
            await asyncio.shield(writing)
    finally:
        # a thread cannot be cancelled: nobody may close the file under it
        if writing is not None:
            await asyncio.wait({writing})
        await asyncio.to_thread(table.close)
    told(rows)
    return rows
