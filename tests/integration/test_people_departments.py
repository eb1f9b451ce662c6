"""The tree of departments: counted, changed, moved in one action, kept free of circles."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from people_cast import School

from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.people import departments, leaving
from onecard.people.persons import get


async def test_the_tree_counts_people_with_and_without_what_is_below(school: School) -> None:
    for number, place in (("1", "七年级/1班"), ("2", "七年级/1班"), ("3", "七年级"), ("4", "八年级/1班")):
        await school.add(number, "王", place)
    async with school.tx() as tx:
        lines = {each.path: each for each in await departments.outline(tx)}
    assert (lines["初中部/七年级"].people, lines["初中部/七年级"].people_below) == (1, 3)
    assert (lines["青松学校"].people, lines["青松学校"].people_below) == (0, 4)
    assert [lines[path].depth for path in ("青松学校", "初中部", "初中部/七年级/1班")] == [0, 1, 3]


async def test_an_operator_sees_the_tree_from_its_own_department_down(school: School) -> None:
    await school.add("1", "王", "七年级/1班")
    await school.add("2", "李", "教职工")
    scope = await school.below("七年级")
    async with school.tx() as tx:
        lines = await departments.outline(tx, departments=scope)
    assert [(each.department.name, each.depth, each.people_below) for each in lines] == [
        ("七年级", 0, 1),
        ("1班", 1, 1),
        ("2班", 1, 0),
    ]


async def test_a_subtree_moves_in_one_action(school: School) -> None:
    person = await school.add("1", "王", "七年级/1班")
    async with school.tx() as tx:
        await departments.move(tx, school.places["七年级"], parent_id=school.places["教职工"])
    async with school.tx() as tx:
        tree = await departments.tree(tx)
        file = await get(tx, person)
    assert tree.path(file.department_id) == "教职工/七年级/1班"
    (moved,) = [each for each in await school.audit("department") if each[0].endswith(":move")]
    assert moved[2:] == ({"parent": "初中部"}, {"parent": "教职工"})


@pytest.mark.parametrize(
    ("what", "to", "sentence"),
    [
        ("初中部", "七年级/1班", "初中部 cannot be moved under 1班, which is part of it"),
        ("初中部", "初中部", "cannot be moved under"),
        ("", "初中部", "The root department 青松学校 cannot be moved"),
        ("七年级/1班", "八年级", "There is a department 1班 in the same place already"),
    ],
)
async def test_moves_that_cannot_be(school: School, what: str, to: str, sentence: str) -> None:
    async with school.tx() as tx:
        with pytest.raises(ConflictError, match=sentence):
            await departments.move(tx, school.places[what], parent_id=school.places[to])


async def test_two_moves_at_once_never_make_a_circle(
    school: School, blocked: Callable[[], Awaitable[None]]
) -> None:
    seven, eight = school.places["七年级"], school.places["八年级"]

    async def move(what: int, to: int) -> str:
        try:
            async with school.tx() as tx:
                await departments.move(tx, what, parent_id=to)
                await blocked()  # the other one has begun while this is not committed
        except ConflictError as error:
            return str(error)
        return "moved"

    done = await asyncio.gather(move(seven, eight), move(eight, seven))
    assert sorted(each == "moved" for each in done) == [False, True]
    async with school.tx() as tx:
        assert len(await departments.subtree(tx, school.places[""])) == len(school.places)


@pytest.mark.parametrize(
    ("values", "error", "sentence"),
    [
        ({"name": "2班", "code": "x"}, ConflictError, "in the same place already"),
        ({"name": "1班", "code": "1"}, ConflictError, "code 1 is taken"),
        ({"name": "a/b", "code": "x"}, OneCardError, "may not contain"),
        ({"name": "1班", "code": "a b"}, OneCardError, "code has 1 to 32"),
        ({"name": "1班", "code": "x", "position": -1}, OneCardError, "position is a number"),
    ],
)
async def test_changes_that_cannot_be(
    school: School, values: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    async with school.tx() as tx:
        with pytest.raises(error, match=sentence):
            await departments.change(tx, school.places["七年级/1班"], **values)


async def test_a_change_is_saved_and_audited_once(school: School) -> None:
    for _ in range(2):
        async with school.tx() as tx:
            await departments.change(tx, school.places["七年级/1班"], name="实验班", code="7A", position=3)
    last = (await school.audit("department"))[-1]
    assert last[0] == "people:department:change"
    assert last[3] == {"code": "7A", "name": "实验班", "position": 3}
    assert len([each for each in await school.audit("department") if each[2] is not None]) == 1


async def test_what_lies_outside_the_scope_is_not_found(school: School) -> None:
    scope, other = await school.below("七年级"), school.places["八年级"]
    async with school.tx() as tx:
        for work in (
            departments.change(tx, other, name="x", code="x", departments=scope),
            departments.move(tx, other, parent_id=school.places["七年级"], departments=scope),
            departments.move(tx, school.places["七年级/1班"], parent_id=other, departments=scope),
            departments.delete(tx, other, departments=scope),
            departments.create(tx, name="x", parent_id=other, departments=scope),
            departments.create(tx, name="x", departments=scope),
        ):
            with pytest.raises(NotFoundError):
                await work


async def test_departments_of_another_tenant_are_not_found(school: School, factory: School) -> None:
    theirs = factory.places["教职工"]
    async with school.tx() as tx:
        assert await departments.subtree(tx, theirs) == []
        for work in (
            departments.change(tx, theirs, name="x", code="x"),
            departments.move(tx, school.places["七年级"], parent_id=theirs),
            departments.delete(tx, theirs),
            departments.create(tx, name="x", parent_id=theirs),
        ):
            with pytest.raises(NotFoundError):
                await work


async def test_a_department_says_who_keeps_it(school: School) -> None:
    gone = await school.add("1", "王", "七年级")
    await school.add("2", "李", "七年级")
    async with school.tx() as tx:
        await leaving.leave(tx, [gone], on=(await get(tx, gone)).created_at.date())
        with pytest.raises(ConflictError) as refused:
            await departments.delete(tx, school.places["七年级"])
    assert str(refused.value).endswith("it holds 1 person and 1 person who has left and 2 departments.")
    chinese = "部门“七年级”不能删除：里面还有1 人、1 名已离开人员、2 个下级部门。"
    assert refused.value.in_language("zh-CN") == chinese
