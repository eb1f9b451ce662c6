"""Talking to providers: their description and keys, kept for an hour; codes exchanged for identities."""

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

import httpx
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from onecard.base.errors import UnavailableError
from onecard.base.texts import Text
from onecard.tenants.oidc import rules
from onecard.tenants.oidc.model import Identity, Metadata
from onecard.tenants.oidc.rules import Secrets

KEPT_SECONDS = 3600
ASK_AGAIN_SECONDS = 60  # keys that are not among the kept ones are looked for so often at most
ANSWER_BYTES = 1024 * 1024
TIMEOUT_SECONDS = 10


class NotValidError(Exception):
    """A provider's answer does not prove anything; `text` says so to the operator."""

    def __init__(self, text: Text = rules.NOT_OURS) -> None:
        super().__init__(text)
        self.text = text


@dataclass
class _Kept:
    metadata: Metadata
    keys: KeySet
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Who we are at a provider: client id, secret if we have one, what names operators, where answers go."""

    issuer: str
    name: str
    secret: str | None
    claim: str
    redirect_uri: str


@dataclass
class Providers:
    """All providers one process talks to.

    Attributes:
        http: the way out; without redirects, so that no address is talked to that was not checked.
        clock: seconds, for tests.
    """

    http: httpx.AsyncClient = field(
        default_factory=lambda: httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False)
    )
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _asking: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def close(self) -> None:
        """Hang up."""
        await self.http.aclose()

    async def metadata(self, issuer: str) -> Metadata:
        """What a provider says of itself.

        Raises:
            UnavailableError: it cannot be reached, or says nothing we can work with.
        """
        return (await self._known(issuer, KEPT_SECONDS)).metadata

    async def identify(self, metadata: Metadata, client: Client, code: str, secrets: Secrets) -> Identity:
        """Exchange a code for a validated identity.

        Raises:
            UnavailableError: the provider cannot be reached.
            NotValidError: it refuses the code, or its ID token is not valid.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "code_verifier": secrets.verifier,
        }
        headers = {}
        if client.secret:
            headers["authorization"] = _basic(client.name, client.secret)
        else:
            form["client_id"] = client.name
        said = await self._ask(self.http.build_request("POST", metadata.token, data=form, headers=headers))
        id_token, access_token = said.get("id_token"), said.get("access_token")
        if not isinstance(id_token, str) or not isinstance(access_token, str):
            raise NotValidError
        claims = await self._validated(metadata, id_token, {"nonce": secrets.nonce, "client_id": client.name})
        return Identity(claims, access_token)

    async def userinfo(self, metadata: Metadata, identity: Identity) -> dict[str, Any]:
        """Further claims that the provider does not put into ID tokens; empty if it has none.

        Raises:
            UnavailableError: the provider cannot be reached.
            NotValidError: the claims are about somebody else.
        """
        if not metadata.userinfo:
            return {}
        headers = {"authorization": f"Bearer {identity.access_token}"}
        said = await self._ask(self.http.build_request("GET", metadata.userinfo, headers=headers))
        if said.get("sub") != identity.claims["sub"]:
            raise NotValidError
        return said

    async def _validated(self, metadata: Metadata, id_token: str, expected: dict[str, str]) -> dict[str, Any]:
        """OpenID Connect Core 1.0, 3.1.3.7: signature, issuer, audience, times, nonce, authorized party."""
        keys = (await self._known(metadata.issuer, KEPT_SECONDS)).keys
        try:
            try:
                token = jwt.decode(id_token, keys, algorithms=list(metadata.algorithms))
            except InvalidKeyIdError:
                # the provider may have changed its keys
                keys = (await self._known(metadata.issuer, ASK_AGAIN_SECONDS)).keys
                token = jwt.decode(id_token, keys, algorithms=list(metadata.algorithms))
            options: Any = {
                "iss": {"essential": True, "value": metadata.issuer},
                "aud": {"essential": True, "value": expected["client_id"]},
                "sub": {"essential": True},
                "nonce": {"essential": True, "value": expected["nonce"]},
            }
            claims = CodeIDToken(token.claims, token.header, options, expected)
            claims.validate(leeway=rules.LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise NotValidError from error
        return dict(claims)

    async def _known(self, issuer: str, seconds: float) -> _Kept:
        """What is known of a provider, asked for again when it is older than so many seconds."""
        async with self._asking.setdefault(issuer, asyncio.Lock()):
            kept = self._kept.get(issuer)
            if kept is None or self.clock() - kept.at >= seconds:
                try:
                    kept = await self._learn(issuer)
                except NotValidError:
                    raise UnavailableError(rules.UNREACHABLE) from None
                self._kept[issuer] = kept
            return kept

    async def _learn(self, issuer: str) -> _Kept:
        address = issuer.rstrip("/") + "/.well-known/openid-configuration"
        metadata = rules.metadata_of(issuer, await self._ask(self.http.build_request("GET", address)))
        if metadata is None:
            raise NotValidError
        said = await self._ask(self.http.build_request("GET", metadata.keys))
        try:
            return _Kept(metadata, KeySet.import_key_set({"keys": _public(said)}), self.clock())
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise NotValidError from error

    async def _ask(self, request: httpx.Request) -> dict[str, Any]:
        """A JSON object from a provider.

        Raises:
            UnavailableError: no answer, or one that is not to our question (5xx).
            NotValidError: a refusal, or no JSON object of a reasonable size.
        """
        request.headers["accept"] = "application/json"
        try:
            response = await self.http.send(request, stream=True)
            try:
                body = await _limited(response)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise UnavailableError(rules.UNREACHABLE) from error
        if response.is_server_error:
            raise UnavailableError(rules.UNREACHABLE)
        try:
            said = httpx.Response(200, content=body).json() if response.is_success else None
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise NotValidError
        return said


async def _limited(response: httpx.Response) -> bytes:
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > ANSWER_BYTES:
            raise NotValidError
    return body


def _public(said: dict[str, Any]) -> list[Any]:
    """The keys that can have signed an ID token; others may be of kinds nobody here knows."""
    keys = said.get("keys")
    known = {"RSA", "EC", "OKP"}
    return [
        key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict) and key.get("kty") in known and key.get("use", "sig") == "sig"
    ]


def _basic(name: str, secret: str) -> str:
    """HTTP Basic as OAuth wants it: both parts form-encoded first (RFC 6749, 2.3.1)."""
    pair = f"{quote_plus(name)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
