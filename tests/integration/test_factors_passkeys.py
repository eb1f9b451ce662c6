"""Passkeys as second factor, with an authenticator in software that may be broken, copied or hostile."""

from copy import copy
from dataclasses import dataclass, field, replace

import pytest
from authenticator import Authenticator
from front_door import CLERK, HOME, Door

from onecard.base.db import SYSTEM
from onecard.base.errors import ConflictError, NotFoundError
from onecard.tenants import factors, sessions
from onecard.tenants.factors import RelyingParty
from onecard.tenants.sessions import Confirmed, NeedsFactor, Refused, SignedIn, rules

PARTY = RelyingParty("card.school.example", "青松学校", "https://card.school.example")


@dataclass
class Clerk:
    """The clerk with a security key."""

    door: Door
    device: Authenticator = field(default_factory=Authenticator)

    @property
    def id(self) -> int:
        return self.door.ids[CLERK]

    async def register(self, device: Authenticator | None = None, name: str = "钥匙") -> list[str]:
        device, door = device or self.device, self.door
        async with door.db.tenant_tx(door.tenant_id, SYSTEM) as tx:
            answer = device.create(await factors.begin_passkey(tx, self.id, PARTY, now=door.now))
            return await factors.finish_passkey(tx, self.id, PARTY, answer, name=name, now=door.now)

    async def first_step(self) -> tuple[str, str]:
        outcome = await self.door.try_in(account=CLERK)
        assert isinstance(outcome, NeedsFactor)
        options = await sessions.passkey_options(self.door.db, outcome.cookie, PARTY, now=self.door.now)
        assert options is not None
        return outcome.cookie, options

    async def second_step(self, cookie: str, answer: str) -> SignedIn | Refused:
        return await sessions.finish_with_passkey(
            self.door.db, cookie, answer, PARTY, where=HOME, now=self.door.now
        )

    async def sign_in(self, device: Authenticator | None = None) -> SignedIn | Refused:
        cookie, options = await self.first_step()
        return await self.second_step(cookie, (device or self.device).get(options))


@pytest.fixture
async def clerk(door: Door) -> Clerk:
    clerk = Clerk(door)
    assert len(await clerk.register()) == 10
    return clerk


async def test_a_passkey_is_asked_for(clerk: Clerk) -> None:
    outcome = await clerk.door.try_in(account=CLERK)
    assert isinstance(outcome, NeedsFactor)
    assert outcome.factors == {"passkey", "recovery"}
    signed_in = await clerk.sign_in()
    assert isinstance(signed_in, SignedIn)
    session = await clerk.door.resume(signed_in.cookie)
    assert session is not None
    assert session.second_factor


async def test_every_answer_is_good_once(clerk: Clerk) -> None:
    cookie, options = await clerk.first_step()
    answer = clerk.device.get(options)
    assert isinstance(await clerk.second_step(cookie, answer), SignedIn)
    cookie, _ = await clerk.first_step()
    assert await clerk.second_step(cookie, answer) == Refused(rules.WRONG_PASSKEY)


async def test_a_challenge_has_five_minutes(clerk: Clerk) -> None:
    _, options = await clerk.first_step()
    clerk.door.later(minutes=5)
    cookie, _ = await clerk.first_step()
    assert await clerk.second_step(cookie, clerk.device.get(options)) == Refused(rules.WRONG_PASSKEY)


@pytest.mark.parametrize(
    "change",
    [{"origin": "https://card.school.example.evil"}, {"rp_id": "evil.example"}, {"verifies": False}],
)
async def test_another_site_or_an_unverified_user_is_refused(clerk: Clerk, change: dict[str, object]) -> None:
    assert await clerk.sign_in(replace(clerk.device, **change)) == Refused(rules.WRONG_PASSKEY)
    assert isinstance(await clerk.sign_in(), SignedIn)


async def test_another_key_is_refused(clerk: Clerk) -> None:
    forged = replace(Authenticator(), credential=clerk.device.credential, counter=5)
    assert await clerk.sign_in(forged) == Refused(rules.WRONG_PASSKEY)


async def test_a_copied_key_is_noticed_by_its_count(clerk: Clerk) -> None:
    copied = copy(clerk.device)
    for _ in range(2):
        assert isinstance(await clerk.sign_in(), SignedIn)
    assert await clerk.sign_in(copied) == Refused(rules.WRONG_PASSKEY)


