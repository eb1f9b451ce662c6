"""Calls that are sent again are done once: over the wire, against the same database."""

import threading
from collections.abc import Callable

import httpx
import pytest
from api_callers import Enter
from stage import Stage

from onecard.base.db import Tx
from onecard.tenants.functions import Function

ROLES = "/api/v1/roles"
Program = Callable[..., httpx.Client]


@pytest.fixture
def key(program: Program) -> httpx.Client:
    everything = [str(each) for each in Function if each is not Function.ACCESS_APPROVAL_DECIDE]
    return program("admin", *everything)


def _named(client: httpx.Client, name: str) -> int:
    return len(client.get(ROLES, params={"name": name}).json()["items"])


def test_the_same_call_is_done_once_and_answered_again(program: Program, key: httpx.Client) -> None:
    headers, body = {"idempotency-key": "first"}, {"name": "Cashier"}
    first, again = (key.post(ROLES, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotent-replay" not in first.headers
    assert again.headers["idempotent-replay"] == "true"
    assert _named(key, "Cashier") == 1


def test_an_answer_without_content_is_kept_too(key: httpx.Client) -> None:
    made = key.post(ROLES, json={"name": "Gone"}).json()["id"]
    statuses = [key.delete(f"{ROLES}/{made}", headers={"idempotency-key": "gone"}).status_code for _ in "ab"]
    assert statuses == [204, 204]
    assert key.delete(f"{ROLES}/{made}").status_code == 404


def test_another_content_with_the_same_key_is_refused(key: httpx.Client) -> None:
    headers = {"idempotency-key": "second"}
    assert key.post(ROLES, json={"name": "A1"}, headers=headers).status_code == 201
    other = key.post(ROLES, json={"name": "B1"}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (409, "urn:onecard:problem:key-reused")
    assert _named(key, "B1") == 0


def test_a_call_that_failed_can_be_sent_again(key: httpx.Client) -> None:
    headers = {"idempotency-key": "third"}
    made = key.post(ROLES, json={"name": "Taken"}).json()["id"]
    assert key.post(ROLES, json={"name": "Taken"}, headers=headers).status_code == 409
    key.delete(f"{ROLES}/{made}")
    assert key.post(ROLES, json={"name": "Taken"}, headers=headers).status_code == 201


def test_many_at_once_are_one(key: httpx.Client) -> None:
    answers: list[int] = []

    def send() -> None:
        answer = key.post(ROLES, json={"name": "Crowd"}, headers={"idempotency-key": "crowd"})
        answers.append(answer.status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) <= {201, 409}
    assert 201 in answers
    assert _named(key, "Crowd") == 1


def test_secrets_of_kept_answers_are_sealed(stage: Stage, key: httpx.Client) -> None:
    path = f"/api/v1/operators/{stage.operators['newcomer']}/password"
    first, again = (key.post(path, headers={"idempotency-key": "pw"}) for _ in range(2))
    secrets = {each["name"]: each["value"] for each in first.json()["secrets"]}
    assert again.json() == first.json()
    assert secrets["account-number"] == stage.accounts["newcomer"]

    async def bodies(tx: Tx) -> list[bytes]:
        query = "select body from tenants.idempotency where tenant_id = $1 and body is not null"
        return [row["body"] for row in await tx.connection.fetch(query, tx.tenant_id)]

    stored = stage.in_school(bodies)
    assert stored
    assert all(secrets["one-time-password"].encode() not in each for each in stored)


def test_keys_of_others_have_nothing_to_do_with_it(program: Program, enter: Enter, key: httpx.Client) -> None:
    other = program("admin", "access:role:view", "access:role:change")
    headers = {"idempotency-key": "shared"}
    assert key.post(ROLES, json={"name": "Mine"}, headers=headers).status_code == 201
    assert other.post(ROLES, json={"name": "Theirs"}, headers=headers).status_code == 201
    assert enter("stranger").post(ROLES, json={"name": "Far"}, headers=headers).status_code == 201
