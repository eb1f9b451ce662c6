"""Ed25519 keys as the bus spells them (nkeys: base32 of prefix, key and CRC-16) and their signatures."""

import base64
from dataclasses import dataclass
from typing import ClassVar, Self

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

_SEED = 18 << 3
_ACCOUNT, _USER = 0, 20 << 3
_CRC_POLYNOMIAL = 0x1021
_KEY_BYTES = 32


def _crc16(data: bytes) -> int:
    """CRC-16/XMODEM, as nkeys append it."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ _CRC_POLYNOMIAL if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def _encode(raw: bytes) -> str:
    return base64.b32encode(raw + _crc16(raw).to_bytes(2, "little")).decode().rstrip("=")


def _decode(text: str) -> bytes:
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raw = b""
    body, check = raw[:-2], raw[-2:]
    if not body or _crc16(body).to_bytes(2, "little") != check:
        message = "not an nkey"
        raise ValueError(message)
    return body


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    key: SigningKey

    _kind: ClassVar[int]
    _of: ClassVar[str]

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(SigningKey.generate())

    @classmethod
    def from_seed(cls, seed: str) -> Self:
        """The key of a seed.

        Raises:
            ValueError: it is not the seed of this kind of key.
        """
        raw = _decode(seed)
        kind = (raw[0] & 7) << 5 | raw[1] >> 3 if len(raw) == _KEY_BYTES + 2 else None
        if raw[0] & 0xF8 != _SEED or kind != cls._kind:
            message = f"not the seed of {cls._of}"
            raise ValueError(message)
        return cls(SigningKey(raw[2:]))

    @property
    def seed(self) -> str:
        """The private half, to be kept in a file of mode 0600."""
        return _encode(bytes((_SEED | self._kind >> 5, (self._kind & 31) << 3)) + bytes(self.key))

    @property
    def public(self) -> str:
        """The public half, which the other side is told."""
        return _encode(bytes((self._kind,)) + bytes(self.key.verify_key))

    def sign(self, data: bytes) -> bytes:
        """64 bytes of Ed25519 signature."""
        return self.key.sign(data).signature


class AccountKey(_Key):
    """The account key (`A…`, its seed `SA…`) that signs the sessions of devices."""

    _kind = _ACCOUNT
    _of = "an account"


class UserKey(_Key):
    """The key (`U…`, its seed `SU…`) that a desk agent signs in with."""

    _kind = _USER
    _of = "a user"


def is_signed(public: str, data: bytes, signature: bytes) -> bool:
    """Whether the owner of a user's public key (`U…`) signed the data."""
    try:
        raw = _decode(public)
        if raw[0] != _USER or len(raw) != _KEY_BYTES + 1:
            return False
        VerifyKey(raw[1:]).verify(data, signature)
    except (BadSignatureError, ValueError, TypeError):
        return False
    return True
