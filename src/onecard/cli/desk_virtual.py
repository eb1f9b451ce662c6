"""Virtual cards in files: a file is a chip, and lies on a virtual reader while a command runs.

The file follows every change of the chip at once and whole, so that a command that is killed leaves what a
card that was pulled at that moment would hold.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from onecard.agent.home import write_private
from onecard.base.errors import OneCardError, UnavailableError
from onecard.cards.classic.geometry import BLOCK_BYTES, Size
from onecard.cards.classic.manufacturer import uid_length
from onecard.cards.insertion import GET_UID
from onecard.cards.reader import SlotError, Trouble
from onecard.cards.virtual.chip import Chip, Make, new_chip
from onecard.cards.virtual.dumps import read_dump
from onecard.cards.virtual.reader import VirtualReader
from onecard.cards.virtual.slot import VirtualSlot
from onecard.cards.virtual.tear import Tear, Torn

_SUFFIXES = {".bin", ".mfd"}
_MARK_AT = 10  # where makers put what they like into block 0; ours says there what kind of imitation it is
_LOOKS = 2  # a card that was worked with and is only looked at from then on has been dealt with


@dataclass(frozen=True, slots=True)
class Accident:
    """What happens to a virtual card on purpose, for training.

    Attributes:
        pull: before the command of this number, from 1, the card is taken away; None: it stays.
        tear: during the write of this number, from 1, the card is taken away.
        how: what that write leaves behind.
    """

    pull: int | None = None
    tear: int | None = None
    how: Torn = Torn.HALF

    @property
    def is_planned(self) -> bool:
        """Whether anything happens at all."""
        return self.pull is not None or self.tear is not None

    @classmethod
    def parse(cls, pull: int | None, tear: str | None) -> "Accident":
        """As written: `--pull N`, `--tear N` or `--tear N:HOW`.

        Raises:
            OneCardError: it is none of these.
        """
        if tear is None:
            return cls(pull=pull)
        number, _, how = tear.partition(":")
        known = {each.value for each in Torn}
        if not (number.isascii() and number.isdecimal() and int(number)) or (how and how not in known):
            message = f"{tear!r} is no torn write; write its number, or its number and one of {_names(Torn)}."
            raise OneCardError(message)
        return cls(pull=pull, tear=int(number), how=Torn(how) if how else Torn.HALF)


def _names(kinds: type[Torn]) -> str:
    return ", ".join(f"N:{each.value}" for each in kinds)


def card_files(path: str) -> tuple[Path, ...]:
    """The card of a file, or all cards of a directory, by name: a stack that is laid on one after the other.

    Raises:
        UnavailableError: there is no card.
    """
    given = Path(path)
    if not given.is_dir():
        read_dump(given)
        return (given,)
    found = tuple(sorted(each for each in given.iterdir() if each.suffix in _SUFFIXES))
    if not found:
        message = f"There is no card (.bin, .mfd) in {given}."
        raise UnavailableError(message)
    return found


def lay_new_card(path: Path, uid: bytes, size: Size, make: Make) -> None:
    """Write a card as it comes from the factory into a new file.

    Raises:
        OneCardError: the file exists.
        UnavailableError: it cannot be written.
    """
    if path.exists():
        message = f"{path} exists already; a card is not overwritten."
        raise OneCardError(message)
    memory = bytearray(new_chip(uid, size).dump())
    if make is not Make.GENUINE:
        mark = make.name.encode()
        memory[_MARK_AT : _MARK_AT + len(mark)] = mark
    try:
        write_private(path, bytes(memory))
    except OSError as error:
        message = f"The card {path} cannot be written: {error.strerror}."
        raise UnavailableError(message) from None


def load_card(path: Path) -> Chip:
    """The card in a file.

    Raises:
        UnavailableError: it cannot be read, or holds no card.
    """
    memory = read_dump(path)
    marked = memory[_MARK_AT:BLOCK_BYTES].rstrip(b"\0")
    make = next((each for each in Make if each.name.encode() == marked), Make.GENUINE)
    return Chip(memory, uid_bytes=uid_length(memory), make=make)


class FileSlot(VirtualSlot):
    """A virtual reader with one card after the other on it; a card stays until it has been dealt with.

    Args:
        files: of the cards.
        accident: what happens to the first one.
    """

    def __init__(self, files: Sequence[Path], accident: Accident) -> None:
        super().__init__(VirtualReader(), name="virtual reader")
        self._waiting = list(files)
        self._file = files[0]
        self._saved = b""
        self._looks: int | None = None
        self._lay_on(accident)

    def atr(self) -> bytes | None:
        """See `Slot`. Of several cards, one that has been dealt with makes room for the next."""
        if self._looks is not None:
            self._looks += 1
            if self._looks > _LOOKS and len(self._waiting) > 1:
                self.reader.remove()
                self._waiting.pop(0)
                self._lay_on(Accident())
        return super().atr()

    def transmit(self, command: bytes) -> bytes:
        """See `Slot`."""
        chip = self.reader.chip
        answer = super().transmit(command)
        if chip is not None:
            self._save(chip)
        if command != GET_UID:
            self._looks = 0
        return answer

    def _lay_on(self, accident: Accident) -> None:
        self._file = self._waiting[0]
        chip = load_card(self._file)
        self._saved, self._looks = chip.dump(), None
        if accident.tear is not None:
            chip.tear = Tear(chip.writes + accident.tear - 1, accident.how)
        if accident.pull is not None:
            self.reader.pull_before = self.reader.apdus + accident.pull - 1
        self.reader.insert(chip)

    def _save(self, chip: Chip) -> None:
        memory = chip.dump()
        if memory == self._saved:
            return
        try:
            write_private(self._file, memory)
        except OSError:
            # what cannot be kept has not happened: the card falls silent, as if it were pulled
            self.reader.remove()
            raise SlotError(Trouble.PULLED) from None
        self._saved = memory
