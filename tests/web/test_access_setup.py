"""The first run over HTTP, on a database with nothing in it."""

from collections.abc import AsyncIterator
from datetime import time
from typing import Any

import httpx
import pytest

from onecard.base.db import SYSTEM, Database
from onecard.base.vault import Vault
from onecard.desk.new_tenant import open_tenant
from onecard.people import service as people
from onecard.tenants import service as tenants
from onecard.web.app import create_app
from onecard.web.kit.assets import load_assets
from onecard.web.kit.hub import Hub
from onecard.web.services import Services

CODE = "setup-code-of-this-test"
FORM = {
    "institution": "青松学校", "code": "8672", "language": "zh-CN", "currency": "CNY",
    "time_zone": "Asia/Shanghai", "day_cutoff": "04:00", "name": "王芳",
    "password": "violet anchor breakfast",
}  # fmt: skip


@pytest.fixture
async def visitor(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at an installation where nobody can sign in yet, over an encrypted connection."""
    services = Services(
        db=db, vault=Vault(bytes(32)), hub=Hub(), assets=load_assets(), version="0.1.0", schema="0019",
        setup_code=CODE,
    )  # fmt: skip
    door = httpx.ASGITransport(app=create_app(services), client=("10.0.0.7", 1))
    headers, base = {"origin": "https://console.test"}, "https://console.test"
    cookies = {"onecard-language": "en"}
    async with httpx.AsyncClient(transport=door, base_url=base, headers=headers, cookies=cookies) as client:
        yield client
    await services.providers.close()


async def _unlocked(visitor: httpx.AsyncClient) -> None:
    answer = await visitor.post("/setup", data={"code": CODE})
    assert answer.headers["location"] == "/setup/institution"


async def test_everything_leads_to_the_setup(visitor: httpx.AsyncClient) -> None:
    for path in ("/", "/sign-in", "/access/operators", "/account", "/sign-in/once"):
        assert (await visitor.get(path)).headers["location"] == "/setup", path
    assert "Welcome to OneCard" in (await visitor.get("/setup")).text


async def test_only_with_the_code(visitor: httpx.AsyncClient, db: Database) -> None:
    assert (await visitor.get("/setup/institution")).headers["location"] == "/setup"
    assert (await visitor.post("/setup/institution", data=FORM)).headers["location"] == "/setup"
    wrong = await visitor.post("/setup", data={"code": "guess"})
    assert wrong.status_code == 422
    assert "This is not the setup code." in wrong.text
    assert await tenants.routes(db, SYSTEM) == []


async def test_guessing_is_slowed_down(visitor: httpx.AsyncClient) -> None:
    for _ in range(10):
        await visitor.post("/setup", data={"code": "guess"})
    assert "Too many failed attempts" in (await visitor.post("/setup", data={"code": CODE})).text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"institution": ""}, "Fill this in."),
        ({"code": "86"}, "This is not written as it must be."),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"password": "password1"}, "easy to guess"),
    ],
)
async def test_wrong_input_makes_nothing(
    visitor: httpx.AsyncClient, db: Database, wrong: dict[str, Any], sentence: str
) -> None:
    await _unlocked(visitor)
    answer = await visitor.post("/setup/institution", data=FORM | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert await tenants.routes(db, SYSTEM) == []


async def test_an_institution_its_administrator_and_an_example(
    visitor: httpx.AsyncClient, db: Database
) -> None:
    await _unlocked(visitor)
    answer = await visitor.post("/setup/institution", data=FORM | {"example": "1"})
    assert answer.headers["location"] == "/setup/ready"
    assert "86729000" in (await visitor.get("/setup/ready")).text
    assert (await visitor.get("/access/operators")).status_code == 200
    route = await tenants.route(db, "8672", SYSTEM)
    async with db.tenant_tx(route.tenant_id, SYSTEM) as tx:
        assert (await tenants.get(tx)).day_cutoff == time(4)
        assert len(await people.persons(tx, most=1000)) == 500
    # and never again
    assert (await visitor.get("/setup")).headers["location"] == "/"
    later = await visitor.post("/setup/institution", data=FORM | {"code": "1200"})
    assert later.headers["location"] == "/"
    assert len(await tenants.routes(db, SYSTEM)) == 1


async def test_an_institution_a_shell_made_gets_its_administrator(
    visitor: httpx.AsyncClient, db: Database
) -> None:
    await open_tenant(db, SYSTEM, code="1200", name="Lakeside Works")
    await _unlocked(visitor)
    assert "1200 Lakeside Works" in (await visitor.get("/setup/institution")).text
    form = {"code": "1200", "name": "Mary Jones", "password": FORM["password"]}
    assert (await visitor.post("/setup/institution", data=form)).headers["location"] == "/setup/ready"
    assert "12009000" in (await visitor.get("/account")).text
