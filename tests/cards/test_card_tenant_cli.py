"""The commands around a tenant's cards, on a real database."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cast import issued

from onecard.base.db import SYSTEM, database
from onecard.base.embedded import Logins
from onecard.tenants import service as tenants
from shell import onecard, settings

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(urls: Logins, tmp_path: Path) -> Run:
    """Runs `onecard card …` on this test's database, which has tenant 8672."""

    async def prepare() -> None:
        async with database(urls.application, size=2) as db:
            await tenants.create(db, SYSTEM, code="8672", name="青松学校")

    asyncio.run(prepare())
    environment = settings(urls, tmp_path)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return onecard("card", *arguments, "--tenant", "8672", env=environment, cwd=tmp_path)

    return command


def told(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_from_nothing_to_keys(run: Run, tmp_path: Path) -> None:
    assert "Nobody has chosen" in told(run("format"))
    assert "no card keys yet" in told(run("rotate-keys"))
    assert "exactly four digits" in told(run("setup", "--pin", "48210"))
    assert "cannot be stored" in told(run("setup", "--technology", "uid"))
    done = run("setup", "--pin", "4821", "--first-sector", "4", "--lift-groups", "1")
    assert done.returncode == 0, done.stderr
    assert run("setup", "--pin", "1111", "--first-sector", "4").returncode == 0, "no card yet"
    assert json.loads(run("rotate-keys", "--json").stdout) == {"key_version": 2}
    found = json.loads(run("format", "--json").stdout)
    assert found["sectors"] == {"4": "identity", "5": "consumption", "6": "water"}
    assert (found["number_most"], found["key_versions"]) == (500_000, [2, 1])
    dump = tmp_path / "card.mfd"
    dump.write_bytes(issued())
    view = json.loads(run("decode", str(dump), "--json").stdout)
    assert view["whose"] == "looks like OC1, but not of this tenant"
