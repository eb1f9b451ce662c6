"""One-time links: who may make one, and that each opens one account once."""

import pytest
from front_door import ADMINISTRATOR, CLERK, HOME, Door

from onecard.base.db import SYSTEM, Actor
from onecard.base.errors import ConflictError
from onecard.tenants import factors, sessions
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import EVERYTHING, Authority
from onecard.tenants.sessions import Refused, SignedIn, rules


async def link(door: Door, minutes: int = 10) -> str:
    async with door.db.tenant_tx(door.tenant_id, Actor("system", "onecard", "shell")) as tx:
        return await sessions.make_link(tx, door.ids[ADMINISTRATOR], minutes, by=EVERYTHING, now=door.now)


async def follow(door: Door, secret: str) -> sessions.Outcome:
    return await sessions.use_link(door.db, secret, where=HOME, now=door.now)


async def test_a_link_signs_in_once(door: Door) -> None:
    secret = await link(door)
    outcome = await follow(door, secret)
    assert isinstance(outcome, SignedIn)
    session = await door.resume(outcome.cookie)
    assert session is not None
    assert session.account == ADMINISTRATOR
    assert await follow(door, secret) == Refused(rules.LINK_SPENT)


@pytest.mark.parametrize("secret", ["", "1.x", "1." + "A" * 43])
async def test_a_strange_link_signs_nobody_in(door: Door, secret: str) -> None:
    await link(door)
    assert await follow(door, secret) == Refused(rules.LINK_SPENT)


async def test_a_link_is_good_for_its_time(door: Door) -> None:
    secret = await link(door, 10)
    door.later(minutes=10)
    assert await follow(door, secret) == Refused(rules.LINK_SPENT)
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        for minutes in (0, 10081):
            with pytest.raises(ConflictError, match="7 days"):
                await sessions.make_link(tx, door.ids[ADMINISTRATOR], minutes, by=EVERYTHING)


async def test_nobody_makes_a_way_into_an_account_that_may_more(door: Door) -> None:
    clerk = await door.session(account=CLERK)
    by = Authority(clerk.functions, clerk.department_ids)
    async with door.db.tenant_tx(door.tenant_id, clerk.actor) as tx:
        with pytest.raises(ConflictError, match="as much authority"):
            await sessions.make_link(tx, door.ids[ADMINISTRATOR], 10, by=by)
        with pytest.raises(ConflictError, match="as much authority"):
            await factors.reset(tx, door.ids[ADMINISTRATOR], by=by)


async def test_a_link_of_a_disabled_operator_opens_nothing(door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        secret = await sessions.make_link(tx, door.ids[CLERK], 10, by=EVERYTHING)
        await operators.set_enabled(tx, door.ids[CLERK], enabled=False, by=EVERYTHING)
    outcome = await follow(door, secret)
    assert isinstance(outcome, Refused)
    assert "disabled" in str(outcome.text)


def test_an_ipv6_subscriber_is_one_address() -> None:
    assert rules.network("2001:db8::1:2:3:4") == "2001:db8::/64"
    assert rules.network("::ffff:10.0.0.7") == rules.network("10.0.0.7") == "10.0.0.7"
    assert rules.network("shell") == "shell"
