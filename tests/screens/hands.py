"""Hands on a keyboard: everything a person can do on a page without a mouse, and nothing more."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Download, Locator, Page, expect

from onecard.base.texts import Text, say

TABS_MOST = 120
_MINE = "element => element === document.activeElement"


class Hands:
    """Somebody at a page, in one language, whose mouse is broken."""

    def __init__(self, page: Page, language: str) -> None:
        self.page, self.language = page, language
        # listened to from the beginning: once a key is pressed it is too late to ask for the browser's dialog
        page.on("filechooser", lambda _: None)

    def word(self, text: Text | str) -> str:
        """What a text of the console reads in this language."""
        return (say(text) if isinstance(text, str) else text).read(self.language)

    def press(self, *keys: str) -> None:
        """Press keys, one after another; people look at a page before they do."""
        self.page.wait_for_load_state()
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        """Write over what is selected."""
        self.page.keyboard.type(text)

    def reach(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab until something has the focus; fails when it never gets there."""
        expect(target).to_be_visible()
        for _ in range(TABS_MOST):
            if target.evaluate(_MINE):
                return
            self.press(key)
        pytest.fail(f"{target} is not reached by {key}")

    def field(self, label: Text | str) -> Locator:
        """The field with a label, in the dialog when one is open."""
        found = self.front.get_by_label(re.compile(rf"^{re.escape(self.word(label))}\*?$"))
        # what opens below a field bears its label too
        return found.and_(self.page.locator("input, select, textarea")).filter(visible=True)

    def fill(self, label: Text | str, value: str) -> None:
        """Go to a field and write."""
        self.reach(self.field(label))
        self.press("Control+a")
        self.write(value)

    def pick(self, label: Text | str, value: str) -> None:
        """Choose by writing, in the browser's own select or, of many, in one with search."""
        self.fill(label, value)
        if self.field(label).evaluate("element => element instanceof HTMLSelectElement"):
            expect(self.field(label).locator("option:checked")).to_contain_text(value)
            return
        expect(self.front.locator("[role=option][aria-selected=true]")).to_contain_text(value)
        self.press("Enter")

    def activate(self, role: str, label: Text | str, key: str = "Enter") -> None:
        """Go to a link or button with a name that contains the words, and press it."""
        self.reach(self.front.get_by_role(role, name=self.word(label)).first)  # type: ignore[arg-type]
        self.press(key)

    def download(self, label: Text | str, into: Path) -> Path:
        """Go to a link or button that answers with a file, press it, keep the file."""
        target = self.front.get_by_role("link", name=self.word(label)).or_(
            self.front.get_by_role("button", name=self.word(label))
        )
        self.reach(target.first)
        with self.page.expect_download() as coming:
            self.press("Enter")
        return kept(coming.value, into)

    def choose_file(self, field: Locator, path: Path) -> None:
        """Go to a field for files and choose one."""
        self.reach(field)
        with self.page.expect_file_chooser() as chooser:
            self.press("Enter")
        chooser.value.set_files(path)

    def go(self, title: Text | str) -> None:
        """To a page of the menu, by the search over everything."""
        self.press("F2")
        expect(self.page.locator("#palette-query")).to_be_focused()
        self.write(self.word(title))
        hit = self.page.locator("#palette-found [role=option][aria-selected=true]", has_text=self.word(title))
        expect(hit).to_have_count(1)
        href = str(hit.get_attribute("href"))
        self.press("Enter")
        self.page.wait_for_url(f"**{href}")

    def search(self, words: str) -> None:
        """In the list of the page."""
        box = self.page.locator("[data-list-search]")
        if not box.evaluate(_MINE):
            self.press("/")
        expect(box).to_be_focused()
        self.press("Control+a")
        self.write(words)
        self.page.wait_for_url(lambda url: parse_qs(urlsplit(url).query).get("q") == [words])

    def sign_out(self) -> None:
        """By the menu of oneself."""
        self.reach(self.page.locator(".who"))
        self.press("Enter")
        self.activate("button", "Sign out")
        self.page.wait_for_url("**/sign-in**")

    @property
    def front(self) -> Locator:
        """What lies in front: the dialog when it is open, the page otherwise."""
        return self.page.locator("dialog[open], body:not(:has(dialog[open]))").last


def kept(download: Download, into: Path) -> Path:
    """A download under the name it came with."""
    path = into / download.suggested_filename
    download.save_as(path)
    return path
