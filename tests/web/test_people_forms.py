"""The form of a personnel file over HTTP: new, changed, wrong, changed by two at once."""

from console_people import DIALOG, PATH, RESIDENT, Enter, add, filled
from stage import Stage

from onecard.base.db import Tx
from onecard.people import fields, persons
from onecard.people.model import FieldDraft, FieldKind, PersonFile


def file_of(stage: Stage, number: str) -> PersonFile:
    async def step(tx: Tx) -> PersonFile:
        return await persons.get(tx, await persons.find(tx, number), vault=stage.vault)

    return stage.in_school(step)


def test_a_new_file_is_saved_with_an_account(stage: Stage, enter: Enter) -> None:
    clerk = enter("clerk")
    add(stage, "2000", "第一人")
    form = filled(
        clerk, f"{PATH}/{file_of(stage, '2000').id}/change", number="2001", name="周杰", version="0",
        id_number=RESIDENT, entered_on="2026-09-01",
    )  # fmt: skip
    answer = clerk.post(f"{PATH}/new", data=form, headers=DIALOG)
    assert answer.status_code == 204, answer.text
    made = file_of(stage, "2001")
    assert (made.name, made.id_number_masked) == ("周杰", f"1101**********{RESIDENT[-4:]}")
    page = clerk.get(f"{PATH}/{made.id}").text
    assert "自助余额" in page
    assert RESIDENT not in page


def test_what_is_wrong_is_told_at_its_field_and_nothing_is_saved(stage: Stage, enter: Enter) -> None:
    form = {"number": "", "name": "x", "phone": "12", "email": "no", "id_number": "110101199013078010"}
    answer = enter("clerk").post(f"{PATH}/new", data=form, headers=DIALOG)
    assert answer.status_code == 422
    for name, words in (
        ("number", "请填写"), ("department_id", "请填写"), ("phone", "手机号"), ("email", "邮箱"),
        ("id_number", "身份证"),
    ):  # fmt: skip
        told = answer.text.split(f'id="form-{name}-error"')[1].split("</p>")[0]
        assert words in told, (name, told)


def test_taken_numbers_and_phones_are_refused_in_words(stage: Stage, enter: Enter) -> None:
    add(stage, "2010", "赵一", phone="13900002010")
    clerk = enter("clerk")
    form = filled(clerk, f"{PATH}/{file_of(stage, '2010').id}/change", version="0")
    answer = clerk.post(f"{PATH}/new", data=form, headers=DIALOG)
    assert answer.status_code == 422
    assert "2010" in answer.text
    answer = clerk.post(f"{PATH}/new", data=form | {"number": "2011"}, headers=DIALOG)
    assert "13900002010" in answer.text


def test_the_number_is_fixed_and_an_empty_id_number_keeps_the_stored_one(stage: Stage, enter: Enter) -> None:
    key, clerk = add(stage, "2020", "赵二", id_number=RESIDENT), enter("clerk")
    page = clerk.get(f"{PATH}/{key}/change").text
    assert RESIDENT not in page
    assert 'name="number" value="2020" required aria-required="true" aria-describedby' in page
    form = filled(clerk, f"{PATH}/{key}/change", name="赵贰")
    assert clerk.post(f"{PATH}/{key}/change", data=form, headers=DIALOG).status_code == 204
    assert file_of(stage, "2020").id_number_masked.endswith(RESIDENT[-4:])
    refused = clerk.post(f"{PATH}/{key}/change", data=form | {"number": "9", "version": "2"}, headers=DIALOG)
    assert refused.status_code == 422
    assert file_of(stage, "2020").name == "赵贰"


def test_the_second_of_two_changes_is_told_that_somebody_was_first(stage: Stage, enter: Enter) -> None:
    key = add(stage, "2030", "赵三")
    mine = filled(enter("clerk"), f"{PATH}/{key}/change", name="赵叁")
    other = filled(enter("admin"), f"{PATH}/{key}/change", name="赵三三")
    assert enter("admin").post(f"{PATH}/{key}/change", data=other, headers=DIALOG).status_code == 204
    answer = enter("clerk").post(f"{PATH}/{key}/change", data=mine, headers=DIALOG)
    assert answer.status_code == 422
    assert "重新打开" in answer.text
    assert 'value="赵叁"' in answer.text
    assert file_of(stage, "2030").name == "赵三三"


def test_who_may_not_is_refused_and_who_is_elsewhere_finds_nobody(stage: Stage, enter: Enter) -> None:
    key = add(stage, "2040", "赵四", "高一年级")
    for who in ("teacher", "stranger"):
        client = enter(who)
        assert client.get(f"{PATH}/{key}").status_code == 404
        assert client.get(f"{PATH}/{key}/change").status_code == 404
        form = filled(enter("clerk"), f"{PATH}/{key}/change", name="x")
        assert client.post(f"{PATH}/{key}/change", data=form, headers=DIALOG).status_code == 404
    form = filled(enter("clerk"), f"{PATH}/{key}/change", number="2041")
    assert enter("teacher").post(f"{PATH}/new", data=form, headers=DIALOG).status_code in {404, 422}
    assert file_of(stage, "2040").name == "赵四"


def test_a_new_file_begins_in_the_department_the_list_shows(stage: Stage, enter: Enter) -> None:
    key, clerk = stage.departments["七年级1班"], enter("clerk")
    page = clerk.get(f"{PATH}?department={key}").text
    assert f'href="{PATH}/new?department_id={key}"' in page
    assert f'<option value="{key}" selected' in clerk.get(f"{PATH}/new?department_id={key}").text


def test_custom_fields_are_in_the_form_and_are_checked(stage: Stage, enter: Enter) -> None:
    async def define(tx: Tx) -> int:
        return await fields.create(tx, FieldDraft(name="宿舍号", kind=FieldKind.NUMBER))

    key, clerk = stage.in_school(define), enter("clerk")
    person = add(stage, "2050", "赵五")
    form = filled(clerk, f"{PATH}/{person}/change")
    assert f"custom_{key}" in form
    wrong = clerk.post(f"{PATH}/{person}/change", data=form | {f"custom_{key}": "一楼"}, headers=DIALOG)
    assert wrong.status_code == 422
    assert f'id="form-custom_{key}-error"' in wrong.text
    right = clerk.post(f"{PATH}/{person}/change", data=form | {f"custom_{key}": "312"}, headers=DIALOG)
    assert right.status_code == 204
    assert file_of(stage, "2050").custom == {key: "312"}
    assert "312" in clerk.get(f"{PATH}/{person}").text
