"""Real Chromium (Debian's) against a real console: one console and one browser for each file of tests."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from stage import Stage, raised
from visitors import PATIENCE_MS, Visitors

from onecard.base.pgserver import EmbeddedPostgres

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session", autouse=True)
def chromium() -> None:
    """Chromium is there; without it these tests are left out, in CI they fail."""
    reason = f"{CHROMIUM} is not installed; `make system-deps` does it"
    if not CHROMIUM.exists():
        (pytest.fail if "CI" in os.environ else pytest.skip)(reason)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return {"executable_path": str(CHROMIUM), "args": list(QUIET)}


@pytest.fixture(scope="module")
def browser(browser_type_launch_args: dict[str, Any]) -> Iterator[Browser]:
    """Chromium for one file of tests.

    Not for the whole run, as the plugin has it: while Playwright is open its loop counts as running, and
    other tests of the same process cannot start theirs.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**browser_type_launch_args)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def stage(postgres: EmbeddedPostgres) -> Iterator[Stage]:
    """A console of this file's own."""
    with raised(postgres) as stage:
        yield stage


@pytest.fixture(scope="module")
def _visitors(stage: Stage, browser: Browser) -> Visitors:
    return Visitors(stage, browser)


@pytest.fixture
def visitors(_visitors: Visitors) -> Iterator[Visitors]:
    """Windows for one test; no script may fail and no policy be broken in any of them."""
    _visitors.faults = []
    yield _visitors
    _visitors.close()
    assert _visitors.faults == []
