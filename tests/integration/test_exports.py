"""Exports: real files, read back by two other programs' readers."""

import csv
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from onecard.base.listing import Kind
from onecard.base.texts import say_in
from onecard.desk import sheet_writer
from onecard.desk.exports import write_table
from onecard.desk.sheet_writer import Export, ExportColumn, Format

DANGER = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\tx", "\rx", "https://example.org", "007"]
AT = datetime(2026, 3, 1, 16, 30, 15, 999, tzinfo=UTC)
KINDS = list(Kind)


def taking(place: int) -> Callable[[Any], Any]:
    return lambda row: row[place]


def export(kinds: Sequence[Kind], *, exponent: int = 2, language: str = "zh-CN") -> Export:
    columns = [
        ExportColumn(
            title=say_in("job", "Done"), kind=kind, value=taking(place), words={"m": say_in("job", "Failed")}
        )
        for place, kind in enumerate(kinds)
    ]
    zone = ZoneInfo("Asia/Shanghai")
    return Export(title="人员/2026", columns=columns, language=language, zone=zone, exponent=exponent)


async def portions(rows: Sequence[Any], size: int = 3) -> AsyncIterator[Sequence[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def test_texts_are_never_formulas_links_or_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows = [[text] for text in DANGER]
    assert await write_table(path, Format.XLSX, export([Kind.TEXT]), portions(rows)) == len(rows)
    page = openpyxl.load_workbook(path)["人员_2026"]
    cells = [page.cell(number, 1) for number in range(2, len(rows) + 2)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.hyperlink for cell in cells] == [None] * len(rows)
    assert [cell.value for cell in cells] == [text.replace("\r", "_x000D_") for text in DANGER]


async def test_each_kind_is_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    row = ["王", "007", 12, -123_456, date(2026, 3, 1), AT, "m", True, 10**17]
    await write_table(path, Format.XLSX, export(KINDS), portions([row, [None] * len(row)]))
    read = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    when = datetime(2026, 3, 2, 0, 30, 15)  # noqa: DTZ001  the tenant's wall clock
    texts, rest = read[1][:2], read[1][2:]
    assert texts == ["王", "007"]
    assert rest == [12.0, -1234.56, date(2026, 3, 1), when, "失败", "是", "1" + "0" * 17]
    page = openpyxl.load_workbook(path).active
    assert page["D2"].number_format == "#,##0.00;[Red]-#,##0.00"
    assert (page.freeze_panes, page.auto_filter.ref) == ("A2", "A1:I3")
    assert page["A1"].font.bold
    assert page.column_dimensions["F"].width > 18


@pytest.mark.parametrize(("exponent", "shown"), [(0, 5.0), (3, 0.005)])
async def test_money_has_the_currencys_decimals(tmp_path: Path, exponent: int, shown: object) -> None:
    path = tmp_path / "a.xlsx"
    await write_table(path, Format.XLSX, export([Kind.MONEY], exponent=exponent), portions([[5]]))
    assert CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()[1] == [shown]


async def test_comma_files_open_in_spreadsheets_and_calculate_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [[text, -1] for text in [*DANGER, '王"小明', "a,b"]]
    await write_table(path, Format.CSV, export([Kind.TEXT, Kind.MONEY], language="en"), portions(rows))
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfDone,Done\r\n")
    read = list(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True)))[1:]
    assert [text for text, _ in read] == [
        *(f"'{text}" for text in DANGER[:6]), "https://example.org", "007", '王"小明', "a,b",
    ]  # fmt: skip
    assert {money for _, money in read} == {"-0.01"}


async def test_a_sheet_that_is_full_goes_on_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_writer, "_ROWS_OF_SHEET", 4)
    path = tmp_path / "a.xlsx"
    await write_table(path, Format.XLSX, export([Kind.NUMBER]), portions([[n] for n in range(10)]))
    book = openpyxl.load_workbook(path)
    assert [page.max_row for page in book] == [5, 5, 3]
    assert [row[0].value for page in book for row in page.iter_rows(min_row=2)] == list(range(10))


async def test_whoever_watches_may_end_it(tmp_path: Path) -> None:
    def told(rows: int) -> None:
        if rows >= 6:
            raise InterruptedError

    rows = [[n] for n in range(100)]
    with pytest.raises(InterruptedError):
        await write_table(tmp_path / "a.xlsx", Format.XLSX, export([Kind.NUMBER]), portions(rows), told)


async def test_an_empty_list_is_a_heading(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert await write_table(path, Format.XLSX, export([Kind.TEXT]), portions([])) == 0
    assert CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python() == [["已完成"]]
