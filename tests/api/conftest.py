"""The API over HTTP: one running console for each file of tests, callers of the standing cast."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from api_callers import Enter, caller
from callers import signed_in
from stage import Stage, raised

from onecard.base.pgserver import EmbeddedPostgres


@pytest.fixture(scope="module")
def stage(postgres: EmbeddedPostgres) -> Iterator[Stage]:
    """A console of this file's own."""
    with raised(postgres) as stage:
        yield stage


@pytest.fixture(scope="module")
def enter(stage: Stage) -> Iterator[Enter]:
    """Signs somebody of the cast in; the same client when asked again, each from an address of its own."""
    clients: dict[str, httpx.Client] = {}

    def visitor(who: str) -> httpx.Client:
        if who not in clients:
            clients[who] = caller(stage, signed_in(stage, who))
        return clients[who]

    yield visitor
    for client in clients.values():
        client.close()


@pytest.fixture(scope="module")
def program(stage: Stage, enter: Enter) -> Iterator[Callable[..., httpx.Client]]:
    """Makes an API key of somebody with functions, and a client that sends it."""
    made: list[httpx.Client] = []

    def keyed(who: str, *functions: str) -> httpx.Client:
        draft = {"name": f"program {len(made)}", "functions": list(functions)}
        answer = enter(who).post("/api/v1/api-keys", json=draft)
        assert answer.status_code == 201, answer.text
        secret = answer.json()["secrets"][0]["value"]
        made.append(caller(stage, {"authorization": f"Bearer {secret}"}))
        return made[-1]

    yield keyed
    for client in made:
        client.close()
