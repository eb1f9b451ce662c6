"""What a device is, what became of its records, and which lists it has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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
    """What a device says of itself when it comes; `last`: its newest record. None leaves what was known."""

    boot: int | None = None
    epoch: int | None = None
    firmware: str | None = None
    model: str | None = None
    protocol: str | None = None
    clock: int | None = None
    last: int | None = None


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


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list: `key` names it, `content` is what else terminals get of it."""

    key: str
    content: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a list: `row` is put in or replaced, or taken out, for some devices or (None) for all."""

    row: Row
    added: bool
    devices: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Delta:
    """What brings a list from version `base` to `to`, or a part of that.

    Attributes:
        full: `base` is nothing: what is not in it is not on the list.
        ops: newest change of each key, by key.
        more: where the next part begins; None when this is the last one.
        digest: of the whole list at `to`.
    """

    dataset: str
    base: int
    to: int
    full: bool
    ops: tuple[tuple[Row, bool], ...]
    more: str | None
    digest: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A list at one version: how many rows, and their digests added up modulo 2^64."""

    rows: int
    digest: int


@dataclass(frozen=True, slots=True)
class Said:
    """What a device says of a list it has; `problem` names why a newer one could not be taken."""

    version: int
    standing: Standing
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListState:
    """One device and one list.

    Attributes:
        state: of the device: certified or disabled.
        last_seen: of an offline device: since when it is; None when it never was here.
        wanted: version it should have; 0 when nothing was ever meant for it.
        named: whether some change is meant for it by name.
        version: what it has, as it confirmed itself.
        next_at: when it is sent again what it did not confirm; `ripe` when that is now.
        resend_at: when somebody asked for the whole list to be sent again and it did not yet confirm.
        error: why it did not take the newest.
    """

    device_id: int
    token: str
    sn: str
    name: str
    place: str
    merchant_id: int | None
    state: str
    online: bool
    last_seen: datetime | None
    wanted: int
    named: bool
    version: int
    confirmed_at: datetime | None
    sent_version: int
    sent_at: datetime | None
    next_at: datetime | None
    ripe: bool
    resend_at: datetime | None
    error: str | None
    error_at: datetime | None

    @property
    def behind(self) -> bool:
        """Whether there is something it should hear."""
        return self.version < self.wanted or self.resend_at is not None

    @property
    def can_hear(self) -> bool:
        """Whether it would."""
        return self.online and self.state == "certified"

    @property
    def asked(self) -> bool:
        """Whether somebody wants the whole list to be sent and it was not yet."""
        return self.resend_at is not None and (self.sent_at is None or self.sent_at < self.resend_at)

    @property
    def due(self) -> bool:
        """Whether something is to be sent to it now: something new, or again."""
        is_news = self.sent_version < self.wanted or self.asked
        return self.can_hear and self.behind and (is_news or self.ripe)


class Delivered(StrEnum):
    """Whether a device has a change, and if not, why."""

    YES = "yes"
    NEVER_SEEN = "never_seen"
    DISABLED = "disabled"
    OFFLINE = "offline"
    REJECTED = "rejected"
    SENT = "sent"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Whether one device has the newest change of one card, and why not.

    Attributes:
        listed: whether it is to have the card on its list, or no longer.
        wanted: version it needs.
        delivered: whether it has that.
        error: the device's own words when it rejected it.
    """

    device: ListState
    listed: bool
    wanted: int
    delivered: Delivered
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlackEntry:
    """A card that terminals refuse. `devices`: which ones, None for all, empty for the server alone."""

    uid: str
    number: int | None
    generation: int | None
    reason: str
    devices: tuple[int, ...] | None
    version: int
    actor: str
    reported_at: datetime


class Uncollected(StrEnum):
    """Whether a record store holds records that are not here."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """A record store of a device and what may be missing of it.

    Attributes:
        epoch: None when the device never announced a store.
        current: whether the device uses it now.
        watermark: last number up to which nothing is missing.
        said: the newest number the device said it has.
        offline_since: None while it is connected, and when it never was.
    """

    device_id: int
    sn: str
    name: str
    place: str
    merchant_id: int | None
    state: str
    online: bool
    epoch: int | None
    current: bool
    watermark: int
    said: int | None
    said_at: datetime | None
    offline_since: datetime | None
    uncollected: Uncollected


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """A record store that was given up: at which watermark, what it had said, why and by whom."""

    device_id: int
    epoch: int
    watermark: int
    said: int | None
    reason: str
    first_actor: str
    second_actor: str
    written_at: datetime
