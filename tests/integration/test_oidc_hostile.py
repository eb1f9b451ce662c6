"""Providers that lie: whatever an ID token or description says wrongly proves nothing."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from onecard.base.clock import now_us
from onecard.base.errors import UnavailableError
from onecard.tenants.oidc import Providers, rules
from onecard.tenants.oidc.model import Identity
from onecard.tenants.oidc.provider import ANSWER_BYTES, Client, NotValidError

ISSUER, CARD = "https://login.school.example", "card"
SECRETS = rules.secrets_of("t" * 43)
CLIENT = Client(
    issuer=ISSUER, name=CARD, secret="s" * 40, claim="sub", redirect_uri="https://card.example/back"
)
KEY = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
STRANGE = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})


def claims(**changes: Any) -> dict[str, Any]:
    now = now_us() // 1_000_000
    honest = {
        "iss": ISSUER,
        "sub": "86729001",
        "aud": CARD,
        "iat": now,
        "exp": now + 300,
        "nonce": SECRETS.nonce,
    }
    return {name: value for name, value in (honest | changes).items() if value is not None}


def signed(key: Any = KEY, alg: str = "RS256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode({"alg": alg, "kid": "1"} | (header or {}), claims(**changes), key, algorithms=[alg])


@dataclass
class Liar:
    """A provider whose answers the test writes."""

    token: str = field(default_factory=signed)
    said: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Callable[[], httpx.Response]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        path = request.url.path
        if path in self.answers:
            return self.answers[path]()
        content: dict[str, Any] = {
            "/.well-known/openid-configuration": self.description,
            "/keys": {"keys": [KEY.as_dict(private=False), {"kty": "unheard-of"}]},
            "/token": {"id_token": self.token, "access_token": "a", "token_type": "Bearer"},
            "/me": {"sub": "86729001"},
        }[path]
        return httpx.Response(200, json=content)

    @property
    def description(self) -> dict[str, Any]:
        addresses = {"authorization_endpoint": "/auth", "token_endpoint": "/token", "jwks_uri": "/keys",
                     "userinfo_endpoint": "/me"}  # fmt: skip
        return {"issuer": ISSUER} | {name: ISSUER + path for name, path in addresses.items()} | self.said

    async def identify(self) -> Identity:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.answer)) as http:
            providers = Providers(http)
            metadata = await providers.metadata(ISSUER)
            identity = await providers.identify(metadata, CLIENT, "code", SECRETS)
            return Identity(identity.claims | {"me": await providers.userinfo(metadata, identity)}, "")


async def test_an_honest_token_is_accepted() -> None:
    assert (await Liar().identify()).claims["sub"] == "86729001"


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "for another client": {"aud": "other"},
    "for another client, by us": {"aud": "other", "azp": CARD},
    "for nobody": {"aud": None},
    "for several, authorised another": {"aud": [CARD, "other"], "azp": "other"},
    "for several, nobody authorised": {"aud": [CARD, "other"]},
    "expired": {"exp": 1_700_000_000},
    "never expires": {"exp": None},
    "expires as text": {"exp": "later"},
    "not yet": {"nbf": 4_000_000_000},
    "issued tomorrow": {"iat": 4_000_000_000},
    "another sign-in": {"nonce": "x"},
    "of no sign-in": {"nonce": None},
    "of nobody": {"sub": None},
}


@pytest.mark.parametrize("changes", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_claims_that_prove_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(NotValidError):
        await Liar(signed(**changes)).identify()


def by_hand(alg: str, secret: bytes = b"") -> str:
    """What no decent library would make: without a signature, or one anybody can make who has the secret."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": alg, "kid": "1"}, claims())
    ]
    mac = hmac.digest(secret, ".".join(parts).encode(), "sha256") if secret else b""
    return ".".join([*parts, base64.urlsafe_b64encode(mac).decode().rstrip("=")])


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "unsigned": lambda: by_hand("none"),
    "signed with another key": lambda: signed(STRANGE),
    "signed with our secret": lambda: by_hand("HS256", b"s" * 40),
    "signed with the public key": lambda: by_hand("HS256", KEY.as_pem(private=False)),
    "signed with a key it brings": lambda: signed(STRANGE, header={"jwk": STRANGE.as_dict(private=False)}),
    "with a key nobody knows": lambda: signed(header={"kid": "2"}),
    "of another kind of key": lambda: signed(ECKey.generate_key("P-256"), "ES256"),
    "changed": lambda: signed()[:-6] + "AAAAAA",
    "without signature": lambda: signed().rsplit(".", 1)[0] + ".",
    "not a token": lambda: "a.b.c",
    "empty": str,
}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS)
async def test_signatures_that_prove_nothing(token: Callable[[], str]) -> None:
    algorithms = {"id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"]}
    with pytest.raises(NotValidError):
        await Liar(token(), algorithms).identify()


