"""Which columns a list shows is chosen in a dialog and remembered by the browser; rights and exports stay."""

import re
from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest
from console_people import DIALOG, PATH, TABLE, Enter, add
from stage import CLERK, Stage

from onecard.base.db import Tx
from onecard.people import fields
from onecard.people.model import FieldDraft
from onecard.tenants.functions import F

CHOICE = f"{PATH}/columns"


@pytest.fixture(scope="module", autouse=True)
def people(stage: Stage) -> dict[str, int]:
    """One person, with what the school wants to know besides."""

    async def bus(tx: Tx) -> int:
        return await fields.create(tx, FieldDraft(name="校车线路"))

    field = stage.in_school(bus)
    person = add(stage, "1001", "李小明", email="li@example.org", custom={field: "三号线"})
    return {"field": field, "person": person}


def headings(page: str) -> list[str]:
    head = re.search(r"<thead>(.*?)</thead>", page, re.DOTALL)
    assert head is not None, page
    return [
        text
        for cell in re.findall(r"<th scope.*?</th>", head[1], re.DOTALL)
        if (text := re.sub(r"<[^>]+>", "", cell).strip())
    ]


def choose(client: httpx.Client, *names: str) -> tuple[str, Any]:
    """Send the dialog; returns the cookie as the browser sends it back, and its attributes."""
    answer = client.post(CHOICE, data={"columns": list(names)}, headers=DIALOG)
    assert answer.status_code == 204, answer.text
    morsel = SimpleCookie(answer.headers["set-cookie"])["onecard-columns"]
    return f"{morsel.key}={morsel.value}", morsel


def with_cookie(client: httpx.Client, cookie: str, path: str = PATH) -> str:
    cookies = f"{client.headers['cookie']}; {cookie}"
    return client.get(path, headers={**TABLE, "cookie": cookies}).text


def test_a_list_begins_with_its_usual_columns_and_offers_the_others(enter: Enter) -> None:
    admin = enter("admin")
    usual = headings(admin.get(PATH).text)
    assert {"姓名", "手机号", "状态"} <= set(usual)
    assert not {"电子邮箱", "校车线路"} & set(usual)
    form = admin.get(CHOICE, headers=DIALOG).text
    offered = dict(re.findall(r'name="columns" value="(\w+)"( checked)?', form))
    assert offered["phone"]
    assert offered["email"] == ""
    assert "pinyin" not in offered, "the name always stays"
    assert "department_id" not in offered, "that is for programs"


def test_what_was_chosen_is_shown_and_the_name_stays(enter: Enter, people: dict[str, int]) -> None:
    admin, own = enter("admin"), f"custom_{people['field']}"
    cookie, morsel = choose(admin, "email", "number", own, "department_id", "password")
    assert (morsel["path"], bool(morsel["httponly"]), morsel["samesite"]) == (PATH, True, "lax")
    part = with_cookie(admin, cookie)
    assert headings(part) == ["人员编号", "姓名", "电子邮箱", "校车线路"]
    assert "三号线" in part
    assert "li@example.org" in part
    assert f'href="{PATH}/{people["person"]}"' in part
    again = with_cookie(admin, cookie, CHOICE)
    assert set(re.findall(r'name="columns" value="(\w+)" checked', again)) == {"number", "email", own}


def test_whoever_wants_nothing_sees_the_name(enter: Enter) -> None:
    admin = enter("admin")
    cookie, _ = choose(admin)
    assert headings(with_cookie(admin, cookie)) == ["姓名"]


def test_a_column_that_needs_a_right_is_neither_offered_nor_shown(enter: Enter) -> None:
    assert F.PEOPLE_PHOTO_VIEW not in CLERK
    for who, seen in (("admin", True), ("clerk", False)):
        one = enter(who)
        assert ('value="photo"' in one.get(CHOICE, headers=DIALOG).text) is seen
        assert ("照片" in headings(with_cookie(one, "onecard-columns=.photo.number"))) is seen


@pytest.mark.parametrize("cookie", ["", "....", "x" * 3000, "number%00", '"number;'])
def test_a_spoilt_cookie_shows_a_list(enter: Enter, cookie: str) -> None:
    assert "姓名" in headings(with_cookie(enter("admin"), f"onecard-columns={cookie}"))


def test_back_to_usual(enter: Enter) -> None:
    answer = enter("admin").post(f"{CHOICE}/usual", headers=DIALOG)
    morsel = SimpleCookie(answer.headers["set-cookie"])["onecard-columns"]
    assert (morsel["path"], morsel["max-age"]) == (PATH, "0")


@pytest.mark.parametrize("path", ["/system/audit", "/jobs", "/access/operators", "/people/classes"])
def test_every_list_has_the_choice(enter: Enter, path: str) -> None:
    admin = enter("admin")
    assert f'href="{path}/columns"' in admin.get(path).text
    assert 'name="columns"' in admin.get(f"{path}/columns", headers=DIALOG).text
