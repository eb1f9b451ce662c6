"""What a device is, and what became of its records."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from onecard.base.status import Status


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a device signs in with. The secret is shown once; only its SHA-256 is kept."""

    device_id: int
    user: str
    secret: str
    client_id: str
    topic_prefix: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device as lists show it. States: certified, disabled, retired."""

    id: int
    token: str
    sn: str
    name: str
    place: str
    merchant_id: int | None
    state: str
    online: bool
    last_seen: datetime | None
    firmware: str | None
    model: str | None
    epoch: int | None
    watermark: int | None


class Credential(Struct, frozen=True):
    """What a gateway knows of a device."""

    id: int
    token: str
    state: str
    merchant_id: int | None
    secret_hash: bytes


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device that asked to join. States: wait, ok (certified, has not signed in yet), no (refused)."""

    sn: str
    model: str
    firmware: str
    claim: str
    state: str
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Reply:
    """What a candidate is told: state wait, ok or no; with ok its names and the sealed secret."""

    state: str
    tenant_code: str | None = None
    token: str | None = None
    sealed_secret: bytes | None = None


@dataclass(frozen=True, slots=True)
class Store:
    """A record store of a device: all up to `watermark` is here; `current` is the one announced last."""

    epoch: int
    watermark: int
    current: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """What a device says of itself when it comes online; None leaves what was known."""

    boot: int | None = None
    epoch: int | None = None
    firmware: str | None = None
    model: str | None = None
    protocol: str | None = None
    clock: int | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """A record with what became of it; `quarantine` names why a person must look at it."""

    seq: int
    kind: str
    occurred_at: datetime
    status: Status
    posting_key: UUID | None
    digest: bytes
    content: bytes
    quarantine: str | None = None
