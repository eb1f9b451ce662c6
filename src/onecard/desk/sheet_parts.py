"""Looks through one XML part of a workbook as it streams by, keeping nothing of it."""

import re
from typing import Any
from xml.parsers import expat

from onecard.desk.uploads import COLUMNS_MAX, ROWS_MAX, SheetError, Trouble

ELEMENTS_MAX = 8_000_000
DEPTH_MAX = 64
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,9})")
_ACTIVE_RELATION = (
    "/hyperlink"  # the only kind of outside reference that a plain workbook has: a typed address
)


class PartSearch:
    """Feeds a part to a parser that builds nothing; the first hostile thing ends it with a `SheetError`."""

    def __init__(self, *, is_relations: bool) -> None:
        """`is_relations`: the part lists what the workbook refers to."""
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._root
        self._is_relations = is_relations
        self._elements = 0
        self._row = 0
        self._column = 0

    def feed(self, chunk: bytes) -> None:
        """The next piece of the part."""
        self._parser.Parse(chunk, False)

    def finish(self) -> None:
        """The part is over."""
        self._parser.Parse(b"", True)

    def _doctype(self, *_arguments: object) -> None:
        raise SheetError(Trouble.DOCTYPE)

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        """Decide by the first element what else to look at; most parts need nothing more."""
        handler: Any = None
        if self._is_relations or _local(name) == "Relationships":
            handler = self._relation
        elif _local(name) == "worksheet":
            handler = self._cell
        self._parser.StartElementHandler = handler

    def _relation(self, name: str, attributes: dict[str, str]) -> None:
        outside = attributes.get("TargetMode", "").lower() == "external"
        if outside and not attributes.get("Type", "").endswith(_ACTIVE_RELATION):
            raise SheetError(Trouble.LINKED)

    def _cell(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > ELEMENTS_MAX:
            raise SheetError(Trouble.TOO_MUCH)
        kind = name if ":" not in name else _local(name)
        if kind == "c":
            self._place(attributes.get("r"))
        elif kind == "row":
            row = attributes.get("r", "")
            self._row, self._column = int(row) if row.isdecimal() else self._row + 1, 0
        elif kind in {"v", "is"}:
            self._check_place()
        elif kind == "f":
            raise SheetError(Trouble.FORMULA, self._name())

    def _place(self, reference: str | None) -> None:
        if reference is None:
            self._column += 1
            return
        match = _REFERENCE.fullmatch(reference)
        if match is None:
            raise SheetError(Trouble.DAMAGED)
        self._column, self._row = _column_number(match[1]), int(match[2])

    def _check_place(self) -> None:
        """Only cells that hold something count: formats may reach to the last row of the sheet."""
        if self._row > ROWS_MAX + 1:
            raise SheetError(Trouble.TOO_MANY_ROWS, str(ROWS_MAX))
        if self._column > COLUMNS_MAX:
            raise SheetError(Trouble.TOO_MANY_COLUMNS, str(COLUMNS_MAX))

    def _name(self) -> str:
        letters, column = "", self._column
        while column > 0:
            column, rest = divmod(column - 1, 26)
            letters = chr(ord("A") + rest) + letters
        return f"{letters}{self._row}"


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
