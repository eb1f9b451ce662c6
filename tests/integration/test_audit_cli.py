"""`onecard audit`: show, verify, anchor; what they print and that they notice."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from onecard.base.db import SYSTEM, Actor, Database, database
from onecard.base.embedded import Logins
from onecard.base.pgserver import EmbeddedPostgres
from onecard.tenants import audit
from onecard.tenants import service as tenants
from onecard.tenants.functions import F
from shell import onecard, settings

ANNA = Actor("operator", "86729001", "10.0.0.7")
RENAMED = audit.Entry(
    F.PEOPLE_PERSON_CHANGE, "person", "86720001 张三", {"name": "张山"}, {"name": "张三"}, "typing error"
)
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(urls: Logins, tmp_path: Path) -> Run:
    """Runs `onecard audit …` on a database with one tenant and two entries."""

    async def prepare() -> None:
        async with database(urls.application, size=2) as db:
            await _two_entries(db)

    asyncio.run(prepare())
    environment = settings(urls, tmp_path)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return onecard(*arguments, env=environment, cwd=tmp_path)

    return command


async def _two_entries(db: Database) -> None:
    tenant_id = await tenants.create(db, SYSTEM, code="8672", name="青松学校")
    async with db.tenant_tx(tenant_id, ANNA) as tx:
        await audit.write(tx, RENAMED, audit.Entry(F.ACCESS_ROLE_CHANGE, "role", "cashier"))


@pytest.fixture
def forge(urls: Logins, postgres: EmbeddedPostgres) -> Callable[[str], None]:
    """Runs a statement as somebody who may do anything."""

    async def work(statement: str) -> None:
        connection = await asyncpg.connect(postgres.url(database=urlsplit(urls.application).path[1:]))
        await connection.execute(statement)
        await connection.close()

    return lambda statement: asyncio.run(work(statement))


def test_show_lists_the_newest_first_and_filters(run: Run) -> None:
    shown = json.loads(run("audit", "show", "--tenant", "8672", "--json").stdout)["entries"]
    assert [entry["subject"] for entry in shown][:2] == ["cashier", "86720001 张三"]
    person = run("audit", "show", "--tenant", "8672", "--search", "张三", "--from", "2026-01-01", "--json")
    (entry,) = json.loads(person.stdout)["entries"]
    assert (entry["actor"], entry["origin"]) == ("operator:86729001", "10.0.0.7")
    assert (entry["before"], entry["after"]) == ({"name": "张山"}, {"name": "张三"})
    text = run("audit", "show", "--tenant", "8672", "--area", "people").stdout
    assert "people:person:change" in text
    assert "role" not in text
    early = run("audit", "show", "--tenant", "8672", "--to", "2026-01-01", "--json")
    assert json.loads(early.stdout) == {"entries": []}


def test_show_says_what_is_wrong_with_a_date(run: Run) -> None:
    result = run("audit", "show", "--tenant", "8672", "--from", "yesterday")
    assert result.returncode == 1
    assert result.stderr.startswith("yesterday is not a date")


def test_verify_tells_a_change_and_check_too(run: Run, forge: Callable[[str], None]) -> None:
    good = run("audit", "verify", "--json")
    assert good.returncode == 0
    assert json.loads(good.stdout)["tenants"][0]["ok"] is True
    forge("update audit.entry set subject = 'manager' where subject = 'cashier'")
    bad = run("audit", "verify", "--tenant", "8672")
    assert bad.returncode == 1
    assert "is not what was written" in bad.stdout
    check = json.loads(run("check", "--json").stdout)
    assert [proof["name"] for proof in check["proofs"] if not proof["ok"]] == ["audit_is_unbroken"]


def test_an_anchor_tells_that_all_was_written_anew(
    run: Run, forge: Callable[[str], None], tmp_path: Path
) -> None:
    notes = tmp_path / "anchors"
    printed = run("audit", "anchor").stdout
    assert run("audit", "anchor", "--file", str(notes)).returncode == 0
    assert run("audit", "anchor", "--file", str(notes)).returncode == 0
    assert notes.read_text() == printed * 2
    assert run("audit", "verify", "--anchor", str(notes)).returncode == 0
    forge("delete from audit.entry; delete from audit.head")
    assert run("audit", "verify").returncode == 0
    anchored = run("audit", "verify", "--anchor", str(notes), "--json")
    assert anchored.returncode == 1
    assert "anchored" in json.loads(anchored.stdout)["tenants"][0]["faults"][0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "Line 1 of"),
        ('{"tenant": "1200", "number": 1, "hash": "", "at": "2026-09-01"}', "names tenant 1200"),
    ],
)
def test_a_wrong_anchor_is_refused(run: Run, tmp_path: Path, text: str, says: str) -> None:
    notes = tmp_path / "anchors"
    notes.write_text(text)
    result = run("audit", "verify", "--anchor", str(notes))
    assert result.returncode == 1
    assert says in result.stderr


def test_files_that_cannot_be_used_are_named(run: Run, tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "anchors"
    assert "cannot be read" in run("audit", "verify", "--anchor", str(missing)).stderr
    assert "cannot be written" in run("audit", "anchor", "--file", str(missing)).stderr
