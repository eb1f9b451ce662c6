"""People are found by whatever somebody has at hand, within what they may see."""

import pytest
from people_cast import School

from onecard.base.db import SYSTEM
from onecard.base.listing import Condition, Op, Wish
from onecard.cards import service as cards
from onecard.people import lists, persons, search
from onecard.people import service as people
from onecard.people.lists import PERSONS
from onecard.people.model import PersonDraft

CAST = {
    "20260001": "李小明",
    "20260002": "李晓梅",
    "20260003": "单田芳",
    "20250004": "Anna Smith",
    "X5": "张三",
}


async def _cast(school: School) -> dict[str, int]:
    ids = {number: await school.add(number, name) for number, name in CAST.items()}
    async with school.tx() as tx:
        draft = school.draft("X5", "张三", "八年级/1班", phone="13800138000")
        await persons.change(tx, school.vault, ids["X5"], draft, version=1)
        await cards.bind(tx, {"04A1B2C3D4E5F6": ids["X5"]})
        await tx.connection.execute(
            "update cards.card set number = 1234 where tenant_id = $1", school.tenant_id
        )
    return ids


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("李小明", ["20260001"]),
        ("小明", ["20260001"]),
        ("明", ["20260001"]),
        ("lxm", ["20260001", "20260002"]),
        ("LX", ["20260001", "20260002"]),
        ("lixiaoming", ["20260001"]),
        ("li xiao m", ["20260001", "20260002"]),
        ("shantf", []),
        ("stf", ["20260003"]),
        ("dtf", ["20260003"]),
        ("smith", ["20250004"]),
        ("anna s", ["20250004"]),
        ("ａｓ", ["20250004"]),
        ("2026", ["20260001", "20260002", "20260003"]),
        ("x5", []),
        ("X5", ["X5"]),
        ("138 0013", ["X5"]),
        ("+86", []),
        ("1234", ["X5"]),
        ("123", []),
        ("04:a1:b2", ["X5"]),
        ("%", []),
        ("' or 1=1 --", []),
        ("", sorted(CAST)),
        ("   ", sorted(CAST)),
    ],
)
async def test_what_is_typed_finds(school: School, typed: str, found: list[str]) -> None:
    await _cast(school)
    assert sorted(await school.numbers(search=typed)) == found


@pytest.mark.parametrize("typed", ["lxm", "2026", "138", "1234", "04A1B2C3", "李", "nobody"])
async def test_many_and_few_are_found_alike(
    school: School, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    await _cast(school)
    few = await school.numbers(search=typed)
    monkeypatch.setattr(lists, "_FEW", -1)  # now every search is one of many
    assert await school.numbers(search=typed) == few


async def test_search_stays_within_scope_department_and_tenant(school: School, factory: School) -> None:
    await _cast(school)
    await factory.add("1", "李小明")
    seven, eight = await school.below("七年级"), await school.below("八年级")
    assert await school.numbers(search="lxm", departments=eight) == []
    assert await school.numbers(search="zs", department=seven) == []
    assert await school.numbers(search="zs", department=eight, departments=eight) == ["X5"]
    assert await school.numbers(department=eight[0]) == ["X5"]
    assert await school.numbers(departments=eight) == ["X5"]
    assert await school.numbers(departments=[]) == []
    assert await factory.numbers(search="lxm") == ["1"]


@pytest.mark.parametrize("typed", ["lxm", "2026", "zs", "X5", "138 0013", "1234", "04:a1:b2", "nobody"])
async def test_as_many_are_counted_in_departments_as_are_listed(school: School, typed: str) -> None:
    await _cast(school)
    eight = await school.below("八年级")
    async with school.tx() as tx:
        everybody = await PERSONS.page(tx, Wish(arguments={"search": typed}))
        there = [row["number"] for row in everybody.rows if row["department_id"] in eight]
        for place in ("departments", "department"):
            page = await PERSONS.page(tx, Wish(arguments={"search": typed, place: eight}))
            assert (page.total, [row["number"] for row in page.rows]) == (len(there), there)


async def test_a_new_name_is_found_and_the_old_one_is_not(school: School) -> None:
    ids = await _cast(school)
    async with school.tx() as tx:
        draft = school.draft("20260001", "王大明")
        await persons.change(tx, school.vault, ids["20260001"], draft, version=1)
        imported = PersonDraft(
            number="X5", name="赵四", department_id=draft.department_id, class_id=school.pupils
        )
        await people.change_persons(tx, school.vault, {ids["X5"]: imported})
    assert await school.numbers(search="lxm") == ["20260002"]
    assert await school.numbers(search="wdm") == ["20260001"]
    assert (await school.numbers(search="zs"), await school.numbers(search="赵")) == (["X5"], ["X5"])


async def test_names_are_ordered_by_pinyin(school: School) -> None:
    await _cast(school)
    async with school.tx() as tx:
        page = await PERSONS.page(tx, Wish(sort="pinyin"))
        rows, cursor = await PERSONS.after(tx, Wish(sort="pinyin", most=3), None)
        more, _ = await PERSONS.after(tx, Wish(sort="pinyin", most=3), cursor)
    names = ["Anna Smith", "李晓梅", "李小明", "单田芳", "张三"]
    assert [row["name"] for row in page.rows] == names
    assert [row["name"] for row in [*rows, *more]] == names


async def test_a_page_shows_names_and_cards_and_is_filtered(school: School) -> None:
    ids = await _cast(school)
    where = [Condition("state", Op.IN, ("active",)), Condition("phone", Op.STARTS, ("138",))]
    async with school.tx() as tx:
        (row,) = (await PERSONS.page(tx, Wish(conditions=where))).rows
        assert await PERSONS.keys(tx, Wish(arguments={"search": "lxm"})) == [ids["20260001"], ids["20260002"]]
        portions = [rows async for rows in PERSONS.all(tx, Wish(arguments={"search": "lx"}), portion=1)]
    assert (row["department"], row["class_name"], row["cards"], row["photo"]) == (
        "1班",
        "学生",
        "1234",
        None,
    )
    assert [each["name"] for rows in portions for each in rows] == ["李小明", "李晓梅"]


async def test_people_from_before_there_were_keys_are_indexed(school: School) -> None:
    await _cast(school)
    async with school.tx() as tx:
        await tx.connection.execute("delete from people.search_key where tenant_id = $1", school.tenant_id)
        await tx.connection.execute(
            "update people.person set search_version = 0, pinyin = '' where tenant_id = $1", school.tenant_id
        )
    assert await school.numbers(search="lxm") == []
    assert await search.reindex(school.db, SYSTEM) == len(CAST)
    assert await search.reindex(school.db, SYSTEM) == 0
    assert await school.numbers(search="lxm") == ["20260001", "20260002"]
