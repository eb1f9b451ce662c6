"""A MIFARE Classic chip as its memory and its rules; no reader, no clock, no randomness.

What the chip refuses it refuses without saying why. After a failed authentication it is halted and refuses
everything until it is selected again. A chip may also fall silent after any other refusal
(`halts_on_refusal`); programs must not depend on either.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

from onecard.cards.classic.access import TRANSPORT, Access, Right, Trailer
from onecard.cards.classic.geometry import (
    BLOCK_BYTES,
    Size,
    access_group,
    is_trailer,
    sector_of,
    trailer_of,
)
from onecard.cards.classic.manufacturer import check_byte, manufacturer_block
from onecard.cards.classic.values import Value
from onecard.cards.keys import UID_LENGTHS, KeyType
from onecard.cards.virtual.tear import PulledError, Tear

MANUFACTURER_BLOCK = 0
_NUMBERS = 1 << 32


class RefusedError(Exception):
    """The chip said no, or nothing at all."""


class Make(Enum):
    """What the chip is: imitations let their UID be written, `OTP` once."""

    GENUINE = "genuine"
    CUID = "cuid"
    OTP = "otp"


@dataclass(frozen=True, slots=True)
class RadioTimes:
    """Microseconds of one step on the air, by the data sheet."""

    select: int = 2500
    longer_uid: int = 1000
    authenticate: int = 2000
    read: int = 2500
    write: int = 5500
    calculate: int = 2500
    transfer: int = 4500


RADIO = RadioTimes()


class Chip:
    """One chip.

    Args:
        memory: its whole content, 1024 or 4096 bytes.
        uid_bytes: 4 or 7.
        make: genuine or an imitation.
        halts_on_refusal: every refusal halts the chip, not only a failed authentication.

    Attributes:
        writes: EEPROM writes begun so far; `Tear` counts them.
        radio_us: time that a real chip and reader would have spent on the air.
        tear: what happens to a coming write.
    """

    def __init__(
        self, memory: bytes, *, uid_bytes: int = 4, make: Make = Make.GENUINE, halts_on_refusal: bool = False
    ) -> None:
        self.size = Size(len(memory))
        if uid_bytes not in UID_LENGTHS:
            message = f"a UID has 4 or 7 bytes, not {uid_bytes}"
            raise ValueError(message)
        self.make = make
        self.writes = 0
        self.radio_us = 0
        self.tear: Tear | None = None
        self._memory = bytearray(memory)
        self._uid_bytes = uid_bytes
        self._halts_on_refusal = halts_on_refusal
        self._powered = False
        self._halted = False
        self._session: tuple[int, KeyType] | None = None
        self._buffer: Value | None = None

    @property
    def uid(self) -> bytes:
        """As the chip answers to readers."""
        return bytes(self._memory[: self._uid_bytes])

    @property
    def answers(self) -> bool:
        """Whether a reader can select it: an imitation with a wrong check byte behind its UID is mute."""
        if self.make is Make.GENUINE or self._uid_bytes != UID_LENGTHS[0]:
            return True
        return check_byte(self.uid) == self._memory[self._uid_bytes]

    def select(self) -> None:
        """Power up, or wake from a halt: no authentication, empty transfer buffer."""
        self._powered, self._halted = True, False
        self._session, self._buffer = None, None
        self.radio_us += RADIO.select + (RADIO.longer_uid if self._uid_bytes > UID_LENGTHS[0] else 0)

    def power_off(self) -> None:
        """Taken out of the field."""
        self._powered = False
        self._session, self._buffer = None, None

    def authenticate(self, block: int, key_type: KeyType, key: bytes) -> None:
        """Begin to work in the block's sector.

        Raises:
            RefusedError: another key; the chip is halted.
        """
        self._awake()
        self.radio_us += RADIO.authenticate
        self._session = None
        if block < self.size.blocks:
            raw = self._block(trailer_of(sector_of(block)))
            if key == (raw[:6] if key_type is KeyType.A else raw[10:]):
                self._session = (sector_of(block), key_type)
                return
        self._halted = True
        raise RefusedError

    def read(self, block: int) -> bytes:
        """Sixteen bytes; key A and what else may not be read of a trailer is zeros."""
        access, key = self._enter(block)
        self.radio_us += RADIO.read
        raw = self._block(block)
        if not is_trailer(block):
            self._require(access.data_rights(access_group(block)).read, key)
            return raw
        rights = access.trailer_rights
        bits = raw[6:10] if rights.read_access.holds(key) else bytes(4)
        key_b = raw[10:] if rights.read_b.holds(key) else bytes(6)
        return bytes(6) + bits + key_b

    def write(self, block: int, data: bytes) -> None:
        """Replace a block; of a trailer, the parts that the key may write."""
        access, key = self._enter(block)
        if is_trailer(block):
            self._write_trailer(block, data, access, key)
            return
        self._require(access.data_rights(access_group(block)).write, key)
        if block == MANUFACTURER_BLOCK:
            self._write_manufacturer(data)
            return
        self._store(block, data)

    def increment(self, block: int, amount: int) -> None:
        """Add to a value block; the result waits in the buffer for `transfer`."""
        access, key = self._enter(block)
        self._require_data(access, block, "increment", key)
        self._calculate(block, amount)

    def decrement(self, block: int, amount: int) -> None:
        """Take from a value block, below zero if need be; the result waits in the buffer for `transfer`."""
        access, key = self._enter(block)
        self._require_data(access, block, "spend", key)
        self._calculate(block, -amount)

    def restore(self, block: int) -> None:
        """Copy a value block into the buffer."""
        self.decrement(block, 0)

    def transfer(self, block: int) -> None:
        """Write the buffer into a block of the same sector; the address byte comes along."""
        access, key = self._enter(block)
        self._require_data(access, block, "spend", key)
        if self._buffer is None or block == MANUFACTURER_BLOCK:
            self._refuse()
        self.radio_us += RADIO.transfer - RADIO.write
        self._store(block, self._buffer.encode())

    def dump(self) -> bytes:
        """The whole memory with all keys, as a laboratory reader would see it."""
        return bytes(self._memory)

    def restore_dump(self, memory: bytes) -> None:
        """Put an older content back. A genuine chip keeps its manufacturer block, and with it its UID."""
        if len(memory) != self.size:
            message = f"a card of {self.size.label} has {int(self.size)} bytes, not {len(memory)}"
            raise ValueError(message)
        start = 0 if self.make is not Make.GENUINE else BLOCK_BYTES
        self._memory[start:] = memory[start:]

    def clone(self, make: Make = Make.CUID) -> "Chip":
        """An imitation with the same content and UID."""
        return Chip(self.dump(), uid_bytes=self._uid_bytes, make=make)

    def _write_trailer(self, block: int, data: bytes, access: Access, key: KeyType) -> None:
        rights = access.trailer_rights
        raw = bytearray(self._block(block))
        parts = ((rights.write_a, 0, 6), (rights.write_access, 6, 10), (rights.write_b, 10, 16))
        allowed = [(start, end) for right, start, end in parts if right.holds(key)]
        if not allowed:
            self._refuse()
        for start, end in allowed:
            raw[start:end] = data[start:end]
        self._store(block, bytes(raw))

    def _write_manufacturer(self, data: bytes) -> None:
        if self.make is Make.GENUINE:
            self._refuse()
        if self.make is Make.OTP:
            self.make = Make.GENUINE
        self._store(MANUFACTURER_BLOCK, data)

    def _calculate(self, block: int, difference: int) -> None:
        self.radio_us += RADIO.calculate
        value = Value.decode(self._block(block))
        if value is None:
            self._refuse()
        total = (value.value + difference + _NUMBERS // 2) % _NUMBERS - _NUMBERS // 2
        self._buffer = Value(total, value.address)

    def _store(self, block: int, data: bytes) -> None:
        """Write EEPROM: the one place where a card that is pulled out can be left half-written."""
        self.radio_us += RADIO.write
        start = block * BLOCK_BYTES
        number, self.writes = self.writes, self.writes + 1
        if self.tear and self.tear.write == number:
            self._memory[start : start + BLOCK_BYTES] = self.tear.how.apply(self._block(block), data)
            self.tear = None
            self.power_off()
            raise PulledError
        self._memory[start : start + BLOCK_BYTES] = data

    def _block(self, block: int) -> bytes:
        return bytes(self._memory[block * BLOCK_BYTES : (block + 1) * BLOCK_BYTES])

    def _awake(self) -> None:
        if not self._powered or self._halted:
            raise RefusedError

    def _enter(self, block: int) -> tuple[Access, KeyType]:
        """The sector's conditions and the key in use.

        Raises:
            RefusedError: not authenticated for this sector, its access bits are broken, or its key B is data.
        """
        self._awake()
        if self._session is None or block >= self.size.blocks or sector_of(block) != self._session[0]:
            self._refuse()
        key = self._session[1]
        trailer = Trailer.decode(self._block(trailer_of(sector_of(block))))
        if trailer is None or (key is KeyType.B and trailer.access.key_b_is_data):
            self._refuse()
        return trailer.access, key

    def _require(self, right: Right, key: KeyType) -> None:
        if not right.holds(key):
            self._refuse()

    def _require_data(self, access: Access, block: int, what: str, key: KeyType) -> None:
        if is_trailer(block):
            self._refuse()
        self._require(getattr(access.data_rights(access_group(block)), what), key)

    def _refuse(self) -> NoReturn:
        self._halted = self._halts_on_refusal
        raise RefusedError


def new_chip(
    uid: bytes, size: Size = Size.K1, *, make: Make = Make.GENUINE, halts_on_refusal: bool = False
) -> Chip:
    """A chip as it is delivered: zeros, transport keys, a manufacturer block with the UID."""
    memory = bytearray(size)
    memory[:BLOCK_BYTES] = manufacturer_block(uid, size)
    for sector in range(size.sectors):
        start = trailer_of(sector) * BLOCK_BYTES
        memory[start : start + BLOCK_BYTES] = TRANSPORT.encode()
    return Chip(bytes(memory), uid_bytes=len(uid), make=make, halts_on_refusal=halts_on_refusal)
