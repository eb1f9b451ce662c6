"""Workbooks that people download: the template, and the wrong rows with their reasons.

Every cell is written as text, so that nothing from outside can become a formula on somebody's desk.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from onecard.base.texts import LANGUAGES, say_in
from onecard.desk.model import REASON_HEADING, REQUIRED, ROW_HEADING, Column, Plan, Sheet, Verdict
from onecard.desk.texts import sentence
from onecard.people.rules import compact

_PEOPLE, _WRONG = say_in("sheet", "people"), say_in("sheet", "wrong rows")
_BOLD = Font(bold=True)
_TEXT = "@"  # the number format under which a spreadsheet program leaves what is typed alone
_WIDTH = 18
_REASON_WIDTH = 60
_OWN_HEADINGS = {
    compact(text.read(language)).casefold()
    for text in (ROW_HEADING, REASON_HEADING)
    for language in LANGUAGES
}


def write_template(path: Path, language: str) -> None:
    """The empty table to fill in; required columns are bold. `language`: `zh-CN` or `en`."""
    with _new(path, _PEOPLE.read(language), [_WIDTH] * len(Column)) as page:
        page.append([_cell(page, each.title.read(language), bold=each in REQUIRED) for each in Column])


def write_reasons(path: Path, sheet: Sheet, plan: Plan, language: str) -> None:
    """The wrong rows as they were uploaded, with their row number there and what is wrong with each.

    It can be corrected and uploaded again: the two added columns are ignored.
    """
    kept = [
        position
        for position, heading in enumerate(sheet.header.cells)
        if compact(heading).casefold() not in _OWN_HEADINGS
    ]
    reasons = {row.row: sentence(row.reasons).read(language) for row in plan.of(Verdict.WRONG)}
    with _new(path, _WRONG.read(language), [*[_WIDTH] * (len(kept) + 1), _REASON_WIDTH]) as page:
        headings = [
            *_pick(sheet.header.cells, kept),
            ROW_HEADING.read(language),
            REASON_HEADING.read(language),
        ]
        page.append([_cell(page, heading, bold=True) for heading in headings])
        for line in sheet.lines:
            if line.row in reasons:
                texts = [*_pick(line.cells, kept), str(line.row), reasons[line.row]]
                page.append([_cell(page, text) for text in texts])


@contextmanager
def _new(path: Path, title: str, widths: Sequence[int]) -> Iterator[WriteOnlyWorksheet]:
    """The page of a new workbook, which appears at `path` whole or not at all."""
    draft = path.with_name(f".{path.name}.part")
    try:
        # opened first: once the library has begun a page it cannot end it without a file
        with draft.open("wb") as file:
            book = Workbook(write_only=True)
            page = book.create_sheet(title)
            page.freeze_panes = "A2"
            for column, width in enumerate(widths, 1):
                page.column_dimensions[get_column_letter(column)].width = width
            yield page
            book.save(file)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _pick(cells: Sequence[str], positions: Iterable[int]) -> list[str]:
    return [cells[position] if position < len(cells) else "" for position in positions]


def _cell(page: WriteOnlyWorksheet, text: str, *, bold: bool = False) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))
    cell.data_type = "s"  # openpyxl takes text that begins with “=” for a formula
    cell.number_format = _TEXT
    if bold:
        cell.font = _BOLD
    return cell
