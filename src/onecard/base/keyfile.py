"""Files that hold one secret key: made once, read by their owner only."""

import contextlib
import os
import stat
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from pathlib import Path

from nacl.utils import random

from onecard.base.errors import UnavailableError

KEY_BYTES = 32


def open_key(named: Path | None, default: Path, what: str) -> bytes:
    """The 32 bytes of a key file.

    Args:
        named: a file somebody chose; it must exist.
        default: taken when none was named, and made when it does not exist.
        what: the key's name in sentences, e.g. `data key`.

    Raises:
        UnavailableError: the file is missing, malformed, or readable by other users.
    """
    if named is not None:
        return _read(named, what)
    if not default.exists():
        _make(default)
    return _read(default, what)


def read_secret(path: Path, what: str) -> str:
    """The text of a file that only its owner may read, without the line's end.

    Args:
        path: of the file.
        what: the secret's name in sentences, e.g. `passphrase`.

    Raises:
        UnavailableError: the file is missing, no text, or readable by other users.
    """
    try:
        return _owned(path, what).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        message = f"The {what} {path} is damaged: it is not text."
        raise UnavailableError(message) from None


def _make(path: Path) -> None:
    """Write a random key; when another process was first, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b64encode(random(KEY_BYTES)) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    with contextlib.suppress(FileExistsError):
        path.hardlink_to(draft)  # a link never replaces: whoever comes second uses the first one's key
    draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def _read(path: Path, what: str) -> bytes:
    try:
        key = b64decode(_owned(path, what).strip(), validate=True)
    except Base64Error:
        key = b""
    if len(key) != KEY_BYTES:
        message = f"The {what} {path} is damaged: it does not hold {KEY_BYTES} bytes in base 64."
        raise UnavailableError(message)
    return key


def _owned(path: Path, what: str) -> bytes:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            message = f"The {what} {path} is open to other users; allow only its owner (chmod 600)."
            raise UnavailableError(message)
        return path.read_bytes()
    except OSError as error:
        message = f"The {what} {path} cannot be read: {error.strerror}."
        raise UnavailableError(message) from None
