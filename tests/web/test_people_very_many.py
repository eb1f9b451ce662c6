"""What is done to very many people is a job: all of it as it was shown, or nothing."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from console_people import DIALOG, PATH, Enter, add, hidden
from stage import CLERK, Stage
from system_cast import ended, sheet

from onecard.base.db import SYSTEM, Database, Tx
from onecard.people import fields, persons
from onecard.people.model import FieldDraft, PersonState
from onecard.tenants.functions import F
from onecard.tenants.operators import roles
from onecard.tenants.operators.model import EVERYTHING

SCHOOL = 1
BLOCK = "select from people.department where tenant_id = $1 and id = $2 for update"
WAITING = """select exists (select from pg_stat_activity
 where datname = current_database() and wait_event_type = 'Lock')"""
HEARD = "select seen_at > $2 from jobs.job where tenant_id = 1 and id = $1"


@pytest.fixture
def three_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond two people the operator does not wait."""
    monkeypatch.setattr("onecard.web.kit.bulk.AT_ONCE_MOST", 2)


def states(stage: Stage, ids: list[int]) -> set[PersonState]:
    async def step(tx: Tx) -> set[PersonState]:
        return {(await persons.get(tx, each)).state for each in ids}

    return stage.in_school(step)


def departments_of(stage: Stage, ids: list[int]) -> list[str]:
    async def step(tx: Tx) -> list[str]:
        return [(await persons.get(tx, each)).department for each in ids]

    return stage.in_school(step)


def as_a_job(client: httpx.Client, action: str, form: dict[str, str]) -> str:
    """Carry an action out as its preview shows it; returns the address of the job."""
    seen = client.post(f"{PATH}/bulk/{action}", data=form | {"step": "preview"}, headers=DIALOG).text
    form = form | {name: hidden(seen, name) for name in ("token", "many")}
    answer = client.post(f"{PATH}/bulk/{action}/do", data=form, headers=DIALOG)
    assert answer.status_code == 204, answer.text
    return answer.headers["hx-redirect"]


@pytest.mark.usefixtures("three_are_many")
def test_more_people_than_one_waits_for_are_changed_by_a_job(stage: Stage, enter: Enter) -> None:
    ids, clerk = [add(stage, f"610{each}", f"冯{each}") for each in range(3)], enter("clerk")
    page = ended(clerk, as_a_job(clerk, "suspend", {"found": "q=610"}))
    assert "已变更 3 人" in page
    assert "停用：人员档案" in page
    assert states(stage, ids) == {PersonState.SUSPENDED}


@pytest.mark.usefixtures("three_are_many")
def test_the_job_does_nothing_that_was_not_shown(stage: Stage, enter: Enter) -> None:
    ids, clerk = [add(stage, f"620{each}", f"陈{each}") for each in range(3)], enter("clerk")
    form = {"found": "q=620"}
    seen = clerk.post(f"{PATH}/bulk/suspend", data=form, headers=DIALOG).text
    form |= {name: hidden(seen, name) for name in ("token", "many")}
    ids.append(add(stage, "6209", "陈九"))
    answer = clerk.post(f"{PATH}/bulk/suspend/do", data=form, headers=DIALOG)
    page = ended(clerk, answer.headers["hx-redirect"])
    assert "job-failed" in page
    assert "没有做任何改动" in page
    assert states(stage, ids) == {PersonState.ACTIVE}


def test_few_are_changed_at_once(stage: Stage, enter: Enter) -> None:
    add(stage, "6300", "褚一")
    seen = enter("clerk").post(f"{PATH}/bulk/suspend", data={"found": "q=6300"}, headers=DIALOG).text
    assert 'name="many" value=""' in seen


def test_a_long_export_has_each_column_once(
    stage: Stage, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onecard.web.kit.export.AT_ONCE_MOST", 0)

    async def own(tx: Tx) -> None:
        await fields.create(tx, FieldDraft(name="校车线路"))
        functions = CLERK | {F.PEOPLE_PERSON_EXPORT}
        await roles.set_grants(tx, stage.operators["clerk"], functions, by=EVERYTHING)

    stage.in_school(own)
    clerk = enter("clerk")
    job = clerk.post(f"{PATH}/export", params={"format": "xlsx"}).headers["location"]
    ended(clerk, job)
    heading = sheet(clerk.get(f"{job}/result"))[0]
    assert heading.count("校车线路") == 1
    assert len(heading) == len(set(heading))


async def until(db: Database, sql: str, *values: object) -> None:
    """Wait until the school's database says so."""
    async with asyncio.timeout(30):
        while True:
            async with db.tenant_tx(SCHOOL, SYSTEM) as tx:
                if await tx.connection.fetchval(sql, *values):
                    return
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("three_are_many")
def test_a_job_that_is_cancelled_half_way_has_changed_nobody(
    stage: Stage, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onecard.people.bulk._PORTION", 1)
    classes = ("七年级1班", "七年级2班", "七年级2班")
    ids = [add(stage, f"640{n}", f"卫{n}", name) for n, name in enumerate(classes)]
    admin, form = enter("admin"), {"lines": "七年级1班 → 行政\n七年级2班 → 高一年级"}

    async def cancelled(db: Database) -> str:
        async with db.tenant_tx(SCHOOL, SYSTEM) as tx:
            # the first of the three moves, the second waits for this row, the third is never looked at
            await tx.connection.execute(BLOCK, SCHOOL, stage.departments["高一年级"])
            job = await asyncio.to_thread(as_a_job, admin, "move-up", form)
            await until(db, WAITING)
            assert (await asyncio.to_thread(admin.post, f"{job}/cancel")).status_code == 303
            await until(db, HEARD, int(job.rpartition("/")[2]), datetime.now(UTC))
        return job

    page = ended(admin, stage.run(cancelled))
    assert "job-cancelled" in page
    assert departments_of(stage, ids) == list(classes)
