"""The console over HTTP: one running console for each file of tests, clients of the standing cast."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from callers import client, signed_in
from stage import Stage, raised

from onecard.base.pgserver import EmbeddedPostgres


@pytest.fixture(scope="module")
def stage(postgres: EmbeddedPostgres) -> Iterator[Stage]:
    """A console of this file's own."""
    with raised(postgres) as stage:
        yield stage


@pytest.fixture(scope="module")
def enter(stage: Stage) -> Iterator[Callable[[str], httpx.Client]]:
    """Signs somebody of the cast in; the same client when asked again."""
    clients: dict[str, httpx.Client] = {}

    def visitor(who: str) -> httpx.Client:
        if who not in clients:
            clients[who] = client(stage, signed_in(stage, who))
        return clients[who]

    yield visitor
    for each in clients.values():
        each.close()
