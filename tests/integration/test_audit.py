"""The audit: what an entry says, how it is written, found and listed."""

import asyncio
import json
from datetime import date

import asyncpg
import pytest

from onecard.base.db import SYSTEM, Actor, Database, Tx, savepoint
from onecard.base.listing import Condition, Op, Page, Wish
from onecard.tenants import audit
from onecard.tenants.audit.lists import ENTRIES, actors
from onecard.tenants.audit.proofs import verify
from onecard.tenants.functions import F

ANNA = Actor("operator", "86729001", "10.0.0.7")
BO = Actor("operator", "8672'9002", "10.0.0.8")
MOVED = audit.Entry(
    F.PEOPLE_DEPARTMENT_MOVE, "department", "7A 七年级", before={"parent": "初中"}, after={"parent": "高中"}
)
IMPORTED = audit.Entry(F.PEOPLE_PERSON_IMPORT, "person", "86720001 张小明", after={"left": date(2026, 7, 1)})
GRANTED = audit.Entry(F.ACCESS_OPERATOR_GRANT, "operator", "86729003 Bo", note="asked for by the head")


async def _write(
    db: Database, tenant_id: int, actor: Actor, *entries: audit.Entry, then: str = "select 1"
) -> None:
    async with db.tenant_tx(tenant_id, actor) as tx:
        await audit.write(tx, *entries)
        await tx.connection.execute(then)


async def _write_in_savepoint(tx: Tx, entry: audit.Entry, *, then: str = "select 1") -> None:
    async with savepoint(tx):
        await audit.write(tx, entry)
        await tx.connection.execute(then)


async def _page(db: Database, tenant_id: int, wish: Wish) -> Page:
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        return await ENTRIES.page(tx, wish)


@pytest.fixture
async def school(db: Database, two_tenants: tuple[int, int]) -> int:
    """The tenant's creation, and three entries of two operators."""
    await _write(db, two_tenants[0], ANNA, MOVED, IMPORTED)
    await _write(db, two_tenants[0], BO, GRANTED)
    return two_tenants[0]


async def test_an_entry_says_who_when_from_where_and_what_changed(db: Database, school: int) -> None:
    newest, imported, moved, _ = (await _page(db, school, Wish())).rows
    assert [row["number"] for row in (newest, imported, moved)] == [4, 3, 2]
    assert (moved["actor"], moved["origin"], moved["function"]) == (
        "operator:86729001",
        "10.0.0.7",
        "people:department:move",
    )
    assert (moved["thing"], moved["subject"], moved["note"]) == ("department", "7A 七年级", "")
    assert json.loads(moved["before"]) == {"parent": "初中"}
    assert json.loads(imported["after"]) == {"left": "2026-07-01"}
    assert (newest["actor"], newest["before"], newest["note"]) == (
        "operator:8672'9002",
        None,
        "asked for by the head",
    )


@pytest.mark.parametrize(
    ("wish", "numbers"),
    [
        (Wish(conditions=[Condition("actor", Op.IS, (str(ANNA),))]), [3, 2]),
        (Wish(conditions=[Condition("area", Op.IN, ("access", "system"))]), [4]),
        (Wish(conditions=[Condition("function", Op.IS, (F.PEOPLE_PERSON_IMPORT,))]), [3]),
        (Wish(conditions=[Condition("number", Op.TO, (2,))]), [2, 1]),
        (Wish(arguments={"search": "86729"}), [4]),
        (Wish(arguments={"search": "张小"}), [3]),
        (Wish(arguments={"search": "7a"}), [2]),
        (Wish(arguments={"search": "BO"}), [4]),
        (Wish(arguments={"search": "小明"}), []),
        (Wish(most=1, first=10), [1]),
    ],
)
async def test_entries_are_found(db: Database, school: int, wish: Wish, numbers: list[int]) -> None:
    assert [row["number"] for row in (await _page(db, school, wish)).rows] == numbers


async def test_entries_are_found_by_time(db: Database, school: int) -> None:
    newest, _, moved, _ = (await _page(db, school, Wish())).rows
    since = Wish(conditions=[Condition("at", Op.FROM, (newest["at"],))])
    until = Wish(
        conditions=[Condition("at", op, (row["at"],)) for op, row in ((Op.TO, moved), (Op.FROM, moved))]
    )
    assert [row["number"] for row in (await _page(db, school, since)).rows] == [4]
    assert [row["number"] for row in (await _page(db, school, until)).rows] == [3, 2]


async def test_the_length_of_the_list_is_that_of_the_audit(db: Database, school: int) -> None:
    assert (await _page(db, school, Wish(most=2))).total == 4
    assert (await _page(db, school, Wish(arguments={"search": "8672"}))).total == 3


async def test_all_who_acted_are_named_once(db: Database, school: int) -> None:
    async with db.tenant_tx(school, SYSTEM) as tx:
        assert await actors(tx) == sorted({str(ANNA), str(BO), str(SYSTEM)})


async def test_a_tenant_sees_and_counts_only_its_own(db: Database, two_tenants: tuple[int, int]) -> None:
    await _write(db, two_tenants[0], ANNA, MOVED, MOVED)
    await _write(db, two_tenants[1], ANNA, GRANTED)
    other = await _page(db, two_tenants[1], Wish())
    assert [(row["number"], row["function"]) for row in other.rows[:-1]] == [(2, GRANTED.function)]


async def test_an_entry_is_lost_with_what_it_told_of(db: Database, two_tenants: tuple[int, int]) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        await _write(db, two_tenants[0], ANNA, MOVED, then="select 1 / 0")
    await _write(db, two_tenants[0], ANNA, GRANTED)
    rows = (await _page(db, two_tenants[0], Wish())).rows
    assert [(row["number"], row["thing"]) for row in rows] == [(2, "operator"), (1, "tenant")]


async def test_a_savepoint_takes_its_entries_with_it(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        await audit.write(tx, MOVED)
        with pytest.raises(asyncpg.DivisionByZeroError):
            await _write_in_savepoint(tx, IMPORTED, then="select 1 / 0")
        await _write_in_savepoint(tx, GRANTED)
    rows = (await _page(db, two_tenants[0], Wish())).rows
    assert [row["thing"] for row in rows] == ["operator", "department", "tenant"]


async def test_numbers_have_no_gaps_when_many_write_at_once(
    db: Database, two_tenants: tuple[int, int]
) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(40):
            group.create_task(_write(db, two_tenants[0], ANNA, MOVED, GRANTED))
    async with db.tenant_tx(two_tenants[0], SYSTEM, snapshot=True) as tx:
        verdict = await verify(tx)
    assert (verdict.ok, verdict.entries) == (True, 81)


async def test_what_has_no_form_in_json_is_refused_at_once(
    db: Database, two_tenants: tuple[int, int]
) -> None:
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        with pytest.raises(TypeError, match="object cannot be written"):
            await audit.write(tx, audit.Entry(F.PEOPLE_CLASS_CHANGE, "class", "x", after={"a": object()}))


async def test_the_platform_has_no_audit(db: Database) -> None:
    async with db.platform_tx(SYSTEM) as tx:
        with pytest.raises(ValueError, match="no audit"):
            await audit.write(tx, MOVED)


def test_only_what_differs_is_told() -> None:
    before = {"name": "7A", "code": "07", "parent": None}
    assert audit.differing(before, {"name": "7B", "code": "07", "parent": 3}) == (
        {"name": "7A", "parent": None},
        {"name": "7B", "parent": 3},
    )
