"""What is done to many people over HTTP: filled, shown, done; not done when it would be something else."""

import httpx
import pytest
from console_people import DIALOG, PATH, Enter, add, hidden, numbers
from stage import Stage

from onecard.base.db import Tx
from onecard.people import persons
from onecard.people import service as people


def places(stage: Stage, *ids: int) -> list[str]:
    """Department and state of each."""

    async def step(tx: Tx) -> list[str]:
        found = [await persons.get(tx, each) for each in ids]
        return [f"{each.department} {each.state}" for each in found]

    return stage.in_school(step)


def steps(client: httpx.Client, action: str, chosen: dict[str, object], **typed: str) -> httpx.Response:
    """Fill in, look at the preview, carry it out."""
    form = chosen | typed
    seen = client.post(f"{PATH}/bulk/{action}", data=form | {"step": "preview"}, headers=DIALOG)
    assert seen.status_code == 200, seen.text
    done = form | {"token": hidden(seen.text, "token")}
    return client.post(f"{PATH}/bulk/{action}/do", data=done, headers=DIALOG)


def test_chosen_people_move_after_a_preview(stage: Stage, enter: Enter) -> None:
    one, two, admin = add(stage, "5001", "吴一"), add(stage, "5002", "吴二", "七年级2班"), enter("admin")
    target = str(stage.departments["七年级2班"])
    first = admin.post(f"{PATH}/bulk/move", data={"key": [one, two]}, headers=DIALOG)
    assert "已选择 2 行" in first.text
    form = {"key": [one, two], "department_id": target}
    seen = admin.post(f"{PATH}/bulk/move", data=form | {"step": "preview"}, headers=DIALOG)
    assert "将变更 1 人" in seen.text
    assert "吴二" in seen.text.split('class="refused"')[1]
    assert places(stage, one) == ["七年级1班 active"]
    assert steps(admin, "move", {"key": [one, two]}, department_id=target).status_code == 204
    assert places(stage, one, two) == ["七年级2班 active", "七年级2班 active"]


def test_what_is_not_as_it_was_shown_is_not_done(stage: Stage, enter: Enter) -> None:
    one, admin = add(stage, "5010", "吴三"), enter("admin")
    form = {"key": one, "department_id": str(stage.departments["高一年级"])}
    seen = admin.post(f"{PATH}/bulk/move", data=form | {"step": "preview"}, headers=DIALOG)
    form["token"] = hidden(seen.text, "token")
    steps(admin, "move", {"key": one}, department_id=str(stage.departments["行政"]))
    late = admin.post(f"{PATH}/bulk/move/do", data=form, headers=DIALOG)
    assert late.status_code == 422
    assert places(stage, one) == ["行政 active"]


def test_everybody_who_is_found_is_suspended_and_resumed(stage: Stage, enter: Enter) -> None:
    ids, clerk = [add(stage, f"502{each}", f"郑{each}") for each in range(3)], enter("clerk")
    for action, state in (("suspend", "suspended"), ("resume", "active")):
        assert steps(clerk, action, {"found": "q=502"}).status_code == 204
        assert places(stage, *ids) == [f"七年级1班 {state}"] * 3


def test_classes_move_up_as_their_names_say(stage: Stage, enter: Enter) -> None:
    async def next_year(tx: Tx) -> None:
        for name in ("1班", "2班"):
            await people.ensure_department(tx, f"初中部/八年级/八年级{name}")

    stage.in_school(next_year)
    one, admin = add(stage, "5030", "吴四"), enter("admin")
    page = admin.get(f"{PATH}/bulk/move-up", headers=DIALOG).text
    lines = page.split("<textarea")[1].split(">", 1)[1].split("</textarea>")[0]
    assert "初中部/七年级/七年级1班 → 初中部/八年级/八年级1班" in lines
    assert "行政" not in lines
    assert steps(admin, "move-up", {}, lines=lines).status_code == 204
    assert places(stage, one) == ["八年级1班 active"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("七年级1班", "第 1 行"),
        ("七年级1班 → 月球班", "月球班"),
        ("行政 → 行政", "自己"),
        ("行政 → 七年级\n行政 → 高中部", "第 2 行"),
        ("", "请填写此项"),
    ],
)
def test_wrong_lines_are_told(enter: Enter, lines: str, words: str) -> None:
    form = {"lines": lines, "step": "preview"}
    answer = enter("admin").post(f"{PATH}/bulk/move-up", data=form, headers=DIALOG)
    assert answer.status_code == 422
    assert words in answer.text


def test_a_year_group_graduates(stage: Stage, enter: Enter) -> None:
    one, admin = add(stage, "5040", "吴五", "高一年级"), enter("admin")
    form = {"department_id": str(stage.departments["高一年级"]), "on": "2026-06-30"}
    assert steps(admin, "graduate", {}, **form).status_code == 204
    assert places(stage, one) == ["高一年级 left"]
    assert "5040" not in numbers(admin.get(PATH).text)


def test_nobody_moves_people_they_do_not_see_or_without_the_function(stage: Stage, enter: Enter) -> None:
    one = add(stage, "5050", "吴六", "行政")
    teacher = enter("teacher")
    assert teacher.post(f"{PATH}/bulk/suspend", data={"key": one}, headers=DIALOG).status_code == 404
    assert teacher.post(f"{PATH}/bulk/suspend/do", data={"key": one}, headers=DIALOG).status_code == 404
    assert enter("stranger").post(f"{PATH}/bulk/move", data={"key": one, "department_id": "1"} | {
        "step": "preview"}, headers=DIALOG).status_code == 404  # fmt: skip
    assert enter("clerk").post(f"{PATH}/bulk/move", data={"key": one}, headers=DIALOG).status_code == 403
    assert places(stage, one) == ["行政 active"]
    assert enter("admin").post(f"{PATH}/bulk/move", data={}, headers=DIALOG).status_code == 400
