"""Rows that are wrong, changed, repeated; what the operator gets back; what is saved and what is not."""

import asyncio
from pathlib import Path

import openpyxl
import pytest
from sheets import HEADINGS, xlsx

from onecard.base.db import SYSTEM, Database
from onecard.base.vault import Vault
from onecard.cards import service as cards
from onecard.desk.examples import prepare_example_tenant
from onecard.desk.model import Verdict
from onecard.desk.people_import import Outcome, import_people
from onecard.desk.texts import sentence
from onecard.desk.workbooks import write_reasons
from onecard.ledger.service import balances
from onecard.people import service as people
from onecard.tenants import service as tenants

WANG = ["0017", "王小明", "学生", "七年级1班", "男", "", "13800138000", "04A1B2C3"]
LI = ["1001", "李雨桐", "教职工", "行政/教务处", "女", "", "13900139000", "04A1B2C4"]
COUNTS = {verdict.value: 0 for verdict in Verdict}


@pytest.fixture
async def school(db: Database) -> int:
    return await prepare_example_tenant(db, SYSTEM)


class PowerCutError(Exception):
    """Stands for any fault in the middle."""


class Desk:
    """One operator at work on one tenant."""

    def __init__(self, db: Database, vault: Vault, tenant_id: int, directory: Path) -> None:
        self.db, self.vault, self.tenant_id, self.directory = db, vault, tenant_id, directory

    async def upload(self, *rows: list[object], **options: bool) -> Outcome:
        path = xlsx(self.directory / "people.xlsx", [HEADINGS, *rows])
        return await import_people(
            self.db, self.vault, SYSTEM, tenant_id=self.tenant_id, path=path, **options
        )


@pytest.fixture
def desk(db: Database, vault: Vault, school: int, tmp_path: Path) -> Desk:
    return Desk(db, vault, school, tmp_path)


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        (0, "", "缺少编号"),
        (0, "x" * 33, "编号超过32个字符"),
        (1, "", "缺少姓名"),
        (1, "王\u202e明", "姓名含有不可见字符"),
        (2, "", "缺少账户类型"),
        (2, "访客", "账户类型“访客”不存在"),
        (3, "", "缺少部门名称"),
        (3, "九年级9班", "部门“九年级9班”不存在"),
        (4, "未知", "性别“未知”应为男或女"),
        (5, "110105194912310021", "身份证号“110105194912310021”无效"),
        (6, "1234", "手机号“1234”无效（应为11位，境外号码以+和国家代码开头）"),
        (6, "13900139000", "手机号已被编号1001的人员使用"),
        (7, "XYZ", "卡序列号“XYZ”应为8、14或20位十六进制数"),
        (7, "04A1B2C4", "该卡已属于其他人员"),
    ],
)
async def test_each_reason_in_words(desk: Desk, column: int, value: str, reason: str) -> None:
    await desk.upload(LI)
    row = [*WANG[:column], value, *WANG[column + 1 :]]
    outcome = await desk.upload(row)
    (wrong,) = outcome.plan.of(Verdict.WRONG)
    assert sentence(wrong.reasons).read(outcome.language) == reason
    assert sentence(wrong.reasons).read("en").isascii() or value in sentence(wrong.reasons).read("en")


async def test_what_stands_twice_in_a_file_is_wrong_in_each_row(desk: Desk) -> None:
    twin = ["0018", *WANG[1:]]
    outcome = await desk.upload(WANG, LI, twin, [*LI[:6], "", ""])
    texts = {row.row: sentence(row.reasons).read("zh-CN") for row in outcome.plan.of(Verdict.WRONG)}
    assert texts == {
        2: "手机号在文件中重复：第2, 4行；卡序列号在文件中重复：第2, 4行",
        3: "编号在文件中重复：第3, 5行",
        4: "手机号在文件中重复：第2, 4行；卡序列号在文件中重复：第2, 4行",
        5: "编号在文件中重复：第3, 5行",
    }


async def test_a_name_that_several_departments_have_needs_its_path(desk: Desk) -> None:
    async with desk.db.tenant_tx(desk.tenant_id, SYSTEM) as tx:
        await people.ensure_department(tx, "高中部/七年级1班")
    outcome = await desk.upload(WANG, ["2", "a", "1", "高中部/七年级1班"])
    assert outcome.plan.counts == COUNTS | {"new": 1, "wrong": 1}
    assert (
        sentence(outcome.plan.rows[0].reasons)
        .read("en")
        .startswith("several departments are called “七年级1班”")
    )


async def test_changes_keep_what_the_file_leaves_empty(desk: Desk) -> None:
    await desk.upload(WANG, LI)
    outcome = await desk.upload(["0017", "王晓明", "教职工", "高一1班", "", "", "", ""], LI)
    assert outcome.plan.counts == COUNTS | {"changed": 1, "unchanged": 1}
    async with desk.db.tenant_tx(desk.tenant_id, SYSTEM) as tx:
        (person,) = await people.persons_named(tx, numbers=["0017"], phones=[])
        tree = await people.departments(tx)
        assert (person.name, person.phone, person.gender) == ("王晓明", "13800138000", "male")
        assert tree.path(person.department_id) == "高中部/高一1班"
        assert (await cards.resolve(tx, ["04A1B2C3"]))["04A1B2C3"].state == "active"


