"""Suspending, leaving, coming back, erasing; and what terminals hear of it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from people_cast import School

from onecard.base.errors import ConflictError, NotFoundError
from onecard.cards import service as cards
from onecard.desk import personnel
from onecard.devices import black
from onecard.gateway.holders import standing
from onecard.people import leaving, persons
from onecard.people.model import PersonState

DAY = date(2026, 7, 1)
UID = "04A1B2C3"


async def _with_card(school: School, number: str = "1") -> int:
    person = await school.add(number, "李小明", id_number="11010519491231002X", phone="13800138000")
    async with school.tx() as tx:
        await cards.bind(tx, {UID: person})
    return person


async def _refused(school: School) -> tuple[str, list[str]]:
    """What the gateway says of the card, and which cards terminals refuse."""
    async with school.tx() as tx:
        holder = (await cards.resolve(tx, [UID]))[UID]
        return standing(holder, DAY).code, [each.uid for each in await black.entries(tx)]


async def test_who_leaves_is_refused_everywhere_until_coming_back(school: School) -> None:
    person = await _with_card(school)
    assert await _refused(school) == ("ok", [])
    async with school.tx() as tx:
        await personnel.leave(tx, [person], on=DAY, note="moved away")
        file = await persons.get(tx, person)
    assert (file.state, file.left_on) == (PersonState.LEFT, DAY)
    assert await _refused(school) == ("card_not_valid", [UID])
    async with school.tx() as tx:
        await personnel.come_back(tx, person)
    assert await _refused(school) == ("ok", [])
    states = [each[3]["state"] for each in await school.audit("person")]
    assert states == ["active", "left", "active"]


async def test_a_suspension_ends(school: School) -> None:
    person = await _with_card(school)
    async with school.tx() as tx:
        await personnel.suspend(tx, person)
    assert await _refused(school) == ("card_not_valid", [UID])
    async with school.tx() as tx:
        await personnel.resume(tx, person)
    assert await _refused(school) == ("ok", [])


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (leaving.resume, "is not suspended"),
        (leaving.come_back, "has not left"),
        (leaving.erase, "has not left; only then"),
    ],
)
async def test_steps_out_of_turn(school: School, work: Callable[..., Any], sentence: str) -> None:
    person = await school.add("1", "李小明")
    async with school.tx() as tx:
        with pytest.raises(ConflictError, match=sentence):
            await work(tx, person)


async def test_nobody_leaves_twice(school: School) -> None:
    first, second = await school.add("1", "李"), await school.add("2", "王")
    async with school.tx() as tx:
        await leaving.leave(tx, [first], on=DAY)
    with pytest.raises(ConflictError, match="李 has left already"):
        async with school.tx() as tx:
            await leaving.leave(tx, [second, first], on=DAY)
    async with school.tx() as tx:
        assert (await persons.get(tx, second)).state is PersonState.ACTIVE
        with pytest.raises(ConflictError, match="not active"):
            await leaving.suspend(tx, first)


async def test_erasing_leaves_the_number_and_nothing_else(school: School) -> None:
    person = await _with_card(school)
    async with school.tx() as tx:
        await leaving.leave(tx, [person], on=DAY)
        await leaving.erase(tx, person, note="asked in writing")
    async with school.tx() as tx:
        row = await tx.connection.fetchval("select p::text from people.person p where id = $1", person)
        keys = await tx.connection.fetchval(
            "select count(*) from people.search_key where person_id = $1", person
        )
        with pytest.raises(ConflictError, match="personal data of 1 were erased"):
            await persons.change(tx, school.vault, person, school.draft("1", "李"), version=3)
        with pytest.raises(ConflictError, match="were erased"):
            await leaving.come_back(tx, person)
    assert "小明" not in row
    assert "138" not in row
    assert keys == 0
    assert (await school.numbers(search="李小明"), await school.numbers(search="1")) == ([], ["1"])


async def test_nobody_elses_people_leave(school: School, factory: School) -> None:
    theirs, outside = await factory.add("1", "李"), await school.add("1", "王", "八年级/1班")
    scope = await school.below("七年级")
    async with school.tx() as tx:
        for person, departments in ((theirs, None), (outside, scope)):
            for work in (leaving.suspend, leaving.resume, leaving.come_back, leaving.erase):
                with pytest.raises(NotFoundError):
                    await work(tx, person, departments=departments)
            with pytest.raises(NotFoundError):
                await leaving.leave(tx, [person], on=DAY, departments=departments)
