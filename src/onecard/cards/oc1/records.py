"""Records of OC1: 16 bytes in, frozen dataclasses out, and back, as docs/reference/oc1.md lists them.

A record is a body of 12 bytes and a MAC of 4 that binds it to its card, role and slot. Integers are
big-endian; amounts are in fen, or in times when the purse counts those.
"""

import hmac
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum, IntFlag
from struct import Struct
from typing import ClassVar, Self, TypeAlias

from onecard.cards.keys import MAC_BYTES, Role, record_mac

RECORD_BYTES = 16
BODY_BYTES = RECORD_BYTES - MAC_BYTES
EMPTY = bytes(RECORD_BYTES)
U24_MOST = (1 << 24) - 1
DAYS_FROM = date(2000, 1, 1)
SECONDS_FROM = datetime(2020, 1, 1, tzinfo=UTC)
FLOORS = 64
DESK_SEQ_MODULUS = 1 << 12
SEQ_MODULUS = 1 << 8
_FORMAT = 0x10
_FORMAT_VALIDITY = 0x23
_DESK_SEQ_BITS = 12

_IDENTITY = Struct(">BBBB3sBHH")
_PURSE = Struct(">B3s3s3sH")
_LOG = Struct(">BB3s3sI")
_RIGHTS = Struct(">BBB8sB")
_VALIDITY = Struct(">BBHHH4x")


class CardStatus(IntEnum):
    """The state of a card as it says itself."""

    INCOMPLETE = 0
    ACTIVE = 1
    CANCELLED = 2
    CLEARING = 3


