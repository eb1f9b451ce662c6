"""Face use: never without a consent in force, a guardian's for a child, and at an end when it ends."""

from datetime import date

import pytest
from people_cast import School
from portraits import encoded, portrait

from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.people import leaving, persons
from onecard.people.photos import consents
from onecard.people.photos import service as photos
from onecard.people.photos.consents import Giver
from onecard.people.photos.process import prepare

TODAY = date(2026, 9, 1)
ADULT = "11010519491231002X"
CHILD = "110105201509010011"  # born on 2015-09-01


async def _give(school: School, person: int, by: Giver = Giver.PERSON, **values: object) -> int:
    async with school.tx() as tx:
        given = {"giver": "李父", "text_version": "2026-09", "today": TODAY} | values
        return await consents.give(tx, school.vault, person, given_by=by, **given)  # type: ignore[arg-type]


async def _uses(school: School, person: int) -> list[bool]:
    async with school.tx() as tx:
        return [each.face_use for each in await photos.photos(tx, person)]


async def test_only_the_first_fit_photo_is_used_and_only_with_consent(school: School) -> None:
    person = await school.add("1", "李", id_number=ADULT)
    good, bad = await prepare(encoded(portrait())), await prepare(encoded(portrait(at=(210, 500))))
    async with school.tx() as tx:
        await photos.put(tx, person, bad)
        await photos.put(tx, person, good, slot=2)
    assert await _uses(school, person) == [False, False]
    await _give(school, person)
    assert await _uses(school, person) == [False, True]
    async with school.tx() as tx:
        await photos.put(tx, person, good)
    assert await _uses(school, person) == [True, False]
    async with school.tx() as tx:
        await consents.withdraw(tx, person)
    assert await _uses(school, person) == [False, False]
    async with school.tx() as tx:
        (record,) = await consents.consents(tx, person)
        assert (record.giver, record.text_version, record.withdrawn_at is None) == ("李父", "2026-09", False)


async def test_a_guardian_consents_for_a_child(school: School) -> None:
    person = await school.add("1", "李", id_number=CHILD)
    with pytest.raises(OneCardError, match="李 is under 14: a guardian has to consent"):
        await _give(school, person)
    with pytest.raises(OneCardError, match="is under 14"):
        await _give(school, person, today=date(2029, 8, 31))
    await _give(school, person, Giver.GUARDIAN)
    async with school.tx() as tx:
        await consents.withdraw(tx, person)
    await _give(school, person, today=date(2029, 9, 1))  # fourteen that day


async def test_a_consent_ends_with_leaving(school: School) -> None:
    person = await school.add("1", "李")
    async with school.tx() as tx:
        await photos.put(tx, person, await prepare(encoded(portrait())))
    await _give(school, person)
    async with school.tx() as tx:
        await leaving.leave(tx, [person], on=TODAY)
        assert not (await persons.get(tx, person)).face_consent
    assert await _uses(school, person) == [False]
    with pytest.raises(ConflictError, match="李 has left"):
        await _give(school, person)
    async with school.tx() as tx:
        await leaving.erase(tx, person)
        assert [each.giver for each in await consents.consents(tx, person)] == [""]


async def test_consents_that_cannot_be(school: School) -> None:
    person = await school.add("1", "李")
    with pytest.raises(OneCardError, match="name of whoever consents"):
        await _give(school, person, giver=" ")
    with pytest.raises(OneCardError, match="which version of the text"):
        await _give(school, person, text_version="")
    async with school.tx() as tx:
        with pytest.raises(NotFoundError, match="No consent of 李 is in force"):
            await consents.withdraw(tx, person)
    await _give(school, person)
    with pytest.raises(ConflictError, match="in force already"):
        await _give(school, person)


async def test_consents_stay_within_scope_and_tenant(school: School, factory: School) -> None:
    outside, theirs = await school.add("1", "李", "八年级/1班"), await factory.add("1", "李")
    for person, departments in ((outside, await school.below("七年级")), (theirs, None)):
        with pytest.raises(NotFoundError):
            await _give(school, person, departments=departments)
        async with school.tx() as tx:
            with pytest.raises(NotFoundError):
                await consents.withdraw(tx, person, departments=departments)
            with pytest.raises(NotFoundError):
                await consents.consents(tx, person, departments=departments)
