"""Operators over HTTP: made, granted, helped; by whom, and by whom not."""

import re

from access_cast import DIALOG, Browser, grow_old, signed_in
from stage import PASSWORD, Stage

from onecard.tenants.functions import F

PATH = "/access/operators"
NEW = "violet anchor breakfast"


def _secrets(page: str) -> list[str]:
    return re.findall(r'id="secret-\d" value="([^"]+)"', page)


def _number(stage: Stage, account: str) -> str:
    page = signed_in(stage, "admin").get(f"{PATH}?q={account}").text
    found = re.search(rf"{PATH}/(\d+)", page)
    assert found is not None
    return found[1]


def test_an_operator_with_three_functions_sees_only_those(stage: Stage) -> None:
    functions = [F.PEOPLE_DEPARTMENT_VIEW, F.PEOPLE_CLASS_VIEW, F.ACCESS_ROLE_VIEW]
    admin = signed_in(stage, "admin")
    made = admin.post(f"{PATH}/new", {"name": "周杰", "all_departments": "1", "functions": functions}, DIALOG)
    account, password = _secrets(made.text)
    assert password not in admin.get(f"{PATH}?q={account}").text

    browser = Browser(stage)
    assert browser.sign_in(account, password).status_code == 303
    assert browser.get("/access/roles").headers["location"] == "/account/password"
    browser.post("/account/password", {"old": password, "new": NEW})
    page = browser.get("/access/roles").text
    assert set(re.findall(r'href="(/(?:people|access|system)/[a-z-]+)"', page)) == {
        "/people/departments", "/people/classes", "/access/roles",
    }  # fmt: skip
    assert "New role" not in page
    refused = browser.get(PATH)
    assert refused.status_code == 403
    assert "View operators" in refused.text
    assert browser.post("/access/roles/new", {"name": "x"}).status_code == 403


def test_wrong_input_stays_in_the_form(stage: Stage) -> None:
    answer = signed_in(stage, "admin").post(
        f"{PATH}/new", {"name": "", "ends_on": "soon", "functions": F.PEOPLE_CLASS_VIEW}, DIALOG
    )
    assert answer.status_code == 422
    assert "Fill this in." in answer.text
    assert "Write a date such as 2026-09-01." in answer.text
    assert f'value="{F.PEOPLE_CLASS_VIEW}" checked' in answer.text


def test_granting_asks_for_the_password(stage: Stage) -> None:
    admin, number = signed_in(stage, "admin"), _number(stage, stage.accounts["clerk"])
    grow_old(stage)
    form = {
        "name": "赵敏",
        "all_departments": "1",
        "functions": [F.PEOPLE_PERSON_VIEW, F.PEOPLE_PERSON_CHANGE],
    }
    page = admin.get(f"{PATH}/{number}/change", DIALOG).text
    assert 'name="confirm_password"' in page
    refused = admin.post(f"{PATH}/{number}/change", form, DIALOG)
    assert refused.status_code == 422
    assert "Write your password." in refused.text
    form["confirm_password"] = PASSWORD
    assert admin.post(f"{PATH}/{number}/change", form, DIALOG).status_code == 204
    assert "May use 2 functions" in admin.get(f"{PATH}/{number}").text


def test_who_may_not_grant_changes_only_the_rest(stage: Stage) -> None:
    admin = signed_in(stage, "admin")
    form = {
        "name": "钱进",
        "all_departments": "1",
        "functions": [F.ACCESS_OPERATOR_VIEW, F.ACCESS_OPERATOR_CHANGE],
    }
    account, password = _secrets(admin.post(f"{PATH}/new", form, DIALOG).text)
    helper = Browser(stage)
    helper.sign_in(account, password)
    helper.post("/account/password", {"old": password, "new": NEW})
    assert "Single functions" not in helper.get(f"{PATH}/new", DIALOG).text
    made = helper.post(
        f"{PATH}/new", {"name": "新人", "all_departments": "1", "functions": F.ACCESS_ROLE_CHANGE}, DIALOG
    )
    number = _number(stage, _secrets(made.text)[0])
    assert "May use 0 functions" in admin.get(f"{PATH}/{number}").text
    above = helper.post(f"{PATH}/{stage.operators['admin']}/disable", {}, DIALOG)
    assert "may do or see more than you" in above.text
    assert helper.post(f"{PATH}/{number}/password", {}, DIALOG).status_code == 403


def test_reset_password_link_and_disable(stage: Stage) -> None:
    admin = signed_in(stage, "admin")
    number = str(stage.operators["teacher"])
    password = _secrets(admin.post(f"{PATH}/{number}/password", {}, DIALOG).text)[1]
    browser = Browser(stage)
    assert browser.sign_in("teacher", password).status_code == 303
    link = _secrets(admin.post(f"{PATH}/{number}/link", {"minutes": "5"}, DIALOG).text)[0]
    assert link.startswith(f"{stage.url}/sign-in/once#")
    assert Browser(stage).post("/sign-in/once", {"code": link}).status_code == 303
    assert admin.post(f"{PATH}/{number}/disable", {}, DIALOG).status_code == 204
    assert browser.get("/account").status_code == 303
    refused = Browser(stage).sign_in("teacher", password)
    assert "This account is disabled." in refused.text
    assert admin.post(f"{PATH}/{number}/enable", {}, DIALOG).status_code == 204


def test_another_institutions_operators_do_not_exist(stage: Stage) -> None:
    stranger, number = signed_in(stage, "stranger"), stage.operators["clerk"]
    assert stranger.get(f"{PATH}/{number}").status_code == 404
    assert stranger.get(f"{PATH}/{number}/change").status_code == 404
    for action in ("password", "link", "unlock", "end-sessions", "reset-factors", "disable", "delete"):
        assert stranger.post(f"{PATH}/{number}/{action}", {"minutes": "5"}).status_code == 404, action
    assert stage.accounts["clerk"] not in stranger.get(PATH).text
    assert signed_in(stage, "clerk").get("/account").status_code == 200


def test_search_finds_operators_for_those_who_may_see_them(stage: Stage) -> None:
    assert f"{PATH}/{stage.operators['teacher']}" in signed_in(stage, "admin").get("/search?q=陈老师").text
    assert PATH not in signed_in(stage, "clerk").get("/search?q=陈老师").text
