"""An institution that asks everybody for a second factor lets nobody pass who has none."""

import re
from dataclasses import replace

import pyotp
import pytest
from access_cast import Browser, signed_in
from stage import Stage

from onecard.base.db import Tx
from onecard.tenants.settings import service as settings
from onecard.tenants.settings.model import SecondFactor

PAGE = "/account/factors"


@pytest.fixture(autouse=True)
def everybody_needs_one(stage: Stage) -> None:
    """From now on."""

    async def step(tx: Tx) -> None:
        await settings.change(tx, replace(await settings.get(tx), second_factor=SecondFactor.EVERYBODY))

    stage.in_school(step)


def test_every_page_leads_to_the_one_where_a_factor_is_set_up(stage: Stage) -> None:
    browser = signed_in(stage, "admin")
    for path in ("/", "/people/persons", "/access/operators", "/account"):
        assert browser.get(path).headers["location"] == PAGE, path
    assert browser.post("/people/persons/export").headers["location"] == PAGE
    assert "Your institution asks everybody" in browser.get(PAGE).text


def test_who_has_set_one_up_goes_on_and_is_asked_for_it_from_then_on(stage: Stage) -> None:
    browser = signed_in(stage, "clerk")
    shown = browser.post(f"{PAGE}/app").text
    secret = re.search(r'id="totp-secret" value="([A-Z2-7 ]+)"', shown)
    assert secret is not None
    code = pyotp.TOTP(secret[1].replace(" ", "")).now()
    assert browser.post(f"{PAGE}/app/code", {"code": code}).status_code == 200
    assert browser.get("/people/persons").status_code == 200
    assert browser.get(PAGE).headers["location"] == "/account"
    assert Browser(stage).sign_in("clerk").headers["location"].startswith("/sign-in/factor")
