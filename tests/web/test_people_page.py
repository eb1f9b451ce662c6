"""One person over HTTP: the page, revealing, suspending, leaving, coming back, erasing."""

import re
from datetime import date

from access_cast import grow_old
from console_people import DIALOG, PATH, RESIDENT, Enter, add
from stage import PASSWORD, Stage

from onecard.base.db import Tx
from onecard.base.listing import Wish
from onecard.people import persons
from onecard.tenants.audit.lists import ENTRIES
from onecard.tenants.functions import F


def state_of(stage: Stage, key: int) -> str:
    async def step(tx: Tx) -> str:
        return (await persons.get(tx, key)).state.value

    return stage.in_school(step)


def audited(stage: Stage, number: str, function: F) -> int:
    """How often the audit has a function of a person."""

    async def step(tx: Tx) -> int:
        rows = await ENTRIES.slice(tx, Wish(arguments={"search": number}), 0, 50)
        return sum(row["function"] == function for row in rows)

    return stage.in_school(step)


def test_the_page_tells_all_but_the_id_number(stage: Stage, enter: Enter) -> None:
    key = add(stage, "3001", "钱一", id_number=RESIDENT, phone="13900003001", entered_on=date(2026, 9, 1))
    page = enter("admin").get(f"{PATH}/{key}").text
    for words in ("钱一", "3001", "七年级1班", "13900003001", "2026-09-01", "自助余额", "最近变更"):
        assert words in page
    assert RESIDENT not in page
    assert "最近变更" not in enter("clerk").get(f"{PATH}/{key}").text


def test_the_id_number_is_shown_once_and_written_down(stage: Stage, enter: Enter) -> None:
    key = add(stage, "3010", "钱二", id_number=RESIDENT)
    answer = enter("admin").post(f"{PATH}/{key}/reveal", data={"note": "补办证件"}, headers=DIALOG)
    assert re.findall(r'id="secret-1" value="([^"]+)"', answer.text) == [RESIDENT]
    assert audited(stage, "3010", F.PEOPLE_PERSON_REVEAL) == 1
    assert enter("admin").get(f"{PATH}/{key}/reveal").text.count(RESIDENT) == 0
    assert enter("clerk").post(f"{PATH}/{key}/reveal", headers=DIALOG).status_code == 403
    assert "reveal" not in enter("clerk").get(f"{PATH}/{key}").text


def test_the_id_number_can_be_deleted(stage: Stage, enter: Enter) -> None:
    key, clerk = add(stage, "3020", "钱三", id_number=RESIDENT), enter("clerk")
    assert clerk.post(f"{PATH}/{key}/forget-id-number", headers=DIALOG).status_code == 204
    again = clerk.post(f"{PATH}/{key}/forget-id-number", headers=DIALOG)
    assert again.status_code == 422
    assert "forget-id-number" not in clerk.get(f"{PATH}/{key}").text


def test_suspended_and_resumed(stage: Stage, enter: Enter) -> None:
    key, clerk = add(stage, "3030", "钱四"), enter("clerk")
    assert clerk.post(f"{PATH}/{key}/suspend", data={"note": "调查"}, headers=DIALOG).status_code == 204
    assert state_of(stage, key) == "suspended"
    assert "停用" in clerk.get(f"{PATH}/{key}").text
    assert clerk.post(f"{PATH}/{key}/suspend", headers=DIALOG).status_code == 422
    assert clerk.post(f"{PATH}/{key}/resume", headers=DIALOG).status_code == 204
    assert state_of(stage, key) == "active"


def test_leaving_says_what_is_still_to_settle_and_erasing_comes_after(stage: Stage, enter: Enter) -> None:
    key, admin = add(stage, "3040", "钱五", phone="13900003040"), enter("admin")

    async def card(tx: Tx) -> None:
        await tx.connection.execute(
            "insert into cards.card (tenant_id, uid, person_id) values ($1, '04AABBCC', $2)",
            tx.tenant_id, key,
        )  # fmt: skip

    stage.in_school(card)
    assert "卡 04AABBCC 未退" in admin.get(f"{PATH}/{key}/leave").text
    assert admin.post(f"{PATH}/{key}/erase", headers=DIALOG).status_code == 422
    assert admin.post(f"{PATH}/{key}/leave", data={"on": "2026-07-01"}, headers=DIALOG).status_code == 204
    page = admin.get(f"{PATH}/{key}").text
    assert "2026-07-01" in page
    assert "卡 04AABBCC 未退" in page
    assert admin.post(f"{PATH}/{key}/come-back", headers=DIALOG).status_code == 204
    admin.post(f"{PATH}/{key}/leave", data={"on": "2026-07-02"}, headers=DIALOG)
    assert admin.post(f"{PATH}/{key}/erase", headers=DIALOG).status_code == 204
    page = admin.get(f"{PATH}/{key}").text
    assert "钱五" not in page
    assert "13900003040" not in page


def test_dangerous_actions_ask_for_the_password_again(stage: Stage, enter: Enter) -> None:
    key, admin = add(stage, "3050", "钱六"), enter("admin")
    grow_old(stage)
    form = {"on": "2026-07-01"}
    assert admin.post(f"{PATH}/{key}/leave", data=form, headers=DIALOG).status_code == 422
    wrong = admin.post(f"{PATH}/{key}/leave", data=form | {"confirm_password": "no"}, headers=DIALOG)
    assert wrong.status_code == 422
    assert state_of(stage, key) == "active"
    right = admin.post(f"{PATH}/{key}/leave", data=form | {"confirm_password": PASSWORD}, headers=DIALOG)
    assert right.status_code == 204
    assert state_of(stage, key) == "left"


def test_nobody_acts_on_people_they_do_not_see(stage: Stage, enter: Enter) -> None:
    key = add(stage, "3060", "钱七", "高一年级")
    for who in ("teacher", "stranger"):
        for action in ("suspend", "forget-id-number"):
            assert enter(who).get(f"{PATH}/{key}/{action}").status_code == 404
            assert enter(who).post(f"{PATH}/{key}/{action}", headers=DIALOG).status_code == 404
    assert enter("stranger").post(f"{PATH}/{key}/leave", data={"on": "2026-07-01"}).status_code == 404
    assert enter("clerk").post(f"{PATH}/{key}/leave", data={"on": "2026-07-01"}).status_code == 403
    assert state_of(stage, key) == "active"