STRANGE_ANSWERS = ("", "[]", "{}", '{"rawId": 1, "response": {}}', "null", "not JSON", "[" * 99_999)


@pytest.mark.parametrize("answer", STRANGE_ANSWERS, ids=lambda answer: answer[:20])
async def test_strange_answers_are_refused(clerk: Clerk, answer: str) -> None:
    cookie, _ = await clerk.first_step()
    assert await clerk.second_step(cookie, answer) == Refused(rules.WRONG_PASSKEY)


async def test_wrong_answers_do_not_fill_the_audit(clerk: Clerk) -> None:
    cookie, _ = await clerk.first_step()
    outcomes = [await clerk.second_step(cookie, "{}") for _ in range(7)]
    assert outcomes[:5] == [Refused(rules.WRONG_PASSKEY)] * 5
    assert Refused(rules.WRONG_PASSKEY) not in outcomes[5:]
    assert len(await clerk.door.trail(rules.REFUSE)) == 5


async def test_a_strange_cookie_gets_no_challenge(clerk: Clerk) -> None:
    assert await sessions.passkey_options(clerk.door.db, "1." + "A" * 43, PARTY) is None
    assert await clerk.second_step("x", "{}") == Refused(rules.TOO_LATE)


async def test_an_answer_to_registering_proves_nothing(clerk: Clerk) -> None:
    async with clerk.door.db.tenant_tx(clerk.door.tenant_id, SYSTEM) as tx:
        options = await factors.begin_passkey(tx, clerk.id, PARTY, now=clerk.door.now)
    forged = options.replace('"excludeCredentials"', '"allowCredentials"')
    cookie, _ = await clerk.first_step()
    assert await clerk.second_step(cookie, clerk.device.get(forged)) == Refused(rules.WRONG_PASSKEY)


@pytest.mark.parametrize(
    "change",
    [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"verifies": False}],
)
async def test_what_cannot_be_registered(door: Door, change: dict[str, object]) -> None:
    with pytest.raises(ConflictError, match="not accepted"):
        await Clerk(door).register(replace(Authenticator(), **change))
    await door.sign_in(account=CLERK)


@pytest.mark.parametrize("name", ["", " ", "x" * 65])
async def test_a_passkey_has_a_name(door: Door, name: str) -> None:
    with pytest.raises(ConflictError, match="1 to 64"):
        await Clerk(door).register(name=name)


async def test_a_passkey_is_registered_once(clerk: Clerk) -> None:
    with pytest.raises(ConflictError, match="already"):
        await clerk.register()
    assert await clerk.register(Authenticator(), "手机") == []


async def test_passkeys_are_listed_renamed_and_removed(clerk: Clerk) -> None:
    await clerk.sign_in()
    async with clerk.door.db.tenant_tx(clerk.door.tenant_id, SYSTEM) as tx:
        (found,) = (await factors.summary(tx, clerk.id)).passkeys
        assert (found.name, found.used_at) == ("钥匙", clerk.door.now)
        await factors.rename_passkey(tx, clerk.id, found.id, "办公室")
        with pytest.raises(NotFoundError):
            await factors.remove_passkey(tx, clerk.door.ids["86729000"], found.id)
        await factors.remove_passkey(tx, clerk.id, found.id)
        assert await factors.summary(tx, clerk.id) == factors.Summary(None, 0, ())
        with pytest.raises(NotFoundError):
            await factors.rename_passkey(tx, clerk.id, found.id, "x")
    await clerk.door.sign_in(account=CLERK)


async def test_a_passkey_confirms(clerk: Clerk) -> None:
    signed_in = await clerk.sign_in()
    assert isinstance(signed_in, SignedIn)
    session = await clerk.door.resume(signed_in.cookie)
    assert session is not None
    async with clerk.door.db.tenant_tx(session.tenant_id, session.actor) as tx:
        options = await factors.challenge_passkey(tx, clerk.id, PARTY, now=clerk.door.now)
    answer = clerk.device.get(options)
    for expected in (Confirmed, Refused):
        outcome = await sessions.confirm_with_passkey(
            clerk.door.db, session, answer, PARTY, now=clerk.door.now
        )
        assert isinstance(outcome, expected)
