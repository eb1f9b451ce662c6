"""Every change of the audit behind the product's back is told; the application itself cannot make one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from onecard.base.db import SYSTEM, Actor, Database
from onecard.base.embedded import Logins
from onecard.base.pgserver import EmbeddedPostgres
from onecard.tenants import audit
from onecard.tenants.audit.proofs import Anchor, Verdict, canonical, head, verify
from onecard.tenants.functions import F

ANNA = Actor("operator", "86729001", "10.0.0.7")
ENTRIES = [
    audit.Entry(F.PEOPLE_PERSON_CHANGE, "person", f"8672000{n} 张三", {"name": "李"}, {"name": n}, "好\n")
    for n in range(2, 7)
]
_COPY = (
    "insert into audit.entry (tenant_id, number, at, actor, origin, function, thing, subject, before, after,"
    " note, hash) select tenant_id, 7, at, actor, origin, function, thing, subject, before, after, note, hash"
    " from audit.entry where number = 6"
)
_SWAP = (
    "update audit.entry set number = -number where number in (2, 3);"
    "update audit.entry set number = case number when -2 then 3 else 2 end where number < 0"
)
_SHIFT = (
    "update audit.entry set number = -number where number > 3;"
    "delete from audit.entry where number = 3; update audit.entry set number = -number - 1 where number < 0;"
    "update audit.head set number = 5"
)
FAULTS: dict[str, tuple[str, int, str]] = {
    **{
        f"changed {column}": (
            f"update audit.entry set {column} = {value} where number = 3",  # noqa: S608  columns named here
            3,
            "not what was written",
        )
        for column, value in {
            "at": "at + interval '1 us'",
            "actor": "'operator:86729002'",
            "origin": "'10.0.0.8'",
            "function": "'people:person:view'",
            "thing": "'operator'",
            "subject": "'x'",
            "before": "null",
            "after": """'{"name": 2}'""",
            "note": "''",
            "hash": "sha256('x')",
        }.items()
    },
    "moved text between fields": (
        "update audit.entry set thing = thing || subject, subject = '' where number = 1",
        1,
        "not what was written",
    ),
    "missing inside": ("delete from audit.entry where number = 3", 3, "Entry 3 is missing"),
    "missing at the beginning": ("delete from audit.entry where number < 3", 1, "Entries 1 to 2 are missing"),
    "missing at the end": ("delete from audit.entry where number > 4", 5, "Entries 5 to 6 are missing"),
    "all missing": ("delete from audit.entry", 1, "Entries 1 to 6 are missing"),
    "inserted": (_COPY, 7, "not what was written"),
    "reordered": (_SWAP, 2, "not what was written"),
    "closed up": (_SHIFT, 3, "not what was written"),
    "head ahead": ("update audit.head set number = 9", 7, "Entries 7 to 9 are missing"),
    "head behind": ("update audit.head set number = 5", 6, "go on to 6, the head says 5"),
    "head's hash": ("update audit.head set hash = sha256('x')", 6, "head's hash"),
    "head missing": ("delete from audit.head", 1, "go on to 6, the head says 0"),
}


@pytest.fixture
async def school(db: Database, two_tenants: tuple[int, int]) -> int:
    """Six entries; the first is the tenant's creation."""
    for entry in ENTRIES:
        async with db.tenant_tx(two_tenants[0], ANNA) as tx:
            await audit.write(tx, entry)
    return two_tenants[0]


@pytest.fixture
async def superuser(urls: Logins, postgres: EmbeddedPostgres) -> AsyncIterator[Any]:
    """Somebody who may do anything in this test's database."""
    connection = await asyncpg.connect(postgres.url(database=urlsplit(urls.application).path[1:]))
    yield connection
    await connection.close()


async def _verify(db: Database, tenant_id: int, *anchors: Anchor) -> Verdict:
    async with db.tenant_tx(tenant_id, SYSTEM, snapshot=True) as tx:
        return await verify(tx, anchors)


async def test_what_was_written_is_proven(db: Database, school: int) -> None:
    verdict = await _verify(db, school)
    assert (verdict.ok, verdict.entries) == (True, 6)
    assert verdict.head
    assert verdict.head.number == 6


async def test_an_empty_audit_is_right(db: Database) -> None:
    assert await _verify(db, 999) == Verdict(0, None, ())


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_change_is_told(db: Database, superuser: Any, school: int, fault: str) -> None:
    statement, number, words = FAULTS[fault]
    await superuser.execute(statement)
    first = (await _verify(db, school)).faults[0]
    assert first.number == number
    assert words in str(first.text)