class PurseFlag(IntFlag):
    """Flags of a purse: nothing may be spent; amounts are times, not fen."""

    NONE = 0
    FROZEN = 1
    TIMES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose card this is and until when. `valid_until` is counted in days since 2000-01-01."""

    SLOTS: ClassVar = ((Role.IDENTITY, 0), (Role.IDENTITY, 1))

    seq: int
    status: CardStatus
    generation: int
    card_number: int
    account_class: int
    valid_until: int
    flags: int = 0

    def body(self, role: Role) -> bytes:
        """The 12 bytes before the MAC."""
        number = _u24(self.card_number)
        head = (_FORMAT, self.seq, self.status, self.generation, number)
        return _IDENTITY.pack(*head, self.account_class, self.valid_until, self.flags)

    @classmethod
    def parse(cls, body: bytes, role: Role) -> Self | None:
        """The record of a body; None when it is of another format."""
        form, seq, status, generation, number, account_class, until, flags = _IDENTITY.unpack(body)
        if form != _FORMAT or status not in CardStatus._value2member_map_:
            return None
        return cls(
            seq=seq,
            status=CardStatus(status),
            generation=generation,
            card_number=int.from_bytes(number),
            account_class=account_class,
            valid_until=until,
            flags=flags,
        )

    @property
    def valid_until_date(self) -> date:
        """The last day the card may be used."""
        return DAYS_FROM + timedelta(days=self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """A state of a purse.

    Attributes:
        counter: changes so far, by anybody.
        cash_fen: own money.
        subsidy_fen: subsidy.
        flags: see `PurseFlag`; four bits.
        desk_seq: changes so far made by a desk, modulo 4096; terminals copy it.
    """

    SLOTS: ClassVar = tuple((role, slot) for role in (Role.CONSUMPTION, Role.WATER) for slot in (0, 1))

    counter: int
    cash_fen: int
    subsidy_fen: int = 0
    flags: PurseFlag = PurseFlag.NONE
    desk_seq: int = 0

    def body(self, role: Role) -> bytes:
        """The 12 bytes before the MAC."""
        if not 0 <= self.flags < 1 << 4 or not 0 <= self.desk_seq < DESK_SEQ_MODULUS:
            message = f"four bits of flags and twelve of desk_seq do not hold {self}"
            raise ValueError(message)
        amounts = (_u24(self.counter), _u24(self.cash_fen), _u24(self.subsidy_fen))
        return _PURSE.pack(_FORMAT + role, *amounts, self.flags << _DESK_SEQ_BITS | self.desk_seq)

    @classmethod
    def parse(cls, body: bytes, role: Role) -> Self | None:
        """The record of a body; None when it is of another format or role."""
        form, counter, cash, subsidy, last = _PURSE.unpack(body)
        if form != _FORMAT + role:
            return None
        return cls(
            counter=int.from_bytes(counter),
            cash_fen=int.from_bytes(cash),
            subsidy_fen=int.from_bytes(subsidy),
            flags=PurseFlag(last >> _DESK_SEQ_BITS),
            desk_seq=last & DESK_SEQ_MODULUS - 1,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The last operation on a purse.

    Attributes:
        kind: what it was; numbers are listed in docs/reference/oc1.md.
        counter: the low byte of the purse's counter after it.
        amount_fen: how much.
        terminal: the short number of the terminal or desk.
        seconds: since 2020-01-01 00:00 UTC.
    """

    SLOTS: ClassVar = ((Role.CONSUMPTION, 2), (Role.WATER, 2))

    kind: int
    counter: int
    amount_fen: int
    terminal: int
    seconds: int

    def body(self, role: Role) -> bytes:
        """The 12 bytes before the MAC."""
        return _LOG.pack(self.kind, self.counter, _u24(self.amount_fen), _u24(self.terminal), self.seconds)

    @classmethod
    def parse(cls, body: bytes, role: Role) -> Self | None:
        """The record of a body; None when the block was never written."""
        if body == bytes(BODY_BYTES):
            return None
        kind, counter, amount, terminal, seconds = _LOG.unpack(body)
        return cls(
            kind=kind,
            counter=counter,
            amount_fen=int.from_bytes(amount),
            terminal=int.from_bytes(terminal),
            seconds=seconds,
        )

    @property
    def at(self) -> datetime:
        """When it was."""
        return SECONDS_FROM + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Floors of one lift group (0: all groups) that the holder may go to; floor indices 0 to 63."""

    SLOTS: ClassVar = ((Role.LIFT, 0), (Role.LIFT, 1))

    seq: int
    group: int
    floors: frozenset[int]
    profile: int = 0

    def body(self, role: Role) -> bytes:
        """The 12 bytes before the MAC."""
        if not all(0 <= floor < FLOORS for floor in self.floors):
            message = f"floors are 0 to {FLOORS - 1}"
            raise ValueError(message)
        # bit 0 of the first byte is floor 0, so these eight bytes alone are little-endian
        bits = sum(1 << floor for floor in self.floors).to_bytes(8, "little")
        return _RIGHTS.pack(_FORMAT + role, self.seq, self.group, bits, self.profile)

    @classmethod
    def parse(cls, body: bytes, role: Role) -> Self | None:
        """The record of a body; None when it is of another format."""
        form, seq, group, bits, profile = _RIGHTS.unpack(body)
        if form != _FORMAT + role:
            return None
        number = int.from_bytes(bits, "little")
        floors = frozenset(floor for floor in range(FLOORS) if number >> floor & 1)
        return cls(seq=seq, group=group, floors=floors, profile=profile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """When lift rights hold: days since 2000-01-01, first and last, and how many uses (0: not counted)."""

    SLOTS: ClassVar = ((Role.LIFT, 2),)

    seq: int
    valid_from: int
    valid_until: int
    uses: int = 0

    def body(self, role: Role) -> bytes:
        """The 12 bytes before the MAC."""
        return _VALIDITY.pack(_FORMAT_VALIDITY, self.seq, self.valid_from, self.valid_until, self.uses)

    @classmethod
    def parse(cls, body: bytes, role: Role) -> Self | None:
        """The record of a body; None when it is of another format."""
        form, seq, start, until, uses = _VALIDITY.unpack(body)
        if form != _FORMAT_VALIDITY or any(body[8:]):
            return None
        return cls(seq=seq, valid_from=start, valid_until=until, uses=uses)


Record: TypeAlias = Identity | Purse | Log | Rights | Validity
KINDS: tuple[type[Record], ...] = (Identity, Purse, Log, Rights, Validity)
_KIND_OF: dict[tuple[Role, int], type[Record]] = {place: kind for kind in KINDS for place in kind.SLOTS}


def kind_of(role: Role, slot: int) -> type[Record] | None:
    """What the place holds; None for the spare block of the identity sector and for slots there are not."""
    return _KIND_OF.get((role, slot))


def encode(record: Record, *, role: Role, slot: int, mac_key: bytes) -> bytes:
    """The 16 bytes of a record in its place.

    Raises:
        ValueError: the place holds another kind of record, or a field does not fit.
    """
    if kind_of(role, slot) is not type(record):
        message = f"slot {slot} of {role.name.lower()} holds no {type(record).__name__.lower()}"
        raise ValueError(message)
    try:
        body = record.body(role)
    except struct.error as error:
        message = f"a field does not fit into its bytes: {record}"
        raise ValueError(message) from error
    return body + record_mac(mac_key, role, slot, body)


def parse(raw: bytes, *, role: Role, slot: int) -> Record | None:
    """The fields of a place whose MAC nobody checked; None when the format is wrong or the place empty."""
    kind = kind_of(role, slot)
    return kind.parse(raw[:BODY_BYTES], role) if kind else None


def mac_ok(raw: bytes, *, role: Role, slot: int, mac_key: bytes) -> bool:
    """Whether the MAC of a place's 16 bytes is right."""
    expected = record_mac(mac_key, role, slot, raw[:BODY_BYTES])
    return hmac.compare_digest(expected, raw[BODY_BYTES:])


def decode(raw: bytes, *, role: Role, slot: int, mac_key: bytes) -> Record | None:
    """The record of a place's 16 bytes; None unless both MAC and format are right."""
    if not mac_ok(raw, role=role, slot=slot, mac_key=mac_key):
        return None
    return parse(raw, role=role, slot=slot)


def _u24(number: int) -> bytes:
    if not 0 <= number <= U24_MOST:
        message = f"three bytes hold 0 to {U24_MOST}, not {number}"
        raise ValueError(message)
    return number.to_bytes(3)
