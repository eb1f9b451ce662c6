"""The console over HTTP: one running console for each file of tests, clients of the standing cast."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from stage import PASSWORD, Stage, raised

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

    def signed_in(who: str) -> httpx.Client:
        if who not in clients:
            form = {"account": stage.accounts[who], "password": PASSWORD}
            answer = httpx.post(f"{stage.url}/sign-in", data=form)
            # cookies of a host are for encrypted connections; this is the same computer
            cookies = "; ".join(f"{each.name}={each.value}" for each in answer.cookies.jar)
            headers = {"cookie": cookies, "origin": stage.url}
            clients[who] = httpx.Client(base_url=stage.url, headers=headers, timeout=30)
        return clients[who]

    yield signed_in
    for client in clients.values():
        client.close()
