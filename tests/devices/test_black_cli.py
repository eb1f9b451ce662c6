"""`onecard device black`, `behind` and `write-off` from a shell."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from onecard.base.db import SYSTEM, database
from onecard.base.embedded import Logins
from onecard.devices import black, service
from onecard.devices.model import Presence
from onecard.tenants import service as tenants
from shell import onecard, settings

LOST = "A1B2C3D4"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(urls: Logins, tmp_path: Path) -> Run:
    """Runs a device command on a school with two terminals and a lost card."""

    async def prepare() -> None:
        async with database(urls.application, size=2) as db:
            tenant_id = await tenants.create(db, SYSTEM, code="8672", name="青松学校")
            async with db.tenant_tx(tenant_id, SYSTEM) as tx:
                for sn in ("POS-1", "POS-2"):
                    await service.certify(tx, tenant_code="8672", sn=sn, merchant_id=None)
                first, _ = await service.devices(tx)
                seen = Presence(1, 70, last=3)
                await service.came_online(tx, first.id, "pos-1", seen, at=datetime.now(UTC))
                await black.report(tx, LOST, 1001, "left on the bus", None)

    asyncio.run(prepare())
    environment = settings(urls, tmp_path)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return onecard("device", *arguments, "--tenant", "8672", env=environment, cwd=tmp_path)

    return command


def rows(run: Run, name: str, *arguments: str) -> list[dict[str, Any]]:
    result = run(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return list(json.loads(result.stdout)[name])


def test_who_knows_of_a_lost_card_and_who_is_told_again(run: Run) -> None:
    (card,) = rows(run, "cards", "black", "list")
    assert {name: card[name] for name in ("uid", "number", "reason", "for", "has", "of")} == {
        "uid": LOST, "number": 1001, "reason": "left on the bus", "for": "all", "has": 0, "of": 2,
    }  # fmt: skip
    states = [(each["sn"], each["has"]) for each in rows(run, "terminals", "black", "show", LOST)]
    assert states == [("POS-1", "waiting"), ("POS-2", "never_seen")]
    assert rows(run, "sent_to", "black", "resend", LOST) == ["POS-1", "POS-2"]
    assert rows(run, "sent_to", "black", "resend", LOST, "--sn", "POS-2") == ["POS-2"]


def test_what_is_wrong_is_said_in_a_sentence(run: Run) -> None:
    assert "no device POS-9" in run("black", "resend", LOST, "--sn", "POS-9").stderr
    assert "4, 7 or 10 bytes" in run("black", "show", "XYZ").stderr


def test_what_terminals_hold_is_shown_until_two_people_give_it_up(run: Run) -> None:
    found = [(each["sn"], each["epoch"], each["said"], each["uncollected"]) for each in stores(run)]
    assert found == [("POS-1", 70, 3, "yes"), ("POS-2", None, None, "unknown")]
    given_up = ("write-off", "POS-1", "--epoch", "70", "--reason", "burnt", "--by", "li", "--and")
    assert "takes two" in run(*given_up, "li").stderr
    assert run(*given_up, "wang").returncode == 0
    assert [each["sn"] for each in stores(run)] == ["POS-2"]


def stores(run: Run) -> list[dict[str, Any]]:
    return rows(run, "stores", "behind")
