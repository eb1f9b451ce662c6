"""What is done to very many people is a job: all of it as it was shown, or nothing."""

import httpx
import pytest
from console_people import DIALOG, PATH, Enter, add, hidden
from stage import Stage
from system_cast import ended, sheet

from onecard.base.db import Tx
from onecard.people import fields, persons
from onecard.people.model import FieldDraft, PersonState
from onecard.tenants.functions import F
from onecard.tenants.operators import roles
from onecard.tenants.operators.model import EVERYTHING


@pytest.fixture
def three_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond two people the operator does not wait."""
    monkeypatch.setattr("onecard.web.kit.bulk.AT_ONCE_MOST", 2)


def states(stage: Stage, ids: list[int]) -> set[PersonState]:
    async def step(tx: Tx) -> set[PersonState]:
        return {(await persons.get(tx, each)).state for each in ids}

    return stage.in_school(step)


def suspended(client: httpx.Client, found: str) -> str:
    """Suspend whoever is found; returns the address of the job."""
    form = {"found": f"q={found}"}
    seen = client.post(f"{PATH}/bulk/suspend", data=form, headers=DIALOG).text
    form |= {name: hidden(seen, name) for name in ("token", "many")}
    answer = client.post(f"{PATH}/bulk/suspend/do", data=form, headers=DIALOG)
    assert answer.status_code == 204, answer.text
    return answer.headers["hx-redirect"]


@pytest.mark.usefixtures("three_are_many")
def test_more_people_than_one_waits_for_are_changed_by_a_job(stage: Stage, enter: Enter) -> None:
    ids, clerk = [add(stage, f"610{each}", f"冯{each}") for each in range(3)], enter("clerk")
    page = ended(clerk, suspended(clerk, "610"))
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
        await roles.set_grants(
            tx, stage.operators["clerk"], [F.PEOPLE_PERSON_VIEW, F.PEOPLE_PERSON_EXPORT], by=EVERYTHING
        )

    stage.in_school(own)
    clerk = enter("clerk")
    job = clerk.post(f"{PATH}/export", params={"format": "xlsx"}).headers["location"]
    ended(clerk, job)
    heading = sheet(clerk.get(f"{job}/result"))[0]
    assert heading.count("校车线路") == 1
    assert len(heading) == len(set(heading))
