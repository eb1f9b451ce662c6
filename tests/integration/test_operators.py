"""Operators in the database: accounts, passwords, states, and each tenant for itself."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from onecard.base.db import SYSTEM, Actor, Database, Tx
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.listing import Wish
from onecard.tenants.audit.lists import ENTRIES
from onecard.tenants.functions import F
from onecard.tenants.operators import passwords, roles, rules, service
from onecard.tenants.operators.authority import authority
from onecard.tenants.operators.lists import OPERATORS
from onecard.tenants.operators.model import EVERYTHING, NOTHING, NewOperator, OperatorDraft, RoleDraft, State

GOOD, BETTER = "liang teng gua", "correct horse battery"
EASTMOST, WESTMOST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


@pytest.fixture
async def tx(db: Database, two_tenants: tuple[int, int]) -> AsyncIterator[Tx]:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as open_tx:
        await roles.create_first_administrator(open_tx, "王芳", GOOD)
        yield open_tx


async def clerk(tx: Tx, **fields: object) -> NewOperator:
    return await service.create(tx, OperatorDraft(**({"name": "李强"} | fields)), by=EVERYTHING)


async def test_accounts_count_from_the_administrators(tx: Tx) -> None:
    first = await service.find(tx, "86729000")
    assert first is not None
    assert (first.name, first.all_departments, first.password_set_by_other) == ("王芳", True, False)
    assert (await authority(tx, first.id)) == EVERYTHING
    assert [(await clerk(tx)).account for _ in range(2)] == ["86729001", "86729002"]
    assert await service.find(tx, "86729003") is None


async def test_after_a_thousand_accounts_get_longer() -> None:
    assert rules.account_number("8672", 1000) == "86729999"
    assert rules.account_number("8672", 1001) == "867210000"
    assert rules.tenant_code_of("867210000") == "8672"


async def test_there_is_one_first_administrator(tx: Tx) -> None:
    with pytest.raises(ConflictError, match="operators already"):
        await roles.create_first_administrator(tx, "赵云", GOOD)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "1 to 64 printable"),
        ({"name": "x" * 65}, "1 to 64 printable"),
        ({"name": "a\x00b"}, "1 to 64 printable"),
        ({"remark": "x" * 501}, "at most 500"),
        ({"department_id": 4711}, "no such department"),
    ],
)
async def test_drafts_that_cannot_be(
    db: Database, two_tenants: tuple[int, int], fields: dict[str, object], sentence: str
) -> None:
    with pytest.raises(OneCardError, match=sentence):
        async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
            await clerk(tx, **fields)


async def test_a_password_somebody_else_set_has_to_be_changed(tx: Tx) -> None:
    one_time = passwords.one_time()
    made = await service.create(tx, OperatorDraft(name="李强"), by=EVERYTHING, password=one_time)
    assert (await service.get(tx, made.id)).password_set_by_other
    await service.change_own_password(tx, made.id, old=one_time, new=GOOD)
    changed = await service.get(tx, made.id)
    assert not changed.password_set_by_other
    assert await passwords.matches(await service.password_hash(tx, made.id), GOOD)
    await service.set_password(tx, made.id, BETTER, by=EVERYTHING)
    assert (await service.get(tx, made.id)).password_set_by_other


async def test_a_one_time_password_lasts_a_week(tx: Tx) -> None:
    made = await service.create(tx, OperatorDraft(name="李强"), by=EVERYTHING, password=passwords.one_time())
    operator, now = await service.get(tx, made.id), datetime.now(UTC)
    assert rules.sign_in_refusal(operator, now + timedelta(days=6)) is None
    assert "one-time" in str(rules.sign_in_refusal(operator, now + timedelta(days=8)))
    administrator = await service.find(tx, "86729000")
    assert administrator is not None
    assert rules.sign_in_refusal(administrator, now + timedelta(days=800)) is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (BETTER, "another good one", "old password is not right"),
        (GOOD, GOOD, "is the old one"),
        (GOOD, "12345678", "easy to guess"),
        (GOOD, "86729000wangfang", "which everybody knows"),
        (GOOD, "short", "8 to 128"),
    ],
)
async def test_own_passwords_that_cannot_be(tx: Tx, old: str, new: str, sentence: str) -> None:
    operator = await service.find(tx, "86729000")
    assert operator is not None
    with pytest.raises(OneCardError, match=sentence):
        await service.change_own_password(tx, operator.id, old=old, new=new)


async def test_nobody_without_a_password_changes_it(tx: Tx) -> None:
    made = await clerk(tx)
    assert not (await service.get(tx, made.id)).has_password
    with pytest.raises(OneCardError, match="old password is not right"):
        await service.change_own_password(tx, made.id, old="", new=GOOD)


async def test_a_hash_is_replaced_unless_the_password_changed(tx: Tx) -> None:
    made = await service.create(tx, OperatorDraft(name="李强"), by=EVERYTHING, password=GOOD)
    kept = str(await service.password_hash(tx, made.id))
    await service.replace_hash(tx, made.id, outdated="another", fresh="fresh")
    assert await service.password_hash(tx, made.id) == kept
    await service.replace_hash(tx, made.id, outdated=kept, fresh="fresh")
    assert await service.password_hash(tx, made.id) == "fresh"


async def test_disabled_operators_may_do_nothing(tx: Tx) -> None:
    made = await clerk(tx)
    await roles.set_grants(tx, made.id, [F.PEOPLE_PERSON_VIEW], by=EVERYTHING)
    await service.set_enabled(tx, made.id, enabled=False, by=EVERYTHING)
    operator = await service.get(tx, made.id)
    assert operator.state is State.DISABLED
    assert "disabled" in str(rules.sign_in_refusal(operator, datetime.now(UTC)))
    assert await authority(tx, made.id) == NOTHING
    await service.set_enabled(tx, made.id, enabled=True, by=EVERYTHING)
    assert (await authority(tx, made.id)).functions == {F.PEOPLE_PERSON_VIEW}


@pytest.mark.parametrize(
    ("zone", "days", "state"),
    [
        # the date line runs through the same instant: it is never the same day in both zones
        ("Pacific/Kiritimati", {"east": 0}, State.ENABLED),
        ("Pacific/Kiritimati", {"west": 0}, State.ENDED),
        ("Etc/GMT+12", {"west": 0}, State.ENABLED),
        ("Etc/GMT+12", {"west": -1}, State.ENDED),
    ],
)
async def test_operators_end_by_the_tenants_calendar(
    tx: Tx, zone: str, days: dict[str, int], state: State
) -> None:
    statement = "update tenants.tenant set time_zone = $1 where tenant_id = $2"
    await tx.connection.execute(statement, zone, tx.tenant_id)
    side, shift = next(iter(days.items()))
    now = await tx.connection.fetchval("select now()")
    today = now.astimezone(EASTMOST if side == "east" else WESTMOST).date()
    made = await clerk(tx, ends_on=today + timedelta(days=shift))
    await roles.set_grants(tx, made.id, [F.PEOPLE_PERSON_VIEW], by=EVERYTHING)
    operator = await service.get(tx, made.id)
    assert operator.state is state
    assert (rules.sign_in_refusal(operator, now) is None) == (state is State.ENABLED)
    assert ((await authority(tx, made.id)) == NOTHING) == (state is State.ENDED)
    listed = await OPERATORS.page(tx, Wish(arguments={"search": made.account}))
    assert [row["state"] for row in listed.rows] == [state]


async def test_who_has_ended_needs_another_day(tx: Tx) -> None:
    made = await clerk(tx, ends_on=date(2020, 1, 1))
    with pytest.raises(ConflictError, match="ended on 2020-01-01"):
        await service.set_enabled(tx, made.id, enabled=True, by=EVERYTHING)
    await service.change(tx, made.id, OperatorDraft(name="李强"), by=EVERYTHING)
    assert (await service.get(tx, made.id)).state is State.ENABLED


async def test_locks_end_by_time_unlocking_or_a_new_password(tx: Tx) -> None:
    made, now = await clerk(tx), datetime.now(UTC)
    for end in (
        service.unlock(tx, made.id, by=EVERYTHING),
        service.set_password(tx, made.id, GOOD, by=EVERYTHING),
    ):
        await service.lock(tx, made.id, until=now + timedelta(minutes=15))
        operator = await service.get(tx, made.id)
        assert "locked" in str(rules.sign_in_refusal(operator, now))
        assert rules.sign_in_refusal(operator, now + timedelta(minutes=16)) is None
        await end
        assert (await service.get(tx, made.id)).locked_until is None


async def test_who_worked_is_never_deleted(tx: Tx) -> None:
    made = await clerk(tx)
    await roles.set_grants(tx, made.id, [F.PEOPLE_PERSON_VIEW], by=EVERYTHING)
    await service.delete(tx, made.id, by=EVERYTHING)
    with pytest.raises(NotFoundError):
        await service.get(tx, made.id)
    again = await clerk(tx)
    assert again.account == "86729002"
    await service.signed_in(tx, again.id)
    with pytest.raises(ConflictError, match="86729002 李强 has worked here"):
        await service.delete(tx, again.id, by=EVERYTHING)


async def test_changes_are_audited_without_passwords(db: Database, two_tenants: tuple[int, int]) -> None:
    boss = Actor("operator", "86729000", "192.0.2.1")
    async with db.tenant_tx(two_tenants[0], boss) as tx:
        await roles.create_first_administrator(tx, "王芳", GOOD)
        made = await clerk(tx)
        await service.change(tx, made.id, OperatorDraft(name="李强", may_top_up=True), by=EVERYTHING)
        await service.set_password(tx, made.id, BETTER, by=EVERYTHING)
        role_id = await roles.create_role(tx, RoleDraft(name="出纳"), by=EVERYTHING)
        await roles.set_roles(tx, made.id, [role_id], by=EVERYTHING)
    async with db.tenant_tx(two_tenants[0], boss) as tx:
        rows = (await ENTRIES.page(tx, Wish(arguments={"search": "86729001"}))).rows
    assert [row["function"] for row in rows] == [
        F.ACCESS_OPERATOR_GRANT,
        F.ACCESS_OPERATOR_PASSWORD,
        F.ACCESS_OPERATOR_CHANGE,
        F.ACCESS_OPERATOR_CHANGE,
    ]
    assert (rows[2]["before"], rows[2]["after"]) == ('{"may_top_up":false}', '{"may_top_up":true}')
    assert not any(word in str(rows) for word in (GOOD, BETTER, "argon2"))


async def test_tenants_see_nothing_of_each_other(db: Database, two_tenants: tuple[int, int]) -> None:
    made = []
    for tenant_id in two_tenants:
        async with db.tenant_tx(tenant_id, SYSTEM) as tx:
            made.append(await roles.create_first_administrator(tx, "王芳", GOOD))
    assert [each.account for each in made] == ["86729000", "12009000"]
    async with db.tenant_tx(two_tenants[1], SYSTEM) as tx:
        assert [row["account"] for row in (await OPERATORS.page(tx, Wish())).rows] == ["12009000"]
        assert await service.find(tx, "86729000") is None
        assert await service.password_hash(tx, made[0].id) is None
        for use in (service.get(tx, made[0].id), service.set_password(tx, made[0].id, GOOD, by=EVERYTHING)):
            with pytest.raises(NotFoundError):
                await use


async def test_preferences(tx: Tx) -> None:
    made = await clerk(tx)
    await service.set_preferences(tx, made.id, language="en", time_zone="Europe/Berlin")
    operator = await service.get(tx, made.id)
    assert (operator.language, operator.time_zone) == ("en", "Europe/Berlin")
    with pytest.raises(OneCardError, match="language fr"):
        await service.set_preferences(tx, made.id, language="fr", time_zone=None)
    with pytest.raises(OneCardError, match="time zone Mars"):
        await service.set_preferences(tx, made.id, language=None, time_zone="Mars")
