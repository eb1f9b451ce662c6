"""API keys: what they open, whom they follow, how they end; repeated requests get the first answer."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from front_door import ABROAD, CLERK, Door

from onecard.base.db import SYSTEM, Actor
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.listing import Wish
from onecard.tenants import api_keys
from onecard.tenants import service as tenants
from onecard.tenants.api_keys import Busy, Claim, Different, Kept, KeyDraft, NewKey
from onecard.tenants.functions import F
from onecard.tenants.operators import roles
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import EVERYTHING
from onecard.tenants.sessions import Session, rules

VIEW = frozenset({F.PEOPLE_PERSON_VIEW})


async def make(door: Door, session: Session | None = None, **other: object) -> NewKey:
    session = session or await door.session(account=CLERK)
    draft = KeyDraft(**({"name": "时间表", "functions": VIEW} | other))  # type: ignore[arg-type]
    async with door.db.tenant_tx(door.tenant_id, session.actor) as tx:
        return await api_keys.create(tx, session, draft, now=door.now)


async def use(door: Door, key: str) -> Session | None:
    return await api_keys.resume_key(door.db, key, ABROAD, now=door.now)


async def test_a_key_opens_what_it_was_made_for(door: Door) -> None:
    made = await make(door)
    assert made.secret.startswith(f"oc_8672_{made.id}_")
    session = await use(door, made.secret)
    assert session is not None
    assert (session.session_id, session.key_id, session.functions) == (None, made.id, VIEW)
    assert session.actor == Actor("key", f"{CLERK}/时间表")
    assert session.actor.where == ABROAD
    assert not session.is_confirmed(door.now)


async def test_the_database_keeps_no_secret(door: Door) -> None:
    made = await make(door)
    secret = made.secret.split("_", 3)[3]
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        text = await tx.connection.fetchval("select k::text from tenants.api_key k")
    assert rules.digest(secret).hex() in text
    assert secret not in text
    assert secret.encode().hex() not in text


async def test_a_key_may_less_when_its_operator_may_less(door: Door) -> None:
    made = await make(door, functions=VIEW | {F.PEOPLE_PERSON_CHANGE})
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await roles.set_grants(tx, door.ids[CLERK], VIEW, by=EVERYTHING)
    session = await use(door, made.secret)
    assert session is not None
    assert session.functions == VIEW


async def test_a_key_sees_no_more_than_its_operator(door: Door) -> None:
    made = await make(door, department_ids=frozenset({4, 5}))
    session = await use(door, made.secret)
    assert session is not None
    assert session.department_ids == {4, 5}


@pytest.mark.parametrize("what", ["revoked", "expired", "disabled", "suspended"])
async def test_a_key_is_refused_when(door: Door, what: str) -> None:
    made = await make(door, ends_at=door.now + timedelta(days=1))
    assert await use(door, made.secret) is not None
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        if what == "revoked":
            await api_keys.revoke(tx, made.id)
        if what == "disabled":
            await operators.set_enabled(tx, door.ids[CLERK], enabled=False, by=EVERYTHING)
        if what == "suspended":
            await tenants.set_suspended(tx, suspended=True)
    door.later(days=what == "expired")
    assert await use(door, made.secret) is None


STRANGE_KEYS = (
    *("", "oc", "oc_8672_1", "oc_8672_1_x", "oc_8672_0_{token}", f"oc_8672_{{id}}_{'A' * 43}"),
    *("xx_8672_{id}_{token}", "oc_1200_{id}_{token}", "oc_9999_{id}_{token}"),
)


@pytest.mark.parametrize("key", STRANGE_KEYS)
async def test_strange_keys_are_nobody(door: Door, key: str) -> None:
    made = await make(door)
    token = made.secret.split("_", 3)[3]
    assert await use(door, key.format(id=made.id, token=token)) is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "name of 1 to 64"),
        ({"functions": frozenset()}, "at least one function"),
        ({"functions": frozenset({F.ACCESS_APPROVAL_DECIDE})}, "cannot decide"),
        ({"functions": frozenset({F.PEOPLE_PERSON_ERASE})}, "more than you are yourself"),
    ],
)
async def test_what_a_key_cannot_be(door: Door, fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(OneCardError, match=sentence):
        await make(door, **fields)


async def test_a_key_cannot_end_before_it_begins_or_see_more_than_its_maker(door: Door) -> None:
    with pytest.raises(OneCardError, match="future"):
        await make(door, ends_at=door.now)
    narrow = replace(await door.session(account=CLERK), department_ids=frozenset({4}))
    with pytest.raises(ConflictError, match="department"):
        await make(door, narrow, department_ids=frozenset({4, 5}))


async def test_names_are_of_one_living_key(door: Door) -> None:
    made = await make(door)
    with pytest.raises(ConflictError, match="时间表"):
        await make(door)
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await api_keys.revoke(tx, made.id)
        with pytest.raises(NotFoundError):
            await api_keys.revoke(tx, made.id)
    await make(door)
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        page = await api_keys.KEYS.page(tx, Wish(arguments={"now": door.now}))
    assert [row["state"] for row in page.rows] == ["revoked", "valid"]
    assert len(await door.trail(F.ACCESS_API_KEY_CHANGE)) == 3


async def test_its_use_is_noted_once_a_minute(door: Door) -> None:
    made = await make(door)
    seen = []
    for seconds in (0, 50, 20):
        door.later(seconds=seconds)
        await use(door, made.secret)
        async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
            (row,) = (await api_keys.KEYS.page(tx, Wish(arguments={"now": door.now}))).rows
        seen.append(row["used_at"])
    assert seen[0] == seen[1] != seen[2] == door.now
    assert row["used_from"] == ABROAD


# --- repeated requests --------------------------------------------------------------------------------------

POST = "POST /api/v1/people"


async def begin(door: Door, session: Session, content: bytes = b"{}", request: str = POST) -> object:
    return await api_keys.begin(door.db, session, "k-1", request, content, now=door.now)


async def finish(door: Door, claim: object) -> None:
    assert isinstance(claim, Claim)
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await api_keys.finish(tx, claim, status=201, content_type="application/json", body=b'{"id":7}')


async def test_a_repetition_gets_the_first_answer_for_a_day(door: Door) -> None:
    session = await door.session()
    await finish(door, await begin(door, session))
    door.later(hours=23)
    assert await begin(door, session) == Kept(201, "application/json", b'{"id":7}')
    door.later(hours=1)
    assert isinstance(await begin(door, session), Claim)


@pytest.mark.parametrize("answered", [False, True])
async def test_the_same_key_for_another_request_is_refused(door: Door, answered: bool) -> None:  # noqa: FBT001  a case
    session = await door.session()
    claim = await begin(door, session)
    if answered:
        await finish(door, claim)
    assert await begin(door, session, b"other") == Different()
    assert await begin(door, session, request="POST /api/v1/departments") == Different()


async def test_of_requests_at_the_same_time_one_is_done(door: Door) -> None:
    session = await door.session()
    found = await asyncio.gather(*(begin(door, session) for _ in range(8)))
    assert sum(isinstance(each, Claim) for each in found) == 1
    assert sum(each == Busy() for each in found) == 7


async def test_a_dead_process_loses_its_claim_and_a_slow_one_its_work(door: Door) -> None:
    session = await door.session()
    slow = await begin(door, session)
    door.later(minutes=2)
    again = await begin(door, session)
    with pytest.raises(ConflictError, match="took too long"):
        await finish(door, slow)
    await finish(door, again)


async def test_work_that_failed_may_be_asked_for_again(door: Door) -> None:
    session = await door.session()
    claim = await begin(door, session)
    assert isinstance(claim, Claim)
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await api_keys.give_up(tx, claim)
    assert isinstance(await begin(door, session, b"other"), Claim)


async def test_keys_of_different_askers_have_nothing_to_do_with_each_other(door: Door) -> None:
    await finish(door, await begin(door, await door.session()))
    assert isinstance(await begin(door, await door.session(account=CLERK)), Claim)
    program = await use(door, (await make(door)).secret)
    assert program is not None
    assert isinstance(await begin(door, program), Claim)


@pytest.mark.parametrize("key", ["", "x" * 256, "键", "a\nb"])
async def test_strange_idempotency_keys_are_refused(door: Door, key: str) -> None:
    with pytest.raises(OneCardError, match="printable"):
        await api_keys.begin(door.db, await door.session(), key, POST, b"")
