"""Sign-in through a provider, against the server of a provider's library."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from browser import cancel_at, sign_in_at
from front_door import ABROAD, ADMINISTRATOR, CLERK, Door
from provider_process import running_provider

from onecard.base.db import SYSTEM
from onecard.base.errors import ConflictError, OneCardError, UnavailableError
from onecard.base.vault import Vault
from onecard.tenants import oidc, sessions
from onecard.tenants.functions import F
from onecard.tenants.oidc import ProviderDraft, Providers, Started, rules
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import EVERYTHING
from onecard.tenants.sessions import Refused, SignedIn
from onecard.tenants.sessions import rules as session_rules
from onecard.tenants.settings import service as settings

BACK = "https://card.school.example/sign-in/back"
SECRET = "a secret: 100% & more+"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with running_provider() as address:
        yield address


@dataclass
class Gate:
    """The school's sign-in through its provider."""

    door: Door
    vault: Vault
    providers: Providers
    issuer: str

    async def configure(self, **changes: object) -> None:
        draft = ProviderDraft(issuer=self.issuer, client="card", secret=SECRET, label="统一认证")
        async with self.door.db.tenant_tx(self.door.tenant_id, SYSTEM) as tx:
            await oidc.save(tx, self.vault, replace(draft, **changes))  # type: ignore[arg-type]

    async def begin(self, code: str = "8672") -> Started:
        return await oidc.begin(self.door.db, self.providers, code, BACK, where=ABROAD, now=self.door.now)

    async def finish(self, started: Started, answer: dict[str, str]) -> sessions.Outcome:
        return await oidc.finish(
            self.door.db, self.vault, self.providers, cookie=started.cookie, answer=answer, where=ABROAD,
            now=self.door.now,
        )  # fmt: skip

    async def sign_in(self, login: str = CLERK) -> sessions.Outcome:
        started = await self.begin()
        return await self.finish(started, await sign_in_at(started.url, login, BACK))


@pytest.fixture
async def gate(door: Door, vault: Vault, issuer: str) -> AsyncIterator[Gate]:
    async with httpx.AsyncClient(trust_env=False) as http:
        gate = Gate(door, vault, Providers(http), issuer)
        await gate.configure()
        yield gate


async def test_an_operator_signs_in_by_the_provider(gate: Gate) -> None:
    outcome = await gate.sign_in()
    assert isinstance(outcome, SignedIn)
    session = await gate.door.resume(outcome.cookie)
    assert session is not None
    assert session.account == CLERK
    assert session.is_confirmed(gate.door.now)
    (row,) = await gate.door.trail(session_rules.BEGIN)
    assert '"oidc"' in row["after"]


async def test_what_is_asked_of_the_provider(gate: Gate) -> None:
    asked = {name: value[0] for name, value in parse_qs(urlsplit((await gate.begin()).url).query).items()}
    assert asked.pop("state") != asked.pop("nonce") != asked.pop("code_challenge")
    assert asked == {
        "response_type": "code", "client_id": "card", "redirect_uri": BACK, "scope": "openid profile",
        "code_challenge_method": "S256",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "login", "text"),
    [
        ("sub", CLERK, None),
        ("email", CLERK, None),
        ("email", ADMINISTRATOR, str(rules.NO_CLAIM)),
        ("preferred_username", "nameless", str(rules.NO_CLAIM)),
        ("preferred_username", "86729999", "86729999 is not an operator here"),
        ("preferred_username", "12009000", "12009000 is not an operator here"),
    ],
)
async def test_operators_are_matched_and_never_made(
    gate: Gate, claim: str, login: str, text: str | None
) -> None:
    await gate.configure(claim=claim)
    outcome = await gate.sign_in(login)
    assert isinstance(outcome, SignedIn) is (text is None)
    if isinstance(outcome, Refused):
        assert str(text) in str(outcome.text)


async def test_a_public_client_is_held_by_pkce(gate: Gate) -> None:
    await gate.configure(client="open card", secret="")
    assert isinstance(await gate.sign_in(), SignedIn)


