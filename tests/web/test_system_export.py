"""Lists as files over HTTP: what is on the page is in the file, for those who may see it."""

import csv
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from stage import CLERK, Stage
from system_cast import DANGER, act, ended, file_name, job_of, sheet

from onecard.base.db import Actor, Database, Tx
from onecard.base.jobs import service as jobs
from onecard.base.texts import say
from onecard.tenants.functions import F
from onecard.tenants.operators import roles
from onecard.tenants.operators.model import EVERYTHING
from onecard.web.kit.export import LIST_EXPORT

Enter = Callable[[str], httpx.Client]
AUDIT = "/system/audit/export"
CLASSES = {"function": F.PEOPLE_CLASS_CHANGE.value}


@pytest.fixture(scope="module", autouse=True)
def long_audit(stage: Stage) -> None:
    """More entries of one kind than a request writes."""
    act(stage, "admin", 6000)


def grant(stage: Stage, who: str, *more: F) -> None:
    async def step(tx: Tx) -> None:
        await roles.set_grants(tx, stage.operators[who], CLERK | frozenset(more), by=EVERYTHING)

    stage.in_school(step)


def test_a_short_list_is_downloaded_as_it_is_seen(stage: Stage, enter: Enter) -> None:
    act(stage, "clerk", 3, subject="+1 甲班")
    answer = enter("admin").post(AUDIT, params={"q": "+1 甲", "sort": "number", "format": "xlsx"})
    heading, *rows = sheet(answer)
    assert file_name(answer).startswith("审计日志 20")
    assert file_name(answer).endswith(".xlsx")
    assert heading[:5] == ["序号", "时间", "操作人", "模块", "功能"]
    assert [row[6] for row in rows] == ["+1 甲班"] * 3
    assert {row[2] for row in rows} == {f"{stage.accounts['clerk']} 赵敏"}
    assert {(row[3], row[4]) for row in rows} == {("人员管理", "修改账户类型")}
    assert [row[7] for row in rows] == [f"工本费: 12.50 → 0.0{number}" for number in range(3)]


def test_csv_holds_no_formula(enter: Enter) -> None:
    answer = enter("admin").post(AUDIT, params={"q": DANGER, "format": "csv", "at_from": "2099-01-01"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:] == []
    answer = enter("admin").post(AUDIT, params={"q": "+1", "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {row["对象"] for row in rows} == {"'+1 甲班"}


def test_a_long_list_becomes_a_job(enter: Enter) -> None:
    admin = enter("admin")
    job = job_of(admin.post(AUDIT, params={**CLASSES, "q": DANGER, "sort": "number", "format": "xlsx"}))
    page = ended(admin, job)
    assert "已导出 6000 行" in page
    assert f"{job}/result" in page
    rows = sheet(admin.get(f"{job}/result"))[1:]
    assert len(rows) == 6000
    assert {row[6] for row in rows} == {DANGER}
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_the_job_is_for_whoever_asked(enter: Enter, stage: Stage) -> None:
    admin = enter("admin")
    job = job_of(admin.post(AUDIT, params=CLASSES))
    ended(admin, job)
    for who, status in (("clerk", 404), ("stranger", 404)):
        assert enter(who).get(job).status_code == status
        assert enter(who).get(f"{job}/result").status_code == status
    grant(stage, "clerk", F.SYSTEM_JOB_VIEW)
    assert enter("clerk").get(job).status_code == 200
    assert f"{job}/result" not in enter("clerk").get(job).text
    assert enter("clerk").get(f"{job}/result").status_code == 409


def test_rights_are_looked_at_again_when_the_job_runs(enter: Enter, stage: Stage) -> None:
    params: dict[str, Any] = {"screen": "/system/audit", "kind": "xlsx", "language": "en", "query": ""}
    params |= {
        "operator": stage.operators["clerk"],
        "departments": None,
        "functions": [F.SYSTEM_AUDIT_VIEW, F.SYSTEM_AUDIT_EXPORT],
    }

    async def start(db: Database) -> int:
        actor = Actor("operator", stage.accounts["clerk"])
        async with db.tenant_tx(stage.tenants["8672"], actor) as tx:
            return await jobs.start(tx, stage.vault, LIST_EXPORT, say("Export: {list}", list="x"), params)

    page = ended(enter("clerk"), f"/jobs/{stage.run(start)}")
    assert "job-failed" in page
    assert "您已没有导出此列表的权限" in page


def test_a_file_holds_only_what_its_reader_may_see(enter: Enter, stage: Stage) -> None:
    everybody = sheet(enter("admin").post("/access/operators/export"))
    assert len(everybody) > 3
    grant(stage, "teacher", F.ACCESS_OPERATOR_VIEW)
    seen = sheet(enter("teacher").post("/access/operators/export"))
    assert [row[0] for row in seen[1:]] == [stage.accounts["teacher"]]
    assert len(sheet(enter("stranger").post("/access/operators/export"))) == 2


def test_who_may_not_export_gets_nothing(enter: Enter, stage: Stage) -> None:
    assert enter("clerk").post(AUDIT).status_code == 403
    grant(stage, "clerk", F.SYSTEM_AUDIT_EXPORT)
    refused = enter("clerk").post(AUDIT)
    assert refused.status_code == 403
    assert "查看审计日志" in refused.text
    assert enter("admin").get(AUDIT).status_code == 404
    assert enter("admin").post(AUDIT, params={"at_from": "yesterday"}).status_code == 400


def test_the_export_itself_is_in_the_audit(enter: Enter) -> None:
    admin = enter("admin")
    admin.post(AUDIT, params={"q": "+1", "format": "csv"})
    newest = admin.get("/system/audit", params={"function": F.SYSTEM_AUDIT_EXPORT.value}).text
    assert "审计日志" in newest
    assert "行数" in newest
