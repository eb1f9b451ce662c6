"""Masters at rest: wrapped by a key-encryption key that lives outside the database.

The file is for one machine; a hardware module or a cloud's key service implements the same `KeyWrapper`.
"""

from collections.abc import Sequence
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.utils import random

from onecard.base.errors import UnavailableError
from onecard.base.keyfile import open_key
from onecard.base.settings import Settings
from onecard.cards.keys import BLOCK, Masters

NONCE_BYTES = 12
_MASTERS = 3


class KeyWrapper(Protocol):
    """A key-encryption key. It may be a machine far away, so both ways can take time and fail."""

    @property
    def name(self) -> str:
        """Which key it is; kept beside what it wrapped."""

    async def wrap(self, secret: bytes, context: bytes) -> bytes:
        """Encrypt and authenticate a secret together with the context it belongs to."""

    async def unwrap(self, box: bytes, context: bytes) -> bytes:
        """The secret of a box.

        Raises:
            UnavailableError: another key or context, an altered box, or a module that does not answer.
        """


class FileWrapper:
    """AES-256-GCM with the key of a file."""

    name = "file"

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    async def wrap(self, secret: bytes, context: bytes) -> bytes:
        """A random nonce and the box."""
        nonce: bytes = random(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret, context)

    async def unwrap(self, box: bytes, context: bytes) -> bytes:
        """The secret of a box; see `KeyWrapper`."""
        try:
            return self._cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], context)
        except (InvalidTag, ValueError):
            raise cannot_open() from None


def open_wrapper(settings: Settings) -> FileWrapper:
    """The installation's key-encryption key; makes its file when none was named and none exists.

    Raises:
        UnavailableError: the key file is missing, malformed, or readable by other users.
    """
    key = open_key(settings.card_key, settings.data_dir / "keys" / "card.key", "card key")
    return FileWrapper(key)


def new_masters() -> Masters:
    """Three random masters."""
    return Masters(field=random(BLOCK), issuer=random(BLOCK), mac=random(BLOCK))


async def wrap_masters(wrapper: KeyWrapper, masters: Masters, *, tenant_id: int, version: int) -> bytes:
    """One box for the three masters of a tenant's key version."""
    secret = masters.field + masters.issuer + masters.mac
    return await wrapper.wrap(secret, _context(tenant_id, version))


async def unwrap_masters(wrapper: KeyWrapper, box: bytes, *, tenant_id: int, version: int) -> Masters:
    """The masters of a box.

    Raises:
        UnavailableError: it was wrapped by another key, for another tenant or version, or altered.
    """
    secret = await wrapper.unwrap(box, _context(tenant_id, version))
    if len(secret) != _MASTERS * BLOCK:
        raise cannot_open()
    field, issuer, mac = _parts(secret)
    return Masters(field=field, issuer=issuer, mac=mac)


def cannot_open() -> UnavailableError:
    """What to raise when a box does not open."""
    message = "The tenant's card keys cannot be opened: they were altered, or the card key is another one."
    return UnavailableError(message)


def _parts(secret: bytes) -> Sequence[bytes]:
    return [secret[start : start + BLOCK] for start in range(0, len(secret), BLOCK)]


def _context(tenant_id: int, version: int) -> bytes:
    return b"onecard card masters" + tenant_id.to_bytes(8) + bytes([version])
