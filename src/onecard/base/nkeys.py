"""Ed25519 keys as the bus spells them (nkeys: base32 of prefix, key and CRC-16) and their signatures."""

import base64
from dataclasses import dataclass

from nacl.signing import SigningKey

_SEED = 18 << 3
_ACCOUNT = 0
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


@dataclass(frozen=True, slots=True)
class AccountKey:
    """The account key that signs the sessions of devices."""

    key: SigningKey

    @classmethod
    def generate(cls) -> "AccountKey":
        """A new random key."""
        return cls(SigningKey.generate())

    @classmethod
    def from_seed(cls, seed: str) -> "AccountKey":
        """The key of a seed (`SA…`).

        Raises:
            ValueError: it is not the seed of an account.
        """
        raw = _decode(seed)
        if raw[0] & 0xF8 != _SEED or raw[1] >> 3 != _ACCOUNT or len(raw) != _KEY_BYTES + 2:
            message = "not the seed of an account"
            raise ValueError(message)
        return cls(SigningKey(raw[2:]))

    @property
    def seed(self) -> str:
        """The private half, to be kept in a file of mode 0600."""
        return _encode(bytes((_SEED | _ACCOUNT >> 5, (_ACCOUNT & 31) << 3)) + bytes(self.key))

    @property
    def public(self) -> str:
        """The public half (`A…`), which the bus server is told."""
        return _encode(bytes((_ACCOUNT,)) + bytes(self.key.verify_key))

    def sign(self, data: bytes) -> bytes:
        """64 bytes of Ed25519 signature."""
        return self.key.sign(data).signature