async def test_a_wrong_secret_or_verifier_proves_nothing(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    await gate.configure(secret="another")
    assert await gate.sign_in() == Refused(rules.NOT_OURS)
    await gate.configure()
    started = await gate.begin()
    answer = await sign_in_at(started.url, CLERK, BACK)
    honest = rules.secrets_of
    monkeypatch.setattr(rules, "secrets_of", lambda token: replace(honest(token), verifier="A" * 43))
    assert await gate.finish(started, answer) == Refused(rules.NOT_OURS)


async def test_an_answer_is_good_once_and_in_its_own_browser(gate: Gate) -> None:
    mine, other = await gate.begin(), await gate.begin()
    answer = await sign_in_at(mine.url, CLERK, BACK)
    assert await gate.finish(other, answer) == Refused(rules.NOT_OURS)
    assert isinstance(await gate.finish(mine, answer), SignedIn)
    assert await gate.finish(mine, answer) == Refused(session_rules.TOO_LATE)


@pytest.mark.parametrize(
    "change", [{"state": "x"}, {"iss": "https://evil.example"}, {"code": "x"}, {"code": ""}]
)
async def test_a_changed_answer_proves_nothing(gate: Gate, change: dict[str, str]) -> None:
    started = await gate.begin()
    answer = await sign_in_at(started.url, CLERK, BACK)
    assert await gate.finish(started, answer | change) == Refused(rules.NOT_OURS)


async def test_an_answer_without_its_issuer_is_not_taken_from_who_names_it(gate: Gate) -> None:
    started = await gate.begin()
    answer = await sign_in_at(started.url, CLERK, BACK)
    del answer["iss"]
    assert await gate.finish(started, answer) == Refused(rules.NOT_OURS)


async def test_going_back_is_told(gate: Gate) -> None:
    started = await gate.begin()
    assert await gate.finish(started, await cancel_at(started.url, BACK)) == Refused(rules.CANCELLED)


async def test_an_answer_may_take_ten_minutes(gate: Gate) -> None:
    started = await gate.begin()
    answer = await sign_in_at(started.url, CLERK, BACK)
    gate.door.later(minutes=10)
    assert await gate.finish(started, answer) == Refused(session_rules.TOO_LATE)


@pytest.mark.parametrize("cookie", ["", "1", "1.x", "1." + "A" * 43])
async def test_strange_cookies_are_nobodys(gate: Gate, cookie: str) -> None:
    assert await gate.finish(Started("", cookie), {"code": "x"}) == Refused(session_rules.TOO_LATE)


async def test_a_disabled_operator_is_refused(gate: Gate) -> None:
    async with gate.door.db.tenant_tx(gate.door.tenant_id, SYSTEM) as tx:
        await operators.set_enabled(tx, gate.door.ids[CLERK], enabled=False, by=EVERYTHING)
    outcome = await gate.sign_in()
    assert isinstance(outcome, Refused)
    assert "disabled" in str(outcome.text)


async def test_new_keys_of_the_provider_are_fetched(gate: Gate) -> None:
    seconds = 0.0
    gate.providers.clock = lambda: seconds
    assert isinstance(await gate.sign_in(), SignedIn)
    await gate.providers.http.post(f"{gate.issuer}/rotate")
    assert await gate.sign_in() == Refused(rules.NOT_OURS), "keys are asked for once a minute only"
    seconds = 61.0
    assert isinstance(await gate.sign_in(), SignedIn)


async def test_passwords_may_be_refused_beside_a_provider(gate: Gate) -> None:
    async with gate.door.db.tenant_tx(gate.door.tenant_id, SYSTEM) as tx:
        await settings.change(tx, replace(await settings.get(tx), password_sign_in=False))
    outcome = await gate.door.try_in()
    assert outcome == Refused(session_rules.BY_PROVIDER)
    await gate.configure(enabled=False)
    assert isinstance(await gate.door.try_in(), SignedIn)


# --- configuring --------------------------------------------------------------------------------------------


async def test_the_secret_is_sealed_and_stays_with_its_issuer(gate: Gate) -> None:
    async with gate.door.db.tenant_tx(gate.door.tenant_id, SYSTEM) as tx:
        box = await tx.connection.fetchval("select secret_box from tenants.oidc")
        assert SECRET.encode() not in box
        assert gate.vault.unseal(gate.door.tenant_id, box) == SECRET
    for issuer, kept in ((gate.issuer, True), ("https://evil.example", False)):
        await gate.configure(issuer=issuer, secret=None)
        async with gate.door.db.tenant_tx(gate.door.tenant_id, SYSTEM) as tx:
            found = await oidc.configured(tx)
        assert found is not None
        assert found.has_secret is kept
    assert not [
        row for row in await gate.door.trail(F.SYSTEM_ENTERPRISE_CHANGE) if SECRET in (row["after"] or "")
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://login.example"}, {"issuer": "ftp://login.example"}, {"issuer": "https://"},
        {"issuer": "https://a:b@login.example"}, {"issuer": "https://login.example#x"}, {"issuer": ""},
        {"issuer": "https://login.example?x=1"}, {"client": " "}, {"claim": ""}, {"client": "x" * 201},
    ],
)  # fmt: skip
async def test_what_cannot_be_configured(gate: Gate, changes: dict[str, object]) -> None:
    with pytest.raises(OneCardError):
        await gate.configure(**changes)


async def test_the_button_is_there_when_a_provider_serves(gate: Gate) -> None:
    assert await oidc.button(gate.door.db, "8672") == "统一认证"
    assert await oidc.button(gate.door.db, "1200") is None
    assert await oidc.button(gate.door.db, "9999") is None
    for code in ("1200", "9999"):
        with pytest.raises(ConflictError, match="no sign-in page"):
            await gate.begin(code)
    await gate.configure(enabled=False)
    assert await oidc.button(gate.door.db, "8672") is None
    with pytest.raises(ConflictError, match="no sign-in page"):
        await gate.begin()
    async with gate.door.db.tenant_tx(gate.door.tenant_id, SYSTEM) as tx:
        await oidc.remove(tx)
        assert await oidc.configured(tx) is None


async def test_a_provider_that_is_away_is_told(gate: Gate) -> None:
    await gate.configure(issuer="http://127.0.0.1:9")
    with pytest.raises(UnavailableError, match="cannot be reached"):
        await gate.begin()
