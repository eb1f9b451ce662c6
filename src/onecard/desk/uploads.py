"""What an uploaded file may be: its kinds, its limits, and the sentences with which one is refused."""

from enum import StrEnum

from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say

KINDS = (".xlsx", ".xls", ".csv")
FILE_MAX_MB = 20
ROWS_MAX = 60_000  # below the headings
COLUMNS_MAX = 64


class Trouble(StrEnum):
    """Why a whole file is refused."""

    UNREADABLE = "unreadable"
    EMPTY_FILE = "empty_file"
    TOO_BIG = "too_big"
    WRONG_KIND = "wrong_kind"
    NOT_THE_KIND = "not_the_kind"
    DAMAGED = "damaged"
    ENCRYPTED = "encrypted"
    BOMB = "bomb"
    MACRO = "macro"
    LINKED = "linked"
    DOCTYPE = "doctype"
    FORMULA = "formula"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    TOO_MUCH = "too_much"
    ENCODING = "encoding"
    NO_ROWS = "no_rows"
    HEADINGS_MISSING = "headings_missing"
    HEADING_TWICE = "heading_twice"


_TROUBLES: dict[Trouble, Text] = {
    Trouble.UNREADABLE: say("The file cannot be opened: {detail}."),
    Trouble.EMPTY_FILE: say("The file is empty."),
    Trouble.TOO_BIG: say("The file is larger than {detail} MB."),
    Trouble.WRONG_KIND: say("The file must end in .xlsx, .xls or .csv; {detail} does not."),
    Trouble.NOT_THE_KIND: say(
        "The file is called {detail}, but its content is something else; save it again as {detail}."
    ),
    Trouble.DAMAGED: say("The file is damaged and cannot be read."),
    Trouble.ENCRYPTED: say("The file is protected by a password; save it without one."),
    Trouble.BOMB: say("The file unpacks to far more than it should."),
    Trouble.MACRO: say("The file contains a macro; save it as a plain workbook (.xlsx)."),
    Trouble.LINKED: say("The file refers to other files or contains embedded objects; save its values only."),
    Trouble.DOCTYPE: say(
        "The file contains a document type declaration, which no spreadsheet program writes."
    ),
    Trouble.FORMULA: say("Cell {detail} contains a formula; paste values only."),
    Trouble.TOO_MANY_ROWS: say("The file has more than {detail} rows."),
    Trouble.TOO_MANY_COLUMNS: say("The file has more than {detail} columns."),
    Trouble.TOO_MUCH: say("The file takes too much time or memory to read."),
    Trouble.ENCODING: say("The text is neither UTF-8 nor GB18030; save it as CSV UTF-8."),
    Trouble.NO_ROWS: say("The file has headings but no rows."),
    Trouble.HEADINGS_MISSING: say("The first row must hold the headings of the template; missing: {detail}."),
    Trouble.HEADING_TWICE: say("The heading {detail} appears twice."),
}


class SheetError(OneCardError):
    """A file that is refused as a whole."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        self.trouble = trouble
        self.detail = detail
        text = _TROUBLES[trouble]
        super().__init__(Text(text.source, {"detail": detail} if "{detail}" in text.source else {}))
