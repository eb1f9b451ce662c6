"""Tables out of listings: headings that sort, rows that open, pages that can be jumped to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from onecard.base.db import Row
from onecard.base.listing import Page
from onecard.base.texts import Text, say, say_count
from onecard.web.kit.columns import Column
from onecard.web.kit.filters import Query, chips
from onecard.web.kit.views import Button, Head, Option, Pager, RowView, TableView
from onecard.web.kit.visit import Visit

NOTHING_YET = say("There is nothing here yet.")
SIZES = (25, 50, 100, 200)
USUAL_SIZE = 50
_AROUND = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TableParts:
    """What a table needs beside its rows.

    Attributes:
        id: of the swapped element.
        key: name of the column that tells rows apart.
        href: where a row leads; empty: nowhere.
        dialog: it opens in the dialog.
        label: column a row is called by.
        none: sentence for an empty list, with `none_actions`.
        bulk: actions on selected rows.
        sortable: columns that can be sorted by.
        order: the list's own order and direction.
    """

    id: str = "table"
    key: str = "id"
    href: Callable[[Row], str] | None = None
    dialog: bool = False
    label: str = ""
    none: Text = NOTHING_YET
    none_actions: tuple[Button, ...] = ()
    bulk: tuple[Button, ...] = ()
    sortable: frozenset[str] = frozenset()
    order: tuple[str, bool] = ("", False)
    filters: Sequence[Column] = ()
    live: tuple[str, ...] = ()
    kept: frozenset[str] = frozenset()  # parameters that are the screen's place, not a filter


def table(visit: Visit, query: Query, columns: Sequence[Column], page: Page, parts: TableParts) -> TableView:
    """The table of one page of a list, with these columns."""
    in_force = chips(visit, query, parts.filters)
    empty, words = "", ""
    actions: tuple[Button, ...] = ()
    if not page.rows:
        if in_force:
            empty, words = "unfound", visit.say(say("Nothing matches what you are looking for."))
        else:
            empty, words, actions = "none", visit.say(parts.none), parts.none_actions
    return TableView(
        id=parts.id,
        href=query.href(),
        columns=tuple(_head(visit, query, column, parts) for column in columns),
        rows=tuple(_row(visit, columns, row, parts) for row in page.rows),
        pager=_pager(visit, query, page),
        chips=in_force,
        clear_href=query.href([key for key, _ in query.pairs if key not in parts.kept]),
        empty=empty,
        empty_text=words,
        empty_actions=actions,
        bulk=parts.bulk,
        found_query=query.encoded(["page", "size", "sort"]),
        live=parts.live,
    )


def _head(visit: Visit, query: Query, column: Column, parts: TableParts) -> Head:
    sort = query.one("sort")
    current = sort.lstrip("-") or parts.order[0]
    down = sort.startswith("-") if sort else parts.order[1]
    title = visit.say(column.title)
    if column.name not in parts.sortable:
        return Head(column.name, title, column.layout, phone=column.phone)
    sorted_ = ("descending" if down else "ascending") if current == column.name else ""
    turned = f"-{column.name}" if sorted_ == "ascending" else column.name
    href = query.href(["page"], sort=turned)
    return Head(column.name, title, column.layout, href, sorted_, column.phone)


def _row(visit: Visit, columns: Sequence[Column], row: Row, parts: TableParts) -> RowView:
    cells = tuple(column.cell(visit, row) for column in columns)
    label = str(row[parts.label]) if parts.label else next((c.text for c in cells if c.text), "")
    href = parts.href(row) if parts.href else ""
    return RowView(str(row[parts.key]), cells, href, parts.dialog, label)


def _pager(visit: Visit, query: Query, page: Page) -> Pager:
    size = page_size(query)
    count = max(1, -(-page.total // size))
    here = page.first // size + 1
    shown = sorted({1, count, *range(max(1, here - _AROUND), min(count, here + _AROUND) + 1)})
    numbers: list[tuple[int, str]] = []
    for before, number in zip([0, *shown], shown, strict=False):
        if number > before + 1:
            numbers.append((0, ""))
        numbers.append((number, query.href(page=str(number))))
    return Pager(
        total=page.total,
        first=page.first + 1 if page.rows else 0,
        last=page.first + len(page.rows),
        page=here,
        page_count=count,
        pages=tuple(numbers),
        previous_href=query.href(page=str(here - 1)) if here > 1 else "",
        next_href=query.href(page=str(here + 1)) if here < count else "",
        sizes=tuple(Option(query.href(["page"], size=str(each)), str(each), each == size) for each in SIZES),
        jump_href=query.href(["page"]),
        total_text=visit.say(say_count(page.total, "{n} row", "{n} rows", n=f"{page.total:,}")),
    )


def page_size(query: Query) -> int:
    """How many rows a page has, as the address says."""
    text = query.one("size")
    return int(text) if text.isdigit() and int(text) in SIZES else USUAL_SIZE


def page_first(query: Query) -> int:
    """How many rows come before the page the address asks for."""
    text = query.one("page")
    number = int(text) if text.isdigit() and len(text) < 9 else 1  # noqa: PLR2004  nobody has so many pages
    return max(0, number - 1) * page_size(query)


def as_rows(things: Sequence[Any]) -> list[Row]:
    """Dataclasses as rows, with their values as they are; `asdict` would take texts apart."""
    rows: list[Any] = [{each.name: getattr(thing, each.name) for each in fields(thing)} for thing in things]
    return rows


def plain_table(
    visit: Visit, id_: str, columns: Sequence[Column], rows: Sequence[Row], none: Text
) -> TableView:
    """A short table without pages, sorting and filters, as parts of other pages have it."""
    parts = TableParts(id=id_, none=none, key="")
    view_rows = tuple(RowView("", tuple(column.cell(visit, row) for column in columns)) for row in rows)
    pager = Pager(len(rows), min(1, len(rows)), len(rows), 1, 1, ())
    return TableView(
        id=id_,
        href="",
        columns=tuple(Head(c.name, visit.say(c.title), c.layout, phone=c.phone) for c in columns),
        rows=view_rows,
        pager=pager,
        empty="" if rows else "none",
        empty_text=visit.say(parts.none),
    )
