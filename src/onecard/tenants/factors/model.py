"""What second factors are."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Offered:
    """A secret that an authenticator app is to take over; it counts once a code came back.

    Attributes:
        secret: base32, for typing.
        uri: `otpauth://…`, what the QR code says.
        svg: the QR code as an SVG element without style or script.
    """

    secret: str
    uri: str
    svg: str


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """For whom passkeys are made.

    Attributes:
        id: the host name, e.g. `card.school.example`; a passkey works for this one only.
        name: of the product or institution, shown by the browser.
        origin: scheme, host and port as the browser has it, e.g. `https://card.school.example`.
    """

    id: str
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its operator sees it."""

    id: int
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What an operator has.

    Attributes:
        totp_since: when codes of an app were set up; None: they are not.
        recovery_left: recovery codes that were not used.
        passkeys: the oldest first.
    """

    totp_since: datetime | None
    recovery_left: int
    passkeys: tuple[Passkey, ...]
