"""Every screen of the menu, in both languages, light and dark, on a phone, a tablet and a desk.

New screens are found by themselves: the menu is walked, and each screen's form with it.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from visitors import Visitors

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


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run({runOnly: rules}).then(result => result.violations)", RULES
    )
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize(("language", "theme"), LOOKS)
def test_nobody_is_kept_out_by_how_a_screen_is_made(visitors: Visitors, language: str, theme: str) -> None:
    page = visitors.window("admin", language=language, theme=theme)
    wrong: dict[str, list[str]] = {}
    for path in PAGES + FORMS:
        page.goto(visitors.stage.url + path)
        if found := violations(page):
            wrong[path] = found
    assert wrong == {}


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_no_screen_is_wider_than_its_window(visitors: Visitors, language: str, width: int) -> None:
    page = visitors.window("admin", language=language, width=width)
    wide: dict[str, int] = {}
    for path in PAGES + FORMS:
        page.goto(visitors.stage.url + path)
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if beyond > 0:
            wide[path] = beyond
    assert wide == {}


def test_chinese_pages_hold_no_english_words(visitors: Visitors) -> None:
    """Texts without a Chinese character but with a word of small Latin letters, names of programs aside."""
    page = visitors.window("admin")
    left: dict[str, list[str]] = {}
    for path in PAGES + FORMS:
        page.goto(visitors.stage.url + path)
        texts = page.evaluate(
            """() => [...document.querySelectorAll('main *')]
                 .filter(e => !e.children.length && e.checkVisibility() && !e.closest('kbd, code, [lang=en]'))
                 .map(e => e.textContent.trim())
                 .filter(t => /[a-z]{3,}/.test(t) && !/[\\u4e00-\\u9fff]/.test(t))"""
        )
        if foreign := [text for text in texts if not PROGRAMS.fullmatch(text)]:
            left[path] = foreign
    assert left == {}