async def test_a_new_card_replaces_the_old_one_which_somebody_else_may_get(desk: Desk) -> None:
    await desk.upload(WANG)
    assert (await desk.upload([*WANG[:7], "0B0B0B0B"])).plan.counts["changed"] == 1
    await desk.upload([*LI[:7], "04A1B2C3"])
    async with desk.db.tenant_tx(desk.tenant_id, SYSTEM) as tx:
        found = await cards.resolve(tx, ["04A1B2C3", "0B0B0B0B"])
    assert {uid: (card.name, card.state) for uid, card in found.items()} == {
        "04A1B2C3": ("李雨桐", "active"),
        "0B0B0B0B": ("王小明", "active"),
    }
    assert (await desk.upload([*WANG[:7], "0B0B0B0B"])).plan.counts["unchanged"] == 1


async def test_a_lost_card_does_not_come_back_by_import(desk: Desk) -> None:
    await desk.upload(WANG)
    async with desk.db.tenant_tx(desk.tenant_id, SYSTEM) as tx:
        await tx.connection.execute(
            "update cards.card set state = 'lost' where tenant_id = $1", desk.tenant_id
        )
    outcome = await desk.upload(WANG)
    assert sentence(outcome.plan.rows[0].reasons).read("zh-CN") == "该卡已挂失"


async def test_good_rows_without_the_wrong_ones_or_nothing_at_all(desk: Desk) -> None:
    wrong = ["2", "张", "访客", "七年级1班"]
    refused = await desk.upload(WANG, wrong, all_or_nothing=True)
    assert not refused.applied
    async with desk.db.tenant_tx(desk.tenant_id, SYSTEM) as tx:
        assert await people.persons(tx) == []
    outcome = await desk.upload(WANG, wrong)
    assert outcome.applied
    async with desk.db.tenant_tx(desk.tenant_id, SYSTEM) as tx:
        (person,) = await people.persons(tx)
        assert person.number == "0017"
        assert set(await balances(tx, [person.id])) == {person.id}


async def test_the_workbook_with_reasons_can_be_corrected_and_uploaded(desk: Desk) -> None:
    outcome = await desk.upload(
        WANG, ["0018", '=HYPERLINK("x")', "访客", "七年级1班", None, None, "1234"], LI
    )
    path = desk.directory / "people.reasons.xlsx"
    write_reasons(path, outcome.sheet, outcome.plan, outcome.language)
    book = openpyxl.load_workbook(path)
    rows = [[cell.value for cell in row] for row in book.active.rows]
    assert rows[0] == [*HEADINGS, "原行号", "原因"]
    assert rows[1][:2] == ["0018", '=HYPERLINK("x")']
    assert rows[1][8] == "3"
    assert rows[1][9].startswith("手机号“1234”无效")
    assert "f" not in {cell.data_type for row in book.active.rows for cell in row}
    book.active["C2"], book.active["G2"] = "学生", "13800138001"
    book.active["B2"] = "张三"
    book.save(path)
    again = await import_people(desk.db, desk.vault, SYSTEM, tenant_id=desk.tenant_id, path=path)
    assert again.plan.counts == COUNTS | {"new": 1}


async def test_a_fault_half_way_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onecard.desk.people_import.CHUNK_ROWS", 1)
    seen: list[int] = []

    def progress(done: int, total: int, stage: str) -> None:
        if stage == "save" and done == 1:
            seen.append(done)
            raise PowerCutError

    path = xlsx(desk.directory / "two.xlsx", [HEADINGS, WANG, LI])
    with pytest.raises(PowerCutError):
        await import_people(
            desk.db, desk.vault, SYSTEM, tenant_id=desk.tenant_id, path=path, progress=progress
        )
    async with desk.db.tenant_tx(desk.tenant_id, SYSTEM) as tx:
        assert await people.persons(tx) == []
        assert await tx.connection.fetchval("select count(*) from ledger.account") == 0
    assert seen == [1]


async def test_two_imports_of_one_file_at_once_save_it_once(desk: Desk) -> None:
    path = xlsx(desk.directory / "two.xlsx", [HEADINGS, WANG, LI])
    outcomes = await asyncio.gather(
        *(import_people(desk.db, desk.vault, SYSTEM, tenant_id=desk.tenant_id, path=path) for _ in range(3))
    )
    assert sorted(outcome.plan.counts["new"] for outcome in outcomes) == [0, 0, 2]
    assert sorted(outcome.plan.counts["unchanged"] for outcome in outcomes) == [0, 2, 2]


async def test_an_english_tenant_reads_english_reasons(desk: Desk, vault: Vault) -> None:
    tenant_id = await tenants.create(desk.db, SYSTEM, code="1200", name="Lakeside Works", language="en")
    path = xlsx(desk.directory / "people.xlsx", [HEADINGS, WANG])
    outcome = await import_people(desk.db, vault, SYSTEM, tenant_id=tenant_id, path=path)
    expected = "account class “学生” does not exist; department “七年级1班” does not exist"
    assert sentence(outcome.plan.rows[0].reasons).read(outcome.language) == expected