async def test_a_signature_of_a_kind_the_provider_does_not_use_proves_nothing() -> None:
    curve = ECKey.generate_key("P-256", {"kid": "1", "use": "sig"})
    keys = {"/keys": lambda: httpx.Response(200, json={"keys": [curve.as_dict(private=False)]})}
    for offered, accepted in (("ES256", True), ("RS256", False)):
        liar = Liar(signed(curve, "ES256"), {"id_token_signing_alg_values_supported": [offered]}, keys)
        if accepted:
            await liar.identify()
        else:
            with pytest.raises(NotValidError):
                await liar.identify()


async def test_claims_about_somebody_else_are_not_taken() -> None:
    other = {"sub": "86729000", "preferred_username": "86729000"}
    with pytest.raises(NotValidError):
        await Liar(answers={"/me": lambda: httpx.Response(200, json=other)}).identify()


BAD_DESCRIPTIONS: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": ISSUER + "/"},
    "keys without encryption": {"jwks_uri": "http://login.school.example/keys"},
    "token at an inner address without encryption": {"token_endpoint": "http://10.0.0.1/token"},
    "nowhere to go": {"authorization_endpoint": None},
    "script": {"authorization_endpoint": "javascript:alert(1)"},
    "no usable signature": {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    "signatures as text": {"id_token_signing_alg_values_supported": "RS256"},
}


@pytest.mark.parametrize("said", BAD_DESCRIPTIONS.values(), ids=BAD_DESCRIPTIONS)
async def test_descriptions_we_do_not_work_with(said: dict[str, Any]) -> None:
    liar = Liar(said=said)
    with pytest.raises(UnavailableError):
        await liar.identify()
    assert liar.asked == [f"{ISSUER}/.well-known/openid-configuration"]


def endless() -> httpx.Response:
    return httpx.Response(200, content=b'{"a": "' + b"x" * ANSWER_BYTES + b'"}')


BAD_ANSWERS: dict[str, Callable[[], httpx.Response]] = {
    "a redirect": lambda: httpx.Response(302, headers={"location": "http://169.254.169.254/"}),
    "a page": lambda: httpx.Response(200, text="<html>"),
    "a list": lambda: httpx.Response(200, json=[]),
    "too much": endless,
    "deep": lambda: httpx.Response(200, content=b"[" * 100_000),
    "no text": lambda: httpx.Response(200, content=json.dumps({"a": "é"}).encode("utf-16") + b"\xff"),
    "a refusal": lambda: httpx.Response(400, json={"error": "invalid_grant"}),
}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token", "/me"])
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_answers_that_are_none(answer: Callable[[], httpx.Response], path: str) -> None:
    liar = Liar(answers={path: answer})
    with pytest.raises((NotValidError, UnavailableError)):
        await liar.identify()
    assert not [address for address in liar.asked if not address.startswith(ISSUER)]


async def test_a_provider_that_fails_is_away() -> None:
    with pytest.raises(UnavailableError):
        await Liar(answers={"/token": lambda: httpx.Response(503)}).identify()
