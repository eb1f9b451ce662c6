"""Functions that need two people, asked for by programs: 202, then the same call with the approval."""

from collections.abc import Callable

import httpx
import pytest
from api_callers import Enter
from stage import PASSWORD, Stage

from onecard.base.db import Tx
from onecard.tenants.operators import roles
from onecard.tenants.operators.model import EVERYTHING

ROLES = "/api/v1/roles"
Program = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def second(stage: Stage, enter: Enter) -> httpx.Client:
    """Another administrator, who may approve; from now on roles need two people."""

    async def promote(tx: Tx) -> None:
        every = await roles.roles(tx)
        built_in = next(each.id for each in every if each.built_in)
        await roles.set_roles(tx, stage.operators["clerk"], [built_in], by=EVERYTHING)

    stage.in_school(promote)
    client = enter("clerk")
    assert client.post("/api/v1/me/confirmation", json={"password": PASSWORD}).status_code == 204
    settings = {"approvals": ["access:role:change"]}
    assert enter("admin").patch("/api/v1/enterprise", json=settings).status_code == 204
    return client


@pytest.fixture
def key(second: httpx.Client, program: Program) -> httpx.Client:
    return program("admin", "access:role:view", "access:role:change", "people:person:view")


def test_nothing_happens_until_somebody_else_approves(key: httpx.Client, enter: Enter, stage: Stage) -> None:
    asked = key.post(ROLES, json={"name": "Auditor"})
    assert asked.status_code == 202
    number = asked.json()["approval"]
    assert key.get(ROLES, params={"name": "Auditor"}).json()["items"] == []
    own = key.get(f"/api/v1/approvals/{number}").json()
    assert (own["state"], own["function"]) == ("asked", "access:role:change")
    early = key.post(ROLES, json={"name": "Auditor"}, headers={"onecard-approval": str(number)})
    assert early.status_code == 409


def _approved(key: httpx.Client, second: httpx.Client, body: dict[str, object]) -> str:
    number = key.post(ROLES, json=body).json()["approval"]
    headers = {"cookie": second.headers["cookie"]}
    answer = second.post(f"/api/v1/approvals/{number}/approve", json={"remark": "fine"}, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(number)


def test_the_same_call_with_the_approval_is_done_once(key: httpx.Client, second: httpx.Client) -> None:
    body: dict[str, object] = {"name": "Cook", "functions": ["people:person:view"]}
    headers = {"onecard-approval": _approved(key, second, body)}
    assert key.post(ROLES, json=body, headers=headers).status_code == 201
    assert key.post(ROLES, json=body, headers=headers).status_code == 409
    assert len(key.get(ROLES, params={"name": "Cook"}).json()["items"]) == 1


def test_an_approval_is_for_nothing_else(key: httpx.Client, second: httpx.Client) -> None:
    headers = {"onecard-approval": _approved(key, second, {"name": "Porter"})}
    more = {"name": "Porter", "functions": ["people:person:view"]}
    assert key.post(ROLES, json=more, headers=headers).status_code == 409
    assert key.get(ROLES, params={"name": "Porter"}).json()["items"] == []


def test_what_cannot_succeed_is_told_at_once(key: httpx.Client) -> None:
    assert key.delete(f"{ROLES}/987654321").status_code == 404
