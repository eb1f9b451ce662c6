"""Personnel files: saved whole, guarded against savings at once, shown to nobody they do not concern."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from people_cast import School

from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.people import persons
from onecard.people.model import Gender

ID_NUMBER = "11010519491231002X"
WHOLE: dict[str, Any] = {
    "gender": Gender.FEMALE,
    "phone": "+86 138-0013-8000",
    "id_number": ID_NUMBER.lower(),
    "email": "li@example.com",
    "entered_on": date(2026, 9, 1),
    "leaves_on": date(2029, 7, 31),
    "remark": " 走读 ",
}


async def test_a_whole_file_is_saved(school: School) -> None:
    person = await school.add("20260001", "李小明", **WHOLE)
    async with school.tx() as tx:
        file = await persons.get(tx, person, vault=school.vault)
        assert await persons.find(tx, "20260001") == person
    assert (file.name, file.department, file.class_name) == ("李小明", "1班", "学生")
    assert (file.phone, file.email, file.remark) == ("13800138000", "li@example.com", "走读")
    assert (file.has_id_number, file.id_number_masked) == (True, "1101**********002X")
    assert (file.entered_on, file.leaves_on, file.state.value) == (
        date(2026, 9, 1),
        date(2029, 7, 31),
        "active",
    )


async def test_no_id_number_stands_in_database_or_audit(school: School) -> None:
    person = await school.add("1", "李小明", **WHOLE)
    async with school.tx() as tx:
        assert await persons.reveal_id_number(tx, school.vault, person, note="asked by the bank") == ID_NUMBER
    async with school.tx() as tx:
        rows = await tx.connection.fetchval("select string_agg(p::text, '') from people.person p")
        entries = await tx.connection.fetchval("select string_agg(e::text, '') from audit.entry e")
    assert ID_NUMBER not in rows + entries
    assert "13800138000" not in entries
    assert [each[0] for each in await school.audit("person")][-1] == "people:person:reveal"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"name": " "}, "name of a person"),
        ({"number": ""}, "person's number has 1 to 32"),
        ({"number": "x" * 33}, "person's number has 1 to 32"),
        ({"phone": "123"}, "A phone is"),
        ({"email": "li@"}, "e-mail address"),
        ({"email": "a@b.c\r\nBcc: x@y.z"}, "e-mail address"),
        ({"id_number": "110105194912310021"}, "ID number is malformed"),
        ({"leaves_on": date(2020, 1, 1), "entered_on": date(2021, 1, 1)}, "before the day of entering"),
        ({"entered_on": date(1, 1, 1)}, "Days lie between"),
        ({"remark": "x" * 501}, "remark has at most"),
        ({"department_id": 10**12}, "no such department or account class"),
        ({"class_id": 10**12}, "no such department or account class"),
        ({"custom": {1: "x"}}, "no such custom field"),
    ],
)
async def test_files_that_cannot_be(school: School, values: dict[str, Any], sentence: str) -> None:
    draft = replace(school.draft("1", "李"), **values)
    with pytest.raises(OneCardError, match=sentence):
        async with school.tx() as tx:
            await persons.create(tx, school.vault, draft)


async def test_numbers_and_phones_have_one_owner(school: School, factory: School) -> None:
    await school.add("1", "李", phone="13800138000")
    await factory.add("1", "李", phone="13800138000")
    with pytest.raises(ConflictError, match="number 1 is somebody else's"):
        await school.add("1", "王")
    with pytest.raises(ConflictError, match="phone 13800138000 is somebody else's"):
        await school.add("2", "王", phone="138 0013 8000")


async def test_of_two_who_save_at_once_one_is_told(
    school: School, blocked: Callable[[], Awaitable[None]]
) -> None:
    person = await school.add("1", "李小明", phone="13800138000")

    async def save(name: str) -> str:
        try:
            async with school.tx() as tx:
                draft = school.draft("1", name)
                await persons.change(tx, school.vault, person, draft, version=1)
                await blocked()
        except ConflictError as error:
            return str(error)
        return "saved"

    done = sorted(await asyncio.gather(save("李大明"), save("李中明")))
    assert done[1] == "saved"
    assert done[0].startswith("Somebody else has changed the file of 李")


async def test_a_change_says_in_the_audit_what_differs(school: School) -> None:
    person = await school.add("1", "李小明", **WHOLE)
    draft = school.draft("1", "李晓明", "七年级/2班", **(WHOLE | {"id_number": None, "phone": "13900139000"}))
    async with school.tx() as tx:
        assert await persons.change(tx, school.vault, person, draft, version=1) == 2
        assert await persons.change(tx, school.vault, person, draft, version=2) == 3
        assert (await persons.get(tx, person)).has_id_number
    before, after = (await school.audit("person"))[-1][2:]
    assert before == {"name": "李小明", "department": "1班", "phone": "138****8000"}
    assert after == {"name": "李晓明", "department": "2班", "phone": "139****9000"}
    assert len(await school.audit("person")) == 2


async def test_what_a_form_empties_is_empty(school: School) -> None:
    person = await school.add("1", "李小明", **WHOLE)
    async with school.tx() as tx:
        draft = school.draft("1", "李小明", id_number="")
        await persons.change(tx, school.vault, person, draft, version=1)
        file = await persons.get(tx, person, vault=school.vault)
        with pytest.raises(ConflictError, match="number of a person never changes"):
            await persons.change(tx, school.vault, person, replace(draft, number="2"), version=2)
        with pytest.raises(NotFoundError, match="No ID document number"):
            await persons.reveal_id_number(tx, school.vault, person)
    assert (file.gender, file.phone, file.email, file.has_id_number, file.remark) == (
        None,
        None,
        None,
        False,
        "",
    )


async def test_people_outside_the_scope_are_not_found(school: School) -> None:
    other = await school.add("1", "李", "八年级/1班", **WHOLE)
    scope = await school.below("七年级")
    mine = await school.add("2", "王")
    async with school.tx() as tx:
        away = school.draft("2", "王", "八年级/1班")
        for work in (
            persons.get(tx, other, departments=scope),
            persons.find(tx, "1", departments=scope),
            persons.reveal_id_number(tx, school.vault, other, departments=scope),
            persons.change(tx, school.vault, other, school.draft("1", "x"), version=1, departments=scope),
            persons.change(tx, school.vault, mine, away, version=1, departments=scope),
            persons.create(tx, school.vault, replace(away, number="3"), departments=scope),
        ):
            with pytest.raises(NotFoundError):
                await work


async def test_people_of_another_tenant_are_not_found(school: School, factory: School) -> None:
    theirs = await factory.add("1", "李", **WHOLE)
    async with school.tx() as tx:
        for work in (
            persons.get(tx, theirs),
            persons.find(tx, "1"),
            persons.reveal_id_number(tx, school.vault, theirs),
            persons.change(tx, school.vault, theirs, school.draft("1", "x"), version=1),
        ):
            with pytest.raises(NotFoundError):
                await work
    foreign = replace(school.draft("1", "王"), department_id=factory.places["七年级/1班"])
    with pytest.raises(NotFoundError, match="no such department"):
        async with school.tx() as tx:
            await persons.create(tx, school.vault, foreign)
