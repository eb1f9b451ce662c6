"""schemathesis asks the whole API all that its description allows, and more, as every kind of caller.

Each request goes out five times: as administrator, clerk, teacher of one grade, program with three functions,
and as the other institution's administrator. No answer may be a fault, differ from the description, or hold a
word of the other institution.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from api_callers import Enter
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from stage import Stage

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
KEYED = ("people:person:view", "people:department:view", "access:role:view")
# what changes who may do what comes last, so that what is before it is asked as everybody
LAST = ("confirm_me", "roles", "sessions", "operators", "change_enterprise")
SEEN = {"school": "青松", "factory": "Lakeside"}


@dataclass
class Caller:
    """Somebody who asks, and the word of the institution that must not be in any answer."""

    name: str
    session: requests.Session
    foreign: str


class _Door(HTTPAdapter):
    """From a loopback address of one's own, so that nobody is slowed down for another."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **more)


@pytest.fixture(scope="module")
def callers(stage: Stage, enter: Enter, program: Callable[..., httpx.Client]) -> Iterator[list[Caller]]:
    clients = {"program": program("admin", *KEYED)}
    for who in ("admin", "stranger"):
        _seed(enter(who), SEEN["factory" if who == "stranger" else "school"])
    clients |= {who: enter(who) for who in ("teacher", "clerk", "stranger", "admin")}
    made = []
    for place, (name, client) in enumerate(clients.items()):
        session = requests.Session()
        session.mount("http://", _Door(f"127.0.3.{place + 1}"))
        session.headers.update(
            {
                key: client.headers[key]
                for key in ("cookie", "origin", "authorization")
                if key in client.headers
            }
        )
        made.append(Caller(name, session, SEEN["school" if name == "stranger" else "factory"]))
    yield made
    for caller in made:
        caller.session.close()


def _seed(client: httpx.Client, word: str) -> None:
    """Something of everything, with the institution's word in it."""
    department = client.get("/api/v1/departments").json()["items"][0]["id"]
    group = client.get("/api/v1/account-classes").json()["items"][0]["id"]
    for path, body in {
        "departments": {"name": f"{word} D", "parent_id": department},
        "account-classes": {"number": 99, "name": f"{word} C"},
        "custom-fields": {"name": f"{word} F"},
        "roles": {"name": f"{word} R", "functions": ["people:person:view"]},
        "operators": {"name": f"{word} O", "all_departments": True},
        "api-keys": {"name": f"{word} K", "functions": ["people:person:view"]},
        "people": {
            "number": "70001", "name": f"{word} P", "department_id": department, "class_id": group,
        },
        "people/export": {},
    }.items():  # fmt: skip
        answer = client.post(f"/api/v1/{path}", json=body)
        assert answer.status_code < 300, (path, answer.text)


def _place(label: str, operation_id: str) -> tuple[int, str]:
    changes = not label.startswith("GET")
    late = [place for place, word in enumerate(LAST, 1) if changes and word in operation_id]
    return (max(late, default=0), operation_id)


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")  # schemathesis does, seeded
@pytest.mark.timeout(3600)
def test_no_caller_breaks_or_sees_through(
    stage: Stage, enter: Enter, callers: list[Caller], chaos_rounds: int
) -> None:
    document = enter("admin").get("/api/v1/openapi.json").json()
    found = [each.ok() for each in schemathesis.openapi.from_dict(document).get_all_operations()]
    found.sort(key=lambda each: _place(each.label, each.definition.raw["operationId"]))
    faults: dict[str, str] = {}
    for operation in found:
        _ask(stage, operation, callers, 3 * (1 + chaos_rounds), faults)
    assert not faults, "\n\n".join(f"{where}: {what}" for where, what in faults.items())


def _ask(stage: Stage, operation: Any, callers: list[Caller], examples: int, faults: dict[str, str]) -> None:
    real = st.sampled_from([{"id": number} for number in range(1, 9)])
    fitting = (
        real.flatmap(lambda path: operation.as_strategy(path_parameters=path))
        if "{id}" in operation.path
        else operation.as_strategy()
    )
    unfit = operation.as_strategy(GenerationMode.NEGATIVE)
    usual = settings(
        max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for strategy in (fitting, unfit):

        @seed(20261121)
        @usual
        @given(strategy)
        def ask(case: Any) -> None:
            for caller in callers:
                _once(stage, case, caller, faults)

        ask()


def _once(stage: Stage, case: Any, caller: Caller, faults: dict[str, str]) -> None:
    answer = case.call(base_url=stage.url, session=caller.session)
    text = answer.content.decode(errors="replace")
    for cookie in answer.headers.get("set-cookie", ()):
        caller.session.headers["cookie"] = cookie.split(";")[0]
    try:
        case.validate_response(answer, checks=CHECKS)
        assert caller.foreign not in text, text
    except (AssertionError, BaseExceptionGroup) as error:
        key = f"{case.operation.label} as {caller.name}: {answer.status_code}"
        faults.setdefault(key, f"{error} – {case.as_curl_command()} – {text[:400]}")