async def _rewrite(connection: Any, tenant_id: int) -> None:
    """The whole chain anew with one entry less, as somebody would who can do anything and knows how."""
    await connection.execute("delete from audit.entry where tenant_id = $1 and number = 6", tenant_id)
    await connection.execute("update audit.entry set subject = 'x' where tenant_id = $1", tenant_id)
    link, row = b"", None
    for row in await connection.fetch(
        "select *, before::text, after::text from audit.entry where tenant_id = $1 order by number", tenant_id
    ):
        link = sha256(link + canonical(row)).digest()
        statement = "update audit.entry set hash = $1 where tenant_id = $2 and number = $3"
        await connection.execute(statement, link, tenant_id, row["number"])
    await connection.execute(
        "update audit.head set number = 5, hash = $1 where tenant_id = $2", link, tenant_id
    )


async def test_only_an_anchor_tells_that_all_was_written_anew(
    db: Database, superuser: Any, school: int
) -> None:
    async with db.tenant_tx(school, SYSTEM) as tx:
        anchor = await head(tx)
    assert anchor
    assert (await _verify(db, school, anchor)).ok
    await _rewrite(superuser, school)
    assert (await _verify(db, school)).ok
    (fault,) = (await _verify(db, school, anchor)).faults
    assert fault.number == 6
    assert "anchored" in str(fault.text)


async def test_an_older_anchor_still_holds_and_tells(db: Database, superuser: Any, school: int) -> None:
    third = await superuser.fetchval(
        "select hash from audit.entry where tenant_id = $1 and number = 3", school
    )
    anchor = Anchor(3, third.hex(), datetime(2026, 9, 1, tzinfo=UTC))
    assert (await _verify(db, school, anchor)).ok
    await _rewrite(superuser, school)
    assert [fault.number for fault in (await _verify(db, school, anchor)).faults] == [3]


FORGERIES = {
    "insert": "insert into audit.entry (tenant_id, number, at, actor, origin, function, thing, subject, note,"
    " hash) values ({tenant}, 7, now(), 'a', '', 'f', 't', 's', '', '')",
    "update": "update audit.entry set subject = 'x'",
    "delete": "delete from audit.entry",
    "truncate": "truncate audit.entry",
    "update head": "update audit.head set number = 0",
    "delete head": "delete from audit.head",
    "lock": "select from audit.head for update",
    "drop": "drop table audit.entry",
    "disable security": "alter table audit.entry disable row level security",
    "trigger": "create trigger t before insert on audit.entry execute function pg_catalog.now()",
    "become the writer": "set role onecard_audit",
    "replace the function": "create or replace function audit.part(a_text text) returns text language sql"
    " as 'select null'",
    "own function": "create function audit.mine() returns int language sql as 'select 1'",
    "parts": "select audit.part('x')",
    "other tenant": "select audit.write({other}, '{{f}}', '{{t}}', '{{s}}', '{{null}}', '{{null}}', '{{}}')",
    "see others": "select 1 / (select count(*) from audit.entry where tenant_id = {other})",
}


@pytest.mark.parametrize("statement", FORGERIES.values(), ids=FORGERIES)
async def test_the_application_cannot_forge(
    db: Database, school: int, two_tenants: tuple[int, int], statement: str
) -> None:
    async with db.tenant_tx(two_tenants[1], ANNA) as tx:
        await audit.write(tx, ENTRIES[0])
    refused = asyncpg.InsufficientPrivilegeError, asyncpg.DivisionByZeroError
    with pytest.raises(refused):
        async with db.tenant_tx(school, ANNA) as tx:
            await tx.connection.execute(statement.format(tenant=school, other=two_tenants[1]))
    assert (await _verify(db, school)).ok


async def test_nobody_writes_without_saying_who(db: Database, school: int) -> None:
    async with db.tenant_tx(school, ANNA) as tx:
        await tx.connection.execute("set local onecard.actor = ''")
        with pytest.raises(asyncpg.CheckViolationError):
            await tx.connection.execute(
                "select audit.write($1, '{f}', '{t}', '{s}', '{null}', '{null}', '{n}')", school
            )


async def test_the_engine_cannot_even_look(urls: Logins) -> None:
    connection = await asyncpg.connect(urls.engine)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("select * from audit.entry")
    await connection.close()
