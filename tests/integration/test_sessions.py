"""Signing in and what follows: who is let in, as whom, how long, and how it ends."""

from dataclasses import replace
from datetime import date
from typing import Any

import asyncpg
import pytest
from front_door import ABROAD, ADMINISTRATOR, CLERK, HOME, OTHER, PASSWORD, Door

from onecard.base.db import SYSTEM, Actor
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.listing import Wish
from onecard.tenants import service as tenants
from onecard.tenants import sessions
from onecard.tenants.functions import DANGEROUS, F, Function
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import EVERYTHING, OperatorDraft
from onecard.tenants.sessions import Confirmed, Refused, rules
from onecard.tenants.settings import service as settings
from onecard.tenants.settings.model import SecondFactor


async def test_an_operator_signs_in_and_is_known_with_each_request(door: Door) -> None:
    session = await door.session(account=CLERK)
    assert (session.account, session.name, session.tenant.code) == (CLERK, "李强", "8672")
    assert session.functions == {F.PEOPLE_PERSON_VIEW, F.PEOPLE_PERSON_CHANGE}
    assert session.department_ids is None
    assert (session.language, session.time_zone, session.currency) == ("zh-CN", "Asia/Shanghai", "CNY")
    assert session.actor == Actor("operator", CLERK)
    assert session.actor.where == HOME
    assert not session.must_change_password
    assert session.is_confirmed(door.now)
    assert [row["origin"] for row in await door.trail(rules.BEGIN)] == [HOME]


async def test_the_administrator_may_everything(door: Door) -> None:
    assert (await door.session()).functions == frozenset(Function)


@pytest.mark.parametrize("typed", [" 8672 9000 ", "８６７２９０００"])
async def test_an_account_number_may_be_typed_widely(door: Door, typed: str) -> None:
    await door.sign_in(account=typed)


async def test_the_database_knows_no_token(door: Door) -> None:
    signed_in = await door.sign_in()
    token = signed_in.cookie.split(".")[1].encode()
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        for table in ("session", "known_place"):
            text = await tx.connection.fetchval(f"select string_agg(t::text, ' ') from tenants.{table} t")  # noqa: S608  ours
            assert rules.digest(token.decode()).hex() in text or table == "known_place"
            assert token.decode() not in text
            assert token.hex() not in text


@pytest.mark.parametrize(
    ("account", "password"),
    [(ADMINISTRATOR, "wrong"), (ADMINISTRATOR, ""), ("86729999", PASSWORD), ("99999000", PASSWORD), ("", "")],
)
async def test_what_is_wrong_is_not_said(door: Door, account: str, password: str) -> None:
    assert await door.refused(password, account=account) == str(rules.WRONG)


async def test_failures_of_known_accounts_are_in_the_audit(door: Door) -> None:
    await door.refused(where=ABROAD)
    await door.refused(account="86729999")
    (row,) = await door.trail(rules.REFUSE)
    assert (row["actor"], row["origin"], row["subject"]) == (
        f"operator:{ADMINISTRATOR}", ABROAD, f"{ADMINISTRATOR} 王芳",
    )  # fmt: skip


