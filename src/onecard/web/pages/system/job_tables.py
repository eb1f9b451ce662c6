"""What imports show below their card: the first rows and files there is something to say about."""

from collections.abc import Sequence
from typing import Any

from onecard.base.db import Row
from onecard.base.texts import Text, say, say_in
from onecard.desk.import_job import PEOPLE_CHECK, PEOPLE_IMPORT, wrong_rows
from onecard.desk.photo_job import PHOTOS_IMPORT, told_of
from onecard.web.kit import jobs
from onecard.web.kit.columns import Column
from onecard.web.kit.tables import as_rows, plain_table
from onecard.web.kit.views import Cell, Look, TableView, Tone
from onecard.web.kit.visit import Visit


def _reason(visit: Visit, row: Row) -> Cell:
    return Cell(visit.say(row["reason"]), tone=Tone.WARN if row.get("stored") else Tone.BAD)


_WHO = (
    Column(name="number", title=say("Person number"), look=Look.CODE, phone="sub"),
    Column(name="name", title=say_in("person", "Name"), look=Look.STRONG, phone="title"),
)
_WHY = Column(name="reason", title=say("What is wrong"), show=_reason)
_ROWS = (Column(name="row", title=say("Row"), look=Look.CODE), *_WHO, _WHY)
_FILES = (Column(name="file", title=say("File"), phone="title"), _WHO[0], _WHY)


def _table(visit: Visit, columns: Sequence[Column], found: Sequence[Any], none: Text) -> TableView | None:
    return plain_table(visit, "wrong", columns, as_rows(found), none) if found else None


def _of_rows(visit: Visit, detail: Any) -> TableView | None:
    return _table(visit, _ROWS, wrong_rows(detail), say("No row is wrong."))


def _of_files(visit: Visit, detail: Any) -> TableView | None:
    return _table(visit, _FILES, told_of(detail), say("No photo was refused."))


def add_all() -> None:
    """Let the jobs of imports show their tables."""
    for kind in (PEOPLE_CHECK, PEOPLE_IMPORT):
        jobs.add(kind.name, table=_of_rows)
    jobs.add(PHOTOS_IMPORT.name, table=_of_files)
