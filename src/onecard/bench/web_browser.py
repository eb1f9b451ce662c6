"""The list of people in a real Chromium on a slow computer and a slow line.

Chromium's own throttling makes the processor four times slower and the line 10 Mbit/s with 20 ms each way.
"""

import asyncio
from pathlib import Path
from statistics import median
from typing import Any

from onecard.bench.harness import Progress
from onecard.web.pages.access.sign_in_others import ONCE
from onecard.web.pages.people.persons import SCREEN

CHROMIUM = Path("/usr/bin/chromium")
_SLOWER = 4
_LATENCY_MS = 20
_BYTES_PER_S = 10_000_000 // 8
_WIDTH, _HEIGHT = 1440, 900
_SETTLED_MS = 500
_TYPED = "wang"
_WATCH = """
  window.blocked = 0
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.blocked += Math.max(0, task.duration - 50)
  }).observe({ type: 'longtask', buffered: true })
"""
_TIMES = """() => {
  const entry = performance.getEntriesByType('navigation')[0]
  const paint = performance.getEntriesByName('first-contentful-paint')[0]
  return {
    ready_ms: entry.domContentLoadedEventEnd, paint_ms: paint ? paint.startTime : 0,
    blocked_ms: window.blocked,
  }
}"""


async def browse(address: str, code: str, rounds: int, progress: Progress) -> dict[str, Any]:
    """First and repeated loads, the medians of all rounds; `skipped` says why there are none.

    Args:
        address: of the console.
        code: of a one-time link.
        rounds: loads of each kind.
        progress: told a line before each round.
    """
    if not await asyncio.to_thread(CHROMIUM.exists):
        return {"skipped": f"{CHROMIUM} is not installed"}
    try:
        from playwright.async_api import async_playwright  # noqa: PLC0415  of the development's dependencies
    except ImportError:
        return {"skipped": "playwright is not installed"}
    loads: dict[str, list[dict[str, float]]] = {"first": [], "repeat": []}
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        state = await _signed_in(browser, address, code)
        for number in range(1, rounds + 1):
            progress(f"browser: {number} of {rounds}")
            context = await browser.new_context(
                storage_state=state, viewport={"width": _WIDTH, "height": _HEIGHT}, locale="zh-CN"
            )
            for found in loads.values():
                found.append(await _load(context, address + SCREEN.path))
            await context.close()
        await browser.close()
    return {
        name: {key: round(median(load[key] for load in found), 1) for key in found[0]}
        for name, found in loads.items()
    }


async def _signed_in(browser: Any, address: str, code: str) -> Any:
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{address}{ONCE}")
    await page.fill("[name=code]", code)
    await page.keyboard.press("Enter")
    await page.wait_for_url(lambda url: ONCE not in url)
    state = await context.storage_state()
    await context.close()
    return state


async def _load(context: Any, address: str) -> dict[str, float]:
    """One load in a new window: what came over the line, when the page was ready, how long a search took."""
    page = await context.new_page()
    await page.add_init_script(_WATCH)
    session = await context.new_cdp_session(page)
    came: dict[str, float] = {}
    session.on(
        "Network.loadingFinished", lambda event: came.update({event["requestId"]: event["encodedDataLength"]})
    )
    await session.send("Network.enable")
    line = {"offline": False, "latency": _LATENCY_MS}
    line |= {"downloadThroughput": _BYTES_PER_S, "uploadThroughput": _BYTES_PER_S}
    await session.send("Network.emulateNetworkConditions", line)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
    await page.goto(address, wait_until="load")
    await page.wait_for_timeout(_SETTLED_MS)
    times: dict[str, float] = await page.evaluate(_TIMES)
    loaded = {"kb": sum(came.values()) / 1000, "requests": sum(map(bool, came.values()))} | times
    loaded["typed_ms"] = await _typed(page)
    await page.close()
    return loaded


async def _typed(page: Any) -> float:
    """From the last key of a search to the table that shows what it found."""
    await page.focus("[data-list-search]")
    await page.keyboard.type(_TYPED)
    since = await page.evaluate("performance.now()")
    await page.wait_for_selector(".chip")
    return float(await page.evaluate("performance.now()")) - float(since)
