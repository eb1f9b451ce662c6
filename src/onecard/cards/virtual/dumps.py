"""Dumps of cards in files: the bare memory, as `.bin` and `.mfd` files hold it."""

import os
from pathlib import Path

from onecard.base.errors import UnavailableError
from onecard.cards.classic.geometry import Size

_SIZES = set(Size)


def read_dump(path: Path) -> bytes:
    """The memory of a 1K or 4K card.

    Raises:
        UnavailableError: the file cannot be read, or is not as long as such a card.
    """
    try:
        with path.open("rb") as file:
            memory = file.read(Size.K4 + 1)
            length = os.fstat(file.fileno()).st_size
    except OSError as error:
        message = f"The dump {path} cannot be read: {error.strerror}."
        raise UnavailableError(message) from None
    if len(memory) not in _SIZES:
        message = (
            f"{path} is no dump of a MIFARE Classic card: it has {max(length, len(memory))} bytes;"
            f" a 1K card has {int(Size.K1)}, a 4K card {int(Size.K4)}."
        )
        raise UnavailableError(message)
    return memory


def write_dump(path: Path, memory: bytes) -> None:
    """Write a card's memory, all keys included, readable by nobody else.

    Raises:
        UnavailableError: the file cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(memory)
    except OSError as error:
        message = f"The dump {path} cannot be written: {error.strerror}."
        raise UnavailableError(message) from None
