"""Columns: one declaration that heads tables, shows cells, filters, sorts, exports and describes the API."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

from onecard.base.db import Row
from onecard.base.listing import Kind
from onecard.base.texts import Text, say
from onecard.tenants.functions import Function
from onecard.web.kit.views import Cell, Look, Tone
from onecard.web.kit.visit import Visit

Word: TypeAlias = Text | tuple[Text, Tone]
Show: TypeAlias = Callable[[Visit, Row], Cell]

_LOOKS = {
    Kind.TEXT: Look.TEXT,
    Kind.CODE: Look.CODE,
    Kind.NUMBER: Look.NUMBER,
    Kind.MONEY: Look.MONEY,
    Kind.DATE: Look.DATE,
    Kind.INSTANT: Look.INSTANT,
    Kind.CHOICE: Look.BADGE,
    Kind.YES: Look.YES,
    Kind.ID: Look.TEXT,
}


@dataclass(frozen=True, slots=True)
class Program:
    """What programs get of a column: its type, for the API's description, and its value in a row."""

    kind: Any
    value: Callable[[Visit, Row], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a screen.

    Attributes:
        name: of the listing's field.
        title: heading, in the table, the filter panel, the export and the import template.
        kind: as the listing's field has it; the screen fills it in.
        look: how cells are laid out; None: as its kind is usually.
        words: of a choice, or of an id: stored word to what people read (and its colour).
        show: makes the cell of a row itself.
        phone: its place when rows become cards: `title`, `sub`, `line`, `hide`.
        shown: stands in the table unless somebody chose other columns; one neither shown nor exported is for
            programs.
        filter: stands in the filter panel.
        export: stands in exports.
        in_file: what a file says instead of what the table shows.
        needs: who lacks this function sees the column nowhere.
        program: what the API answers when that is not the stored value.
    """

    name: str
    title: Text
    kind: Kind = Kind.TEXT
    look: Look | None = None
    words: Mapping[str, Word] = field(default_factory=dict)
    show: Show | None = None
    phone: str = "line"
    shown: bool = True
    filter: bool = True
    export: bool = True
    in_file: Callable[[Visit, Row], str] | None = None
    needs: Function | None = None
    program: Program | None = None

    @property
    def layout(self) -> Look:
        """How its cells are laid out."""
        return self.look or _LOOKS[self.kind]

    @property
    def is_choice(self) -> bool:
        """One of a few: words, or other things that have names."""
        return self.kind is Kind.CHOICE or (self.kind is Kind.ID and bool(self.words))

    def cell(self, visit: Visit, row: Row) -> Cell:
        """The cell of a row."""
        if self.show is not None:
            return self.show(visit, row)
        value = row[self.name]
        tone = Tone.PLAIN
        if self.kind is Kind.MONEY and value is not None and value < 0:
            tone = Tone.BAD
        if self.kind is Kind.CHOICE and value is not None:
            tone = self._word(value)[1]
        text = self.written(visit, value)
        return Cell(text, self.layout if text else Look.TEXT, tone)

    def in_words(self, visit: Visit, row: Row) -> str:
        """What a file says of a row."""
        return self.in_file(visit, row) if self.in_file else self.cell(visit, row).text

    def written(self, visit: Visit, value: Any) -> str:
        """A value as people read it."""
        if value is None or value == "":
            return ""
        if self.kind is Kind.MONEY:
            return visit.money(value)
        if isinstance(value, bool):
            return visit.say(say("Yes")) if value else ""
        if self.is_choice:
            return visit.say(self._word(str(value))[0])
        return _plain(visit, value)

    def _word(self, value: str) -> tuple[Text, Tone]:
        word = self.words.get(value, Text(str(value)))
        return word if isinstance(word, tuple) else (word, Tone.PLAIN)


def _plain(visit: Visit, value: Any) -> str:
    if isinstance(value, datetime):
        return visit.instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:,}" if isinstance(value, int) else str(value)
