"""The import as an operator has it: upload, look at the preview, decide, correct what came back, again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook
from sheets import HEADINGS, xlsx

from onecard.base.db import SYSTEM, Actor, Database
from onecard.base.embedded import Logins
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.jobs import service as jobs
from onecard.base.jobs.model import Job, Upload
from onecard.base.jobs.worker import Pace, Worker
from onecard.base.listing import Wish
from onecard.base.vault import Vault
from onecard.desk.examples import prepare_example_tenant
from onecard.desk.import_job import KINDS, start_check, start_import, template, wrong_rows
from onecard.desk.uploads import SheetError, Trouble
from onecard.people import service as people
from onecard.people.scope import Scope
from onecard.tenants.audit.lists import ENTRIES

LI, WANG = Actor("operator", "86720001", "10.0.0.7"), Actor("operator", "86720002")
GOOD = ["0017", "王小明", "学生", "七年级1班", "男", "11010519491231002X", "13800138000", "04A1B2C3"]
BAD = ["0018", "李雨桐", "学生", "没有的部门", "女", "", "1380013", ""]


class Office:
    """One operator at the import page."""

    def __init__(self, db: Database, vault: Vault, tenant_id: int, directory: Path) -> None:
        self.db, self.vault, self.tenant_id, self.directory = db, vault, tenant_id, directory
        self.scope: Scope = None

    async def check(self, *rows: list[object], name: str = "新生.xlsx") -> Job:
        path = xlsx(self.directory / "up.xlsx", [HEADINGS, *rows])
        return await self.check_file(path, name)

    async def check_file(self, path: Path, name: str) -> Job:
        file = Upload(name, "application/octet-stream", path)
        async with self.db.tenant_tx(self.tenant_id, LI) as tx:
            job_id = await start_check(tx, self.vault, file, language="zh-CN", departments=self.scope)
        return await self.ended(job_id)

    async def carry_out(self, check: Job, *, all_or_nothing: bool = False) -> Job:
        async with self.db.tenant_tx(self.tenant_id, LI) as tx:
            job_id = await start_import(
                tx, self.vault, check.id, all_or_nothing=all_or_nothing, departments=self.scope
            )
        return await self.ended(job_id)

    async def ended(self, job_id: int) -> Job:
        async with asyncio.timeout(60):
            while True:
                async with self.db.tenant_tx(self.tenant_id, LI) as tx:
                    if (found := await jobs.get(tx, job_id)).ended:
                        return found
                await asyncio.sleep(0.05)

    async def result(self, job: Job) -> Path:
        async with self.db.tenant_tx(self.tenant_id, LI) as tx:
            file, pieces = await jobs.result(tx, self.vault, job.id)
            content = b"".join([piece async for piece in pieces])
        path = self.directory / file.name
        path.write_bytes(content)
        return path

    async def people(self) -> list[str]:
        async with self.db.tenant_tx(self.tenant_id, LI) as tx:
            return [person.name for person in await people.persons(tx)]


@pytest.fixture
async def office(db: Database, vault: Vault, urls: Logins, tmp_path: Path) -> AsyncIterator[Office]:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    worker = Worker(db=db, vault=vault, url=urls.application, kinds=KINDS, pace=Pace(poll=0.1))
    await worker.start()
    yield Office(db, vault, tenant_id, tmp_path)
    await worker.stop()


async def test_the_preview_counts_and_saves_nothing(office: Office) -> None:
    check = await office.check(GOOD, BAD)
    assert check.outcome == {"new": 1, "changed": 0, "unchanged": 0, "wrong": 1}
    assert str(check.sentence) == "1 new, 0 changed, 0 unchanged, 1 wrong."
    assert await office.people() == []
    async with office.db.tenant_tx(office.tenant_id, LI) as tx:
        (wrong,) = wrong_rows(await jobs.detail(tx, office.vault, check.id))
    assert (wrong.row, wrong.number, wrong.name) == (3, "0018", "李雨桐")
    assert wrong.reason.read("zh-CN").startswith("手机号“1380013”无效")
    assert str(wrong.reason).endswith("; department “没有的部门” does not exist")


async def test_wrong_rows_come_back_are_corrected_and_imported(office: Office) -> None:
    check = await office.check(GOOD, BAD)
    first = await office.carry_out(check)
    assert (first.state, str(first.sentence)) == (
        "done", "Imported: 1 new, 0 changed, 0 unchanged. 1 wrong rows were left out.",
    )  # fmt: skip
    path = await office.result(first)
    assert path.name == "新生 错误数据.xlsx"
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert rows[0] == [*HEADINGS, "原行号", "原因"]
    assert rows[1][:4] + rows[1][8:9] == [*BAD[:4], "3"]
    book = openpyxl.load_workbook(path)
    book.active["D2"], book.active["G2"] = "七年级1班", "13800138001"
    book.save(path)
    again = await office.check_file(path, path.name)
    assert (await office.carry_out(again)).outcome["new"] == 1
    assert await office.people() == ["王小明", "李雨桐"]


async def test_all_or_nothing(office: Office) -> None:
    refused = await office.carry_out(await office.check(GOOD, BAD), all_or_nothing=True)
    assert refused.state == "failed"
    assert str(refused.sentence) == "Nothing was imported, because 1 row is wrong."
    assert refused.outcome["wrong"] == 1
    assert await office.people() == []


async def test_the_same_file_twice_changes_nothing_and_is_audited_once(office: Office) -> None:
    check = await office.check(GOOD)
    assert (await office.carry_out(check)).outcome["new"] == 1
    assert (await office.carry_out(check)).outcome["unchanged"] == 1
    async with office.db.tenant_tx(office.tenant_id, LI) as tx:
        rows = (await ENTRIES.page(tx, Wish())).rows
    (entry,) = [row for row in rows if row["function"] == "people:person:import"]
    assert (entry["actor"], entry["origin"], entry["subject"]) == ("operator:86720001", "10.0.0.7", "0017")
    assert "王小明" in entry["after"]
    assert not any(secret in entry["after"] for secret in ("110105", "13800138000"))


async def test_an_importer_of_one_department(office: Office) -> None:
    await office.carry_out(await office.check(GOOD))
    async with office.db.tenant_tx(office.tenant_id, SYSTEM) as tx:
        tree = await people.departments(tx)
    office.scope = tree.find("行政/教务处")
    mine = ["0020", "赵云", "教职工", "教务处", "", "", "", ""]
    elsewhere = ["0021", "张伟", "学生", "七年级1班", "", "", "", ""]
    check = await office.check(mine, elsewhere, [*GOOD[:3], "教务处"],
                               ["0022", "陈静", "教职工", "教务处", "", "", "13800138000"])  # fmt: skip
    async with office.db.tenant_tx(office.tenant_id, LI) as tx:
        wrong = wrong_rows(await jobs.detail(tx, office.vault, check.id))
    assert [row.reason.read("zh-CN") for row in wrong] == [
        "您无权向部门“七年级1班”导入人员",
        "该编号属于您无权管理的部门的人员",
        "该手机号属于您无权管理的部门的人员",
    ]
    assert (await office.carry_out(check)).outcome["new"] == 1


async def test_only_ones_own_checked_file_can_be_imported(office: Office) -> None:
    check = await office.check(GOOD)
    other: dict[str, Any] = {"all_or_nothing": False, "departments": None}
    async with office.db.tenant_tx(office.tenant_id, WANG) as tx:
        with pytest.raises(ConflictError, match="not checked"):
            await start_import(tx, office.vault, check.id, **other)
        with pytest.raises(NotFoundError):
            await start_import(tx, office.vault, check.id + 1000, **other)


async def test_a_refused_file_is_a_failed_check_with_its_sentence(office: Office) -> None:
    path = office.directory / "a.csv"
    path.write_bytes(b"a,b\0c\n")
    found = await office.check_file(path, "名单.csv")
    assert found.state == "failed"
    assert found.sentence is not None
    assert found.sentence.read("zh-CN").startswith("文件编码既非 UTF-8")
    with pytest.raises(SheetError) as refusal:
        await office.check_file(path, "名单.pdf")
    assert refusal.value.trouble is Trouble.WRONG_KIND


@pytest.mark.parametrize(
    ("language", "name"), [("zh-CN", "人员导入模板.xlsx"), ("en", "people to import.xlsx")]
)
async def test_the_template_filled_in_is_understood(office: Office, language: str, name: str) -> None:
    called, content = await template(language)
    assert called == name
    path = office.directory / "t.xlsx"
    path.write_bytes(content)
    book = openpyxl.load_workbook(path)
    book.active.append(GOOD)
    book.save(path)
    assert (await office.check_file(path, name)).outcome["new"] == 1
