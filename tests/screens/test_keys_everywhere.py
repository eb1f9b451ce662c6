"""Keys on every screen: dialogs give the focus back, Tab reaches everything and is never caught."""

import pytest
from playwright.sync_api import Page, expect
from visitors import Visitors

DIALOGS = [
    "/people/persons", "/people/departments", "/people/classes", "/people/fields",
    "/access/operators", "/access/roles", "/access/api-keys",
]  # fmt: skip
SCREENS = [
    *DIALOGS,
    "/people/import",
    "/access/approvals",
    "/access/sessions",
    "/system/audit",
    "/jobs",
    "/account",
]
WHERE = """() => {
    const at = document.activeElement
    return at === document.body ? null : [...document.querySelectorAll('*')].indexOf(at)
}"""
# what can be seen and used, menus that are closed left out; of radio buttons one is reached by Tab
USABLE = """() => {
    const kinds = ['a[href]', 'button', 'input', 'select', 'summary']
    const seen = (each) => each.checkVisibility({ visibilityProperty: true })
    return [...document.querySelectorAll(kinds.map((each) => `main ${each}`))]
        .filter((each) => seen(each) && !each.disabled && each.tabIndex >= 0 && each.type !== 'radio')
        .map((each) => [...document.querySelectorAll('*')].indexOf(each))
}"""
TABS_MOST = 300


def at(visitors: Visitors, path: str) -> Page:
    page = visitors.window("admin")
    page.goto(visitors.stage.url + path)
    return page


@pytest.mark.parametrize("path", DIALOGS)
def test_a_dialog_begins_in_its_first_field_and_gives_the_focus_back(visitors: Visitors, path: str) -> None:
    page = at(visitors, path)
    opener = page.locator("main [data-key=n]:not(.empty *)").first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    first = dialog.locator("input:not([type=hidden]), select, textarea").filter(visible=True).first
    expect(first).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


@pytest.mark.parametrize("path", DIALOGS)
def test_nothing_filled_in_is_told_at_the_first_wrong_field(visitors: Visitors, path: str) -> None:
    page = at(visitors, path)
    page.keyboard.press("n")
    expect(page.locator("#dialog")).to_be_visible()
    page.keyboard.press("Control+Enter")
    wrong = page.locator("#dialog [aria-invalid=true]").filter(visible=True).first
    expect(wrong).to_be_focused()
    page.keyboard.press("Escape")


@pytest.mark.parametrize("path", SCREENS)
def test_tab_reaches_everything_and_leaves_again(visitors: Visitors, path: str) -> None:
    page = at(visitors, path)
    missing = set(page.evaluate(USABLE))
    assert missing
    for _ in range(TABS_MOST):
        page.keyboard.press("Tab")
        here = page.evaluate(WHERE)
        if here is None:
            break
        missing.discard(here)
    else:
        pytest.fail("Tab never leaves the page")
    assert missing == set()


def test_a_row_gets_the_focus_back_from_its_dialog(visitors: Visitors) -> None:
    page = at(visitors, "/people/departments")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("tr[data-row]").nth(1)).to_be_focused()


def test_escape_closes_the_search_over_everything_at_once(visitors: Visitors) -> None:
    page = at(visitors, "/people/persons")
    page.keyboard.press("F2")
    page.keyboard.type("abc")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("F2")
    expect(page.locator("#palette-query")).to_be_focused()
