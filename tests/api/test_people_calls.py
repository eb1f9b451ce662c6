"""People over the API: files, photos, imports, exports, for programs with no more than they were given."""

import time
from collections.abc import Callable

import httpx
import pytest
from PIL import Image
from portraits import encoded, portrait
from stage import Stage

from onecard.base.db import Tx
from onecard.people import classes

Enter = Callable[[str], httpx.Client]
PEOPLE = "/api/v1/people"
FIT = encoded(portrait())


@pytest.fixture(scope="module")
def place(stage: Stage) -> dict[str, int]:
    """Department and class of new people."""

    async def first(tx: Tx) -> int:
        return (await classes.classes(tx))[0].id

    return {"department_id": stage.departments["七年级1班"], "class_id": stage.in_school(first)}


def made(client: httpx.Client, place: dict[str, int], number: str, **more: object) -> int:
    answer = client.post(PEOPLE, json={"number": number, "name": "韩梅梅", **place, **more})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_a_file_is_made_read_and_changed_on_its_version(enter: Enter, place: dict[str, int]) -> None:
    admin = enter("admin")
    key = made(admin, place, "A1", id_number="110101199003078013")
    file = admin.get(f"{PEOPLE}/{key}").json()
    assert (file["state"], file["department"], file["id_number_masked"]) == (
        "active", "七年级1班", "1101**********8013",
    )  # fmt: skip
    assert "110101199003078013" not in str(file)
    change = {"name": "韩雪", "version": file["version"]}
    assert admin.patch(f"{PEOPLE}/{key}", json=change).status_code == 204
    late = admin.patch(f"{PEOPLE}/{key}", json=change)
    assert late.status_code == 409
    assert admin.get(f"{PEOPLE}/{key}").json()["id_number_masked"] == "1101**********8013"
    assert admin.get(PEOPLE, params={"q": "hx"}).json()["items"][0]["name"] == "韩雪"


def test_wrong_fields_are_pointed_at(enter: Enter, place: dict[str, int]) -> None:
    answer = enter("admin").post(PEOPLE, json={"number": "A2", "name": "x", **place, "phone": "12"})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/phone"]


def test_photos_are_put_read_and_deleted(enter: Enter, place: dict[str, int]) -> None:
    admin = enter("admin")
    key = made(admin, place, "A3")
    first = admin.put(f"{PEOPLE}/{key}/photos/1", content=FIT)
    assert first.json() == {"stored": True, "findings": []}
    second = admin.put(f"{PEOPLE}/{key}/photos/2", content=encoded(Image.new("RGB", (900, 1200))))
    assert [each["name"] for each in second.json()["findings"]] == ["no_face"]
    assert [each["slot"] for each in admin.get(f"{PEOPLE}/{key}/photos").json()] == [1, 2]
    assert admin.get(f"{PEOPLE}/{key}/photos/1").content[:2] == b"\xff\xd8"
    assert admin.delete(f"{PEOPLE}/{key}/photos/2").status_code == 204
    assert admin.get(f"{PEOPLE}/{key}/photos/2").status_code == 404
    refused = admin.put(f"{PEOPLE}/{key}/photos/1", content=b"no picture")
    assert refused.status_code == 400
    assert refused.json()["detail"]


def test_a_table_is_checked_and_imported(enter: Enter) -> None:
    admin = enter("admin")
    table = "编号,姓名,账户类型,部门名称\nA41,雷一,学生,七年级1班\nA42,,学生,七年级1班\n".encode()
    check = admin.post(f"{PEOPLE}/imports", params={"name": "people.csv"}, content=table).json()["job"]
    assert _ended(admin, check)["outcome"] == {"new": 1, "changed": 0, "unchanged": 0, "wrong": 1}
    body = {"all_or_nothing": False}
    job = admin.post(f"{PEOPLE}/imports/{check}/carry-out", json=body).json()["job"]
    assert _ended(admin, job)["state"] == "done"
    assert [each["number"] for each in admin.get(PEOPLE, params={"q": "A4"}).json()["items"]] == ["A41"]
    wrong = admin.post(f"{PEOPLE}/imports", params={"name": "people.exe"}, content=b"x")
    assert wrong.status_code == 400


def _ended(client: httpx.Client, job: int) -> dict[str, object]:
    until = time.monotonic() + 30
    while (found := client.get(f"/api/v1/jobs/{job}").json())["state"] in {"queued", "running"}:
        assert time.monotonic() < until, found
        time.sleep(0.1)
    return found


def test_a_program_does_no_more_than_it_may(
    enter: Enter, program: Callable[..., httpx.Client], place: dict[str, int]
) -> None:
    key = made(enter("admin"), place, "A5")
    reader = program("admin", "people:person:view")
    assert reader.get(f"{PEOPLE}/{key}").status_code == 200
    assert reader.get(f"{PEOPLE}/{key}/photos").status_code == 403
    assert reader.put(f"{PEOPLE}/{key}/photos/1", content=FIT).status_code == 403
    assert reader.post(f"{PEOPLE}/imports", params={"name": "a.csv"}, content=b"x").status_code == 403
    assert reader.post(f"{PEOPLE}/{key}/suspend").status_code == 403
    stranger = enter("stranger")
    assert stranger.get(f"{PEOPLE}/{key}").status_code == 404
    assert stranger.put(f"{PEOPLE}/{key}/photos/1", content=FIT).status_code == 404
    assert stranger.delete(f"{PEOPLE}/{key}/photos/1").status_code == 404


def test_leaving_and_revealing_are_calls_too(enter: Enter, place: dict[str, int]) -> None:
    admin = enter("admin")
    key = made(admin, place, "A6", id_number="110101199003078013")
    shown = admin.post(f"{PEOPLE}/{key}/reveal", json={"note": "audit"}).json()
    assert [each["value"] for each in shown["secrets"]] == ["110101199003078013"]
    assert admin.post(f"{PEOPLE}/{key}/leave", json={"on": "2026-07-01"}).status_code == 200
    assert admin.get(f"{PEOPLE}/{key}").json()["state"] == "left"
    assert admin.post(f"{PEOPLE}/{key}/suspend", json={}).status_code == 409
