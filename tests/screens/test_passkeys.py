"""A passkey made and used in a real browser, whose authenticator is a virtual one."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from stage import PASSWORD, Stage

THERE = re.compile(r"^http://localhost:\d+/people/departments$")
TOUCHED = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def page(stage: Stage, browser: Browser) -> Iterator[Page]:
    """A window with an authenticator; passkeys need a name, so the console is called by one."""
    address = stage.url.replace("127.0.0.1", "localhost")
    context = browser.new_context(base_url=address, locale="en")
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": TOUCHED})
    yield page
    context.close()


def _first_step(page: Page, account: str) -> None:
    page.context.clear_cookies()
    page.goto("/sign-in")
    page.context.add_cookies([{"name": "onecard-language", "value": "en", "url": page.url}])
    page.goto("/sign-in?next=/people/departments")
    page.get_by_label("Account number").fill(account)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_a_passkey_is_made_and_opens_the_second_step(stage: Stage, page: Page) -> None:
    _first_step(page, stage.accounts["admin"])
    expect(page).to_have_url(THERE)
    page.goto("/account")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name of the passkey").fill("Desk")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.locator(".secret-codes li")).to_have_count(10)

    _first_step(page, stage.accounts["admin"])
    expect(page).to_have_title("Second step")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(THERE)
    page.goto("/account")
    expect(page.get_by_text("Desk")).to_be_visible()
