"""Pure rules of sessions: what cookies look like, how long things last, which attempts are counted where."""

import base64
import binascii
import hashlib
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from onecard.base.clock import now_us, to_utc
from onecard.base.texts import Text, say, say_count
from onecard.tenants.sessions.throttle import Bucket, Charge

BEGIN, REFUSE, END = "account:session:begin", "account:session:refuse", "account:session:end"
"""In the audit: what nobody needs a function for."""

TOKEN_BYTES = 32
TENANT_CODE = 4
ACCOUNT_MAX = 32
AGENT_MAX = 300
PENDING = timedelta(minutes=5)  # between the first proof and the second
GRACE = timedelta(seconds=30)  # pages under way still carry the token before
DEVICE_KNOWN = timedelta(days=365)
ADDRESS_KNOWN = timedelta(days=30)

# The numbers and what they stop: docs/adr/0042
AT_DEVICE = Bucket("device", most=10, every=timedelta(minutes=1))
AT_PAIR = Bucket("pair", most=5, every=timedelta(minutes=5))
AT_ADDRESS = Bucket("address", most=50, every=timedelta(seconds=10))
AT_ACCOUNT = Bucket("account", most=20, every=timedelta(minutes=15))
AT_TENANT = Bucket("tenant", most=300, every=timedelta(seconds=2))
AT_SESSION = Bucket("session", most=5, every=timedelta(minutes=1))

WRONG = say("The account number or the password is wrong.")
WRONG_PASSWORD = say("The password is wrong.")
WRONG_CODE = say("The code is wrong, was used already, or is too old. Enter the newest one.")
WRONG_PASSKEY = say("The passkey was not accepted. Try again, or use another way.")
TOO_LATE = say("The sign-in took too long. Sign in again.")
LINK_SPENT = say("This link was used already or is too old. Ask for a new one.")
BY_PROVIDER = say("Passwords are not accepted here. Sign in through your institution's own sign-in page.")
SUSPENDED = say("The institution is suspended. Nobody can sign in.")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where somebody signs in from.

    Attributes:
        where: client address.
        agent: what the browser calls itself.
        device: the browser's device token, if it brought one.
    """

    where: str
    agent: str = ""
    device: str = ""

    @property
    def device_hash(self) -> bytes:
        """What the database knows the browser by."""
        return digest(self.device)

    @property
    def address_hash(self) -> bytes:
        """What the database knows the address by."""
        return digest(network(self.where))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an account and the place it is used from.

    Attributes:
        device: it signed in from this browser before.
        address: it signed in from this address lately.
        password_at: when its password was set: attempts on the one before do not count any more.
    """

    device: bool = False
    address: bool = False
    password_at: datetime | None = None


def too_many(wait: timedelta) -> Text:
    """Attempts are refused for a while, whatever is typed."""
    minutes = max(1, -(-int(wait.total_seconds()) // 60))
    return say_count(
        minutes,
        "Too many failed attempts. Try again in {count} minute, or ask an administrator.",
        "Too many failed attempts. Try again in {count} minutes, or ask an administrator.",
    )


def charges(kind: str, account: str, visitor: Visitor, *, known: Known) -> Sequence[Charge]:
    """What an attempt is counted against; what strangers do never counts against a known place.

    Args:
        kind: `password` or `code`; each has buckets of its own.
        account: as typed, whether it exists or not.
        visitor: where the attempt comes from.
        known: what is known of account and place.
    """
    address = network(visitor.where)
    whose = (kind, account, str(known.password_at))
    if known.device:
        return (Charge(AT_DEVICE, (*whose, visitor.device), account),)
    near = (
        Charge(AT_PAIR, (*whose, address), account),
        Charge(AT_ADDRESS, (kind, address)),
    )
    if known.address:
        return near
    return (
        *near,
        Charge(AT_ACCOUNT, whose, account),
        Charge(AT_TENANT, (kind, account[:TENANT_CODE])),
    )


def network(where: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 subscriber has."""
    try:
        address: IPv4Address | IPv6Address = ip_address(where)
    except ValueError:
        return where
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((address, 64), strict=False))
    return str(address)


def usable_account(typed: str) -> str:
    """An account number as it is stored: plain digits, also when a Chinese keyboard made wide ones."""
    return "".join(unicodedata.normalize("NFKC", typed).split())[:ACCOUNT_MAX]


def new_token() -> str:
    """256 random bits, base64url."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def digest(text: str) -> bytes:
    """What the database keeps of a token: SHA-256; 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).digest()


def is_token(text: str) -> bool:
    """Whether a text could be one of `new_token`."""
    try:
        return len(base64.b64decode(text + "=", altchars=b"-_", validate=True)) == TOKEN_BYTES
    except (binascii.Error, ValueError):
        return False


def cookie(tenant_id: int, token: str) -> str:
    """The value of a cookie or link: which tenant's, and the secret."""
    return f"{tenant_id}.{token}"


def parse_cookie(value: str) -> tuple[int, str] | None:
    """Tenant and token of a cookie or link; None if it is not one of ours."""
    tenant, _, token = value.partition(".")
    if not (tenant.isascii() and tenant.isdigit() and len(tenant) < 19 and is_token(token)):  # noqa: PLR2004  bigint
        return None
    return int(tenant), token


def instant(now: datetime | None) -> datetime:
    """The time a use case goes by: the clock's, unless a test says another."""
    return to_utc(now_us()) if now is None else now.astimezone(UTC)
