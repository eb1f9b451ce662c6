"""API keys and sessions of all operators, over HTTP."""

import re

import httpx
from access_cast import DIALOG, Browser, signed_in
from stage import Stage

from onecard.tenants.functions import F

KEYS, SESSIONS = "/access/api-keys", "/access/sessions"


def _make(browser: Browser, name: str, **more: str) -> str:
    form = {"name": name, "functions": F.PEOPLE_DEPARTMENT_VIEW} | more
    answer = browser.post(f"{KEYS}/new", form, DIALOG)
    found = re.search(r'value="(oc_[^"]+)"', answer.text)
    assert found is not None, answer.text
    return found[1]


def _uses(stage: Stage, key: str, what: str = "departments") -> int:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.get(f"{stage.url}/api/v1/{what}", headers=headers).status_code


def test_a_key_is_shown_once_and_works_until_it_is_revoked(stage: Stage) -> None:
    admin = signed_in(stage, "admin")
    key = _make(admin, "library")
    page = admin.get(KEYS).text
    assert "library" in page
    assert key not in page
    assert _uses(stage, key) == 200
    assert _uses(stage, key, "operators") == 403
    number = key.split("_")[2]
    assert "Revoke" in admin.post(f"{KEYS}/bulk/revoke", {"key": number}, DIALOG).text
    assert _uses(stage, key) == 200
    assert admin.post(f"{KEYS}/bulk/revoke/do", {"key": number}, DIALOG).status_code == 204
    assert _uses(stage, key) == 401


def test_wrong_keys_are_not_made(stage: Stage) -> None:
    admin = signed_in(stage, "admin")
    none = admin.post(f"{KEYS}/new", {"name": "nothing"}, DIALOG)
    assert (none.status_code, "at least one function" in none.text) == (422, True)
    past = {"name": "past", "ends_on": "2020-01-01", "functions": F.PEOPLE_DEPARTMENT_VIEW}
    assert "has to end in the future" in admin.post(f"{KEYS}/new", past, DIALOG).text
    decide = {"name": "decide", "functions": F.ACCESS_APPROVAL_DECIDE}
    assert "Programs cannot decide" in admin.post(f"{KEYS}/new", decide, DIALOG).text


def test_a_key_sees_the_department_it_was_made_for(stage: Stage) -> None:
    admin = signed_in(stage, "admin")
    key = _make(admin, "grade", department_id=str(stage.departments["七年级"]))
    rows = httpx.get(f"{stage.url}/api/v1/departments", headers={"authorization": f"Bearer {key}"}).json()
    assert {row["name"] for row in rows["items"]} == {"七年级", "七年级1班", "七年级2班"}


def test_keys_are_for_those_who_may(stage: Stage) -> None:
    clerk, stranger = signed_in(stage, "clerk"), signed_in(stage, "stranger")
    assert clerk.get(KEYS).status_code == 403
    assert clerk.post(f"{KEYS}/new", {"name": "x"}).status_code == 403
    key = _make(signed_in(stage, "admin"), "theirs")
    assert stranger.post(f"{KEYS}/bulk/revoke/do", {"key": key.split("_")[2]}).status_code == 404
    assert _uses(stage, key) == 200
    assert "theirs" not in stranger.get(KEYS).text


def test_sessions_of_others_are_ended(stage: Stage) -> None:
    admin, clerk = signed_in(stage, "admin"), signed_in(stage, "clerk")
    page = admin.get(f"{SESSIONS}?account={stage.accounts['clerk']}").text
    keys = re.findall(r'name="key" value="(\d+)"', page)
    assert keys
    assert clerk.get(SESSIONS).status_code == 403
    assert clerk.post(f"{SESSIONS}/bulk/end/do", {"key": keys[0]}).status_code == 403
    signed_in(stage, "stranger").post(f"{SESSIONS}/bulk/end/do", {"key": keys[0]})
    assert clerk.get("/account").status_code == 200
    for key in keys:
        assert admin.post(f"{SESSIONS}/bulk/end/do", {"key": key}, DIALOG).status_code == 204
    assert clerk.get("/account").status_code == 303


def test_ones_own_session_stays(stage: Stage) -> None:
    admin = signed_in(stage, "admin")
    everything = admin.post(f"{SESSIONS}/bulk/end/do", {"found": "?"}, DIALOG)
    assert everything.status_code == 204
    assert admin.get("/account").status_code == 200
