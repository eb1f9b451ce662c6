"""Mass changes: what the preview shows is what happens, or nothing does."""

from datetime import date
from typing import Any

import pytest
from people_cast import School

from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.cards import service as cards
from onecard.desk import personnel
from onecard.devices import black
from onecard.people import bulk, persons
from onecard.people.bulk import ChangeClass, Graduate, MoveTo, MoveUp
from onecard.people.leaving import leave

DAY = date(2026, 7, 1)


async def _pupils(school: School) -> list[int]:
    places = ("七年级/1班", "七年级/1班", "七年级/2班", "八年级/1班")
    return [await school.add(str(n), f"生{n}", place) for n, place in enumerate(places, 1)]


async def _with_keyed_card(school: School, person: int) -> None:
    async with school.tx() as tx:
        await tx.connection.execute(
            "insert into cards.site (tenant_id, site, pin) values ($1, '\\x00000001', '0000')",
            school.tenant_id,
        )
        await tx.connection.execute(
            "insert into cards.key_set (tenant_id, version, wrapped_by, box) values ($1, 1, 'x', '')",
            school.tenant_id,
        )
        await tx.connection.execute(
            "insert into cards.card (tenant_id, uid, technology, person_id, number, generation, key_version,"
            " pin) values ($1, '0B0B0B0B', 'classic', $2, 1, 1, 1, '0000')",
            *(school.tenant_id, person),
        )


async def _where(school: School, ids: list[int]) -> list[int]:
    async with school.tx() as tx:
        return [(await persons.get(tx, each)).department_id for each in ids]


async def test_a_preview_changes_nothing_and_what_it_shows_is_done(school: School) -> None:
    ids, target = await _pupils(school), school.places["七年级/2班"]
    async with school.tx() as tx:
        shown = await bulk.preview(tx, MoveTo(ids[:3], target))
    assert (shown.affected, [str(each.reason) for each in shown.refused]) == (2, ["生3 is there already."])
    assert [(each.number, each.before, each.after) for each in shown.sample] == [
        ("1", "初中部/七年级/1班", "初中部/七年级/2班"),
        ("2", "初中部/七年级/1班", "初中部/七年级/2班"),
    ]
    assert await _where(school, ids[:1]) == [school.places["七年级/1班"]]
    async with school.tx() as tx:
        assert await bulk.carry_out(tx, MoveTo(ids[:3], target), shown.token, note="新学期") == shown
    assert await _where(school, ids[:3]) == [target] * 3
    moved = [each for each in await school.audit("person") if each[0] == "people:person:move"]
    assert [each[1] for each in moved] == ["1", "2"]
    assert moved[0][3] == {"department": "初中部/七年级/2班"}


async def test_what_changed_since_the_preview_stops_everything(school: School) -> None:
    ids, action = await _pupils(school), MoveUp({school.places["七年级/1班"]: school.places["八年级/1班"]})
    async with school.tx() as tx:
        token = (await bulk.preview(tx, action)).token
    await school.add("9", "新生", "七年级/1班")
    with pytest.raises(ConflictError, match="look at the preview again"):
        async with school.tx() as tx:
            await bulk.carry_out(tx, action, token)
    assert await _where(school, ids[:1]) == [school.places["七年级/1班"]]


async def test_classes_move_up_at_the_same_moment(school: School) -> None:
    ids = await _pupils(school)
    one, two, eight = (school.places[path] for path in ("七年级/1班", "七年级/2班", "八年级/1班"))
    action = MoveUp({one: two, two: eight})
    async with school.tx() as tx:
        shown = await bulk.preview(tx, action)
        await bulk.carry_out(tx, action, shown.token)
    assert shown.affected == 3
    assert await _where(school, ids) == [two, two, eight, eight]


async def test_a_year_group_graduates(school: School) -> None:
    ids = await _pupils(school)
    action = Graduate([school.places["七年级"]], DAY)
    async with school.tx() as tx:
        await cards.bind(tx, {"04A1B2C3": ids[0], "0B0B0B0B": ids[3]})
        await leave(tx, [ids[1]], on=DAY)
        shown = await bulk.preview(tx, action)
        await personnel.carry_out(tx, action, shown.token)
    assert (shown.affected, str(shown.sample[0].after), shown.sample[0].after.read("zh-CN")) == (
        2,
        "left",
        "离开",
    )
    async with school.tx() as tx:
        states = [(await persons.get(tx, each)).state.value for each in ids]
        assert [each.uid for each in await black.entries(tx)] == ["04A1B2C3"]
    assert states == ["left", "left", "left", "active"]


async def test_an_account_class_that_cards_carry_is_changed_at_a_desk(school: School) -> None:
    ids = await _pupils(school)
    await _with_keyed_card(school, ids[0])
    async with school.tx() as tx:
        await leave(tx, [ids[1]], on=DAY)
        action = ChangeClass(ids[:3], school.staff)
        shown = await bulk.preview(tx, action)
        await bulk.carry_out(tx, action, shown.token)
        names = [(await persons.get(tx, each)).class_name for each in ids[:3]]
    assert names == ["学生", "学生", "教师"]
    assert [str(each.reason) for each in shown.refused] == [
        "The card of 生1 carries the account class; change it at a desk.",
        "生2 has left.",
    ]


async def test_actions_that_make_no_sense(school: School) -> None:
    one = school.places["七年级/1班"]
    async with school.tx() as tx:
        with pytest.raises(OneCardError, match="cannot move up into itself"):
            await bulk.preview(tx, MoveUp({one: one}))
        for action in (MoveTo([1], 10**12), MoveTo([10**12], one), ChangeClass([1], 10**12)):
            with pytest.raises(NotFoundError):
                await bulk.preview(tx, action)


async def test_nothing_outside_the_scope_is_touched(school: School, factory: School) -> None:
    ids, theirs = await _pupils(school), await factory.add("1", "李")
    scope, eight = await school.below("七年级"), school.places["八年级/1班"]
    actions: list[Any] = [
        MoveTo([ids[3]], school.places["七年级/1班"]),
        MoveTo([ids[0]], eight),
        MoveTo([theirs], school.places["七年级/1班"]),
        MoveUp({eight: school.places["七年级/1班"]}),
        Graduate([eight], DAY),
        ChangeClass([ids[3]], school.staff),
    ]
    async with school.tx() as tx:
        for action in actions:
            with pytest.raises(NotFoundError):
                await bulk.preview(tx, action, departments=scope)
