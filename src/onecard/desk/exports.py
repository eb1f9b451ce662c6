"""Lists as files: short ones at once, long ones as a job; the same columns, the same rows.

Rows are fetched while a thread writes those before: the event loop stays free, two portions are in memory.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from onecard.base.db import Row, Tx
from onecard.base.errors import ConflictError
from onecard.base.jobs import service as jobs
from onecard.base.jobs.kinds import JobKind, job
from onecard.base.jobs.model import Ended
from onecard.base.jobs.work import Work
from onecard.base.listing import Condition, Kind, Listing, Op, Wish
from onecard.base.texts import Text, read, say, say_count
from onecard.base.vault import Vault
from onecard.desk.sheet_writer import Export, ExportColumn, Format, open_table
from onecard.tenants import audit
from onecard.tenants import service as tenants
from onecard.tenants.functions import Function

AT_ONCE_MOST = 5_000
"""Rows of an export that a request may wait for; above it, a job."""
_FETCHING = say("Writing rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A list that can be exported.

    Attributes:
        name: stands in the job; unique among the sources.
        title: of the list.
        listing: where the rows come from.
        columns: all that may be exported, by name.
        function: the right it is done by, for the audit.
    """

    name: str
    title: Text
    listing: Listing
    columns: Mapping[str, ExportColumn]
    function: Function


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants of a source.

    Attributes:
        wish: which rows, in which order; `first` and `most` do not count.
        columns: names, from left to right; empty: all.
        kind: of the file.
        language: of headings and words.
    """

    wish: Wish
    columns: Sequence[str] = ()
    kind: Format = Format.XLSX
    language: str = "zh-CN"


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A finished export."""

    name: str
    media_type: str
    content: bytes


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
    table = await asyncio.to_thread(open_table, path, kind, export)
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


async def export_now(tx: Tx, source: Source, order: Order) -> ExportFile:
    """A short list as a file.

    Raises:
        ConflictError: it has more than `AT_ONCE_MOST` rows and needs `start_export`.
    """
    if await source.listing.count(tx, order.wish) > AT_ONCE_MOST:
        raise ConflictError(say("The list has more than {most} rows; export it as a job.", most=AT_ONCE_MOST))
    export = await _export(tx, source, order)
    with tempfile.TemporaryDirectory(prefix="onecard-export-") as directory:
        path = Path(directory) / "table"
        rows = await write_table(path, order.kind, export, source.listing.all(tx, order.wish))
        content = await asyncio.to_thread(path.read_bytes)
    await _note(tx, source, order, rows)
    return ExportFile(_file_name(export, order.kind), order.kind.media_type, content)


async def start_export(tx: Tx, vault: Vault, kind: JobKind, source: Source, order: Order) -> int:
    """Ask for a list of any length as a file; returns the job's id.

    Args:
        tx: the asker's transaction; the wish's arguments carry what they may see.
        vault: seals the file.
        kind: what `export_kind` gave.
        source: one of the kind's sources.
        order: which rows and columns.
    """
    params = {
        "source": source.name,
        "wish": wish_as_json(order.wish),
        "columns": list(order.columns),
        "kind": order.kind.value,
        "language": order.language,
    }
    return await jobs.start(tx, vault, kind, say("Export: {list}", list=source.title), params)


def export_kind(sources: Mapping[str, Source]) -> JobKind:
    """The kind of job that exports any of these lists; it may be begun again, for it changes nothing."""

    @job("list.export", again=True)
    async def export_list(work: Work) -> Ended:
        params = work.params
        source = sources[params["source"]]
        order = Order(
            wish=wish_of_json(source.listing, params["wish"]), columns=params["columns"],
            kind=Format(params["kind"]), language=params["language"],
        )  # fmt: skip
        path = work.directory / "table"
        async with work.tx(snapshot=True) as tx:
            total = await source.listing.count(tx, order.wish)
            export = await _export(tx, source, order)
            portions = source.listing.all(tx, order.wish)
            rows = await write_table(
                path, order.kind, export, portions, lambda done: work.progress(done, total, _FETCHING)
            )
        await work.give(path, _file_name(export, order.kind), order.kind.media_type)
        ended = Ended(say_count(rows, "{count} row exported.", "{count} rows exported."), {"rows": rows})
        async with work.tx() as tx:
            await _note(tx, source, order, rows)
            await work.end(tx, ended)
        return ended

    return export_list


async def _export(tx: Tx, source: Source, order: Order) -> Export:
    tenant = await tenants.get(tx)
    return Export(
        title=source.title,
        columns=[source.columns[name] for name in order.columns or source.columns],
        language=order.language,
        zone=ZoneInfo(tenant.time_zone),
        exponent=tenant.minor_exponent,
    )


async def _note(tx: Tx, source: Source, order: Order, rows: int) -> None:
    found = {"rows": rows, "file": order.kind.value}
    await audit.write(tx, audit.Entry(source.function, "list", read(source.title, "zh-CN"), after=found))


def _file_name(export: Export, kind: Format) -> str:
    at = datetime.now(UTC).astimezone(export.zone)
    return f"{read(export.title, export.language)} {at:%Y-%m-%d %H%M}.{kind}"


def wish_as_json(wish: Wish) -> dict[str, Any]:
    """A wish as a job's parameters."""
    conditions = [
        [each.field, each.op.value, [_as_json(value) for value in each.values]] for each in wish.conditions
    ]
    return {
        "arguments": {name: _as_json(value) for name, value in wish.arguments.items()},
        "conditions": conditions,
        "sort": wish.sort,
        "descending": wish.descending,
    }


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def wish_of_json(listing: Listing, stored: Mapping[str, Any]) -> Wish:
    """The wish of a job's parameters; the listing says which values are dates."""
    conditions = []
    for name, op, values in stored["conditions"]:
        kind = listing.fields[name].kind
        conditions.append(Condition(name, Op(op), tuple(_of_json(kind, value) for value in values)))
    return Wish(
        arguments=stored["arguments"],
        conditions=conditions,
        sort=stored["sort"],
        descending=stored["descending"],
    )


def _of_json(kind: Kind, value: Any) -> Any:
    if kind is Kind.DATE:
        return date.fromisoformat(value)
    return datetime.fromisoformat(value) if kind is Kind.INSTANT else value
