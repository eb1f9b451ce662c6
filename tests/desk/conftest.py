"""Fixtures of the desk's tests."""

from collections.abc import AsyncIterator

import pytest

pytest.register_assert_rewrite("hall", "exhaustion", "scenarios", "life_scenarios")

from hall import Hall, furnish  # noqa: E402  after its asserts have been made to speak

from onecard.base.db import Database  # noqa: E402  as above
from onecard.base.embedded import Logins  # noqa: E402  as above
from onecard.ledger.writer import Writer  # noqa: E402  as above


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many cuts of operations were tried, of how many there are."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    cases = [value for report in reports for name, value in report.user_properties if name == "cases"]
    if cases:
        terminalreporter.section("operations cut short")
        for name, done, every, failures in sorted(cases):
            terminalreporter.line(f"{name}: {done} of {every} cases, {failures} disagreements")
        done, every, failures = (sum(case[column] for case in cases) for column in (1, 2, 3))
        terminalreporter.line(f"altogether {done} of {every} cases, {failures} disagreements")


@pytest.fixture
async def ledger(urls: Logins) -> AsyncIterator[Writer]:
    writer = Writer(urls.engine)
    await writer.start()
    yield writer
    await writer.stop()


@pytest.fixture
async def hall(db: Database, ledger: Writer) -> Hall:
    """A school with stored cards."""
    return await furnish(db, ledger)
