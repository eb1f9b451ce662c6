"""Who may do what: roles, grants, the scope of data, and who may change whom."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date

import pytest

from onecard.base.db import SYSTEM, Actor, Database, Tx
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.listing import Wish
from onecard.people import service as people
from onecard.tenants.functions import F, Function
from onecard.tenants.operators import roles, service
from onecard.tenants.operators.authority import authority
from onecard.tenants.operators.lists import OPERATORS, ROLES
from onecard.tenants.operators.model import EVERYTHING, Authority, OperatorDraft, RoleDraft

GOOD = "liang teng gua"
BOSS = Actor("operator", "86729000", "192.0.2.1")
EVERYBODY = {"name": "李强", "all_departments": True}
CASHIER = frozenset({F.PEOPLE_PERSON_VIEW, F.ACCESS_OPERATOR_VIEW})


@pytest.fixture
async def tx(db: Database, two_tenants: tuple[int, int]) -> AsyncIterator[Tx]:
    """The first administrator of the school acts."""
    async with db.tenant_tx(two_tenants[0], BOSS) as open_tx:
        await roles.create_first_administrator(open_tx, "王芳", GOOD)
        yield open_tx


async def boss_id(tx: Tx) -> int:
    found = await service.find(tx, "86729000")
    assert found is not None
    return found.id


async def operator(tx: Tx, functions: frozenset[Function] = frozenset(), **fields: object) -> int:
    made = await service.create(tx, OperatorDraft(**({"name": "李强"} | fields)), by=EVERYTHING)
    await roles.set_grants(tx, made.id, functions, by=EVERYTHING)
    return made.id


async def second_administrator(tx: Tx, **fields: object) -> int:
    made = await operator(tx, **(EVERYBODY | fields))
    await roles.set_roles(tx, made, [await roles.open_operators(tx)], by=EVERYTHING)
    return made


async def test_roles_and_grants_add_up(tx: Tx) -> None:
    viewers = await roles.create_role(tx, RoleDraft(name="查看", functions=CASHIER), by=EVERYTHING)
    made = await operator(tx, frozenset({F.PEOPLE_PHOTO_VIEW}))
    await roles.set_roles(tx, made, [viewers], by=EVERYTHING)
    assert (await authority(tx, made)).functions == CASHIER | {F.PEOPLE_PHOTO_VIEW}
    await roles.change_role(tx, viewers, RoleDraft(name="查看", functions=frozenset()), by=EVERYTHING)
    assert (await authority(tx, made)).functions == {F.PEOPLE_PHOTO_VIEW}
    await roles.set_roles(tx, made, [], by=EVERYTHING)
    await roles.set_grants(tx, made, [], by=EVERYTHING)
    assert (await authority(tx, made)).functions == frozenset()


async def test_the_administrators_role_has_every_function_and_stays(tx: Tx) -> None:
    administrators = await roles.open_operators(tx)
    assert await roles.open_operators(tx) == administrators
    role = await roles.role(tx, administrators)
    assert (role.name, role.built_in, role.operators) == ("管理员", True, 1)
    assert role.functions == frozenset(Function)
    for use in (
        roles.change_role(tx, administrators, RoleDraft(name="x"), by=EVERYTHING),
        roles.delete_role(tx, administrators, by=EVERYTHING),
    ):
        with pytest.raises(ConflictError, match="built in"):
            await use


async def test_functions_of_other_versions_are_ignored_and_kept(tx: Tx) -> None:
    made = await operator(tx, CASHIER)
    role_id = await roles.create_role(tx, RoleDraft(name="查看", functions=CASHIER), by=EVERYTHING)
    await roles.set_roles(tx, made, [role_id], by=EVERYTHING)
    stored = (
        "update tenants.role set functions = functions || '{moon:rocket:land}' where tenant_id=$1 and id=$2"
    )
    await tx.connection.execute(stored, tx.tenant_id, role_id)
    stored = "insert into tenants.operator_grant values ($1, $2, 'moon:rocket:start')"
    await tx.connection.execute(stored, tx.tenant_id, made)
    assert (await authority(tx, made)).functions == CASHIER
    await roles.set_grants(tx, made, [], by=EVERYTHING)
    await roles.change_role(tx, role_id, RoleDraft(name="看"), by=EVERYTHING)
    kept = "select function from tenants.operator_grant union select unnest(functions) from tenants.role"
    assert {row[0] for row in await tx.connection.fetch(kept)} == {"moon:rocket:start", "moon:rocket:land"}


async def test_a_department_shows_its_subtree(tx: Tx) -> None:
    junior = await people.ensure_department(tx, "青松学校/初中部")
    first = await people.ensure_department(tx, "青松学校/初中部/七年级/1班")
    senior = await people.ensure_department(tx, "青松学校/高中部")
    scope = await authority(tx, await operator(tx, department_id=junior))
    assert scope.department_ids is not None
    assert len(scope.department_ids) == 3
    seen = [scope.sees(each) for each in (junior, first, senior, None)]
    assert seen == [True, True, False, False]
    assert (await authority(tx, await operator(tx))).department_ids == frozenset()
    assert (await authority(tx, await operator(tx, **EVERYBODY))).department_ids is None


async def test_nobody_grants_what_he_has_not(tx: Tx) -> None:
    mine = Authority(CASHIER | {F.ACCESS_OPERATOR_GRANT}, None)
    made = await operator(tx)
    powerful = await roles.create_role(
        tx, RoleDraft(name="档案", functions=frozenset({F.PEOPLE_PERSON_ERASE})), by=EVERYTHING
    )
    await roles.set_grants(tx, made, CASHIER, by=mine)
    for use in (
        roles.set_grants(tx, made, [F.PEOPLE_PERSON_VIEW, F.PEOPLE_PERSON_ERASE], by=mine),
        roles.set_roles(tx, made, [powerful], by=mine),
        roles.create_role(tx, RoleDraft(name="x", functions=frozenset({F.PEOPLE_PERSON_ERASE})), by=mine),
    ):
        with pytest.raises(ConflictError, match="do yourself: Erase personal data"):
            await use
    with pytest.raises(ConflictError, match="档案 may do more than you"):
        await roles.change_role(tx, powerful, RoleDraft(name="档案"), by=mine)
    with pytest.raises(ConflictError, match=r"do yourself: .*(, .*){4} and others, \d+ in all\.$"):
        await roles.set_roles(tx, made, [await roles.open_operators(tx)], by=mine)


@pytest.mark.parametrize(
    "use",
    [
        lambda tx, target, by: service.set_password(tx, target, GOOD, by=by),
        lambda tx, target, by: service.set_enabled(tx, target, enabled=False, by=by),
        lambda tx, target, by: service.change(tx, target, OperatorDraft(name="x"), by=by),
        lambda tx, target, by: service.delete(tx, target, by=by),
        lambda tx, target, by: service.unlock(tx, target, by=by),
        lambda tx, target, by: roles.set_grants(tx, target, [], by=by),
        lambda tx, target, by: roles.set_roles(tx, target, [], by=by),
    ],
)
@pytest.mark.parametrize(
    "by",
    [Authority(CASHIER, None), Authority(frozenset(Function), frozenset()), Authority(frozenset(), None)],
)
async def test_nobody_changes_who_may_do_or_see_more(
    tx: Tx, use: Callable[[Tx, int, Authority], Awaitable[None]], by: Authority
) -> None:
    target = await operator(tx, CASHIER | {F.PEOPLE_PERSON_ERASE}, **EVERYBODY)
    await service.set_enabled(tx, target, enabled=False, by=EVERYTHING)
    with pytest.raises(ConflictError, match="may do or see more than you"):
        await use(tx, target, by)


async def test_nobody_lets_others_see_more_than_he_sees(tx: Tx) -> None:
    junior = await people.ensure_department(tx, "青松学校/初中部")
    senior = await people.ensure_department(tx, "青松学校/高中部")
    mine = await authority(tx, await operator(tx, CASHIER, department_id=junior))
    made = await service.create(tx, OperatorDraft(name="赵云", department_id=junior), by=mine)
    for draft in (
        OperatorDraft(name="x", department_id=senior),
        OperatorDraft(name="x", all_departments=True),
        OperatorDraft(name="x"),
    ):
        with pytest.raises(ConflictError, match="whose people you see"):
            await service.create(tx, draft, by=mine)
        with pytest.raises(ConflictError, match="whose people you see"):
            await service.change(tx, made.id, draft, by=mine)
    await service.change(tx, made.id, OperatorDraft(name="赵雨", department_id=junior), by=mine)


@pytest.mark.parametrize(
    "use",
    [
        lambda tx, boss: service.set_enabled(tx, boss, enabled=False, by=EVERYTHING),
        lambda tx, boss: service.change(tx, boss, OperatorDraft(name="王芳"), by=EVERYTHING),
        lambda tx, boss: service.change(
            tx,
            boss,
            OperatorDraft(name="王芳", all_departments=True, ends_on=date(2099, 1, 1)),
            by=EVERYTHING,
        ),
        lambda tx, boss: service.delete(tx, boss, by=EVERYTHING),
        lambda tx, boss: roles.set_roles(tx, boss, [], by=EVERYTHING),
    ],
)
async def test_the_last_administrator_stays(
    db: Database, two_tenants: tuple[int, int], use: Callable[[Tx, int], Awaitable[None]]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        boss = (await roles.create_first_administrator(tx, "王芳", GOOD)).id
        await second_administrator(tx, ends_on=date(2099, 1, 1))  # will not be there one day
        scoped = await second_administrator(tx, all_departments=False)  # cannot grant all departments
        assert (await authority(tx, scoped)).functions == frozenset(Function)
    with pytest.raises(ConflictError, match="Nobody would be left who may grant everything"):
        async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
            await use(tx, boss)
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        assert await authority(tx, boss) == EVERYTHING
        await second_administrator(tx)
        await use(tx, boss)


async def test_two_administrators_cannot_disable_each_other_at_once(
    db: Database, two_tenants: tuple[int, int], blocked: Callable[[], Awaitable[None]]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        first = (await roles.create_first_administrator(tx, "王芳", GOOD)).id
        second = await second_administrator(tx)

    async def disable(operator_id: int) -> bool:
        async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
            await service.set_enabled(tx, operator_id, enabled=False, by=EVERYTHING)
            await blocked()  # the other one wants the same while this is not committed
        return True

    done = await asyncio.gather(disable(first), disable(second), return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["ConflictError", "bool"]


async def test_nobody_takes_from_himself_the_right_to_grant(tx: Tx) -> None:
    await second_administrator(tx)
    boss = await boss_id(tx)
    with pytest.raises(ConflictError, match="take from yourself the right to grant"):
        await roles.set_roles(tx, boss, [], by=EVERYTHING)
    with pytest.raises(ConflictError, match="cannot disable your own"):
        await service.set_enabled(tx, boss, enabled=False, by=EVERYTHING)
    with pytest.raises(ConflictError, match="in your profile"):
        await service.set_password(tx, boss, GOOD, by=EVERYTHING)


async def test_nobody_takes_the_right_to_grant_from_a_role_he_has(tx: Tx) -> None:
    await second_administrator(tx)
    granting = RoleDraft(name="授权", functions=CASHIER | {F.ACCESS_OPERATOR_GRANT})
    role_id = await roles.create_role(tx, granting, by=EVERYTHING)
    await roles.set_roles(tx, await boss_id(tx), [role_id], by=EVERYTHING)
    with pytest.raises(ConflictError, match="take from yourself the right to grant"):
        await roles.change_role(tx, role_id, RoleDraft(name="授权", functions=CASHIER), by=EVERYTHING)


async def test_a_role_in_use_is_not_deleted(tx: Tx) -> None:
    role_id = await roles.create_role(tx, RoleDraft(name="出纳"), by=EVERYTHING)
    made = await operator(tx)
    await roles.set_roles(tx, made, [role_id], by=EVERYTHING)
    with pytest.raises(ConflictError, match="出纳 cannot be deleted while somebody has it: 86729001 李强"):
        await roles.delete_role(tx, role_id, by=EVERYTHING)
    await roles.set_roles(tx, made, [], by=EVERYTHING)
    await roles.delete_role(tx, role_id, by=EVERYTHING)
    with pytest.raises(NotFoundError):
        await roles.role(tx, role_id)


@pytest.mark.parametrize(("name", "sentence"), [("出纳", "a role 出纳 already"), ("", "1 to 64 printable")])
async def test_role_names(db: Database, two_tenants: tuple[int, int], name: str, sentence: str) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await roles.create_role(tx, RoleDraft(name="出纳"), by=EVERYTHING)
    with pytest.raises(OneCardError, match=sentence):
        async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
            await roles.create_role(tx, RoleDraft(name=name), by=EVERYTHING)


async def test_lists_are_searched_and_scoped(tx: Tx) -> None:
    junior = await people.ensure_department(tx, "青松学校/初中部")
    role_id = await roles.create_role(tx, RoleDraft(name="出纳", functions=CASHIER), by=EVERYTHING)
    made = await operator(tx, CASHIER, department_id=junior)
    await operator(tx, name="赵云", department_id=junior, all_departments=True)  # sees more than the juniors
    await roles.set_roles(tx, made, [role_id], by=EVERYTHING)

    async def accounts(**arguments: object) -> list[str]:
        return [row["account"] for row in (await OPERATORS.page(tx, Wish(arguments=arguments))).rows]

    assert await accounts() == ["86729000", "86729001", "86729002"]
    assert await accounts(search="86729001") == await accounts(search="李") == ["86729001"]
    assert await accounts(departments=[junior]) == ["86729001"]
    assert await accounts(search="9001") == await accounts(departments=[]) == []
    row = (await OPERATORS.page(tx, Wish(arguments={"search": "86729001"}))).rows[0]
    assert (row["department"], row["roles"], row["grants"], row["state"]) == ("初中部", "出纳", 2, "enabled")
    listed = {row["name"]: row["operators"] for row in (await ROLES.page(tx, Wish())).rows}
    assert listed == {"管理员": 1, "出纳": 1}


async def test_tenants_share_no_roles(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        theirs = await roles.create_role(tx, RoleDraft(name="出纳"), by=EVERYTHING)
    async with db.tenant_tx(two_tenants[1], SYSTEM) as tx:
        await roles.create_role(tx, RoleDraft(name="出纳"), by=EVERYTHING)
        made = await operator(tx)
        for use in (roles.role(tx, theirs), roles.set_roles(tx, made, [theirs], by=EVERYTHING)):
            with pytest.raises(NotFoundError):
                await use
