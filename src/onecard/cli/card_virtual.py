"""`onecard card apdu`: a virtual card on a virtual reader, line by line."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from onecard.base.errors import OneCardError
from onecard.cards.classic.geometry import Size
from onecard.cards.classic.manufacturer import uid_length
from onecard.cards.steps import Dialect
from onecard.cards.virtual.chip import Chip, Make, new_chip
from onecard.cards.virtual.dumps import read_dump
from onecard.cards.virtual.reader import NoCardError, VirtualReader
from onecard.cards.virtual.tear import Tear, Torn

NO_CARD = "There is no card on the reader."


class VirtualCard(Enum):
    """Cards there are."""

    CLASSIC_1K = "classic1k"
    CLASSIC_4K = "classic4k"

    @property
    def size(self) -> Size:
        """Of its memory."""
        return Size.K1 if self is VirtualCard.CLASSIC_1K else Size.K4


@dataclass(frozen=True, slots=True)
class Answer:
    """A command and what came back; no status word at all means that the card was pulled meanwhile."""

    apdu: str
    response: str
    sw: str
    error: str | None = None

    @property
    def fields(self) -> dict[str, str]:
        """For JSON."""
        found = {"apdu": self.apdu, "response": self.response, "sw": self.sw}
        return found | ({"error": self.error} if self.error else {})

    @property
    def line(self) -> str:
        """For people."""
        return self.error or f"{self.response} {self.sw}".strip() or "(the card was pulled)"


def make_card(kind: VirtualCard, uid: bytes, make: Make, dump: Path | None) -> Chip:
    """A fresh card, or the one of a dump.

    Raises:
        OneCardError: the dump is of another kind of card.
    """
    if dump is None:
        return new_chip(uid, kind.size, make=make)
    memory = read_dump(dump)
    if len(memory) != kind.size:
        message = f"{dump} is the dump of a {Size(len(memory)).label} card, not of {kind.value}."
        raise OneCardError(message)
    return Chip(memory, uid_bytes=uid_length(memory), make=make)


def play(chip: Chip, dialect: Dialect, lines: Iterable[str]) -> Iterator[Answer]:
    """The answers to the lines, each given before the next line is read.

    A line is an APDU in hex, a comment behind `#`, or a word: `reset` selects the card again, `remove` and
    `insert` take it away and lay it on, `tear HOW` pulls it during the next write.

    Raises:
        OneCardError: a line is none of these.
    """
    reader = VirtualReader(dialect)
    reader.insert(chip)
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if words and not _control(reader, chip, words):
            yield _transmit(reader, "".join(words), number)


def _control(reader: VirtualReader, chip: Chip, words: list[str]) -> bool:
    match words:
        case ["reset"] if reader.chip:
            reader.reset()
        case ["reset" | "remove"]:
            reader.remove()
        case ["insert"]:
            reader.insert(chip)
        case ["tear", how] if how in {torn.value for torn in Torn}:
            chip.tear = Tear(write=chip.writes, how=Torn(how))
        case _:
            return False
    return True


def _transmit(reader: VirtualReader, text: str, number: int) -> Answer:
    try:
        command = bytes.fromhex(text)
    except ValueError:
        message = f"Line {number} is no APDU: write hex digits, or reset, insert, remove, tear HOW."
        raise OneCardError(message) from None
    try:
        answer = reader.transmit(command)
    except NoCardError:
        return Answer(text.upper(), "", "", NO_CARD)
    return Answer(text.upper(), answer[:-2].hex().upper(), answer[-2:].hex().upper())


def input_lines() -> Iterator[str]:
    """Lines of standard input as they come; bytes that are no text become marks no APDU contains."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace")
