"""Writes long tables as files: workbooks in little memory, and CSV; no cell can become a formula.

Everything here blocks and belongs into a thread; `exports.py` sees to that.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import xlsxwriter

from onecard.base.db import Row
from onecard.base.listing import Kind
from onecard.base.texts import Text, read, say_in


class Format(StrEnum):
    """Kinds of files; the value is the ending."""

    XLSX = "xlsx"
    CSV = "csv"

    @property
    def media_type(self) -> str:
        """As the web calls it."""
        if self is Format.CSV:
            return "text/csv; charset=utf-8"
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportColumn:
    """One column of an export.

    Attributes:
        title: its heading.
        kind: how the value is written: money as a number, instants in the tenant's time …
        value: out of a row; None leaves the cell empty.
        words: of a choice: stored word to what people read.
    """

    title: Text | str
    kind: Kind
    value: Callable[[Row], Any]
    words: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A table to write.

    Attributes:
        title: of the sheet and in the file's name.
        columns: from left to right.
        language: of headings and words.
        zone: of instants.
        exponent: decimals of the tenant's currency.
    """

    title: Text | str
    columns: Sequence[ExportColumn]
    language: str
    zone: ZoneInfo
    exponent: int = 2


class TableFile(Protocol):
    """A table that is being written."""

    def add(self, rows: Sequence[Row]) -> None:
        """Write rows below those that are there."""

    def close(self) -> None:
        """Make the file whole."""


_YES, _NO = say_in("cell", "Yes"), say_in("cell", "No")
_ROWS_OF_SHEET = 1_000_000  # a sheet has 1,048,576
_EXACT_BELOW = 10**15  # spreadsheets keep 15 digits of a number
_TEXT_MOST = 32_767  # characters of a cell
_WIDTHS = {
    Kind.TEXT: 20,
    Kind.CODE: 20,
    Kind.NUMBER: 12,
    Kind.MONEY: 14,
    Kind.DATE: 12,
    Kind.INSTANT: 20,
    Kind.CHOICE: 14,
    Kind.YES: 8,
    Kind.ID: 12,
}
_NO_GUESSING = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
_NOT_IN_SHEET_NAMES = str.maketrans("[]:*?/\\'", "________")


class Workbook:
    """A `.xlsx` file: bold frozen heading, filters, widths; a further sheet after a million rows."""

    def __init__(self, path: Path, export: Export) -> None:
        options = {"constant_memory": True, "tmpdir": str(path.parent), **_NO_GUESSING}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._export = export
        self._bold = self._book.add_format({"bold": True, "bottom": 1})
        self._formats = {
            Kind.TEXT: self._book.add_format({"num_format": "@"}),
            Kind.MONEY: self._book.add_format({"num_format": _money_format(export.exponent)}),
            Kind.DATE: self._book.add_format({"num_format": "yyyy-mm-dd"}),
            Kind.INSTANT: self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }
        self._cells = [self._cell(column) for column in export.columns]
        self._sheets = 0
        self._begin_sheet()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        name = read(self._export.title, self._export.language).translate(_NOT_IN_SHEET_NAMES)[:25]
        self._page = self._book.add_worksheet(f"{name} {self._sheets}" if self._sheets > 1 else name)
        self._page.freeze_panes(1, 0)
        for place, column in enumerate(self._export.columns):
            heading = read(column.title, self._export.language)
            self._page.set_column(place, place, max(_WIDTHS[column.kind], 2 * len(heading) + 2))
            self._page.write_string(0, place, heading, self._bold)
        self._next = 1

    def add(self, rows: Sequence[Row]) -> None:
        """Write rows below those that are there."""
        for row in rows:
            if self._next > _ROWS_OF_SHEET:
                self._end_sheet()
                self._begin_sheet()
            for place, cell in enumerate(self._cells):
                cell(place, row)
            self._next += 1

    def _cell(self, column: ExportColumn) -> Callable[[int, Row], None]:
        plain, shape, take = _plainer(column, self._export), self._formats.get(column.kind), column.value
        text_shape = self._formats[Kind.TEXT]

        def write(place: int, row: Row) -> None:
            value = take(row)
            if value is None or value == "":
                return
            value = plain(value)
            if isinstance(value, str):
                self._page.write_string(self._next, place, value[:_TEXT_MOST], text_shape)
            elif isinstance(value, date):
                self._page.write_datetime(self._next, place, value, shape)
            else:
                self._page.write_number(self._next, place, value, shape)

        return write

    def _end_sheet(self) -> None:
        self._page.autofilter(0, 0, self._next - 1, len(self._cells) - 1)

    def close(self) -> None:
        """Make the file whole."""
        self._end_sheet()
        self._book.close()


class CommaFile:
    """A `.csv` file as spreadsheet programs read it: UTF-8 with its mark, and nothing that calculates."""

    def __init__(self, path: Path, export: Export) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._columns = [(column.value, _plainer(column, export)) for column in export.columns]
        self._writer.writerow(harmless(read(column.title, export.language)) for column in export.columns)

    def add(self, rows: Sequence[Row]) -> None:
        """Write rows below those that are there."""
        for row in rows:
            values = ((take(row), plain) for take, plain in self._columns)
            self._writer.writerow(
                "" if value is None else _comma_cell(plain(value)) for value, plain in values
            )

    def close(self) -> None:
        """Make the file whole."""
        self._file.close()


def _comma_cell(value: Any) -> str:
    return harmless(value) if isinstance(value, str) else str(value)


def harmless(text: str) -> str:
    """A text no spreadsheet program takes for a formula (OWASP ASVS 5.0, 1.2.10: a quote before these)."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\0")) else text


def open_table(path: Path, kind: Format, export: Export) -> TableFile:
    """A table to write to `path`."""
    return Workbook(path, export) if kind is Format.XLSX else CommaFile(path, export)


def _money_format(exponent: int) -> str:
    decimals = "." + "0" * exponent if exponent else ""
    return f"#,##0{decimals};[Red]-#,##0{decimals}"


def _plainer(column: ExportColumn, export: Export) -> Callable[[Any], Any]:
    """What turns a column's values into text, number, date or naive local time."""
    words = {word: text.read(export.language) for word, text in column.words.items()}
    yes, no = _YES.read(export.language), _NO.read(export.language)
    if column.kind is Kind.MONEY:
        return lambda value: Decimal(value).scaleb(-export.exponent)
    if column.kind is Kind.INSTANT:
        return lambda value: _local(value, export.zone)
    if column.kind is Kind.CHOICE:
        return lambda value: words.get(value, str(value))
    if column.kind is Kind.YES:
        return lambda value: yes if value else no
    if column.kind in {Kind.NUMBER, Kind.ID}:
        return lambda value: value if abs(value) < _EXACT_BELOW else str(value)
    return lambda value: value if isinstance(value, date) else str(value)


def _local(value: datetime, zone: ZoneInfo) -> datetime:
    return value.astimezone(zone).replace(tzinfo=None, microsecond=0)
