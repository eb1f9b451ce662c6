"""Custom fields: of a kind, in order, and not lost by accident."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from people_cast import School

from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.people import fields, persons
from onecard.people.model import FieldDraft, FieldKind

BUS = FieldDraft(name="校车", kind=FieldKind.CHOICE, choices=("一号线", "二号线"))
KINDS = {
    FieldKind.TEXT: ("花生过敏", "x" * 501),
    FieldKind.NUMBER: ("-3.5", "3,5"),
    FieldKind.DATE: (date(2026, 9, 1), "2026-02-30"),
    FieldKind.CHOICE: ("一号线", "三号线"),
    FieldKind.YES: (True, "maybe"),
}


async def _save(school: School, person: int, values: dict[int, Any], version: int) -> None:
    async with school.tx() as tx:
        draft = school.draft("1", "李", custom=values)
        await persons.change(tx, school.vault, person, draft, version=version)


@pytest.mark.parametrize("kind", list(FieldKind))
async def test_values_are_of_their_kind(school: School, kind: FieldKind) -> None:
    good, bad = KINDS[kind]
    person = await school.add("1", "李")
    async with school.tx() as tx:
        choices = BUS.choices if kind is FieldKind.CHOICE else ()
        field = await fields.create(tx, FieldDraft(name="f", kind=kind, choices=choices))
    await _save(school, person, {field: good}, 1)
    async with school.tx() as tx:
        stored = (await persons.get(tx, person)).custom[field]
        assert stored == ("2026-09-01" if kind is FieldKind.DATE else good)
    with pytest.raises(OneCardError, match=r"^f "):
        await _save(school, person, {field: bad}, 2)
    assert (await school.audit("person"))[-1][3] == {"custom: f": "changed"}


async def test_what_is_required_is_asked_for(school: School) -> None:
    person = await school.add("1", "李")
    async with school.tx() as tx:
        field = await fields.create(tx, replace(BUS, required=True))
    with pytest.raises(OneCardError, match="校车 is required"):
        await _save(school, person, {}, 1)
    await _save(school, person, {field: "一号线"}, 1)


async def test_a_field_in_use_is_not_lost_by_accident(school: School) -> None:
    person = await school.add("1", "李")
    async with school.tx() as tx:
        field = await fields.create(tx, BUS)
    await _save(school, person, {field: "一号线"}, 1)
    async with school.tx() as tx:
        await fields.change(tx, field, replace(BUS, name="班车", choices=("一号线",)))
        with pytest.raises(ConflictError, match="A choice of 班车 would disappear that is that of 1 person"):
            await fields.change(tx, field, replace(BUS, choices=("二号线",)))
        with pytest.raises(ConflictError, match="kind of a custom field never changes"):
            await fields.change(tx, field, FieldDraft(name="校车"))
        with pytest.raises(ConflictError, match="班车 holds something of 1 person"):
            await fields.delete(tx, field)
        assert await fields.delete(tx, field, with_values=True) == 1
        assert (await persons.get(tx, person)).custom == {}


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (FieldDraft(name=" "), "name of a custom field"),
        (FieldDraft(name="a", kind=FieldKind.CHOICE), "A choice has choices"),
        (FieldDraft(name="a", choices=("x",)), "A choice has choices"),
        (replace(BUS, choices=("x", "x")), "named once"),
        (FieldDraft(name="校车"), "a custom field 校车 already"),
    ],
)
async def test_fields_that_cannot_be(school: School, draft: FieldDraft, sentence: str) -> None:
    async with school.tx() as tx:
        await fields.create(tx, BUS)
    with pytest.raises(OneCardError, match=sentence):
        async with school.tx() as tx:
            await fields.create(tx, draft)


async def test_fields_of_another_tenant_do_not_exist(school: School, factory: School) -> None:
    async with factory.tx() as tx:
        theirs = await fields.create(tx, BUS)
    async with school.tx() as tx:
        assert await fields.fields(tx) == []
        for work in (fields.change(tx, theirs, BUS), fields.delete(tx, theirs)):
            with pytest.raises(NotFoundError):
                await work
    person = await school.add("1", "李")
    with pytest.raises(OneCardError, match="no such custom field"):
        await _save(school, person, {theirs: "一号线"}, 1)
