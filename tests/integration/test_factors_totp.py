"""Codes of an app and recovery codes as second factor: each good once, asked for at every sign-in."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from front_door import ABROAD, ADMINISTRATOR, CLERK, HOME, Door

from onecard.base.db import SYSTEM
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.vault import Vault
from onecard.tenants import factors, sessions
from onecard.tenants.factors import rules as factor_rules
from onecard.tenants.functions import F
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import EVERYTHING
from onecard.tenants.sessions import Confirmed, NeedsFactor, Refused, SignedIn, rules


@dataclass
class Phone:
    """The clerk's authenticator app."""

    door: Door
    vault: Vault
    secret: str
    recovery: list[str]

    def code(self, *, seconds: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(int(self.door.now.timestamp()) + seconds)

    async def first_step(self, **other: object) -> NeedsFactor:
        outcome = await self.door.try_in(**({"account": CLERK} | other))
        assert isinstance(outcome, NeedsFactor)
        return outcome

    async def second_step(self, cookie: str, code: str, where: str = HOME) -> SignedIn | Refused:
        return await sessions.finish_with_code(
            self.door.db, self.vault, cookie, code, where=where, now=self.door.now
        )


@pytest.fixture
async def phone(door: Door, vault: Vault) -> Phone:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        offered = await factors.begin_totp(tx, vault, door.ids[CLERK], issuer="青松学校", now=door.now)
        code = pyotp.TOTP(offered.secret).at(door.now)
        recovery = await factors.finish_totp(tx, vault, door.ids[CLERK], code, now=door.now)
    door.later(seconds=60)
    return Phone(door, vault, offered.secret, recovery)


# --- setting up ---------------------------------------------------------------------------------------------


async def test_the_qr_code_says_whose_it_is(door: Door, vault: Vault) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        offered = await factors.begin_totp(tx, vault, door.ids[CLERK], issuer="青松学校", now=door.now)
    parts = urlsplit(offered.uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parse_qs(parts.query) == {"secret": [offered.secret], "issuer": ["青松学校"]}
    assert CLERK in parts.path
    svg = ET.fromstring(offered.svg)  # noqa: S314  our own
    assert svg.tag.endswith("svg")
    assert not [each.tag for each in svg.iter() if each.tag.rpartition("}")[2] in {"style", "script"}]


async def test_the_secret_is_sealed(phone: Phone, door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        box = await tx.connection.fetchval("select secret_box from tenants.totp")
        codes = await tx.connection.fetchval("select string_agg(c::text, '') from tenants.recovery_code c")
    assert phone.secret.encode() not in box
    assert phone.vault.unseal(door.tenant_id, box) == phone.secret
    assert not [code for code in phone.recovery if code in codes]


async def test_an_app_counts_when_its_first_code_came(door: Door, vault: Vault) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await factors.begin_totp(tx, vault, door.ids[CLERK], issuer="x", now=door.now)
        with pytest.raises(ConflictError, match="phone's clock"):
            await factors.finish_totp(tx, vault, door.ids[CLERK], "000000", now=door.now)
        assert await factors.available(tx, door.ids[CLERK]) == frozenset()
    await door.sign_in(account=CLERK)


async def test_an_app_is_replaced_by_removing_it_first(phone: Phone, door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        where = {"issuer": "x", "now": door.now}
        with pytest.raises(ConflictError, match="Remove it first"):
            await factors.begin_totp(tx, phone.vault, door.ids[CLERK], **where)
        with pytest.raises(ConflictError, match="Begin again"):
            await factors.finish_totp(tx, phone.vault, door.ids[CLERK], phone.code(), now=door.now)
        await factors.remove_totp(tx, door.ids[CLERK])
        with pytest.raises(NotFoundError):
            await factors.remove_totp(tx, door.ids[CLERK])
        assert await factors.summary(tx, door.ids[CLERK]) == factors.Summary(None, 0, ())
        await factors.begin_totp(tx, phone.vault, door.ids[CLERK], **where)
    await door.sign_in(account=CLERK)


# --- signing in ---------------------------------------------------------------------------------------------


async def test_a_code_is_asked_for(phone: Phone, door: Door) -> None:
    pending = await phone.first_step()
    assert pending.factors == {"totp", "recovery"}
    assert await door.resume(pending.cookie) is None
    signed_in = await phone.second_step(pending.cookie, phone.code())
    assert isinstance(signed_in, SignedIn)
    session = await door.resume(signed_in.cookie)
    assert session is not None
    assert session.second_factor
    assert signed_in.cookie != pending.cookie
    assert await phone.second_step(pending.cookie, phone.code(seconds=30)) == Refused(rules.TOO_LATE)
    await door.sign_in(account=ADMINISTRATOR)


async def test_a_code_is_good_once(phone: Phone) -> None:
    pending = await phone.first_step()
    assert isinstance(await phone.second_step(pending.cookie, phone.code()), SignedIn)
    again = await phone.first_step()
    assert await phone.second_step(again.cookie, phone.code()) == Refused(rules.WRONG_CODE)
    assert isinstance(await phone.second_step(again.cookie, phone.code(seconds=30)), SignedIn)


@pytest.mark.parametrize(("seconds", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
async def test_clocks_may_be_half_a_minute_apart(phone: Phone, seconds: int, good: bool) -> None:  # noqa: FBT001  a case
    outcome = await phone.second_step((await phone.first_step()).cookie, phone.code(seconds=seconds))
    assert isinstance(outcome, SignedIn) is good


@pytest.mark.parametrize("code", ["", "000", "abcdef", "0" * 99, "１２３４５６", "AAAA-BBBB-CCCC-DDDD"])
async def test_strange_codes_are_wrong(phone: Phone, code: str) -> None:
    assert await phone.second_step((await phone.first_step()).cookie, code) == Refused(rules.WRONG_CODE)


async def test_codes_may_be_typed_with_blanks(phone: Phone) -> None:
    code = phone.code()
    outcome = await phone.second_step((await phone.first_step()).cookie, f" {code[:3]} {code[3:]}")
    assert isinstance(outcome, SignedIn)


async def test_the_second_step_has_five_minutes(phone: Phone, door: Door) -> None:
    pending = await phone.first_step()
    door.later(minutes=5)
    assert await phone.second_step(pending.cookie, phone.code()) == Refused(rules.TOO_LATE)


async def test_codes_cannot_be_guessed_by_who_knows_the_password(phone: Phone, door: Door) -> None:
    texts = []
    for number in range(25):
        where = f"198.51.100.{number // 5}"
        pending = await phone.first_step(where=where)
        outcome = await phone.second_step(pending.cookie, "000000", where)
        assert isinstance(outcome, Refused)
        texts.append(str(outcome.text))
    assert texts[:20] == [str(rules.WRONG_CODE)] * 20
    assert all("Too many" in text for text in texts[20:])
    assert len(await door.trail(rules.REFUSE)) == 20


async def test_a_disabled_operator_does_not_finish(phone: Phone, door: Door) -> None:
    pending = await phone.first_step()
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await operators.set_enabled(tx, door.ids[CLERK], enabled=False, by=EVERYTHING)
    outcome = await phone.second_step(pending.cookie, phone.code())
    assert isinstance(outcome, Refused)
    assert "disabled" in str(outcome.text)


async def test_a_link_asks_for_the_second_factor_too(phone: Phone, door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        secret = await sessions.make_link(tx, door.ids[CLERK], 5, by=EVERYTHING, now=door.now)
    outcome = await sessions.use_link(door.db, secret, where=ABROAD, now=door.now)
    assert isinstance(outcome, NeedsFactor)


# --- recovery codes, confirming, losing ---------------------------------------------------------------------


async def test_a_recovery_code_is_good_once(phone: Phone, door: Door) -> None:
    code = phone.recovery[3].lower().replace("-", " ")
    assert isinstance(await phone.second_step((await phone.first_step()).cookie, code), SignedIn)
    pending = await phone.first_step()
    assert await phone.second_step(pending.cookie, code) == Refused(rules.WRONG_CODE)
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        assert (await factors.summary(tx, door.ids[CLERK])).recovery_left == 9


async def test_new_recovery_codes_replace_the_old(phone: Phone, door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        fresh = await factors.new_recovery_codes(tx, door.ids[CLERK])
        with pytest.raises(ConflictError):
            await factors.new_recovery_codes(tx, door.ids[ADMINISTRATOR])
    assert len(set(fresh)) == factor_rules.RECOVERY_CODES
    pending = await phone.first_step()
    assert isinstance(await phone.second_step(pending.cookie, phone.recovery[0]), Refused)
    assert isinstance(await phone.second_step(pending.cookie, fresh[0]), SignedIn)


async def test_a_code_confirms(phone: Phone, door: Door) -> None:
    signed_in = await phone.second_step((await phone.first_step()).cookie, phone.code())
    assert isinstance(signed_in, SignedIn)
    session = await door.resume(signed_in.cookie)
    assert session is not None
    door.later(seconds=90)
    for code, kind in (("000000", Refused), (phone.code(), Confirmed)):
        outcome = await sessions.confirm_with_code(door.db, phone.vault, session, code, now=door.now)
        assert isinstance(outcome, kind)


async def test_setting_up_makes_the_session_stronger(door: Door, vault: Vault) -> None:
    session = await door.session(account=CLERK)
    async with door.db.tenant_tx(door.tenant_id, session.actor) as tx:
        offered = await factors.begin_totp(tx, vault, session.operator_id, issuer="x", now=door.now)
        code = pyotp.TOTP(offered.secret).at(door.now)
        await factors.finish_totp(tx, vault, session.operator_id, code, now=door.now)
        confirmed = await sessions.strengthen(tx, session, "totp", now=door.now)
    again = await door.resume(confirmed.cookie)
    assert again is not None
    assert again.second_factor
    assert not session.second_factor


async def test_an_administrator_takes_lost_factors_away(phone: Phone, door: Door) -> None:
    async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
        await factors.reset(tx, door.ids[CLERK], by=EVERYTHING)
    await door.sign_in(account=CLERK)
    row = (await door.trail(F.ACCESS_OPERATOR_PASSWORD))[0]
    assert "authenticator_app" in row["before"]
