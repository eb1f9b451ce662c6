"""Encryption of personal data at rest: sealed values, and keyed hashes that find them without opening them.

One key file serves the installation; each tenant and purpose gets its own key derived from it, so that a
value or a hash copied from one tenant's rows means nothing in another's.
"""

import contextlib
import os
import stat
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from pathlib import Path

from nacl.encoding import RawEncoder
from nacl.exceptions import CryptoError
from nacl.hash import blake2b
from nacl.secret import SecretBox
from nacl.utils import random

from onecard.base.errors import UnavailableError
from onecard.base.settings import Settings

_KEY_BYTES = 32
_VERSION = b"\x01"  # of the box's format and key; a rotated key gets the next one


class Vault:
    """Seals, opens and tags the personal data of tenants."""

    def __init__(self, master: bytes) -> None:
        """`master`: 32 secret bytes."""
        if len(master) != _KEY_BYTES:
            message = f"a key has {_KEY_BYTES} bytes, not {len(master)}"
            raise ValueError(message)
        self._master = master
        self._derived: dict[tuple[bytes, int], bytes] = {}

    def seal(self, tenant_id: int, plain: str) -> bytes:
        """Encrypt and authenticate; the same text gives another box each time."""
        box = SecretBox(self._key(b"seal", tenant_id)).encrypt(plain.encode())
        return _VERSION + bytes(box)

    def unseal(self, tenant_id: int, box: bytes) -> str:
        """The text of a box.

        Raises:
            UnavailableError: the box was made with another key or for another tenant, or was altered.
        """
        version, sealed = box[:1], box[1:]
        try:
            if version == _VERSION:
                return SecretBox(self._key(b"seal", tenant_id)).decrypt(sealed).decode()
            cause: Exception | None = None
        except (CryptoError, ValueError) as error:
            cause = error
        message = "A protected value cannot be opened: it was altered, or the data key is another one."
        raise UnavailableError(message) from cause

    def tag(self, tenant_id: int, plain: str) -> bytes:
        """16 bytes that are equal for equal texts of one tenant and tell nothing without the key."""
        key = self._key(b"tag", tenant_id)
        return blake2b(plain.encode(), digest_size=16, key=key, encoder=RawEncoder)

    def _key(self, purpose: bytes, tenant_id: int) -> bytes:
        name = (purpose, tenant_id)
        if name not in self._derived:
            self._derived[name] = blake2b(
                tenant_id.to_bytes(8), digest_size=_KEY_BYTES, key=self._master,
                person=purpose.ljust(16, b"\0"), encoder=RawEncoder,
            )  # fmt: skip
        return self._derived[name]


def open_vault(settings: Settings) -> Vault:
    """The installation's vault; makes its key file when none was named and none exists.

    Raises:
        UnavailableError: the key file is missing, malformed, or readable by other users.
    """
    if settings.data_key is not None:
        return Vault(_read(settings.data_key))
    path = settings.data_dir / "keys" / "data.key"
    if not path.exists():
        _make(path)
    return Vault(_read(path))


def _make(path: Path) -> None:
    """Write a random key; when another process was first, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b64encode(random(_KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)  # a link never replaces: whoever comes second uses the first one's key
    draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            message = f"The data key {path} is open to other users; allow only its owner (chmod 600)."
            raise UnavailableError(message)
        key = b64decode(path.read_bytes().strip(), validate=True)
    except OSError as error:
        message = f"The data key {path} cannot be read: {error.strerror}."
        raise UnavailableError(message) from None
    except Base64Error:
        key = b""
    if len(key) != _KEY_BYTES:
        message = f"The data key {path} is damaged: it does not hold {_KEY_BYTES} bytes in base 64."
        raise UnavailableError(message)
    return key
