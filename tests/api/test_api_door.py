"""Who gets in, what is asked of dangerous calls, and errors before any call is reached."""

import socket
from collections.abc import Callable

import httpx
from api_callers import Enter, caller
from stage import PASSWORD, Stage
from starlette.responses import JSONResponse

from onecard.base.db import SYSTEM, Database
from onecard.web.kit.security import UPLOAD_MOST, Doorkeeper

PROBLEM = "application/problem+json"
Program = Callable[..., httpx.Client]


def test_nobody_is_told_how_to_sign_in(stage: Stage) -> None:
    for headers in ({}, {"authorization": "Bearer oc_8672_1_" + "a" * 43}, {"authorization": "Basic YTpi"}):
        answer = httpx.get(f"{stage.url}/api/v1/roles", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == PROBLEM
        assert answer.headers["www-authenticate"] == "Bearer"
    assert httpx.get(f"{stage.url}/api/v1/openapi.json").status_code == 401


def test_a_missing_function_is_named(program: Program) -> None:
    answer = program("admin", "people:person:view").get("/api/v1/roles")
    assert (answer.status_code, answer.json()["function"]) == (403, "access:role:view")


def test_too_much_is_refused_in_words(stage: Stage) -> None:
    url = httpx.URL(stage.url)
    head = f"POST /api/v1/roles HTTP/1.1\r\nHost: a\r\nContent-Length: {UPLOAD_MOST + 1}\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = ""
        # head and body may come apart
        while not answer.endswith("}") and (more := connection.recv(4096)):
            answer += more.decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert PROBLEM in answer


def test_too_much_without_a_length_is_refused_too(program: Program) -> None:
    piece = b" " * 2**20
    answer = program("admin", "access:role:change").post(
        "/api/v1/roles", content=(piece for _ in range(UPLOAD_MOST // len(piece) + 2))
    )
    assert (answer.status_code, answer.headers["content-type"]) == (413, PROBLEM)


async def test_a_flood_is_told_when_to_come_back() -> None:
    door = Doorkeeper(JSONResponse({}), per_second=0.01, burst=2)
    transport = httpx.ASGITransport(app=door)
    headers = {"accept-language": "zh-CN"}
    async with httpx.AsyncClient(transport=transport, base_url="http://door", headers=headers) as client:
        answers = [await client.get("/api/v1/me") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    refused = answers[-1]
    assert refused.headers["content-type"] == PROBLEM
    assert int(refused.headers["retry-after"]) >= 1
    assert "频繁" in refused.json()["detail"]


def test_methods_of_an_address_are_told(enter: Enter) -> None:
    answer = enter("clerk").put("/api/v1/roles")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_fields_are_named_in_the_callers_language(program: Program) -> None:
    headers = {"accept-language": "zh-CN"}
    key = program("admin", "people:department:change")
    answer = key.post("/api/v1/departments", json={"name": 5, "x": 1}, headers=headers)
    assert answer.status_code == 422
    assert {each["pointer"]: each["detail"] for each in answer.json()["errors"]} == {
        "/name": "请填写文本。", "/x": "没有这个字段。"
    }  # fmt: skip


def test_a_department_that_an_operator_belongs_to_stays(stage: Stage, program: Program) -> None:
    key = program("admin", "people:department:change", "access:operator:change")
    department = stage.departments["行政"]
    body = {"name": "Porter", "department_id": department}
    assert key.post("/api/v1/operators", json=body).status_code == 201
    assert key.delete(f"/api/v1/departments/{department}").status_code == 409


def test_words_of_lists_are_no_yes(program: Program) -> None:
    key = program("admin", "access:operator:change")
    body = {"filter": {"all_departments": []}}
    assert key.post("/api/v1/operators/actions/disable", json=body).status_code == 422


def test_a_dangerous_call_asks_operators_to_confirm(stage: Stage, enter: Enter) -> None:
    admin = enter("admin")

    async def forget(db: Database) -> None:
        async with db.tenant_tx(stage.tenants["8672"], SYSTEM) as tx:
            query = "update tenants.session set confirmed_at = null where tenant_id = $1"
            await tx.connection.execute(query, tx.tenant_id)

    stage.run(forget)
    answer = admin.post("/api/v1/roles", json={"name": "Never"})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:onecard:problem:confirmation-needed")
    assert admin.post("/api/v1/me/confirmation", json={"password": "wrong"}).status_code == 403
    proof = admin.post("/api/v1/me/confirmation", json={"password": PASSWORD})
    cookies = "; ".join(f"{each.name}={each.value}" for each in proof.cookies.jar)
    with caller(stage, {"cookie": cookies, "origin": stage.url}) as fresh:
        assert fresh.post("/api/v1/roles", json={"name": "Now"}).status_code == 201
