"""Pure rules of sign-in through a provider: addresses, what follows from the cookie's secret, claims."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge

from onecard.base.texts import Text, say
from onecard.tenants.oidc.model import Metadata
from onecard.tenants.sessions.throttle import Bucket

AT_PROVIDER = Bucket("provider", most=60, every=timedelta(seconds=5))
"""Sign-ins begun from one address; whole schools may come from one."""

LASTS = timedelta(minutes=10)
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""Signatures with a provider's public key; never `none`, never HMAC with the client's secret."""

LEEWAY_SECONDS = 60
VALUE_MAX = 200
UNREACHABLE = say("Your institution's sign-in page cannot be reached right now. Try again later.")
NOT_OURS = say("The answer of your institution's sign-in page is not valid. Sign in again.")
CANCELLED = say("The sign-in was cancelled at your institution's sign-in page.")
NO_CLAIM = say("Your institution's sign-in page did not say which operator you are. Ask an administrator.")
NO_PROVIDER = say("This institution has no sign-in page of its own.")


@dataclass(frozen=True, slots=True)
class Secrets:
    """What one sign-in is recognised by; all of it follows from the secret in the browser's cookie."""

    state: str
    nonce: str
    verifier: str


def secrets_of(token: str) -> Secrets:
    """State, nonce and PKCE verifier of a sign-in."""
    return Secrets(*(_derived(token, purpose) for purpose in ("state", "nonce", "verifier")))


def _derived(token: str, purpose: str) -> str:
    digest = hmac.digest(token.encode(), purpose.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def is_usable(url: str) -> bool:
    """Whether an address may be talked to: https, or http on this very machine (for tests)."""
    parts = urlsplit(url)
    if not parts.hostname or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def metadata_of(issuer: str, said: dict[str, Any]) -> Metadata | None:
    """A provider's description of itself; None if it is another's, or nothing we can work with."""
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    authorization, token, keys = (_usable(said.get(name)) for name in names)
    offered = said.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithms = tuple(name for name in ALGORITHMS if isinstance(offered, list) and name in offered)
    if said.get("issuer") != issuer or not (authorization and token and keys and algorithms):
        return None
    names_itself = said.get("authorization_response_iss_parameter_supported") is True
    userinfo = _usable(said.get("userinfo_endpoint"))
    return Metadata(issuer, authorization, token, keys, userinfo, algorithms, names_itself)


def _usable(url: object) -> str:
    return url if isinstance(url, str) and is_usable(url) else ""


def scopes(claim: str) -> str:
    """What is asked for: no more than what names the operator."""
    return "openid email" if claim == "email" else "openid profile"


def authorization_url(
    metadata: Metadata, *, client: str, redirect_uri: str, claim: str, secrets: Secrets, fresh: bool
) -> str:
    """Where the browser is sent (OpenID Connect Core 1.0, 3.1.2.1; RFC 7636)."""
    asked = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": redirect_uri,
        "scope": scopes(claim),
        "state": secrets.state,
        "nonce": secrets.nonce,
        "code_challenge": create_s256_code_challenge(secrets.verifier),
        "code_challenge_method": "S256",
    }
    if fresh:
        asked |= {"prompt": "login", "max_age": "0"}
    glue = "&" if urlsplit(metadata.authorization).query else "?"
    return metadata.authorization + glue + urlencode(asked)


def refusal(answer: Mapping[str, str], metadata: Metadata, secrets: Secrets) -> Text | None:
    """Why an answer is not one to our question; None: it is, and has a code."""
    if not hmac.compare_digest(answer.get("state", "").encode(), secrets.state.encode()):
        return NOT_OURS
    issuer = answer.get("iss", None if metadata.names_itself else metadata.issuer)
    if issuer != metadata.issuer:
        return NOT_OURS  # another provider's answer was mixed in (RFC 9207)
    if answer.get("error") == "access_denied":
        return CANCELLED
    return None if answer.get("code") else NOT_OURS


def named(claims: dict[str, Any], claim: str) -> str | None:
    """The account number in the claims; an e-mail address only if the provider verified it."""
    value = claims.get(claim)
    if claim == "email" and claims.get("email_verified") is not True:
        return None
    return value if isinstance(value, str) and 0 < len(value) <= VALUE_MAX else None
