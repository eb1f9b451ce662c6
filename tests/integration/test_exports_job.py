"""Lists as files: at once or as a job, in the asker's language, noted in the audit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from onecard.base.db import Actor, Database
from onecard.base.embedded import Logins
from onecard.base.errors import ConflictError
from onecard.base.jobs import service as jobs
from onecard.base.jobs.worker import Pace, Worker
from onecard.base.listing import Condition, Kind, Op, Wish
from onecard.base.texts import say, say_in
from onecard.base.vault import Vault
from onecard.desk import exports
from onecard.desk.exports import Order, Source, export_kind, export_now, start_export
from onecard.desk.sheet_writer import ExportColumn, Format
from onecard.tenants import audit
from onecard.tenants.audit.lists import ENTRIES
from onecard.tenants.functions import F

LI = Actor("operator", "86720001", "10.0.0.7")


def _taking(name: str) -> Callable[[Any], Any]:
    return lambda row: row[name]


SOURCE = Source(
    name="audit",
    title=say_in("screen", "Audit"),
    listing=ENTRIES,
    columns={
        name: ExportColumn(title=say("Jobs"), kind=kind, value=_taking(name))
        for name, kind in (("number", Kind.NUMBER), ("at", Kind.INSTANT), ("subject", Kind.TEXT))
    },
    function=F.SYSTEM_AUDIT_EXPORT,
)
EXPORT = export_kind({"audit": SOURCE})


@pytest.fixture
async def school(db: Database, two_tenants: tuple[int, int]) -> int:
    """A tenant with 30 audited actions."""
    async with db.tenant_tx(two_tenants[0], LI) as tx:
        await audit.write(tx, *(audit.Entry(F.PEOPLE_CLASS_CHANGE, "class", f"={n}") for n in range(30)))
    return two_tenants[0]


@pytest.fixture
async def worker(db: Database, vault: Vault, urls: Logins) -> AsyncIterator[None]:
    one = Worker(db=db, vault=vault, url=urls.application, kinds=[EXPORT], pace=Pace(poll=0.1))
    await one.start()
    yield
    await one.stop()


def sheet(content: bytes, path: Path) -> list[list[Any]]:
    path.write_bytes(content)
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


async def test_a_short_list_comes_at_once(db: Database, school: int, tmp_path: Path) -> None:
    wish = Wish(conditions=[Condition("number", Op.FROM, (29,))], sort="number")
    async with db.tenant_tx(school, LI) as tx:
        file = await export_now(tx, SOURCE, Order(wish=wish, columns=["subject", "number"], language="en"))
    assert sheet(file.content, tmp_path / "a.xlsx") == [["Jobs", "Jobs"], ["=28", 29.0], ["=29", 30.0]]
    assert file.name.startswith("Audit 20")
    async with db.tenant_tx(school, LI) as tx:
        newest = (await ENTRIES.page(tx, Wish())).rows[0]
    assert (newest["function"], newest["after"]) == ("system:audit:export", '{"file":"xlsx","rows":2}')


async def test_a_long_list_does_not(db: Database, school: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "AT_ONCE_MOST", 29)
    async with db.tenant_tx(school, LI) as tx:
        with pytest.raises(ConflictError, match="more than 29 rows"):
            await export_now(tx, SOURCE, Order(wish=Wish()))


@pytest.mark.usefixtures("worker")
async def test_a_job_exports_what_was_asked_for(
    db: Database, vault: Vault, school: int, tmp_path: Path
) -> None:
    wish = Wish(conditions=[Condition("at", Op.TO, (datetime.now(UTC),))], sort="number", descending=True)
    async with db.tenant_tx(school, LI) as tx:
        job_id = await start_export(tx, vault, EXPORT, SOURCE, Order(wish=wish, kind=Format.XLSX))
    async with asyncio.timeout(10):
        while True:
            async with db.tenant_tx(school, LI) as tx:
                if (found := await jobs.get(tx, job_id)).ended:
                    break
            await asyncio.sleep(0.05)
    assert (found.state, found.outcome, str(found.title)) == ("done", {"rows": 30}, "Export: Audit")
    async with db.tenant_tx(school, LI) as tx:
        file, pieces = await jobs.result(tx, vault, job_id)
        content = b"".join([piece async for piece in pieces])
    assert file.media_type == Format.XLSX.media_type
    assert [row[0] for row in sheet(content, tmp_path / "a.xlsx")[1:]] == list(range(30, 0, -1))
