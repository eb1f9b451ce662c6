"""Workbooks as a person fills them in with a spreadsheet program."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook

from onecard.base.texts import LANGUAGES
from onecard.desk.model import REASON_HEADING, ROW_HEADING, Column

PEOPLE = 5_000
WRONG = 50
SOUGHT = "欧阳晴岚"
SOUGHT_INITIALS = "oyql"
_SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
_GIVEN = "浩宇博文俊杰子涵明哲志远建国伟强鹏飞天佑承泽奕辰嘉树欣怡雨桐梓萱诗琪静慧敏"
_EVERY = PEOPLE // WRONG


@dataclass(frozen=True, slots=True)
class Filling:
    """What the rows are filled with: in whose language, the account class, the departments in turn."""

    language: str
    account_class: str
    departments: tuple[str, ...]


def write_book(path: Path, filling: Filling) -> None:
    """5,000 people; each hundredth row is wrong, in five ways that take turns."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.append([each.title.read(filling.language) for each in Column])
    for index in range(PEOPLE):
        row = _right(index, filling)
        if index % _EVERY == _EVERY - 1:
            column, value = MISTAKES[index // _EVERY % len(MISTAKES)]
            row[column] = value
        page.append([row[each] for each in Column])
    book.save(path)


def mend_book(path: Path, filling: Filling) -> tuple[list[int], list[str]]:
    """Correct returned wrong rows in place, as a person would; returns their row numbers and reasons."""
    book = load_workbook(path)
    page = book.active
    assert page is not None
    head = {str(cell.value): cell.column - 1 for cell in next(page.iter_rows(max_row=1))}
    rows, reasons = [], []
    for cells in page.iter_rows(min_row=2):
        row = int(str(cells[head[ROW_HEADING.read(filling.language)]].value))
        rows.append(row)
        reasons.append(str(cells[head[REASON_HEADING.read(filling.language)]].value))
        for column, value in _right(row - 2, filling).items():
            cells[head[column.title.read(filling.language)]].value = value
    book.save(path)
    return rows, reasons


WRONG_ROWS = list(range(_EVERY + 1, PEOPLE + 2, _EVERY))
"""As the spreadsheet program numbers them."""

MISTAKES: tuple[tuple[Column, Any], ...] = (
    (Column.NAME, None),
    (Column.CLASS, "月球居民"),
    (Column.GENDER, "?"),
    (Column.PHONE, 123),
    (Column.ID_NUMBER, "110101190001010000"),
)


def _right(index: int, filling: Filling) -> dict[Column, Any]:
    surname, given = _SURNAMES[index % len(_SURNAMES)], _GIVEN[index % 37] + _GIVEN[index % 31 + 2]
    genders = ("男", "女") if filling.language == LANGUAGES[0] else ("male", "female")
    return {
        # numbers are typed as numbers, as people do
        Column.NUMBER: 20_001 + index,
        Column.NAME: SOUGHT if index == PEOPLE // 2 else surname + given,
        Column.CLASS: filling.account_class,
        Column.DEPARTMENT: filling.departments[index % len(filling.departments)],
        Column.GENDER: genders[index % 2],
        Column.ID_NUMBER: None,
        Column.PHONE: 13_900_000_000 + index,
        Column.UID: None,
    }
