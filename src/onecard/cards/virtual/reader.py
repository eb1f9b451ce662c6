"""A virtual reader: PC/SC storage-card APDUs in, answers out, in the dialect of one family of readers.

An answer of no bytes at all means that the card was pulled during the exchange; real readers report that as
a success without content.
"""

from collections.abc import Callable
from dataclasses import dataclass

from onecard.cards.classic.geometry import BLOCK_BYTES, KEY_BYTES, Size, sector_of
from onecard.cards.classic.values import Value
from onecard.cards.keys import KeyType
from onecard.cards.steps import OK, Dialect
from onecard.cards.virtual.chip import Chip, RefusedError
from onecard.cards.virtual.tear import PulledError

FAILED = b"\x63\x00"
SECURITY = b"\x69\x82"
NO_VOLATILE_KEYS = b"\x69\x86"
KEY_NUMBER = b"\x69\x88"
WRONG_LENGTH = b"\x67\x00"
UNSUPPORTED = b"\x6a\x81"
FEWER_BYTES = b"\x62\x82"
_CARD_NAME = {Size.K1: 0x0001, Size.K4: 0x0002}
_READS_AT_ONCE = 3
_OLD_AUTHENTICATE = 0x88


class NoCardError(Exception):
    """There is no card on the reader."""


@dataclass(frozen=True, slots=True)
class Apdu:
    """A short command: header, data, and how many bytes are expected (0: as many as there are)."""

    ins: int
    p1: int
    p2: int
    data: bytes
    le: int

    @classmethod
    def parse(cls, raw: bytes) -> "Apdu | None":
        """A command of class FF; None when its lengths disagree or it is of another class."""
        if len(raw) < 4 or raw[0] != 0xFF:  # noqa: PLR2004  a header, the class of storage cards
            return None
        ins, p1, p2, rest = raw[1], raw[2], raw[3], raw[4:]
        if len(rest) <= 1:
            return cls(ins, p1, p2, b"", rest[0] if rest else 0)
        if ins == _OLD_AUTHENTICATE and len(rest) == 2:  # noqa: PLR2004  key type and number, no length
            return cls(ins, p1, p2, rest, 0)
        length, data = rest[0], rest[1:]
        if length in {len(data), len(data) - 1}:
            return cls(ins, p1, p2, data[:length], data[length] if len(data) > length else 0)
        return None


