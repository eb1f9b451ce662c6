"""The list as a file: what the address asks for, with the columns this visit may see.

A short list is answered at once. A long one becomes a job that looks at the operator's rights again when it
runs, because hours and a change of authority may lie between.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import Response

from onecard.base.db import Row, Tx
from onecard.base.errors import OneCardError
from onecard.base.jobs import service as jobs
from onecard.base.jobs.kinds import job
from onecard.base.jobs.model import Ended
from onecard.base.jobs.work import Work
from onecard.base.listing import Kind
from onecard.base.scratch import scratch
from onecard.base.texts import Text, read, say, say_count
from onecard.desk.exports import AT_ONCE_MOST, write_table
from onecard.desk.sheet_writer import Export, ExportColumn, Format
from onecard.tenants import audit
from onecard.tenants.functions import Function
from onecard.web.kit import guard, render
from onecard.web.kit.columns import Column
from onecard.web.kit.download import download
from onecard.web.kit.errand import Errand, errand, stand_in
from onecard.web.kit.errors import failure
from onecard.web.kit.filters import Query
from onecard.web.kit.jobs import JOBS
from onecard.web.kit.routes import Page
from onecard.web.kit.visit import Visit

if TYPE_CHECKING:
    from onecard.web.kit.screen import Screen

_RAW = frozenset({Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.INSTANT})
_lists: dict[str, "Screen[Any]"] = {}  # by path: where the job finds the list again


def export_routes(screen: "Screen[Any]") -> list[Page]:
    """The export of a screen's list."""
    _lists[screen.path] = screen

    async def export(visit: Visit) -> Response:
        if isinstance(screen.view, Function) and not visit.may(screen.view):
            return failure(visit, guard.missing_right(visit, screen.view))
        return await _answer(screen, visit)

    return [Page(f"{screen.path}/export", export, needs=screen.export or screen.view, methods=["POST"])]


async def _answer(screen: "Screen[Any]", visit: Visit) -> Response:
    from onecard.web.kit.screen import wish  # noqa: PLC0415  screens have exports

    query = Query.of(visit)
    kind = Format.CSV if query.one("format") == Format.CSV else Format.XLSX
    async with visit.tx(snapshot=True) as tx:
        screen = await screen.at(tx, visit)
        asked = wish(screen, visit, query)
        if await screen.listing.count(tx, asked) > AT_ONCE_MOST:
            job_id = await start_export(tx, visit, screen, query, kind)
            visit.toast(say("The list is long, so it is being written as a job."))
            return render.go(visit, f"{JOBS}/{job_id}")
        with scratch("export") as directory:
            path, export = directory / "table", _export(screen, visit)
            rows = await write_table(path, kind, export, screen.listing.all(tx, asked))
            content = await asyncio.to_thread(path.read_bytes)
        await _note(tx, screen, kind, rows)
    return download(content, _file_name(export, kind), kind.media_type)


async def start_export(tx: Tx, visit: Visit, screen: "Screen[Any]", query: Query, kind: Format) -> int:
    """Ask for a list of any length as a file; returns the job's id."""
    params = errand(visit, query.encoded(["format", "page", "size"]))
    params |= {"screen": screen.path, "kind": kind.value}
    title = say("Export: {list}", list=screen.title)
    return await jobs.start(tx, visit.services.vault, LIST_EXPORT, title, params)


async def _list_export(work: Work) -> Ended:
    """Writes one list; changes nothing and so may be begun again."""
    from onecard.web.kit.screen import wish  # noqa: PLC0415  screens have exports

    screen = _lists.get(work.params["screen"])
    if screen is None:
        raise OneCardError(say("This version has no such list any more."))
    kind, path = Format(work.params["kind"]), work.directory / "table"
    async with work.tx(snapshot=True) as tx:
        visit = Errand(work, await stand_in(tx, work.params, work.actor.where), screen.path)
        if not (visit.may(screen.view) and visit.may(screen.export or screen.view)):
            raise OneCardError(say("You may not export this list any more."))
        screen = await screen.at(tx, visit)
        asked = wish(screen, visit, Query(screen.path, tuple(parse_qsl(work.params["query"]))))
        total, export = await screen.listing.count(tx, asked), _export(screen, visit)
        rows = await write_table(path, kind, export, screen.listing.all(tx, asked), _told(work, total))
    await work.give(path, _file_name(export, kind), kind.media_type)
    ended = Ended(say_count(rows, "{count} row exported.", "{count} rows exported."), {"rows": rows})
    async with work.tx() as tx:
        await _note(tx, screen, kind, rows)
        await work.end(tx, ended)
    return ended


LIST_EXPORT = job("list.export", again=True)(_list_export)


def _told(work: Work, total: int) -> Callable[[int], None]:
    return lambda done: work.progress(done, total, say("Writing rows"))


def _export(screen: "Screen[Any]", visit: Visit) -> Export:
    return Export(
        title=screen.title,
        columns=[_file_column(visit, column) for column in screen.seen(visit) if column.export],
        language=visit.language,
        zone=visit.zone,
        exponent=visit.who.minor_exponent,
    )


def _file_column(visit: Visit, column: Column) -> ExportColumn:
    """A column as files have it: figures and dates stay what they are, the rest is what people read."""
    if column.in_file is not None or (column.show is not None and column.kind not in _RAW):
        return ExportColumn(title=column.title, kind=Kind.TEXT, value=lambda row: column.in_words(visit, row))
    words = {word: text[0] if isinstance(text, tuple) else text for word, text in column.words.items()}
    return ExportColumn(title=column.title, kind=column.kind, value=_taking(column.name), words=words)


def _taking(name: str) -> Callable[[Row], Any]:
    return lambda row: row[name]


async def _note(tx: Tx, screen: "Screen[Any]", kind: Format, rows: int) -> None:
    found = {"rows": rows, "file": kind.value}
    entry = audit.Entry(screen.export or screen.view, "list", read(screen.title, "zh-CN"), after=found)
    await audit.write(tx, entry)


def _file_name(export: Export, kind: Format) -> str:
    at = datetime.now(UTC).astimezone(export.zone)
    title: str | Text = export.title
    return f"{read(title, export.language)} {at:%Y-%m-%d %H%M}.{kind}"
