"""Every page and every call, asked by every kind of operator: who may gets in, who may not is refused.

The routes are read from the application itself. Nobody has to remember to add a new one here.
"""

from collections.abc import Iterator
from functools import cache
from itertools import cycle

import httpx
import pytest
from callers import door, signed_in
from stage import Stage

from onecard.base.db import SYSTEM, Database
from onecard.tenants.functions import Function
from onecard.tenants.operators.authority import authority
from onecard.web.api.app import api_router, calls
from onecard.web.kit.routes import Open, Page
from onecard.web.pages import pages

CAST = ("admin", "clerk", "teacher", "stranger")
CONFIRMED = "confirm_password"
NO_PAGES = {"/events", "/api/v1/openapi.json", "/api/docs"}  # the last two describe every call to everybody
Ask = tuple[str, str, Function | Open]


@cache
def asks() -> list[Ask]:
    """Method, address and right of every page and call."""
    found: list[Ask] = []
    for page in pages():
        assert isinstance(page, Page), page
        found += [(method, page.path, page.needs) for method in page.methods or ()]
    for call in calls(api_router()):
        word = str((call.openapi_extra or {})["x-onecard-function"])
        right = Function(word) if word in set(Function) else Open(word)
        found += [(method, call.path, right) for method in call.methods]
    return sorted({(method, path, right) for method, path, right in found if method != "HEAD"})


def address(path: str) -> str:
    """An address of the route, with ids that nobody has."""
    for part in [each for each in path.split("/") if each.startswith("{")]:
        path = path.replace(part, "987654321")
    return path


class FromManyAddresses(httpx.BaseTransport):
    """Asks from one loopback address after the other, so that none asks more often than it may."""

    def __init__(self) -> None:
        self._doors = [door(f"127.0.4.{number}") for number in range(1, 17)]
        self._turn = cycle(self._doors)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """From the next address."""
        return next(self._turn).handle_request(request)

    def close(self) -> None:
        """Close all connections."""
        for each in self._doors:
            each.close()


@pytest.fixture(scope="module")
def clients(stage: Stage) -> Iterator[dict[str, httpx.Client]]:
    visitors = {who: asker(stage, signed_in(stage, who)) for who in CAST}
    yield visitors
    for each in visitors.values():
        each.close()


def asker(stage: Stage, headers: dict[str, str] | None = None) -> httpx.Client:
    return httpx.Client(base_url=stage.url, headers=headers, timeout=30, transport=FromManyAddresses())


def functions_of(stage: Stage, who: str) -> frozenset[Function]:
    async def ask(db: Database) -> frozenset[Function]:
        async with db.tenant_tx(stage.tenants["1200" if who == "stranger" else "8672"], SYSTEM) as tx:
            return (await authority(tx, stage.operators[who])).functions

    return stage.run(ask)


@pytest.mark.parametrize("who", CAST)
def test_every_route_is_open_to_those_only_who_may(
    stage: Stage, clients: dict[str, httpx.Client], who: str
) -> None:
    functions, wrong = functions_of(stage, who), []
    for method, path, right in asks():
        if path in {"/sign-out", "/events"}:
            continue
        status = clients[who].request(method, address(path)).status_code
        may = isinstance(right, Open) or right in functions
        if status >= 500 or status == 429 or (status in {401, 403}) == may:
            wrong.append((method, path, right.value, status))
    assert wrong == []


def test_nobody_gets_nothing(stage: Stage) -> None:
    wrong = []
    with asker(stage) as nobody:
        for method, path, right in asks():
            if right is Open.ANYBODY:
                continue
            answer = nobody.request(method, address(path))
            to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
            if answer.status_code != 401 and not to_sign_in:
                wrong.append((method, path, answer.status_code))
    assert wrong == []


def test_other_sites_change_nothing(clients: dict[str, httpx.Client]) -> None:
    for method, path, _ in asks():
        if method in {"GET", "HEAD", "OPTIONS"}:
            continue
        for lie in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
            answer = clients["admin"].request(method, address(path), headers=lie)
            assert (path, answer.status_code) == (path, 403)


@pytest.mark.parametrize("who", CAST)
def test_what_may_not_be_done_is_not_on_the_page(
    stage: Stage, clients: dict[str, httpx.Client], who: str
) -> None:
    """No page an operator sees links to, or posts to, an address that would refuse him."""
    functions = functions_of(stage, who)
    closed = {
        path for method, path, right in asks()
        if isinstance(right, Function) and right not in functions and "{" not in path
        and not any(path == other and _may(r, functions) for _, other, r in asks())
    }  # fmt: skip
    shown = []
    for method, path, right in asks():
        if method == "GET" and "{" not in path and _may(right, functions) and path not in NO_PAGES:
            text = clients[who].get(path).text
            shown += [(path, other) for other in closed if f'"{other}"' in text or f'"{other}?' in text]
    assert shown == []


def _may(right: Function | Open, functions: frozenset[Function]) -> bool:
    return isinstance(right, Open) or right in functions
