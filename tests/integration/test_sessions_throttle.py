"""Guessing is slowed down, and nobody is locked out by it for ever (docs/adr/0042)."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from front_door import ABROAD, ADMINISTRATOR, CLERK, HOME, OTHER, PASSWORD, WRONG, Door

from onecard.base.db import SYSTEM, Database
from onecard.tenants import sessions
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import EVERYTHING
from onecard.tenants.sessions import Refused, SignedIn, rules, signing_in, throttle
from onecard.tenants.sessions.throttle import Bucket, Charge

SMALL = Bucket("small", most=3, every=timedelta(minutes=1))
LARGE = Bucket("large", most=10, every=timedelta(minutes=1))


async def exhaust(door: Door, *, account: str = ADMINISTRATOR) -> None:
    """Strangers guess at an account, a few times from each address, until nobody strange may."""
    for number in range(4):
        for _ in range(5):
            assert await door.refused(account=account, where=f"198.51.100.{number}") == str(rules.WRONG)
    assert "Too many" in await door.refused(account=account, where="198.51.100.4")


async def locked_until(door: Door) -> datetime | None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        return (await operators.get(tx, door.ids[ADMINISTRATOR])).locked_until


# --- buckets ------------------------------------------------------------------------------------------------


async def test_a_bucket_empties_and_fills(door: Door) -> None:
    charge = [Charge(SMALL, ("a",))]
    assert [await throttle.take(door.db, charge, door.now) for _ in range(3)] == [throttle.NOW] * 3
    assert await throttle.take(door.db, charge, door.now) == timedelta(minutes=1)
    door.later(seconds=40)
    assert await throttle.take(door.db, charge, door.now) == timedelta(seconds=20)
    door.later(seconds=20)
    assert await throttle.take(door.db, charge, door.now) == throttle.NOW
    door.later(days=1)
    assert [await throttle.take(door.db, charge, door.now) for _ in range(3)] == [throttle.NOW] * 3


async def test_hammering_does_not_make_the_wait_longer(door: Door) -> None:
    charge = [Charge(SMALL, ("a",))]
    for _ in range(20):
        await throttle.take(door.db, charge, door.now)
    door.later(minutes=1)
    assert await throttle.take(door.db, charge, door.now) == throttle.NOW


async def test_an_attempt_is_taken_from_all_buckets_or_from_none(door: Door) -> None:
    both = [Charge(LARGE, ("a",)), Charge(SMALL, ("a",))]
    for _ in range(9):
        await throttle.take(door.db, both, door.now)
    large = [Charge(LARGE, ("a",))]
    assert [await throttle.take(door.db, large, door.now) for _ in range(8)] == [
        *[throttle.NOW] * 7, timedelta(minutes=1),
    ]  # fmt: skip


async def test_processes_count_together(door: Door) -> None:
    charges = [Charge(LARGE, ("a",)), Charge(SMALL, ("a",))]
    waits = await asyncio.gather(
        *(throttle.take(door.db, way, door.now) for way in (charges, charges[::-1]) for _ in range(10))
    )
    assert sum(wait == throttle.NOW for wait in waits) == 3


async def test_full_buckets_are_cleared_away(door: Door) -> None:
    for number in range(30):
        await throttle.take(door.db, [Charge(SMALL, (str(number),))], door.now)
    door.later(hours=1)
    for number in range(2):
        await throttle.take(door.db, [Charge(SMALL, (f"new {number}",))], door.now)
    async with door.db.platform_tx(SYSTEM) as tx:
        assert await tx.connection.fetchval("select count(*) from tenants.throttle") == 2


# --- signing in ---------------------------------------------------------------------------------------------


async def test_five_failures_from_one_place_and_then_one_each_five_minutes(door: Door) -> None:
    for _ in range(5):
        assert await door.refused(where=ABROAD) == str(rules.WRONG)
    assert "again in 5 minutes" in await door.refused(PASSWORD, where=ABROAD)
    door.later(minutes=5)
    await door.sign_in(where=ABROAD)


async def test_unknown_accounts_are_throttled_alike(door: Door) -> None:
    texts = {account: [await door.refused(account=account, where=ABROAD) for _ in range(7)]
             for account in (ADMINISTRATOR, "86729999", "99990000")}  # fmt: skip
    assert texts[ADMINISTRATOR] == texts["86729999"] == texts["99990000"]


async def test_success_costs_nothing(door: Door) -> None:
    for _ in range(8):
        await door.sign_in(where=ABROAD)


async def test_an_account_is_locked_for_strangers_and_unlocks_by_time(door: Door) -> None:
    await exhaust(door)
    assert await locked_until(door) == door.now + timedelta(minutes=15)
    assert "Too many" in await door.refused(PASSWORD, where=ABROAD)
    await exhaust(door, account="86729999")
    door.later(minutes=15)
    await door.sign_in(where=ABROAD)


async def test_a_known_browser_signs_in_while_strangers_guess(door: Door) -> None:
    device = (await door.sign_in(where=HOME)).device
    await exhaust(door)
    assert "Too many" in await door.refused(PASSWORD, where=ABROAD, device=rules.new_token())
    await door.sign_in(where=ABROAD, device=device)


async def test_a_known_address_signs_in_while_strangers_guess(door: Door) -> None:
    await door.sign_in(where=HOME)
    await exhaust(door)
    await door.sign_in(where=HOME)
    door.later(days=31)
    await exhaust(door)
    assert "Too many" in await door.refused(PASSWORD, where=HOME)


async def test_a_known_browser_is_known_for_its_own_operators(door: Door) -> None:
    device = (await door.sign_in(account=CLERK)).device
    await exhaust(door)
    assert "Too many" in await door.refused(PASSWORD, where=ABROAD, device=device)


async def test_a_known_browser_cannot_guess_for_ever_either(door: Door) -> None:
    device = (await door.sign_in()).device
    for _ in range(10):
        await door.refused(device=device)
    assert "again in 1 minute" in await door.refused(PASSWORD, device=device)


async def test_neighbours_behind_one_address_do_not_lock_a_known_browser(door: Door) -> None:
    device = (await door.sign_in()).device
    for number in range(11):
        for _ in range(5):
            await door.refused(account=f"8672{number:04}", where=HOME)
    assert "Too many" in await door.refused(PASSWORD, account=CLERK, where=HOME)
    await door.sign_in(where=HOME, device=device)


async def test_a_cookie_put_there_by_somebody_else_is_replaced(door: Door) -> None:
    planted = rules.new_token()
    mine = (await door.sign_in(device=planted)).device
    assert mine != planted
    assert (await door.sign_in(device=mine)).device == mine
    assert (await door.sign_in(account=CLERK, device=mine)).device == mine


async def test_an_administrator_unlocks(door: Door) -> None:
    await exhaust(door)
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await sessions.unlock(tx, door.ids[ADMINISTRATOR], by=EVERYTHING)
    assert await locked_until(door) is None
    await door.sign_in(where=ABROAD)


async def test_a_new_password_is_not_held_up_by_guesses_at_the_old_one(door: Door) -> None:
    await exhaust(door)
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await operators.set_password(tx, door.ids[ADMINISTRATOR], OTHER, by=EVERYTHING)
    await door.sign_in(password=OTHER, where=ABROAD)


async def test_a_link_opens_a_locked_account(door: Door) -> None:
    await exhaust(door)
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        secret = await sessions.make_link(tx, door.ids[ADMINISTRATOR], 10, by=EVERYTHING, now=door.now)
    assert isinstance(await sessions.use_link(door.db, secret, where=ABROAD, now=door.now), SignedIn)


async def test_an_institution_is_locked_for_strangers_only(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "AT_TENANT", Bucket("tenant", most=3, every=timedelta(seconds=2)))
    await door.sign_in(where=HOME)
    for number in range(3):
        await door.refused(account=f"8672{number:04}", where=f"198.51.100.{number}")
    assert "Too many" in await door.refused(PASSWORD, where=ABROAD)
    await door.sign_in(where=HOME)


async def test_guessing_at_the_same_time_gains_nothing(door: Door) -> None:
    outcomes = await asyncio.gather(*(door.try_in(WRONG, where=ABROAD) for _ in range(12)))
    texts = [str(each.text) for each in outcomes if isinstance(each, Refused)]
    assert texts.count(str(rules.WRONG)) == 5
    assert len(texts) == 12


async def test_ipv6_neighbours_are_one_address(door: Door) -> None:
    for number in range(5):
        await door.refused(where=f"2001:db8::{number}")
    assert "Too many" in await door.refused(where="2001:db8::ffff")
    assert await door.refused(where="2001:db8:0:1::1") == str(rules.WRONG)


async def test_the_audit_of_failures_is_bounded(door: Door) -> None:
    for _ in range(30):
        await door.refused(where=ABROAD)
    assert len(await door.trail(rules.REFUSE)) == 5


async def test_who_knows_the_password_of_a_disabled_account_does_not_fill_the_audit(door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await operators.set_enabled(tx, door.ids[CLERK], enabled=False, by=EVERYTHING)
    texts = [await door.refused(PASSWORD, account=CLERK, where=ABROAD) for _ in range(8)]
    assert "disabled" in texts[4]
    assert "Too many" in texts[5]
    assert len(await door.trail(rules.REFUSE)) == 5


async def duration(db: Database, account: str, clock: Callable[[], float] = time.monotonic) -> float:
    began = clock()
    await sessions.sign_in(db, account=account, password=WRONG, where=ABROAD)
    return clock() - began


async def test_the_time_does_not_tell_whether_an_account_exists(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    # work, and not time, which others of this machine take too
    known, unknown = [
        min([await duration(door.db, account, time.process_time) for _ in range(3)])
        for account in (ADMINISTRATOR, "86729999")
    ]
    assert unknown > known / 3, "no hash was compared"
    monkeypatch.setattr(signing_in, "FAILURE_SECONDS", 0.3)
    for account in (CLERK, "86729998", "99990000", ""):
        assert await duration(door.db, account) >= 0.3
