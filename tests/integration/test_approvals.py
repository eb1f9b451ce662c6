"""Requests for approval: asked by one, decided by another, done once."""

import asyncio
from dataclasses import replace

import asyncpg
import pytest
from front_door import CLERK, Door

from onecard.base.db import SYSTEM
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.listing import Wish
from onecard.base.texts import say, say_count
from onecard.tenants import approvals
from onecard.tenants.functions import F
from onecard.tenants.sessions import Session

WHAT = say_count(
    3,
    "{count} attempt at {screen}.",
    "{count} attempts at {screen}.",
    screen=say("Personnel files"),
)
PAYLOAD = {"people": [3, 5], "to": 7}


async def ask(door: Door, session: Session) -> int:
    async with door.db.tenant_tx(door.tenant_id, session.actor) as tx:
        return await approvals.ask(tx, session, F.PEOPLE_PERSON_CHANGE, WHAT, PAYLOAD, now=door.now)


async def decide(door: Door, session: Session, number: int, *, approve: bool = True) -> None:
    async with door.db.tenant_tx(door.tenant_id, session.actor) as tx:
        await approvals.decide(tx, session, number, approve=approve, remark=" 同意 ", now=door.now)


async def claim(door: Door, number: int) -> approvals.Claimed | None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        return await approvals.claim(tx, number, now=door.now)


async def state(door: Door, number: int) -> str:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        return (await approvals.get(tx, number, now=door.now)).state


async def test_what_was_approved_is_done_once(door: Door) -> None:
    clerk, administrator = await door.session(account=CLERK), await door.session()
    number = await ask(door, clerk)
    assert await claim(door, number) is None
    await decide(door, administrator, number)
    claimed = await claim(door, number)
    assert claimed == approvals.Claimed(F.PEOPLE_PERSON_CHANGE, PAYLOAD, door.ids[CLERK])
    assert await claim(door, number) is None
    assert await state(door, number) == "done"
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        found = await approvals.get(tx, number)
    assert (found.asker, found.decider, found.remark) == (f"{CLERK} 李强", "86729000 王芳", "同意")
    assert len(await door.trail(F.PEOPLE_PERSON_CHANGE)) == 2
    assert len(await door.trail(F.ACCESS_APPROVAL_DECIDE)) == 1


async def test_of_many_who_claim_one_gets_it(door: Door) -> None:
    number = await ask(door, await door.session(account=CLERK))
    await decide(door, await door.session(), number)
    results = await asyncio.gather(*(claim(door, number) for _ in range(8)))
    assert sum(result is not None for result in results) == 1


async def test_work_that_fails_may_be_claimed_again(door: Door) -> None:
    number = await ask(door, await door.session(account=CLERK))
    await decide(door, await door.session(), number)

    async def work() -> None:
        async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
            await approvals.claim(tx, number)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await work()
    assert await claim(door, number) is not None


async def test_the_summary_is_read_in_every_language(door: Door) -> None:
    number = await ask(door, await door.session(account=CLERK))
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        summary = (await approvals.get(tx, number)).summary
        page = await approvals.APPROVALS.page(tx, Wish(arguments={"now": door.now}))
    assert summary == WHAT == approvals.summary_of(page.rows[0])
    assert summary.read("en") == "3 attempts at Personnel files."
    assert summary.read("zh-CN") == "3 attempts at 人员档案."


async def test_nobody_decides_on_his_own_request(door: Door) -> None:
    administrator = await door.session()
    number = await ask(door, administrator)
    with pytest.raises(ConflictError, match="somebody else"):
        await decide(door, administrator, number)
    with pytest.raises(asyncpg.CheckViolationError):
        async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
            await tx.connection.execute(
                "update tenants.approval set state = 'approved', decided_by = asked_by"
            )


@pytest.mark.parametrize(
    ("functions", "sentence"),
    [
        ({F.PEOPLE_PERSON_CHANGE}, "may not decide"),
        ({F.ACCESS_APPROVAL_DECIDE}, "Create and change personnel files"),
    ],
)
async def test_who_decides_needs_both_functions(door: Door, functions: set[F], sentence: str) -> None:
    number = await ask(door, await door.session())
    clerk = replace(await door.session(account=CLERK), functions=frozenset(functions))
    with pytest.raises(ConflictError, match=sentence):
        await decide(door, clerk, number)
    assert await state(door, number) == "asked"


async def test_a_program_does_not_decide(door: Door) -> None:
    number = await ask(door, await door.session(account=CLERK))
    program = replace(await door.session(), session_id=None, key_id=1)
    with pytest.raises(ConflictError, match="may not decide"):
        await decide(door, program, number)


async def test_asking_needs_the_function(door: Door) -> None:
    clerk = replace(await door.session(account=CLERK), functions=frozenset({F.PEOPLE_PERSON_VIEW}))
    with pytest.raises(ConflictError, match="nobody can approve"):
        await ask(door, clerk)


@pytest.mark.parametrize("approved", [False, True])
async def test_a_request_expires_after_a_day(door: Door, approved: bool) -> None:  # noqa: FBT001  a case
    clerk, administrator = await door.session(account=CLERK), await door.session()
    number = await ask(door, clerk)
    if approved:
        await decide(door, administrator, number)
    door.later(hours=24)
    assert await state(door, number) == "expired"
    assert await claim(door, number) is None
    with pytest.raises(ConflictError, match="expired meanwhile"):
        await decide(door, administrator, number)


async def test_what_was_refused_is_never_done(door: Door) -> None:
    clerk, administrator = await door.session(account=CLERK), await door.session()
    number = await ask(door, clerk)
    await decide(door, administrator, number, approve=False)
    assert await claim(door, number) is None
    with pytest.raises(ConflictError, match="expired meanwhile"):
        await decide(door, administrator, number)


async def test_a_request_is_withdrawn_by_its_asker_only(door: Door) -> None:
    clerk, administrator = await door.session(account=CLERK), await door.session()
    number = await ask(door, clerk)
    async with door.db.tenant_tx(door.tenant_id, clerk.actor) as tx:
        assert await approvals.waiting(tx, administrator, now=door.now) == 1
        assert await approvals.waiting(tx, clerk, now=door.now) == 0
        with pytest.raises(ConflictError):
            await approvals.withdraw(tx, administrator, number, now=door.now)
        await approvals.withdraw(tx, clerk, number, now=door.now)
    with pytest.raises(ConflictError):
        await decide(door, administrator, number)
    assert await state(door, number) == "withdrawn"


async def test_another_tenants_request_is_not_found(door: Door, two_tenants: tuple[int, int]) -> None:
    number = await ask(door, await door.session())
    async with door.db.tenant_tx(two_tenants[1], SYSTEM) as tx:
        with pytest.raises(NotFoundError):
            await approvals.get(tx, number)
        assert await approvals.claim(tx, number) is None
