"""Merchants, meals and the snapshot of rules that sales are decided with."""

from datetime import UTC, date, datetime, time

import asyncpg
import pytest

from onecard.base.db import SYSTEM, Database
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.consumption import service as consumption
from onecard.consumption.model import MealDraft
from onecard.desk.examples import prepare_example_tenant
from onecard.ledger.model import BookKind, Terms
from onecard.people import service as people
from onecard.tenants import service as tenants


async def test_each_merchant_has_a_book_of_its_own(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        first = await consumption.create_merchant(tx, code="M1", name="第一食堂")
        second = await consumption.create_merchant(tx, code="M2", name="第二食堂")
        kind = "select kind from ledger.book where tenant_id = $1 and id = $2"
        for merchant in (first, second):
            assert await tx.connection.fetchval(kind, two_tenants[0], merchant.book_id) == BookKind.MERCHANT
        assert first.book_id != second.book_id
        assert await consumption.merchants(tx) == [first, second]
    async with db.tenant_tx(two_tenants[1], SYSTEM) as tx:
        assert await consumption.merchants(tx) == []


@pytest.mark.parametrize(
    ("code", "name", "sentence"),
    [
        ("M1", "b", "the code M1 or the name b already"),
        ("M2", "a", "the code M2 or the name a already"),
        ("M 2", "b", "1 to 16 letters"),
        ("M2", " ", "needs a name"),
    ],
)
async def test_merchants_that_cannot_be(
    db: Database, two_tenants: tuple[int, int], code: str, name: str, sentence: str
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await consumption.create_merchant(tx, code="M1", name="a")
        with pytest.raises(OneCardError, match=sentence):
            await consumption.create_merchant(tx, code=code, name=name)


async def test_meals_are_replaced_as_a_whole(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await consumption.set_meals(
            tx, [MealDraft("a", time(6), time(9)), MealDraft("b", time(11), time(13))]
        )
        meals = await consumption.set_meals(
            tx, [MealDraft("c", time(1), time(2)), MealDraft("b", time(8), time(9))]
        )
        assert [(meal.number, meal.name) for meal in meals] == [(1, "b"), (2, "c")]
        assert await consumption.meals(tx) == meals
        with pytest.raises(OneCardError, match="runs over the end of the business day"):
            await consumption.set_meals(tx, [MealDraft("d", time(2), time(4))])
        assert await consumption.meals(tx) == meals


async def test_rules_are_all_that_a_sale_needs(db: Database) -> None:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    async with db.tenant_tx(tenant_id, SYSTEM, snapshot=True) as tx:
        rules = await consumption.load_rules(tx)
        students = next(each for each in await people.classes(tx) if each.name == "学生")
    assert rules.terms[students.id] == Terms(
        transaction_limit_fen=50_00,
        meal_limit_fen=60_00,
        meal_limit_count=4,
        day_limit_fen=120_00,
        day_limit_count=12,
    )
    assert [merchant.code for merchant in rules.merchants.values()] == ["M1", "M2", "M3", "M4"]
    assert all(rules.merchants[merchant_id].id == merchant_id for merchant_id in rules.merchants)
    assert not rules.suspended


@pytest.mark.parametrize(
    ("utc", "period"),
    [
        ((2026, 9, 1, 4, 0), (date(2026, 9, 1), 2)),  # 12:00 in Shanghai
        ((2026, 9, 1, 18, 59), (date(2026, 9, 1), 0)),  # 02:59 of the next day
        ((2026, 9, 1, 19, 0), (date(2026, 9, 2), 0)),  # the cut-off
        ((2026, 9, 1, 22, 30), (date(2026, 9, 2), 1)),
    ],
)
async def test_the_period_of_an_instant(db: Database, utc: tuple[int, ...], period: tuple[date, int]) -> None:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        rules = await consumption.load_rules(tx)
    at = datetime(*utc, tzinfo=UTC)  # type: ignore[misc,arg-type]  a row of numbers
    assert rules.period(int(at.timestamp()) * 1_000_000) == period


async def test_rules_follow_closing_and_suspension(db: Database) -> None:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        await consumption.set_closed(tx, "M2", closed=True)
        await tenants.set_suspended(tx, suspended=True)
        rules = await consumption.load_rules(tx)
        with pytest.raises(NotFoundError, match="There is no merchant M9"):
            await consumption.set_closed(tx, "M9", closed=True)
    assert rules.suspended
    assert [merchant.code for merchant in rules.merchants.values() if merchant.state == "closed"] == ["M2"]


async def test_a_merchants_book_cannot_be_changed_by_the_application(db: Database) -> None:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tenant_tx(tenant_id, SYSTEM) as tx:
            await tx.connection.execute(
                "update consumption.merchant set book_id = 1 where tenant_id = $1", tenant_id
            )
    with pytest.raises(ConflictError, match="tenant code 8672 is taken"):
        await prepare_example_tenant(db, SYSTEM)
