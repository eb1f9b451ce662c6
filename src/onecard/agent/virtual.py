"""A virtual reader for a desk without hardware: its cards are dump files, laid on and taken by a command.

The control file names the card that lies on the reader; whoever may write the agent's files may lay on cards.
A card's file follows every change of the card at once, as if it were the chip.
"""

import logging
import threading
import time
from pathlib import Path

from onecard.agent.home import write_private
from onecard.base.errors import UnavailableError
from onecard.cards.classic.manufacturer import uid_length
from onecard.cards.reader import SlotError, Trouble
from onecard.cards.steps import Dialect
from onecard.cards.virtual.chip import Chip
from onecard.cards.virtual.dumps import read_dump
from onecard.cards.virtual.reader import VirtualReader
from onecard.cards.virtual.slot import VirtualSlot

log = logging.getLogger(__name__)

READER = "Virtual reader"
_LOOK_EVERY_S = 0.05


class CardOnReader:
    """The control file: which card lies on the virtual reader.

    Args:
        directory: of the control file; made when a card is first laid on.
    """

    def __init__(self, directory: Path) -> None:
        self._file = directory / "on-reader"

    def insert(self, dump: Path) -> None:
        """Lay a card on, in the place of the one before; the same card again is a new insertion.

        Raises:
            UnavailableError: it is no dump of a card, or the control file cannot be written.
        """
        read_dump(dump)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(self._file, str(dump.resolve()).encode())
        except OSError as error:
            message = f"The virtual reader's file {self._file} cannot be written: {error.strerror}."
            raise UnavailableError(message) from None

    def remove(self) -> None:
        """Take the card away; harmless when there is none."""
        self._file.unlink(missing_ok=True)

    def state(self) -> object:
        """Differs after every insertion and removal."""
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def dump(self) -> Path | None:
        """The file of the card that lies there."""
        try:
            return Path(self._file.read_text())
        except OSError:
            return None


class FileSlot(VirtualSlot):
    """The virtual reader as a slot; used by one thread.

    Args:
        on_reader: says which card lies there.
        dialect: of commands to it.
        radio: take the time that a real card and reader spend on the air.
    """

    def __init__(self, on_reader: CardOnReader, dialect: Dialect, *, radio: bool = False) -> None:
        super().__init__(VirtualReader(dialect), name=READER)
        self._on_reader = on_reader
        self._radio = radio
        self._waited_us = 0
        self._seen: object = None
        self._dump: Path | None = None
        self._saved = b""
        self._connected = False

    def atr(self) -> bytes | None:
        """See `Slot`."""
        self._look()
        return super().atr()

    def connect(self) -> None:
        """See `Slot`."""
        self._look()
        super().connect()
        self._connected = True
        self._wait()

    def transmit(self, command: bytes) -> bytes:
        """See `Slot`. Like a real one, a connection does not outlive the insertion it was made in."""
        self._look()
        if not self._connected:
            raise SlotError(Trouble.NO_CARD)
        chip = self.reader.chip
        answer = super().transmit(command)
        if chip is not None:
            self._save(chip)
        self._wait()
        return answer

    def disconnect(self) -> None:
        """See `Slot`."""
        super().disconnect()
        self._connected = False

    def close(self) -> None:
        """Nothing is held."""
        self.disconnect()

    def _look(self) -> None:
        """Do with the card what was done with the control file."""
        state = self._on_reader.state()
        if state == self._seen:
            return
        self._seen, self._connected = state, False
        self.reader.remove()
        self._dump = self._on_reader.dump()
        if self._dump is None:
            return
        try:
            self._saved = read_dump(self._dump)
        except UnavailableError as error:
            log.warning("the virtual card is unreadable: %s", error)
            return
        self._waited_us = 0
        self.reader.insert(Chip(self._saved, uid_bytes=uid_length(self._saved)))

    def _wait(self) -> None:
        """Spend what the last command took on the air; a card that left takes no time."""
        chip = self.reader.chip
        if self._radio and chip is not None:
            time.sleep((chip.radio_us - self._waited_us) / 1_000_000)
            self._waited_us = chip.radio_us

    def _save(self, chip: Chip) -> None:
        memory = chip.dump()
        if memory == self._saved or self._dump is None:
            return
        try:
            write_private(self._dump, memory)
        except OSError as error:
            # what cannot be kept has not happened: the card falls silent, as if it were pulled
            log.warning("the virtual card %s cannot be written: %s", self._dump, error.strerror)
            self.reader.remove()
            raise SlotError(Trouble.PULLED) from None
        self._saved = memory


class VirtualSource:
    """One virtual reader; see `onecard.agent.sources.Source`.

    Args:
        directory: of the control file.
        dialect: of commands to the reader.
        radio: see `FileSlot`.
    """

    fault: str | None = None

    def __init__(self, directory: Path, dialect: Dialect = Dialect.ACS, *, radio: bool = False) -> None:
        self._on_reader = CardOnReader(directory)
        self._dialect = dialect
        self._radio = radio
        self._seen: object = self  # unlike any state
        self._cancelled = threading.Event()

    def readers(self) -> tuple[str, ...]:
        """See `Source`."""
        return (READER,)

    def wait(self, timeout_s: float) -> bool:
        """See `Source`."""
        for _ in range(max(1, round(timeout_s / _LOOK_EVERY_S))):
            state = self._on_reader.state()
            if state != self._seen:
                self._seen = state
                return True
            if self._cancelled.wait(_LOOK_EVERY_S):
                return True
        return False

    def cancel(self) -> None:
        """See `Source`."""
        self._cancelled.set()

    def close(self) -> None:
        """See `Source`."""

    def slot(self, name: str) -> FileSlot:
        """See `Source`."""
        return FileSlot(self._on_reader, self._dialect, radio=self._radio)
