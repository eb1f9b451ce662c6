"""The audit over HTTP: filters, differences in words, one entry, the proof."""

from collections.abc import Callable

import asyncpg
import httpx
import pytest
from stage import Stage
from system_cast import DANGER, act, ended, job_of

from onecard.tenants.functions import F
from onecard.web.pages.system import audit_proof

Enter = Callable[[str], httpx.Client]
PATH = "/system/audit"


@pytest.fixture(scope="module", autouse=True)
def deeds(stage: Stage) -> None:
    act(stage, "clerk", 2, subject="7 走读生")
    act(stage, "admin", 1, subject=DANGER)


def test_the_list_says_what_changed(enter: Enter) -> None:
    page = enter("admin").get(PATH, params={"q": "7 走读生"}).text
    assert page.count("data-row=") == 2
    for word in ("工本费", "12.50", "修改账户类型", "账户类型", "赵敏"):
        assert word in page
    assert "card_fee_fen" not in page


def test_filters(enter: Enter, stage: Stage) -> None:
    clerk = f"operator:{stage.accounts['clerk']}"
    for params, rows in (
        ({"actor": clerk, "area": "people"}, 2),
        ({"actor": clerk, "function": F.PEOPLE_PERSON_ERASE.value}, 0),
        ({"q": "走读"}, 2),
        ({"q": "7 走读生", "at_to": "2020-01-01"}, 0),
        ({"q": "7 走读生", "at_from": "2020-01-01"}, 2),
    ):
        page = enter("admin").get(PATH, params=params)
        assert page.status_code == 200, params
        assert page.text.count("data-row=") == rows, params
    assert enter("admin").get(PATH, params={"at_from": "x"}).status_code == 400


def test_one_entry(enter: Enter) -> None:
    page = enter("admin").get(PATH, params={"q": "7 走读生"}).text
    address = page.split('data-href="')[1].split('"')[0]
    entry = enter("admin").get(address)
    assert entry.status_code == 200
    for word in ("10.0.0.7", "people:class:change", "工本费", "12.50"):
        assert word in entry.text
    assert enter("admin").get(f"{PATH}/987654321").status_code == 404
    # the factory has an entry of this number, too, but not this one
    assert "7 走读生" not in enter("stranger").get(address).text


def test_markup_in_a_subject_stays_text(enter: Enter, stage: Stage) -> None:
    act(stage, "admin", 1, subject="<img src=x onerror=alert(1)>")
    page = enter("admin").get(PATH).text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_who_may_not_see_it(enter: Enter) -> None:
    for who in ("clerk", "teacher"):
        assert enter(who).get(PATH).status_code == 403
        assert enter(who).get(f"{PATH}/1").status_code == 403
        assert enter(who).post(f"{PATH}/verify").status_code == 403
    assert "7 走读生" not in enter("stranger").get(PATH).text


def test_a_long_audit_is_proven_by_a_job(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_proof, "AT_ONCE_MOST", 2)
    page = ended(enter("admin"), job_of(enter("admin").post(f"{PATH}/verify")))
    assert "job-done" in page
    assert "与写入时一致" in page


def test_the_proof_tells_a_change(enter: Enter, stage: Stage) -> None:
    proof = enter("admin").post(f"{PATH}/verify")
    assert proof.status_code == 200
    assert "与写入时一致" in proof.text

    async def forge(_db: object) -> None:
        owner = await asyncpg.connect(stage.logins.owner)
        try:
            await owner.execute("alter table audit.entry disable row level security")
            await owner.execute("alter table audit.entry no force row level security")
            done = await owner.execute("update audit.entry set subject = '7 教师' where subject = '7 走读生'")
            assert done == "UPDATE 2"
        finally:
            await owner.execute("alter table audit.entry enable row level security")
            await owner.execute("alter table audit.entry force row level security")
            await owner.close()

    stage.run(forge)
    proof = enter("admin").post(f"{PATH}/verify").text
    assert "在系统之外被改动过" in proof
    assert "2 处异常" in proof