async def test_an_operator_without_a_password_is_refused(door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        made = await operators.create(tx, OperatorDraft(name="赵敏"), by=EVERYTHING)
    assert await door.refused("", account=made.account) == str(rules.WRONG)


async def test_a_suspended_institution_lets_nobody_in(door: Door) -> None:
    cookie = (await door.sign_in()).cookie
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await tenants.set_suspended(tx, suspended=True)
    assert await door.resume(cookie) is None
    assert "suspended" in await door.refused(PASSWORD)
    assert await door.refused("wrong") == str(rules.WRONG)


async def test_a_disabled_operator_is_out_at_once(door: Door) -> None:
    cookie = (await door.sign_in(account=CLERK)).cookie
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await operators.set_enabled(tx, door.ids[CLERK], enabled=False, by=EVERYTHING)
    assert await door.resume(cookie) is None
    assert "disabled" in await door.refused(PASSWORD, account=CLERK)
    assert await door.refused("wrong", account=CLERK) == str(rules.WRONG)


async def test_an_operator_whose_time_is_over_is_out_at_once(door: Door) -> None:
    cookie = (await door.sign_in(account=CLERK)).cookie
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        draft = OperatorDraft(name="李强", ends_on=date(2020, 1, 1))
        await operators.change(tx, door.ids[CLERK], draft, by=EVERYTHING)
    assert await door.resume(cookie) is None
    assert "ended" in await door.refused(PASSWORD, account=CLERK)


async def test_a_password_somebody_else_set_has_to_be_changed(door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await operators.set_password(tx, door.ids[CLERK], OTHER, by=EVERYTHING)
    session = await door.session(account=CLERK, password=OTHER)
    assert session.must_change_password
    async with door.db.tenant_tx(door.tenant_id, session.actor) as tx:
        await operators.change_own_password(tx, session.operator_id, old=OTHER, new=PASSWORD)
        renewed = await sessions.rotate(tx, session, now=door.now)
    again = await door.resume(renewed.cookie)
    assert again is not None
    assert not again.must_change_password


async def test_a_password_somebody_else_set_lapses(door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await operators.set_password(tx, door.ids[CLERK], OTHER, by=EVERYTHING)
    door.later(days=8)
    assert "one-time password" in await door.refused(OTHER, account=CLERK)


async def test_another_password_ends_all_other_sessions(door: Door) -> None:
    others = [(await door.sign_in()).cookie for _ in range(2)]
    mine = await door.session()
    async with door.db.tenant_tx(door.tenant_id, mine.actor) as tx:
        await operators.change_own_password(tx, mine.operator_id, old=PASSWORD, new=OTHER)
        renewed = await sessions.rotate(tx, mine, now=door.now)
    assert [await door.resume(cookie) for cookie in others] == [None, None]
    assert await door.resume(renewed.cookie) is not None
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        assert [place.session_id for place in await sessions.places(tx, mine.operator_id)] == [
            mine.session_id
        ]


async def test_a_session_idles_out(door: Door) -> None:
    cookie = (await door.sign_in()).cookie
    for _ in range(3):
        door.later(minutes=29)
        assert await door.resume(cookie) is not None
    door.later(minutes=31)
    assert await door.resume(cookie) is None


async def test_a_session_ends_however_busy_it_is(door: Door) -> None:
    cookie = (await door.sign_in()).cookie
    for _ in range(35):
        door.later(minutes=20)
        assert await door.resume(cookie) is not None
    door.later(minutes=20)
    assert await door.resume(cookie) is None


async def settle(door: Door, **changes: object) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await settings.change(tx, replace(await settings.get(tx), **changes))  # type: ignore[arg-type]


async def test_a_tenant_sets_its_own_limits(door: Door) -> None:
    await settle(door, idle_minutes=5, absolute_minutes=8)
    cookie = (await door.sign_in()).cookie
    for minutes, lives in ((4, True), (3, True), (1, False)):
        door.later(minutes=minutes)
        assert (await door.resume(cookie) is not None) is lives
    cookie = (await door.sign_in()).cookie
    door.later(minutes=6)
    assert await door.resume(cookie) is None


async def test_without_a_second_factor_dangerous_functions_are_withheld(door: Door) -> None:
    await settle(door, second_factor=SecondFactor.DANGEROUS)
    session = await door.session()
    assert session.withheld == DANGEROUS
    assert session.functions == frozenset(Function) - DANGEROUS
    assert not session.must_add_factor
    assert not (await door.session(account=CLERK)).withheld


async def test_everybody_has_to_add_a_second_factor(door: Door) -> None:
    await settle(door, second_factor=SecondFactor.EVERYBODY)
    session = await door.session(account=CLERK)
    assert session.must_add_factor
    async with door.db.tenant_tx(door.tenant_id, session.actor) as tx:
        confirmed = await sessions.strengthen(tx, session, "totp", now=door.now)
    stronger = await door.resume(confirmed.cookie)
    assert stronger is not None
    assert not stronger.must_add_factor


async def test_resuming_takes_two_statements(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = (await door.sign_in()).cookie
    seen: list[str] = []
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        plain = getattr(asyncpg.Connection, name)

        async def counted(
            self: object, query: str, *rest: object, _plain: Any = plain, **named: object
        ) -> Any:
            seen.append(query)
            return await _plain(self, query, *rest, **named)

        monkeypatch.setattr(asyncpg.Connection, name, counted)
    assert await door.resume(cookie) is not None
    assert [query.split()[0] for query in seen] == ["begin;", "with", "select", "commit"]


async def test_being_seen_is_written_once_a_minute(door: Door) -> None:
    cookie = (await door.sign_in()).cookie

    async def seen() -> str:
        async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
            return str(await tx.connection.fetchval("select xmin || ' ' || seen_at from tenants.session"))

    first = await seen()
    door.later(seconds=50)
    await door.resume(cookie)
    assert await seen() == first
    door.later(seconds=20)
    await door.resume(cookie)
    assert await seen() != first


@pytest.mark.parametrize(
    "cookie", ["", "1", "1.", ".x", "x.y", "1.AAAA", "1." + "A" * 43, "9" * 30 + "." + "A" * 43]
)
async def test_strange_cookies_are_nobody(door: Door, cookie: str) -> None:
    await door.sign_in()
    assert await door.resume(cookie) is None


async def test_a_cookie_is_of_its_tenant_only(door: Door, two_tenants: tuple[int, int]) -> None:
    token = (await door.sign_in()).cookie.split(".")[1]
    assert await door.resume(f"{two_tenants[1]}.{token}") is None


# --- confirming and rotating --------------------------------------------------------------------------------


async def test_confirming_lasts_five_minutes_and_changes_the_token(door: Door) -> None:
    before = await door.sign_in()
    door.later(minutes=6)
    session = await door.resume(before.cookie)
    assert session is not None
    assert not session.is_confirmed(door.now)
    confirmed = await sessions.confirm(door.db, session, password=PASSWORD, now=door.now)
    assert isinstance(confirmed, Confirmed)
    for minutes, expected in ((0, True), (4, True), (2, False)):
        door.later(minutes=minutes)
        session = await door.resume(confirmed.cookie)
        assert session is not None
        assert session.is_confirmed(door.now) is expected


async def test_pages_under_way_may_carry_the_token_before(door: Door) -> None:
    before = (await door.sign_in()).cookie
    session = await door.resume(before)
    assert session is not None
    await sessions.confirm(door.db, session, password=PASSWORD, now=door.now)
    door.later(seconds=20)
    assert await door.resume(before) is not None
    door.later(seconds=20)
    assert await door.resume(before) is None


async def test_confirming_cannot_be_guessed(door: Door) -> None:
    session = await door.session()
    texts = []
    for _ in range(6):
        outcome = await sessions.confirm(door.db, session, password="wrong", now=door.now)
        assert isinstance(outcome, Refused)
        texts.append(str(outcome.text))
    assert texts[:5] == [str(rules.WRONG_PASSWORD)] * 5
    assert "Too many" in texts[5]
    door.later(minutes=2)
    assert isinstance(await sessions.confirm(door.db, session, password=PASSWORD, now=door.now), Confirmed)


async def test_a_session_that_is_over_cannot_be_rotated(door: Door) -> None:
    session = await door.session()
    async with door.db.tenant_tx(door.tenant_id, session.actor) as tx:
        await sessions.sign_out(tx, session)
        with pytest.raises(ConflictError, match="too long"):
            await sessions.rotate(tx, session)


# --- the list of sessions -----------------------------------------------------------------------------------


async def test_sessions_are_listed_and_ended(door: Door) -> None:
    phone = await door.sign_in(agent="Phone", where=ABROAD)
    door.later(minutes=1)
    desk = await door.session()
    async with door.db.tenant_tx(door.tenant_id, desk.actor) as tx:
        listed = await sessions.places(tx, desk.operator_id, current=desk.session_id, now=door.now)
        assert [(each.agent, each.address, each.current) for each in listed] == [
            ("Firefox", HOME, True), ("Phone", ABROAD, False),
        ]  # fmt: skip
        await sessions.end(tx, desk.operator_id, phone.session_id)
        with pytest.raises(NotFoundError):
            await sessions.end(tx, desk.operator_id, phone.session_id)
    assert await door.resume(phone.cookie) is None
    assert len(await door.trail(rules.END)) == 1


async def test_another_operators_session_is_not_ended_by_its_number(door: Door) -> None:
    other, mine = await door.sign_in(account=CLERK), await door.session()
    async with door.db.tenant_tx(door.tenant_id, mine.actor) as tx:
        with pytest.raises(NotFoundError):
            await sessions.end(tx, mine.operator_id, other.session_id)
    assert await door.resume(other.cookie) is not None


async def test_an_administrator_sees_and_ends_all_sessions(door: Door) -> None:
    cookies = [(await door.sign_in(account=CLERK)).cookie for _ in range(2)]
    mine = await door.session()
    async with door.db.tenant_tx(door.tenant_id, mine.actor) as tx:
        page = await sessions.SESSIONS.page(tx, Wish(arguments={"now": door.now}))
        assert [row["account"] for row in page.rows] == [ADMINISTRATOR, CLERK, CLERK]
        assert await sessions.end_all(tx, door.ids[CLERK]) == 2
    assert [await door.resume(cookie) for cookie in cookies] == [None, None]
    (row,) = await door.trail(F.ACCESS_SESSION_END)
    assert row["subject"] == f"{CLERK} 李强"


async def test_old_sessions_are_cleared_away(door: Door) -> None:
    await door.sign_in()
    door.later(days=100)
    await door.sign_in()
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        assert await tx.connection.fetchval("select count(*) from tenants.session") == 1
