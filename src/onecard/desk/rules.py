"""Pure rules of the import: which column is which, what a row means, what importing it would do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from onecard.base.texts import LANGUAGES
from onecard.cards.model import parse_uid
from onecard.desk.model import (
    REQUIRED,
    Column,
    Known,
    Line,
    Parsed,
    Plan,
    Reason,
    RowPlan,
    Sheet,
    Verdict,
    Why,
)
from onecard.desk.uploads import SheetError, Trouble
from onecard.people.model import Gender, Person, PersonDraft
from onecard.people.rules import (
    NAME_MAX,
    NUMBER_MAX,
    compact,
    has_control_characters,
    parse_id_number,
    parse_phone,
    plain,
    tidy,
)
from onecard.people.scope import covers

_GENDERS = {
    "男": Gender.MALE,
    "男性": Gender.MALE,
    "m": Gender.MALE,
    "male": Gender.MALE,
    "女": Gender.FEMALE,
    "女性": Gender.FEMALE,
    "f": Gender.FEMALE,
    "female": Gender.FEMALE,
}
_HEADINGS = {
    compact(column.title.read(language)).casefold(): column for column in Column for language in LANGUAGES
}
_LOST_DIGITS = "E+"  # how a number of more than 15 digits reads after a spreadsheet program rounded it
_ROWS_QUOTED = 5


def find_columns(header: Line) -> dict[Column, int]:
    """Position of each of the template's columns among the headings, in either language and any order.

    Raises:
        SheetError: a required heading is missing, or one appears twice.
    """
    found: dict[Column, int] = {}
    for position, text in enumerate(header.cells):
        column = _HEADINGS.get(compact(text).rstrip("*").casefold())
        if column in found:
            raise SheetError(Trouble.HEADING_TWICE, text)
        if column is not None:
            found[column] = position
    missing = [
        " / ".join(column.title.read(language) for language in LANGUAGES)
        for column in REQUIRED
        if column not in found
    ]
    if missing:
        raise SheetError(Trouble.HEADINGS_MISSING, ", ".join(missing))
    return found


def parse(sheet: Sheet) -> list[Parsed]:
    """Each line as far as it can be understood without knowing the tenant; repeated keys are noticed here.

    Raises:
        SheetError: the headings are not the template's, or there is nothing below them.
    """
    columns = find_columns(sheet.header)
    if not sheet.lines:
        raise SheetError(Trouble.NO_ROWS)
    return _mark_repeated([_parse_line(line, columns) for line in sheet.lines])


def _parse_line(line: Line, columns: Mapping[Column, int]) -> Parsed:
    cells = {
        column: tidy(line.cells[position]) if position < len(line.cells) else ""
        for column, position in columns.items()
    }
    reasons: list[Reason] = []
    number = plain(cells[Column.NUMBER])
    for column, text, most in (
        (Column.NUMBER, number, NUMBER_MAX),
        (Column.NAME, cells[Column.NAME], NAME_MAX),
        (Column.CLASS, cells[Column.CLASS], NAME_MAX),
        (Column.DEPARTMENT, cells[Column.DEPARTMENT], NAME_MAX * 8),
    ):
        reasons += _text_reasons(column, text, most)
    gender = cells.get(Column.GENDER, "").casefold()
    if gender and gender not in _GENDERS:
        reasons.append(Reason(Why.GENDER_UNKNOWN, Column.GENDER, gender))
    return Parsed(
        row=line.row,
        number=number,
        name=cells[Column.NAME],
        class_text=cells[Column.CLASS],
        department_text=cells[Column.DEPARTMENT],
        gender=_GENDERS.get(gender),
        id_number=_optional(cells, Column.ID_NUMBER, reasons),
        phone=_optional(cells, Column.PHONE, reasons),
        uid=_optional(cells, Column.UID, reasons),
        reasons=tuple(reasons),
    )


def _text_reasons(column: Column, text: str, most: int) -> Iterable[Reason]:
    if not text:
        yield Reason(Why.MISSING, column)
    elif len(text) > most:
        yield Reason(Why.TOO_LONG, column, str(most))
    elif has_control_characters(text):
        yield Reason(Why.UNPRINTABLE, column)
    elif column is Column.NUMBER and _lost_digits(text):
        yield Reason(Why.LOST_DIGITS, column)


_OPTIONAL = {
    Column.ID_NUMBER: (parse_id_number, Why.ID_NUMBER_MALFORMED),
    Column.PHONE: (parse_phone, Why.PHONE_MALFORMED),
    Column.UID: (lambda text: parse_uid(compact(text)), Why.UID_MALFORMED),
}


def _optional(cells: Mapping[Column, str], column: Column, reasons: list[Reason]) -> str | None:
    """The cell in stored form; None when empty, or when malformed, which adds a reason."""
    text = cells.get(column, "")
    if not text:
        return None
    parser, why = _OPTIONAL[column]
    value = None if len(text) > NAME_MAX else parser(text)
    if _lost_digits(text):
        reasons.append(Reason(Why.LOST_DIGITS, column))
    elif value is None:
        reasons.append(Reason(why, column, text))
    return value


def _lost_digits(text: str) -> bool:
    mantissa, mark, exponent = text.partition(_LOST_DIGITS)
    return bool(mark) and exponent.isdigit() and mantissa.replace(".", "", 1).isdigit()


def _mark_repeated(rows: Sequence[Parsed]) -> list[Parsed]:
    extra: dict[int, list[Reason]] = {}
    for column, keys in (
        (Column.NUMBER, [row.number for row in rows]),
        (Column.PHONE, [row.phone for row in rows]),
        (Column.UID, [row.uid for row in rows]),
    ):
        places: dict[str, list[int]] = {}
        for place, key in enumerate(keys):
            if key:
                places.setdefault(key, []).append(place)
        for same in places.values():
            if len(same) > 1:
                quoted = ", ".join(str(rows[place].row) for place in same[:_ROWS_QUOTED])
                reason = Reason(Why.TWICE, column, quoted + (" …" if len(same) > _ROWS_QUOTED else ""))
                for place in same:
                    extra.setdefault(place, []).append(reason)
    return [replace(row, reasons=(*row.reasons, *extra.get(place, ()))) for place, row in enumerate(rows)]


def plan(rows: Iterable[Parsed], known: Known) -> Plan:
    """What importing each row would do; its number says which person a row is about."""
    return Plan(tuple(_plan_row(row, known) for row in rows))


def _plan_row(row: Parsed, known: Known) -> RowPlan:
    person = known.persons.get(row.number)
    class_id = known.classes.get(row.class_text)
    meant = known.tree.find(row.department_text) if row.department_text else []
    departments = [each for each in meant if covers(known.scope, each)]
    reasons = [*row.reasons, *_stored_reasons(row, known, class_id, person)]
    reasons += _department_reasons(row, meant, departments)
    if reasons or class_id is None:
        return RowPlan(row=row.row, verdict=Verdict.WRONG, reasons=tuple(reasons))
    draft = PersonDraft(
        number=row.number,
        name=row.name,
        department_id=departments[0],
        class_id=class_id,
        gender=row.gender,
        phone=row.phone,
        id_number=row.id_number,
    )
    if person is None:
        return RowPlan(row=row.row, verdict=Verdict.NEW, draft=draft, uid=row.uid)
    uid = None if known.active_cards.get(person.id) == row.uid else row.uid
    changed = uid is not None or _differs(draft, person, known)
    verdict = Verdict.CHANGED if changed else Verdict.UNCHANGED
    return RowPlan(row=row.row, verdict=verdict, draft=draft, person_id=person.id, uid=uid)


def _stored_reasons(
    row: Parsed, known: Known, class_id: int | None, person: Person | None
) -> Iterable[Reason]:
    """What is wrong with a row in the light of what is stored."""
    if row.class_text and class_id is None:
        yield Reason(Why.CLASS_UNKNOWN, Column.CLASS, row.class_text)
    if person is not None and not covers(known.scope, person.department_id):
        yield Reason(Why.PERSON_OUTSIDE, Column.NUMBER)
    owner = known.phones.get(row.phone or "")
    if owner is not None and owner.number != row.number:
        seen = covers(known.scope, owner.department_id)
        yield Reason(Why.PHONE_TAKEN if seen else Why.PHONE_OUTSIDE, Column.PHONE, owner.number)
    card = known.cards.get(row.uid or "")
    if card is not None and card.state == "lost":
        yield Reason(Why.CARD_LOST, Column.UID)
    elif card is not None and card.state == "active" and (person is None or card.person_id != person.id):
        yield Reason(Why.CARD_TAKEN, Column.UID)


def _department_reasons(row: Parsed, meant: Sequence[int], allowed: Sequence[int]) -> Iterable[Reason]:
    """Departments elsewhere do not make a name ambiguous for somebody who may not import into them."""
    if row.department_text and len(allowed) != 1:
        outside = Why.DEPARTMENT_OUTSIDE if meant else Why.DEPARTMENT_UNKNOWN
        yield Reason(Why.DEPARTMENT_AMBIGUOUS if allowed else outside, Column.DEPARTMENT, row.department_text)


def _differs(draft: PersonDraft, person: Person, known: Known) -> bool:
    """Whether saving the draft would change the person; None leaves a field as it is."""
    return (
        draft.name != person.name
        or draft.department_id != person.department_id
        or draft.class_id != person.class_id
        or draft.gender not in {None, person.gender}
        or draft.phone not in {None, person.phone}
        or (draft.id_number is not None and known.tag(draft.id_number) != person.id_number_tag)
    )
