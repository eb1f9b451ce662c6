"""The pages of sign-in through a provider, against the server of a provider's library."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from browser import sign_in_at
from front_door import CLERK, Door
from provider_process import running_provider

from onecard.base.db import SYSTEM
from onecard.base.vault import Vault
from onecard.tenants import oidc
from onecard.tenants.oidc import ProviderDraft, Providers
from onecard.web.app import create_app
from onecard.web.kit.assets import load_assets
from onecard.web.kit.hub import Hub
from onecard.web.services import Services

HOME = "https://card.school.example"
BACK = f"{HOME}/sign-in/back"
SECRET = "a secret: 100% & more+"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider() as address:
        yield address


@pytest.fixture
async def visitor(door: Door, vault: Vault, issuer: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at the school's console, which has a provider."""
    draft = ProviderDraft(issuer=issuer, client="card", secret=SECRET, label="统一认证")
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await oidc.save(tx, vault, draft)
    async with httpx.AsyncClient(trust_env=False) as http:
        services = Services(
            db=door.db, vault=vault, hub=Hub(), assets=load_assets(), version="0.1.0", schema="0019",
            public_url=HOME, providers=Providers(http),
        )  # fmt: skip
        there = httpx.ASGITransport(app=create_app(services), client=("10.0.0.7", 1))
        cookies = {"onecard-language": "en"}
        async with httpx.AsyncClient(transport=there, base_url=HOME, cookies=cookies) as client:
            yield client


async def test_there_and_back_to_where_one_wanted_to_go(visitor: httpx.AsyncClient) -> None:
    page = await visitor.get("/sign-in?tenant=8672&next=/account")
    assert "Sign in with 统一认证" in page.text
    there = await visitor.get("/sign-in/provider?tenant=8672&next=/account")
    answer = await sign_in_at(there.headers["location"], CLERK, BACK)
    back = await visitor.get("/sign-in/back", params=answer)
    assert (back.status_code, back.headers["location"]) == (303, "/account")
    assert CLERK in (await visitor.get("/account")).text


async def test_nobody_the_school_does_not_know(visitor: httpx.AsyncClient) -> None:
    there = await visitor.get("/sign-in/provider?tenant=8672&next=//evil.example")
    answer = await sign_in_at(there.headers["location"], "86729999", BACK)
    back = await visitor.get("/sign-in/back", params=answer)
    assert back.status_code == 422
    assert "86729999 is not an operator here" in back.text
    assert "evil" not in back.text


async def test_an_answer_needs_the_browser_that_asked(visitor: httpx.AsyncClient) -> None:
    there = await visitor.get("/sign-in/provider?tenant=8672")
    answer = await sign_in_at(there.headers["location"], CLERK, BACK)
    visitor.cookies.clear()
    back = await visitor.get("/sign-in/back", params=answer)
    assert back.status_code == 422
    assert (await visitor.get("/account")).status_code == 303
