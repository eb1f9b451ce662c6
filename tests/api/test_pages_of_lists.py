"""Cursor pages: every row once whatever comes and goes meanwhile, in every order, and no foreign cursor."""

import base64
import json
from collections.abc import Callable

import httpx
import pytest
from api_callers import Enter

ROLES = "/api/v1/roles"


@pytest.fixture(scope="module")
def admin(enter: Enter) -> httpx.Client:
    client = enter("admin")
    for number in range(30):
        assert client.post(ROLES, json={"name": f"Group {number:02}"}).status_code == 201
    return client


def walk(
    client: httpx.Client, path: str, between: Callable[[int], None] = lambda _page: None, **asked: object
) -> list[dict[str, object]]:
    """All rows, page by page; `between` does something after each page."""
    rows: list[dict[str, object]] = []
    cursor, page = None, 0
    while page == 0 or cursor:
        params = {"limit": 7, **asked} | ({"cursor": cursor} if cursor else {})
        answer = client.get(path, params=params)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        rows += answer.json()["items"]
        cursor, page = answer.json()["next"], page + 1
        between(page)
    return rows


def test_rows_that_stay_come_once_while_others_come_and_go(admin: httpx.Client) -> None:
    before = walk(admin, ROLES, sort="name", q="Group")
    stay = [row["id"] for row in before if row["name"] not in {"Group 03", "Group 20"}]

    def stir(page: int) -> None:
        if page == 1:
            for row in before:
                if row["id"] not in stay:
                    assert admin.delete(f"{ROLES}/{row['id']}").status_code == 204
            for name in ("Group 00a", "Group 15a"):
                admin.post(ROLES, json={"name": name})

    seen = [row["id"] for row in walk(admin, ROLES, stir, sort="name", q="Group")]
    assert len(seen) == len(set(seen))
    assert [each for each in seen if each in stay] == stay


@pytest.mark.parametrize("sort", ["name", "-name", "remark", "-operators"])
def test_every_order_has_every_row(admin: httpx.Client, sort: str) -> None:
    everything = {row["id"] for row in admin.get(ROLES, params={"limit": 500}).json()["items"]}
    seen = [row["id"] for row in walk(admin, ROLES, sort=sort)]
    assert sorted(seen) == sorted(everything)  # type: ignore[type-var]


@pytest.mark.parametrize("sort", ["ends_on", "-ends_on", "signed_in_at", "-signed_in_at", "-locked"])
def test_rows_without_a_value_are_not_lost(admin: httpx.Client, sort: str) -> None:
    """Some operators never signed in, and few have a last day."""
    seen = [row["id"] for row in walk(admin, "/api/v1/operators", sort=sort, limit=1)]
    assert sorted(seen) == sorted(set(seen))  # type: ignore[type-var]
    assert len(seen) == len(admin.get("/api/v1/operators").json()["items"])


@pytest.mark.parametrize(
    "place", [["x", 10**30], [[], 1], [None], "x", [True, 2], ["a\0b", 1], ["\ud800", 1]]
)
def test_a_cursor_nobody_made_is_refused(admin: httpx.Client, place: object) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    answer = admin.get(ROLES, params={"cursor": cursor, "sort": "name"})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:onecard:problem:invalid")


def test_a_cursor_of_another_order_is_refused(admin: httpx.Client) -> None:
    cursor = admin.get(ROLES, params={"limit": 1, "sort": "name"}).json()["next"]
    assert admin.get(ROLES, params={"cursor": cursor, "sort": "operators"}).status_code == 400


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 501}, {"sort": "secret"}, {"what": "1"}])
def test_what_a_list_does_not_know_is_told(admin: httpx.Client, params: dict[str, object]) -> None:
    answer = admin.get(ROLES, params=params)  # type: ignore[arg-type]
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["in"] == "query"
