"""The description is whole, true to the screens, and keeps the names that programs were written with."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from api_callers import Enter
from stage import Stage

from onecard.tenants.functions import Function
from onecard.web.api.app import api_router, calls
from onecard.web.api.description import describe
from onecard.web.kit.needs import Open
from onecard.web.kit.problems import NAMES
from onecard.web.pages import screens

KNOWN = Path(__file__).with_name("calls.txt")
RIGHTS = {*map(str, Function), str(Open.SIGNED_IN)}


@pytest.fixture(scope="module", params=["en", "zh-CN"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return describe(calls(api_router(request.param)), request.param)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate(schema)


def test_every_screen_is_in_the_api(document: dict[str, Any]) -> None:
    """A screen of the console without calls is a screen somebody forgot."""
    paths = document["paths"]
    for screen in screens():
        assert screen.api, f"{screen.path} has no name in the API"
        here = f"/api/v1/{screen.api}"
        wanted = {("get", here): True, ("post", here): bool(screen.create)}
        wanted |= {
            ("patch", f"{here}/{{id}}"): bool(screen.save),
            ("delete", f"{here}/{{id}}"): bool(screen.remove),
        }
        wanted |= {("post", f"{here}/actions/{bulk.name}"): True for bulk in screen.bulk}
        missing = [call for call, wants in wanted.items() if wants and call[0] not in paths.get(call[1], {})]
        assert missing == []


def test_every_call_declares_its_right_its_ways_in_and_its_errors(document: dict[str, Any]) -> None:
    for call, operation in operations(document).items():
        assert operation["x-onecard-function"] in RIGHTS, call
        assert operation["security"] == [{"apiKey": []}, {"session": []}], call
        statuses = {str(status) for status, _ in NAMES.values()}
        assert statuses <= set(operation["responses"]), call
        for status in statuses:
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"], call


def test_names_of_calls_are_unique_and_kept(document: dict[str, Any]) -> None:
    """calls.txt is what programs were written with: lines may be added, none may change or go."""
    now = [
        f"{each['operationId']} {call} {each['x-onecard-function']}"
        for call, each in operations(document).items()
    ]
    assert len({line.split()[0] for line in now}) == len(now)
    assert sorted(KNOWN.read_text(encoding="utf-8").splitlines()) == sorted(now)


def test_each_call_has_a_page_in_both_languages(stage: Stage, enter: Enter) -> None:
    client = enter("admin")
    for line in KNOWN.read_text(encoding="utf-8").splitlines()[::9]:
        for language, word in (("zh-CN", "在线调试"), ("en", "Try it")):
            cookie = f"{client.headers['cookie']}; onecard-language={language}"
            answer = client.get(f"/api/docs/{line.split()[0]}", headers={"cookie": cookie})
            assert answer.status_code == 200, line
            assert word in answer.text, line
    unknown = "no_such_call"
    assert client.get(f"/api/docs/{unknown}").status_code == 404
