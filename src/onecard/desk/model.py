"""What the import of people speaks of: sheets, columns, reasons, the plan of what each row does."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cached_property

from msgspec import Struct

from onecard.base.texts import Text, say_in
from onecard.cards.model import Binding
from onecard.people.model import Gender, Person, PersonDraft
from onecard.people.rules import DepartmentTree
from onecard.people.scope import Scope


class Column(Enum):
    """Columns of the template in its order, with their headings."""

    NUMBER = say_in("heading", "Number")
    NAME = say_in("heading", "Name")
    CLASS = say_in("heading", "Account class")
    DEPARTMENT = say_in("heading", "Department")
    GENDER = say_in("heading", "Gender")
    ID_NUMBER = say_in("heading", "ID number")
    PHONE = say_in("heading", "Phone")
    UID = say_in("heading", "Card UID")

    @property
    def title(self) -> Text:
        """The heading."""
        return self.value


REQUIRED = (Column.NUMBER, Column.NAME, Column.CLASS, Column.DEPARTMENT)
# added to the workbook with reasons; ignored when it comes back
ROW_HEADING = say_in("heading", "Row")
REASON_HEADING = say_in("heading", "Reason")


class Line(Struct, frozen=True, array_like=True):
    """One row of a sheet: its number as the spreadsheet program shows it, and its cells as text."""

    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """An uploaded table: the line of headings, and the lines below it that are not empty."""

    header: Line
    lines: tuple[Line, ...]


class Why(StrEnum):
    """Why a row is wrong; see `texts.py` for the sentences."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    UNPRINTABLE = "unprintable"
    GENDER_UNKNOWN = "gender_unknown"
    ID_NUMBER_MALFORMED = "id_number_malformed"
    LOST_DIGITS = "lost_digits"
    PHONE_MALFORMED = "phone_malformed"
    UID_MALFORMED = "uid_malformed"
    TWICE = "twice"
    CLASS_UNKNOWN = "class_unknown"
    DEPARTMENT_UNKNOWN = "department_unknown"
    DEPARTMENT_AMBIGUOUS = "department_ambiguous"
    DEPARTMENT_OUTSIDE = "department_outside"
    PERSON_OUTSIDE = "person_outside"
    PHONE_TAKEN = "phone_taken"
    PHONE_OUTSIDE = "phone_outside"
    CARD_TAKEN = "card_taken"
    CARD_LOST = "card_lost"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong with a row, with the column it is about and what the sentence quotes."""

    why: Why
    column: Column
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A line with its cells in the form they are stored; empty optional cells are None."""

    row: int
    number: str
    name: str
    class_text: str
    department_text: str
    gender: Gender | None
    id_number: str | None
    phone: str | None
    uid: str | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the tenant has already, as far as a file's rows touch it.

    Attributes:
        classes: account class ids by name and by number.
        tree: all departments.
        persons: by number and by phone those named in the file.
        cards: bindings of the UIDs in the file.
        active_cards: UID by person id.
        tag: keyed hash of an ID number, comparable with `Person.id_number_tag`.
        scope: departments of the importer; None: all.
    """

    classes: Mapping[str, int]
    tree: DepartmentTree
    persons: Mapping[str, Person]
    phones: Mapping[str, Person]
    cards: Mapping[str, Binding]
    active_cards: Mapping[int, str]
    tag: Callable[[str], bytes]
    scope: Scope = None


class Verdict(StrEnum):
    """What importing a row does."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlan:
    """What becomes of one row: `draft` unless it is wrong, `uid` when the card changes hands."""

    row: int
    verdict: Verdict
    draft: PersonDraft | None = None
    person_id: int | None = None
    uid: str | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What an import would do, row by row."""

    rows: tuple[RowPlan, ...]

    @cached_property
    def counts(self) -> dict[Verdict, int]:
        """Rows by verdict; every verdict is there."""
        found = Counter(row.verdict for row in self.rows)
        return {verdict: found[verdict] for verdict in Verdict}

    def of(self, verdict: Verdict) -> list[RowPlan]:
        """The rows of one verdict."""
        return [row for row in self.rows if row.verdict is verdict]
