"""The pages of jobs: one's own for everybody, others' for who may, the card that fetches itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from stage import CLERK, Stage
from system_cast import ended, sheet

from onecard.base.db import Actor, Database, Tx, load_queries
from onecard.base.jobs import wording
from onecard.base.jobs.model import Upload
from onecard.desk.import_job import start_check
from onecard.tenants.functions import F
from onecard.tenants.operators import roles
from onecard.tenants.operators.model import EVERYTHING

Enter = Callable[[str], httpx.Client]
CARD = {"hx-request": "true", "hx-target": "article#job-1"}
UPLOAD = """编号,姓名,账户类型,部门名称
0017,王小明,学生,七年级1班
0018,李雨桐,学生,没有的部门
"""
_sql: Any = load_queries("onecard.base.jobs")


def grant(stage: Stage, *more: F) -> None:
    async def step(tx: Tx) -> None:
        await roles.set_grants(tx, stage.operators["clerk"], CLERK | frozenset(more), by=EVERYTHING)

    stage.in_school(step)


@pytest.fixture
def waiting(stage: Stage) -> str:
    """A job of the administrator that no worker has heard of."""
    asker = Actor("operator", stage.accounts["admin"])

    async def step(tx: Tx) -> int:
        job_id: int = await _sql.insert_job(
            tx.connection, tenant_id=tx.tenant_id, kind="list.export", title=wording.dump("长列表"),
            params="{}", asked_by=str(asker), asked_from="", keep_days=7,
        )  # fmt: skip
        return job_id

    return f"/jobs/{stage.in_school(step)}"


@pytest.fixture(scope="module")
def check(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The check of an import that the clerk asked for."""
    path: Path = tmp_path_factory.mktemp("upload") / "new.csv"
    path.write_text(UPLOAD, encoding="utf-8")

    async def start(db: Database) -> int:
        actor = Actor("operator", stage.accounts["clerk"])
        async with db.tenant_tx(stage.tenants["8672"], actor) as tx:
            file = Upload("新生.csv", "text/csv", path)
            return await start_check(tx, stage.vault, file, language="zh-CN", departments=None)

    return f"/jobs/{stage.run(start)}"


def test_everybody_finds_their_own(enter: Enter, check: str, waiting: str, stage: Stage) -> None:
    ended(enter("clerk"), check)
    grant(stage)
    for address in ("/jobs", "/jobs?of=everybody"):
        page = enter("clerk").get(address)
        assert page.status_code == 200
        assert "检查：新生.csv" in page.text or "新生.csv" in page.text
        assert "长列表" not in page.text
    assert httpx.get(f"{stage.url}/jobs").status_code == 303


def test_who_may_finds_everybodys(enter: Enter, check: str, waiting: str, stage: Stage) -> None:
    mine, everybodys = (enter("admin").get(f"/jobs{of}").text for of in ("", "?of=everybody"))
    assert "长列表" in mine
    assert "新生.csv" not in mine
    assert "新生.csv" in everybodys
    assert stage.accounts["clerk"] in everybodys
    assert "新生.csv" not in enter("stranger").get("/jobs?of=everybody").text


def test_a_job_is_hidden_from_those_it_does_not_concern(enter: Enter, waiting: str, stage: Stage) -> None:
    grant(stage)
    for who in ("clerk", "teacher", "stranger"):
        for address in (waiting, f"{waiting}/result"):
            assert enter(who).get(address).status_code == 404
        assert enter(who).post(f"{waiting}/cancel").status_code == 404
    assert enter("admin").get("/jobs/987654321").status_code == 404


def test_others_see_it_and_cancel_it_with_functions_of_their_own(
    enter: Enter, waiting: str, stage: Stage
) -> None:
    grant(stage, F.SYSTEM_JOB_VIEW)
    page = enter("clerk").get(waiting)
    assert page.status_code == 200
    assert "/cancel" not in page.text
    assert enter("clerk").post(f"{waiting}/cancel").status_code == 409
    grant(stage, F.SYSTEM_JOB_VIEW, F.SYSTEM_JOB_CANCEL)
    assert f"{waiting}/cancel" in enter("clerk").get(waiting).text
    assert enter("clerk").post(f"{waiting}/cancel").status_code == 303
    assert "job-cancelled" in enter("admin").get(waiting).text
    told = enter("admin").get("/system/audit", params={"function": F.SYSTEM_JOB_CANCEL.value}).text
    assert f"{waiting.rpartition('/')[2]} 长列表" in told


def test_the_card_fetches_itself_until_the_end(enter: Enter, waiting: str) -> None:
    admin = enter("admin")
    card = admin.get(waiting, headers=CARD).text
    assert card.lstrip().startswith("<article")
    assert f'hx-get="{waiting}"' in card
    assert f"onecard:job.{waiting.rsplit('/', 1)[1]}" in card
    assert admin.post(f"{waiting}/cancel", headers=CARD).status_code == 204
    card = admin.get(waiting, headers=CARD).text
    assert "hx-get" not in card
    assert "已取消" in card
    again = admin.post(f"{waiting}/cancel")
    assert again.status_code == 409
    assert "任务已经结束" in again.text


def test_an_import_shows_its_wrong_rows(enter: Enter, check: str) -> None:
    page = ended(enter("clerk"), check)
    assert "0018" in page
    assert "没有的部门" in page
    assert "王小明" not in page
    rows = sheet(enter("clerk").get(f"{check}/result"))
    assert any("没有的部门" in str(cell) for row in rows for cell in row)
    others = enter("admin").get(check).text
    assert "没有的部门" not in others
    assert enter("admin").get(f"{check}/result").status_code == 409


def test_english(enter: Enter, waiting: str) -> None:
    page = enter("admin").get(waiting, headers={"accept-language": "en"}).text
    assert "Waiting for its turn" not in page  # the operator's own language is Chinese
    other = httpx.Cookies({"onecard-language": "en"})
    cookie = enter("admin").headers["cookie"] + "; " + "; ".join(f"{k}={v}" for k, v in other.items())
    assert "Waiting for its turn" in enter("admin").get(waiting, headers={"cookie": cookie}).text
