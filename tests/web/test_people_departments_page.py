"""The form of a department over HTTP."""

from console_people import DIALOG, Enter, filled
from stage import Stage

PATH = "/people/departments"


def test_a_department_cannot_be_cut_off_from_the_tree(stage: Stage, enter: Enter) -> None:
    admin, key = enter("admin"), stage.departments["七年级1班"]
    form = filled(admin, f"{PATH}/{key}")
    assert form["parent_id"] == str(stage.departments["七年级"])
    answer = admin.post(f"{PATH}/{key}", data=form | {"parent_id": ""}, headers=DIALOG)
    assert (answer.status_code, "请选择“七年级1班”的上级部门" in answer.text) == (422, True)
    assert filled(admin, f"{PATH}/{key}")["parent_id"] == form["parent_id"]
