"""The list of people over HTTP: tree, search, filters, who sees whom, files."""

import io
from datetime import date

import pytest
from console_people import PATH, TABLE, Enter, add, numbers
from python_calamine import CalamineWorkbook
from stage import Stage

from onecard.base.db import Tx
from onecard.desk import personnel
from onecard.people import fields, persons
from onecard.people.model import FieldDraft, FileDraft


@pytest.fixture(scope="module", autouse=True)
def people(stage: Stage) -> dict[str, int]:
    """Four people in three places, one of whom has left."""
    ids = {
        "1001": add(stage, "1001", "李小明", phone="13800000001"),
        "1002": add(stage, "1002", "王芳", "七年级2班"),
        "1003": add(stage, "1003", "李晓梅", "高一年级"),
        "1004": add(stage, "1004", "赵强", "行政"),
    }

    async def leave(tx: Tx) -> None:
        await personnel.leave(tx, [ids["1004"]], on=date(2026, 7, 1))

    stage.in_school(leave)
    return ids


def test_the_list_shows_who_is_here_with_the_tree_and_its_counts(stage: Stage, enter: Enter) -> None:
    page = enter("admin").get(PATH).text
    assert numbers(page) == ["1001", "1002", "1003"]
    assert 'role="tree"' in page
    seven = stage.departments["七年级"]
    assert f'href="{PATH}?department={seven}"' in page
    assert '<span class="tree-label">七年级</span><span class="tree-count">2</span>' in page


def test_a_department_is_shown_with_those_below_it(stage: Stage, enter: Enter) -> None:
    page = enter("admin").get(f"{PATH}?department={stage.departments['七年级']}").text
    assert numbers(page) == ["1001", "1002"]


@pytest.mark.parametrize("typed", ["lxm", "李", "1001", "138000"])
def test_people_are_found_by_initials_name_number_and_phone(enter: Enter, typed: str) -> None:
    part = enter("admin").get(PATH, params={"q": typed}, headers=TABLE).text
    assert "1001" in numbers(part)
    assert "1002" not in numbers(part)
    assert "<html" not in part


def test_who_has_left_is_found_by_search_and_by_filter(enter: Enter) -> None:
    admin = enter("admin")
    assert numbers(admin.get(f"{PATH}?q=1004").text) == ["1004"]
    assert numbers(admin.get(f"{PATH}?state=left").text) == ["1004"]


def test_account_classes_are_filtered_by_name(stage: Stage, enter: Enter) -> None:
    async def first(tx: Tx) -> int:
        return (await persons.get(tx, await persons.find(tx, "1001"))).class_id

    admin, key = enter("admin"), stage.in_school(first)
    page = admin.get(f"{PATH}?class_id={key}").text
    assert numbers(page) == ["1001", "1002", "1003"]
    assert "账户类型: <strong>学生</strong>" in page
    assert numbers(admin.get(f"{PATH}?class_id={key + 99}").text) == []


def test_a_teacher_sees_one_year_and_a_stranger_nobody(enter: Enter) -> None:
    assert numbers(enter("teacher").get(PATH).text) == ["1001", "1002"]
    assert numbers(enter("teacher").get(f"{PATH}?q=lxm").text) == ["1001"]
    assert "李小明" not in enter("stranger").get(f"{PATH}?q=1001").text


def test_a_wrong_department_shows_nobody_and_a_wrong_filter_says_so(enter: Enter) -> None:
    admin = enter("admin")
    assert numbers(admin.get(f"{PATH}?department=99999").text) == []
    assert numbers(admin.get(f"{PATH}?department=abc").text) == ["1001", "1002", "1003"]
    wrong = admin.get(f"{PATH}?entered_on_from=yesterday")
    assert wrong.status_code == 400
    assert "入职/入学日期" in wrong.text


def test_the_file_has_custom_fields_and_the_list_as_it_is_found(stage: Stage, enter: Enter) -> None:
    async def locker(tx: Tx) -> None:
        key, file = await fields.create(tx, FieldDraft(name="储物柜")), await persons.find(tx, "1001")
        old = await persons.get(tx, file)
        draft = FileDraft(number="1001", name=old.name, department_id=old.department_id,
                          class_id=old.class_id, phone=old.phone, custom={key: "A12"})  # fmt: skip
        await persons.change(tx, stage.vault, file, draft, version=old.version)

    stage.in_school(locker)
    answer = enter("admin").post(f"{PATH}/export?format=xlsx&q=李")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[0][-1] == "储物柜"
    assert [(row[0], row[-1]) for row in rows[1:]] == [("1001", "A12"), ("1003", "")]
    assert enter("clerk").post(f"{PATH}/export?format=xlsx").status_code == 403


def test_the_global_search_leads_to_the_person(enter: Enter, people: dict[str, int]) -> None:
    page = enter("admin").get("/search?q=wf").text
    assert f'href="{PATH}/{people["1002"]}"' in page
    assert "王芳" not in enter("stranger").get("/search?q=wf").text
