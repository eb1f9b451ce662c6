"""Functions that need two people, over HTTP: asked for by one, decided by another, carried out once."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from access_cast import DIALOG, Browser, grow_old, second_administrator, signed_in
from stage import PASSWORD, Stage

from onecard.tenants.functions import F
from onecard.tenants.settings import service as settings

ROLES = "/access/roles"


@pytest.fixture(autouse=True)
def two_people(stage: Stage) -> Iterator[None]:
    """Changing roles needs a second operator."""

    async def mark(tx: object, *functions: F) -> None:
        await settings.change(tx, replace(await settings.get(tx), approvals=frozenset(functions)))  # type: ignore[arg-type]

    stage.in_school(lambda tx: mark(tx, F.ACCESS_ROLE_CHANGE))
    yield
    stage.in_school(mark)


@pytest.fixture(scope="module")
def second(stage: Stage) -> Browser:
    """A second administrator at work."""
    return signed_in(stage, second_administrator(stage))


def _ask(browser: Browser, name: str) -> str:
    """Ask for a role; where the request is."""
    answer = browser.post(f"{ROLES}/new", {"name": name, "functions": F.PEOPLE_CLASS_VIEW}, DIALOG)
    assert answer.status_code == 200
    assert "A second operator has to approve this" in answer.text
    return "/access/approvals/" + answer.text.split("/access/approvals/")[1].split('"')[0]


def _roles(browser: Browser, name: str) -> set[str]:
    """Ids of the roles with a name."""
    return set(re.findall(rf"{ROLES}/(\d+)", browser.get(f"{ROLES}?q={name}").text))


def test_asked_approved_and_carried_out_once(stage: Stage, second: Browser) -> None:
    admin = signed_in(stage, "admin")
    request = _ask(admin, "出纳")
    assert _roles(admin, "出纳") == set()
    seen = second.get(request).text
    assert "Name: 出纳" in seen
    assert "View account classes" in seen
    assert admin.post(f"{request}/do", {}, DIALOG).status_code == 400
    assert second.post(f"{request}/approve", {"remark": "agreed"}, DIALOG).status_code == 204
    assert second.post(f"{request}/do", {}, DIALOG).status_code == 409
    assert _roles(admin, "出纳") == set()
    assert admin.post(f"{request}/do", {}, DIALOG).status_code == 204
    assert len(_roles(admin, "出纳")) == 1
    again = admin.post(f"{request}/do", {}, DIALOG)
    assert "was carried out already" in again.text
    assert "Carried out" in admin.get(request).text


def test_nobody_approves_what_he_asked_for(stage: Stage) -> None:
    admin = signed_in(stage, "admin")
    request = _ask(admin, "主管")
    assert f"{request}/approve" not in admin.get(request).text
    refused = admin.post(f"{request}/approve", {}, DIALOG)
    assert refused.status_code == 422
    assert "has to be decided by somebody else" in refused.text


def test_refused_or_withdrawn_is_never_carried_out(stage: Stage, second: Browser) -> None:
    admin = signed_in(stage, "admin")
    refused, withdrawn = _ask(admin, "甲"), _ask(admin, "乙")
    assert second.post(f"{refused}/refuse", {"remark": "no"}, DIALOG).status_code == 204
    assert admin.post(f"{withdrawn}/withdraw", {}, DIALOG).status_code == 204
    assert second.post(f"{withdrawn}/approve", {}, DIALOG).status_code == 422
    for request in (refused, withdrawn):
        assert admin.post(f"{request}/do", {}, DIALOG).status_code == 400
    assert _roles(admin, "甲") | _roles(admin, "乙") == set()


def test_what_cannot_succeed_is_told_at_once(stage: Stage) -> None:
    admin = signed_in(stage, "admin")
    name = "管理员"  # the built-in role's
    answer = admin.post(f"{ROLES}/new", {"name": name}, DIALOG)
    assert answer.status_code == 422
    assert "There is a role" in answer.text


def test_asking_and_doing_both_ask_for_the_password(stage: Stage, second: Browser) -> None:
    admin = signed_in(stage, "admin")
    request = _ask(admin, "复核")
    second.post(f"{request}/approve", {}, DIALOG)
    grow_old(stage)
    asked = admin.post(f"{ROLES}/new", {"name": "x"}, DIALOG)
    assert "Write your password." in asked.text
    done = admin.post(f"{request}/do", {}, DIALOG)
    assert "Write your password." in done.text
    assert admin.post(f"{request}/do", {"confirm_password": PASSWORD}, DIALOG).status_code == 204
    assert len(_roles(admin, "复核")) == 1


def test_the_password_is_not_kept(stage: Stage) -> None:
    admin = signed_in(stage, "admin")
    grow_old(stage)
    form = {"name": "保管", "confirm_password": PASSWORD}
    admin.post(f"{ROLES}/new", form, DIALOG)

    async def kept(tx: object) -> str:
        rows = await tx.connection.fetch("select payload from tenants.approval")  # type: ignore[attr-defined]
        return " ".join(row["payload"] for row in rows)

    payloads = stage.in_school(kept)
    assert "保管" in payloads
    assert PASSWORD not in payloads


def test_requests_are_seen_by_who_asked_and_who_may(stage: Stage) -> None:
    request = _ask(signed_in(stage, "admin"), "门卫")
    clerk = signed_in(stage, "clerk")
    assert clerk.get("/access/approvals").status_code == 403
    assert clerk.get(request).status_code == 404
    assert clerk.post(f"{request}/do", {}).status_code == 404
    assert clerk.post(f"{request}/approve", {}).status_code == 403
    stranger = signed_in(stage, "stranger")
    assert stranger.get(request).status_code == 404
    assert stranger.post(f"{request}/approve", {}).status_code == 404
    assert request in signed_in(stage, "admin").get("/account").text
