"""Browser windows of people of the cast."""

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page
from stage import PASSWORD, Stage

# how long a page may take to show what is expected: a busy machine is slow, not wrong
PATIENCE_MS = 30_000
WIDTHS = (390, 768, 1440)


class Visitors:
    """Browser windows of people who are signed in."""

    def __init__(self, stage: Stage, browser: Browser) -> None:
        self.stage, self.browser = stage, browser
        self.faults: list[str] = []
        self._states: dict[str, Any] = {}
        self._contexts: list[BrowserContext] = []

    def window(
        self, who: str | None, *, language: str = "zh-CN", theme: str = "light", width: int = 1440
    ) -> Page:
        """A window of somebody of the cast; None: of nobody."""
        if who is not None and who not in self._states:
            self._states[who] = self._signed_in(who)
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            locale=language,
            color_scheme="dark" if theme == "dark" else "light",
            storage_state=self._states.get(who or ""),
        )
        self._contexts.append(context)
        for name, value in (("onecard-language", language), ("onecard-theme", theme)):
            context.add_cookies([{"name": name, "value": value, "url": self.stage.url}])
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        # a fault in a script or a breach of the policy is a failure of whatever test sees it
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._note)
        return page

    def _note(self, message: Any) -> None:
        if message.type == "error" and "the server responded with a status of" not in message.text:
            self.faults.append(message.text)

    def _signed_in(self, who: str) -> Any:
        context = self.browser.new_context()
        page = context.new_page()
        page.goto(f"{self.stage.url}/sign-in")
        page.fill("[name=account]", self.stage.accounts[who])
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        state = context.storage_state()
        context.close()
        return state

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()


def wider_than_the_window(page: Page) -> Iterator[str]:
    """The windows in which the page would have to be moved sideways."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if beyond > 0:
            yield f"{beyond} px wider than a window of {width} px"