class VirtualReader:
    """A reader with at most one card on it.

    Attributes:
        apdus: commands that reached a card so far; `pull_before` counts them.
        pull_before: the card is pulled before it sees the command of this number.
    """

    def __init__(self, dialect: Dialect = Dialect.ACS) -> None:
        self.dialect = dialect
        self.apdus = 0
        self.pull_before: int | None = None
        self._chip: Chip | None = None
        self._keys: dict[int, bytes] = {}
        self._handlers: dict[int, Callable[[Chip, Apdu], bytes]] = {
            0xCA: self._uid,
            0x82: self._load_key,
            0x86: self._authenticate,
            _OLD_AUTHENTICATE: self._authenticate_old,
            0xB0: self._read,
            0xD6: self._update,
        }
        if dialect is Dialect.ACS:
            self._handlers |= {0xD7: self._value, 0xB1: self._read_value}
        if dialect is Dialect.OMNIKEY:
            self._handlers |= {0xD4: self._add, 0xD8: self._subtract}

    @property
    def chip(self) -> Chip | None:
        """The card on the reader."""
        return self._chip

    @property
    def atr(self) -> bytes | None:
        """Tells the kind of card, never which one; None without a card."""
        return atr(self._chip.size) if self._chip and self._chip.answers else None

    def insert(self, chip: Chip) -> None:
        """Lay a card on, in the place of the one before."""
        self.remove()
        self._chip = chip
        chip.select()

    def remove(self) -> None:
        """Take the card away."""
        if self._chip:
            self._chip.power_off()
        self._chip = None

    def reset(self) -> None:
        """Select the card again, as a reconnect with reset does.

        Raises:
            NoCardError: there is none.
        """
        if self._chip is None or not self._chip.answers:
            raise NoCardError
        self._chip.select()

    def disconnect(self) -> None:
        """End the connection: volatile keys are forgotten."""
        if self.dialect is not Dialect.OMNIKEY:
            self._keys.clear()

    def transmit(self, command: bytes) -> bytes:
        """The answer with its status word; nothing at all when the card was pulled meanwhile.

        Raises:
            NoCardError: there was no card to begin with.
        """
        if self._chip is None or not self._chip.answers:
            raise NoCardError
        number, self.apdus = self.apdus, self.apdus + 1
        if self.pull_before == number:
            self.pull_before = None
            self.remove()
            return b""
        apdu = Apdu.parse(command)
        if apdu is None:
            return WRONG_LENGTH if command[:1] == b"\xff" else UNSUPPORTED
        handler = self._handlers.get(apdu.ins)
        if handler is None:
            return UNSUPPORTED
        try:
            return handler(self._chip, apdu)
        except RefusedError:
            return FAILED if self.dialect is Dialect.ACS else SECURITY
        except PulledError:
            self.remove()
            return b""

    def _uid(self, chip: Chip, apdu: Apdu) -> bytes:
        if (apdu.p1, apdu.p2) != (0, 0):
            return UNSUPPORTED
        if apdu.le > len(chip.uid):
            return chip.uid + FEWER_BYTES
        return chip.uid + OK if apdu.le in {0, len(chip.uid)} else bytes([0x6C, len(chip.uid)])

    def _load_key(self, chip: Chip, apdu: Apdu) -> bytes:
        slots, volatile = {
            Dialect.ACS: (range(2), True),
            Dialect.OMNIKEY: (range(32), False),
            Dialect.IDENTIV: (range(KeyType.A, KeyType.B + 1), True),
        }[self.dialect]
        if apdu.p1 != (0x00 if volatile else 0x20):
            return FAILED if self.dialect is Dialect.ACS else NO_VOLATILE_KEYS
        if apdu.p2 not in slots:
            return FAILED if self.dialect is Dialect.ACS else KEY_NUMBER
        if len(apdu.data) != KEY_BYTES:
            return WRONG_LENGTH
        self._keys[apdu.p2] = apdu.data
        return OK

    def _authenticate(self, chip: Chip, apdu: Apdu) -> bytes:
        if len(apdu.data) != 5 or apdu.data[:2] != b"\x01\x00":  # noqa: PLR2004  version 1, block, type, key
            return WRONG_LENGTH
        _, _, block, key_type, number = apdu.data
        return self._unlock(chip, block, key_type, number)

    def _authenticate_old(self, chip: Chip, apdu: Apdu) -> bytes:
        """The obsolete form of six bytes, key type and number in the place of the length."""
        if len(apdu.data) != 2:  # noqa: PLR2004  type and number
            return WRONG_LENGTH
        return self._unlock(chip, apdu.p2, *apdu.data)

    def _unlock(self, chip: Chip, block: int, key_type: int, number: int) -> bytes:
        if key_type not in set(KeyType):
            return FAILED if self.dialect is Dialect.ACS else SECURITY
        slot = key_type if self.dialect is Dialect.IDENTIV and number == 1 else number
        key = self._keys.get(slot)
        if key is None:
            return FAILED if self.dialect is Dialect.ACS else KEY_NUMBER
        chip.authenticate(block, KeyType(key_type), key)
        return OK

    def _read(self, chip: Chip, apdu: Apdu) -> bytes:
        length = apdu.le or BLOCK_BYTES
        count, rest = divmod(length, BLOCK_BYTES)
        many = self.dialect is Dialect.ACS and count <= _READS_AT_ONCE
        if rest or apdu.p1 or not (count == 1 or many):
            return bytes([0x6C, BLOCK_BYTES])
        return b"".join(chip.read(apdu.p2 + block) for block in range(count)) + OK

    def _update(self, chip: Chip, apdu: Apdu) -> bytes:
        if len(apdu.data) != BLOCK_BYTES or apdu.p1:
            return WRONG_LENGTH
        chip.write(apdu.p2, apdu.data)
        return OK

    def _value(self, chip: Chip, apdu: Apdu) -> bytes:
        operation, operand = apdu.data[:1], apdu.data[1:]
        if operation == b"\x03" and len(operand) == 1:
            if sector_of(operand[0]) != sector_of(apdu.p2):
                return FAILED
            chip.restore(apdu.p2)
            chip.transfer(operand[0])
            return OK
        if len(operand) != 4 or operation not in {b"\x00", b"\x01", b"\x02"}:  # noqa: PLR2004  a number
            return WRONG_LENGTH
        if operation == b"\x00":
            chip.write(apdu.p2, Value(int.from_bytes(operand, signed=True), apdu.p2).encode())
            return OK
        calculate = chip.increment if operation == b"\x01" else chip.decrement
        calculate(apdu.p2, int.from_bytes(operand))
        chip.transfer(apdu.p2)
        return OK

    def _read_value(self, chip: Chip, apdu: Apdu) -> bytes:
        value = Value.decode(chip.read(apdu.p2))
        return value.value.to_bytes(4, signed=True) + OK if value else FAILED

    def _add(self, chip: Chip, apdu: Apdu) -> bytes:
        return self._change(chip.increment, chip, apdu)

    def _subtract(self, chip: Chip, apdu: Apdu) -> bytes:
        return self._change(chip.decrement, chip, apdu)

    def _change(self, calculate: Callable[[int, int], None], chip: Chip, apdu: Apdu) -> bytes:
        if len(apdu.data) != 4:  # noqa: PLR2004  a number
            return WRONG_LENGTH
        calculate(apdu.p2, int.from_bytes(apdu.data, "little"))
        chip.transfer(apdu.p2)
        return OK


def atr(size: Size) -> bytes:
    """The answer to reset of a PC/SC reader for a MIFARE Classic of a size."""
    body = bytes.fromhex("8F8001804F0CA000000306") + b"\x03" + _CARD_NAME[size].to_bytes(2) + bytes(4)
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes([check])
