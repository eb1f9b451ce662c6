"""Keys of a card: derived from three masters of the tenant, narrowed to a role, bound to one card.

A terminal of one role holds that role's keys and can touch nothing else; what is learned from one card
opens no other. The bytes are those of docs/reference/oc1.md.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC

BLOCK = 16
UID_LENGTHS = (4, 7)
SECTOR_KEY_BYTES = 6
MAC_BYTES = 4
_MESSAGE_MOST = 2 * BLOCK - 1
_DIVERSIFY_AES128 = b"\x01"
_PIN = re.compile(r"[0-9]{4}")


class Role(IntEnum):
    """What a sector is for; every lift group's sector has the role LIFT."""

    IDENTITY = 0
    CONSUMPTION = 1
    WATER = 2
    LIFT = 3


class KeyType(IntEnum):
    """Which of a sector's two keys; the values are those that readers and the derivation use."""

    A = 0x60
    B = 0x61


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all cards of a tenant share in the derivation.

    Attributes:
        site_id: 4 bytes, random, never changed.
        pin: the system secondary encryption, exactly four digits; fixed once a card is issued.
    """

    site_id: bytes
    pin: str

    def __post_init__(self) -> None:
        _exactly(self.site_id, 4, "a site id")
        if not _PIN.fullmatch(self.pin):
            message = "the system secondary encryption is exactly four digits"
            raise ValueError(message)

    @property
    def suffix(self) -> bytes:
        """The end of every message that is diversified: the PIN as two BCD bytes, and the site."""
        return bytes.fromhex(self.pin) + self.site_id


@dataclass(frozen=True, slots=True, kw_only=True)
class CardIdentity:
    """Which card, in which of its lives, under which version of the tenant's keys.

    Attributes:
        uid: 4 or 7 bytes as read.
        generation: 1 for the first issue of this plastic, one more for each later one; at most 255.
        key_version: of the tenant's masters; at most 255.
    """

    uid: bytes
    generation: int
    key_version: int

    def __post_init__(self) -> None:
        if len(self.uid) not in UID_LENGTHS:
            message = f"a UID has 4 or 7 bytes, not {len(self.uid)}"
            raise ValueError(message)
        _byte(self.generation, "a generation")
        _byte(self.key_version, "a key version")

    @property
    def padded(self) -> bytes:
        """The UID's length and the UID filled up to seven bytes."""
        return bytes([len(self.uid)]) + self.uid.ljust(7, b"\0")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Masters:
    """A tenant's random AES-128 keys of one version: field keys, issuer keys, MACs. No repr shows them."""

    field: bytes
    issuer: bytes
    mac: bytes

    def __post_init__(self) -> None:
        for key in (self.field, self.issuer, self.mac):
            _exactly(key, BLOCK, "a master key")

    def of(self, role: Role) -> "RoleKeys":
        """The keys of one role; what a terminal of this role may be given is `field` and `mac` of it."""
        return RoleKeys(
            role=role,
            field=narrow(self.field, role),
            issuer=narrow(self.issuer, role),
            mac=narrow(self.mac, role),
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RoleKeys:
    """Masters narrowed to a role."""

    role: Role
    field: bytes
    issuer: bytes
    mac: bytes

    def sector_keys(self, card: CardIdentity, site: Site, sector: int) -> "SectorKeys":
        """Keys A and B of a physical sector of a card."""
        return SectorKeys(
            a=_sector_key(self.field, card, site, sector, b"\x0a"),
            b=_sector_key(self.issuer, card, site, sector, b"\x0b"),
        )

    def mac_key(self, card: CardIdentity, site: Site) -> bytes:
        """The 16-byte key of the card's record MACs in this role."""
        life = bytes([card.generation, card.key_version])
        return an10922(self.mac, card.padded + b"OC1M" + life + site.suffix)


@dataclass(frozen=True, slots=True, repr=False)
class SectorKeys:
    """Keys A (terminals) and B (issuing) of one sector, 6 bytes each."""

    a: bytes
    b: bytes


MacKeyFor = Callable[[Role, CardIdentity], bytes]


def narrow(master: bytes, role: Role) -> bytes:
    """A master narrowed to one role: 16 bytes."""
    return cmac(master, b"OC1R" + bytes([role]))


def _sector_key(key: bytes, card: CardIdentity, site: Site, sector: int, letter: bytes) -> bytes:
    _byte(sector, "a sector")
    place = bytes([sector]) + letter + bytes([card.key_version])
    return an10922(key, card.padded + b"OC1" + place + site.suffix)[:SECTOR_KEY_BYTES]


def record_mac(mac_key: bytes, role: Role, slot: int, body: bytes) -> bytes:
    """The 4-byte MAC of a record's first 12 bytes in its place."""
    return cmac(mac_key, bytes([role, slot]) + body)[:MAC_BYTES]


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC (RFC 4493), 16 bytes."""
    code = CMAC(AES(key))
    code.update(message)
    return code.finalize()


def an10922(key: bytes, message: bytes) -> bytes:
    """AES-128 key diversification of NXP AN10922, 16 bytes.

    It equals CMAC only for messages of 16 bytes or more: a shorter one is padded to two blocks here, to one
    there, and several libraries got this wrong.

    Args:
        key: 16 bytes.
        message: 1 to 31 bytes.
    """
    if not 1 <= len(message) <= _MESSAGE_MOST:
        message_ = f"1 to {_MESSAGE_MOST} bytes can be diversified, not {len(message)}"
        raise ValueError(message_)
    data = _DIVERSIFY_AES128 + message
    subkey_1, subkey_2 = subkeys(key)
    last = subkey_1 if len(data) == 2 * BLOCK else subkey_2
    if len(data) < 2 * BLOCK:
        data = (data + b"\x80").ljust(2 * BLOCK, b"\0")
    return _cbc(key, data[:BLOCK] + _xor(data[BLOCK:], last))[-BLOCK:]


def subkeys(key: bytes) -> tuple[bytes, bytes]:
    """K1 and K2 of CMAC (RFC 4493, section 2.3)."""
    first = _double(_cbc(key, bytes(BLOCK)))
    return first, _double(first)


def _double(value: bytes) -> bytes:
    """Times x in GF(2^128)."""
    number = int.from_bytes(value) << 1
    if number >> 128:
        number ^= (1 << 128) | 0x87
    return number.to_bytes(BLOCK)


def _cbc(key: bytes, data: bytes) -> bytes:
    encryptor = Cipher(AES(key), CBC(bytes(BLOCK))).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _exactly(value: bytes, length: int, what: str) -> None:
    if len(value) != length:
        message = f"{what} has {length} bytes, not {len(value)}"
        raise ValueError(message)


def _byte(value: int, what: str) -> None:
    if not 0 <= value <= 0xFF:  # noqa: PLR2004  the largest byte
        message = f"{what} is 0 to 255, not {value}"
        raise ValueError(message)
