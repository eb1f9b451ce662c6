"""Every screen of the menu, in both languages, light and dark, on a phone, a tablet and a desk.

New screens are found by themselves: the menu is walked, and each screen's form with it.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from visitors import Visitors, wider_than_the_window

from onecard.web.kit import nav
from onecard.web.pages import screens

AXE = Path(__file__).resolve().parents[2] / ".cache/npm/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
BESIDE = ["/account", "/search?q=a", "/jobs"]
SCREENS = [screen.path for screen in screens()]
FORMS = [f"{screen.path}/new" for screen in screens() if screen.create is not None]
PAGES = sorted({entry.href for entry in nav.all_entries()} | set(SCREENS)) + BESIDE
PROGRAMS = re.compile(r"(Chrome|Chromium|Linux|OneCard|Excel|CSV|[ ·])+")
LOOKS = [("zh-CN", "light"), ("zh-CN", "dark"), ("en", "light"), ("en", "dark")]


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_every_screen_can_be_used_by_everybody(visitors: Visitors, language: str, theme: str) -> None:
    page = visitors.window("admin", language=language, theme=theme)
    wrong: dict[str, list[str]] = {}
    for path in PAGES + FORMS:
        page.goto(visitors.stage.url + path)
        found = [*violations(page), *wider_than_the_window(page)]
        if language == "zh-CN":
            found += english_words(page)
        if found:
            wrong[path] = found
    assert wrong == {}


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    # only what is wrong is gathered, and told by its text: the rest costs time and says nothing here
    only = {"runOnly": RULES, "resultTypes": ["violations"], "selectors": False}
    found: list[dict[str, Any]] = page.evaluate(
        "options => axe.run(options).then(result => result.violations)", only
    )
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


def english_words(page: Page) -> list[str]:
    """Texts without a Chinese character but with a word of small Latin letters, names of programs aside."""
    texts = page.evaluate(
        """() => [...document.querySelectorAll('main *')]
             .filter(e => !e.children.length && e.checkVisibility() && !e.closest('kbd, code, [lang=en]'))
             .map(e => e.textContent.trim())
             .filter(t => /[a-z]{3,}/.test(t) && !/[\\u4e00-\\u9fff]/.test(t))"""
    )
    return [f"in English: {text}" for text in texts if not PROGRAMS.fullmatch(text)]
