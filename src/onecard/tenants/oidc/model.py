"""What a tenant's provider is."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDraft:
    """What is to be saved of a provider.

    Attributes:
        issuer: its address, `https://…`, exactly as its ID tokens name it.
        client: the client id it gave us.
        secret: the client's secret; None keeps the one that is stored, empty is a public client.
        claim: which claim of the ID token is the operator's account number, e.g. `preferred_username`.
        label: of the button on the sign-in page; empty: a general one.
        enabled: whether the button is there.
    """

    issuer: str
    client: str
    secret: str | None = None
    claim: str = "preferred_username"
    label: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Configured:
    """A provider as stored, without its secret."""

    issuer: str
    client: str
    has_secret: bool
    claim: str
    label: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Started:
    """Where the browser goes now, and the cookie it has to bring back (ten minutes, SameSite=Lax)."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str
    algorithms: tuple[str, ...]
    names_itself: bool  # answers name the issuer (RFC 9207)


@dataclass(frozen=True, slots=True)
class Identity:
    """Claims of a validated ID token, and the access token that came with it."""

    claims: dict[str, Any]
    access_token: str
