"""Departments, classes and persons in the database, each tenant for itself."""

import asyncpg
import pytest

from onecard.base.db import SYSTEM, Database
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.vault import Vault
from onecard.cards import service as cards
from onecard.people import service as people
from onecard.people.model import ClassDraft, PersonDraft


async def add_person(
    db: Database, vault: Vault, tenant_id: int, number: str, phone: str | None = None
) -> int:
    """A person in the root department and the only class, both made when missing."""
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        root = await people.ensure_department(tx, "root")
        known = await people.classes(tx)
        class_id = known[0].id if known else await people.create_class(tx, ClassDraft(number=1, name="all"))
        draft = PersonDraft(number=number, name="王", department_id=root, class_id=class_id, phone=phone)
        return (await people.add_persons(tx, vault, [draft]))[number]


async def test_there_is_exactly_one_root(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        root = await people.create_department(tx, name="青松学校")
        await people.create_department(tx, name="初中部", parent_id=root)
        with pytest.raises(ConflictError, match="root department already"):
            await people.create_department(tx, name="高中部")


@pytest.mark.parametrize(
    ("name", "error", "sentence"),
    [
        ("初中部", ConflictError, "in the same place already"),
        ("a/b", OneCardError, "may not contain"),
        (" ", OneCardError, "1 to 64 printable characters"),
        ("x" * 65, OneCardError, "1 to 64 printable characters"),
    ],
)
async def test_department_names(
    db: Database, two_tenants: tuple[int, int], name: str, error: type[Exception], sentence: str
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await people.ensure_department(tx, "青松学校/初中部")
        root = await people.ensure_department(tx, "青松学校")
        with pytest.raises(error, match=sentence):
            await people.create_department(tx, name=name, parent_id=root)


async def test_a_path_is_made_once(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        made = await people.ensure_department(tx, "青松学校/初中部/1班")
        assert await people.ensure_department(tx, "初中部/1班") == made
        assert [each.name for _, each in (await people.departments(tx)).outline()] == [
            "青松学校",
            "初中部",
            "1班",
        ]


async def test_only_an_empty_department_is_deleted(
    db: Database, vault: Vault, two_tenants: tuple[int, int]
) -> None:
    await add_person(db, vault, two_tenants[0], "1")
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        root = await people.ensure_department(tx, "root")
        leaf = await people.ensure_department(tx, "root/a")
        with pytest.raises(
            ConflictError, match=r"root cannot be deleted: it holds 1 person and 1 department\.$"
        ):
            await people.delete_department(tx, root)
        await people.delete_department(tx, leaf)
        assert len((await people.departments(tx)).outline()) == 1
        with pytest.raises(NotFoundError):
            await people.delete_department(tx, leaf)


@pytest.mark.parametrize(
    ("draft", "sentence"),
    [
        (ClassDraft(number=0, name="a"), "Class number is a number from 1"),
        (ClassDraft(number=1, name="a", drawing=()), "drawing order"),
        (ClassDraft(number=1, name="a", drawing=("cash", "cash")), "drawing order"),
        (ClassDraft(number=1, name="a", drawing=("gold",)), "drawing order"),
        (ClassDraft(number=1, name="a", day_limit_fen=-1), "Limit per day is an amount from 0"),
        (ClassDraft(number=1, name=""), "name of an account class"),
    ],
)
async def test_classes_that_cannot_be(
    db: Database, two_tenants: tuple[int, int], draft: ClassDraft, sentence: str
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        with pytest.raises(OneCardError, match=sentence):
            await people.create_class(tx, draft)


async def test_the_number_of_a_person_never_changes(
    db: Database, vault: Vault, two_tenants: tuple[int, int]
) -> None:
    person_id = await add_person(db, vault, two_tenants[0], "1")
    statement = "update people.person set number = 'x' where tenant_id = $1 and id = $2"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
            await tx.connection.execute(statement, two_tenants[0], person_id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
            await tx.connection.execute("delete from people.person where tenant_id = $1", two_tenants[0])


async def test_numbers_and_phones_are_unique_within_a_tenant_only(
    db: Database, vault: Vault, two_tenants: tuple[int, int]
) -> None:
    school, factory = two_tenants
    await add_person(db, vault, school, "1", "13800138000")
    await add_person(db, vault, factory, "1", "13800138000")
    with pytest.raises(ConflictError, match="A number or phone was taken"):
        await add_person(db, vault, school, "1")
    with pytest.raises(ConflictError, match="A number or phone was taken"):
        await add_person(db, vault, school, "2", "13800138000")


async def test_tenants_see_neither_each_others_people_nor_cards(
    db: Database, vault: Vault, two_tenants: tuple[int, int]
) -> None:
    school, factory = two_tenants
    mine, theirs = await add_person(db, vault, school, "1"), await add_person(db, vault, factory, "2")
    for tenant_id, person_id in ((school, mine), (factory, theirs)):
        async with db.tenant_tx(tenant_id, SYSTEM) as tx:
            await cards.bind(tx, {"04A1B2C3": person_id})
    async with db.tenant_tx(school, SYSTEM) as tx:
        assert [person.id for person in await people.persons(tx)] == [mine]
        assert (await cards.resolve(tx, ["04A1B2C3", "00000000"]))["04A1B2C3"].person_id == mine
        with pytest.raises(NotFoundError):
            await cards.bind(tx, {"0B0B0B0B": theirs})


async def test_somebody_elses_card_cannot_be_bound(
    db: Database, vault: Vault, two_tenants: tuple[int, int]
) -> None:
    first = await add_person(db, vault, two_tenants[0], "1")
    second = await add_person(db, vault, two_tenants[0], "2")
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await cards.bind(tx, {"04A1B2C3": first})
        await cards.bind(tx, {"04A1B2C3": first})
        with pytest.raises(ConflictError, match="04A1B2C3 is another person's"):
            await cards.bind(tx, {"04A1B2C3": second})


async def test_lists_are_searched_and_paged(db: Database, vault: Vault, two_tenants: tuple[int, int]) -> None:
    for number in ("10", "11", "2"):
        await add_person(db, vault, two_tenants[0], number, f"1380013800{number[-1]}")
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        assert [each.number for each in await people.persons(tx, most=2)] == ["10", "11"]
        assert [each.number for each in await people.persons(tx, after="11")] == ["2"]
        assert [each.number for each in await people.persons(tx, search="1")] == ["10", "11", "2"]
        assert [each.number for each in await people.persons(tx, search="13800138002")] == ["2"]
        assert [each.number for each in await people.persons(tx, search="李")] == []
