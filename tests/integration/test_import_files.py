"""Honest files of every kind that people have."""

from pathlib import Path

import openpyxl
import pytest
from sheets import ENGLISH, HEADINGS, xls, xlsx

from onecard.base.db import SYSTEM, Database
from onecard.base.vault import Vault
from onecard.desk.examples import prepare_example_tenant
from onecard.desk.people_import import Outcome, import_people
from onecard.desk.rules import parse
from onecard.desk.sheet import read_sheet
from onecard.desk.uploads import SheetError, Trouble
from onecard.desk.workbooks import write_template
from onecard.people import service as people

WANG = ["0017", "王小明", "学生", "七年级1班", "男", "11010519491231002X", "13800138000", "04A1B2C3"]
LI = ["1001", "李雨桐", "教职工", "行政/教务处", "女", "", "13900139000", "04A1B2C3D4E5F6"]
TABLE = [HEADINGS, WANG, LI]


async def imported(db: Database, vault: Vault, path: Path, **options: bool) -> Outcome:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    return await import_people(db, vault, SYSTEM, tenant_id=tenant_id, path=path, **options)


def csv_text(delimiter: str, end: str = "\r\n") -> str:
    return "".join(delimiter.join(row) + end for row in TABLE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_text_tables(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "people.CSV"
    path.write_bytes(csv_text(delimiter).encode(encoding))
    sheet = await read_sheet(path)
    assert [list(line.cells) for line in (sheet.header, *sheet.lines)] == TABLE


async def test_old_workbooks(db: Database, vault: Vault, tmp_path: Path) -> None:
    outcome = await imported(db, vault, xls(tmp_path / "人员 名单.xls", TABLE))
    assert outcome.plan.counts == {"new": 2, "changed": 0, "unchanged": 0, "wrong": 0}


async def test_english_headings_in_another_order_beside_other_columns(
    db: Database, vault: Vault, tmp_path: Path
) -> None:
    table = [[row[2], "note", *row[:2], *row[3:]] for row in (ENGLISH, WANG, LI)]
    table[0][1] = "Remark"
    outcome = await imported(db, vault, xlsx(tmp_path / "people.xlsx", table))
    assert outcome.plan.counts["new"] == 2


async def test_numbers_typed_as_numbers_are_read_as_typed(tmp_path: Path) -> None:
    typed = [1001, "王", "学生", "七年级1班", None, 110105194912310021, 13800138000, 12345678]
    for path in (xlsx(tmp_path / "a.xlsx", [HEADINGS, typed]), xls(tmp_path / "a.xls", [HEADINGS, typed])):
        (row,) = parse(await read_sheet(path))
        assert (row.number, row.phone, row.uid) == ("1001", "13800138000", "12345678")
        assert [reason.why for reason in row.reasons] == ["lost_digits"]


async def test_leading_zeros_and_would_be_formulas_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("编号,姓名,账户类型,部门名称\n007,=1+1,+1,@a\n", encoding="utf-8")
    (line,) = (await read_sheet(path)).lines
    assert line.cells == ("007", "=1+1", "+1", "@a")


async def test_rows_keep_the_numbers_they_have_on_the_screen(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "people.xlsx", [[], ["", *HEADINGS], [], ["", *WANG], [], [], ["", *LI]])
    sheet = await read_sheet(path)
    assert [line.row for line in (sheet.header, *sheet.lines)] == [2, 4, 7]
    assert sheet.header.cells == ("", *HEADINGS)
    assert [row.number for row in parse(sheet)] == ["0017", "1001"]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_template_filled_in_is_accepted(
    db: Database, vault: Vault, tmp_path: Path, language: str
) -> None:
    path = tmp_path / "people.xlsx"
    write_template(path, language)
    book = openpyxl.load_workbook(path)
    book.active.append(WANG)
    book.save(path)
    assert (await imported(db, vault, path)).plan.counts["new"] == 1


@pytest.mark.parametrize(
    ("table", "trouble"),
    [
        ([["姓名", "部门名称"], ["王", "a"]], Trouble.HEADINGS_MISSING),
        ([[*HEADINGS, "Name"], WANG], Trouble.HEADING_TWICE),
        ([HEADINGS], Trouble.NO_ROWS),
        ([[]], Trouble.EMPTY_FILE),
    ],
)
async def test_wrong_headings(
    db: Database, vault: Vault, tmp_path: Path, table: list[list[str]], trouble: Trouble
) -> None:
    with pytest.raises(SheetError) as refusal:
        await imported(db, vault, xlsx(tmp_path / "people.xlsx", table))
    assert refusal.value.trouble is trouble


async def test_a_file_of_a_real_program_is_not_taken_for_hostile(
    db: Database, vault: Vault, tmp_path: Path
) -> None:
    path = xlsx(tmp_path / "people.xlsx", TABLE)
    book = openpyxl.load_workbook(path)
    book.active["B2"].hyperlink = "https://example.org/"
    book.active.cell(1_048_576, 1).font = openpyxl.styles.Font(bold=True)
    book.create_sheet("notes")["A1"] = "anything"
    book.create_sheet("hidden", 0).sheet_state = "hidden"
    book.save(path)
    assert (await imported(db, vault, path)).plan.counts["new"] == 2
    async with db.tenant_tx(1, SYSTEM) as tx:
        assert [person.name for person in await people.persons(tx)] == ["王小明", "李雨桐"]
