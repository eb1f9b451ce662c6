"""The import of people as two jobs: check an uploaded file and show what it would do, then carry it out."""

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onecard.base.db import Tx
from onecard.base.errors import ConflictError
from onecard.base.jobs import service as jobs
from onecard.base.jobs import wording
from onecard.base.jobs.kinds import job
from onecard.base.jobs.model import Ended, State, Upload
from onecard.base.jobs.work import Work
from onecard.base.texts import Text, say, say_count
from onecard.base.vault import Vault
from onecard.desk.model import Parsed, Verdict
from onecard.desk.people_import import Outcome, import_rows, read_people
from onecard.desk.sheet_writer import Format
from onecard.desk.texts import sentence
from onecard.desk.uploads import FILE_MAX_MB, SheetError, Trouble
from onecard.desk.uploads import KINDS as KINDS_OF_FILES
from onecard.desk.workbooks import write_reasons, write_template
from onecard.people.scope import Scope, as_array

WRONG_SHOWN = 100
_STAGES = {"read": say("Reading the file"), "check": say("Checking rows"), "save": say("Saving people")}


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A wrong row as the preview shows it: its number in the spreadsheet program, what is wrong with it."""

    row: int
    number: str
    name: str
    reason: Text


async def start_check(tx: Tx, vault: Vault, file: Upload, *, language: str, departments: Scope) -> int:
    """Ask what importing a file would do; returns the job's id.

    The job's outcome counts rows by `Verdict`; its detail holds the first wrong ones (`wrong_rows`), and its
    result is the workbook of all of them.

    Args:
        tx: the importer's transaction.
        vault: seals the file.
        file: `.xlsx`, `.xls` or `.csv`.
        language: of the workbook of wrong rows.
        departments: where the importer may see and put people.

    Raises:
        SheetError: the file is refused before anybody looks into it.
    """
    if Path(file.name).suffix.lower() not in KINDS_OF_FILES:
        raise SheetError(Trouble.WRONG_KIND, file.name)
    if (await asyncio.to_thread(file.path.stat)).st_size > FILE_MAX_MB << 20:
        raise SheetError(Trouble.TOO_BIG, str(FILE_MAX_MB))
    params = {"language": language, "departments": as_array(departments), "file": file.name}
    return await jobs.start(
        tx, vault, PEOPLE_CHECK, say("Check of {file}", file=file.name), params, file=file
    )


async def start_import(
    tx: Tx, vault: Vault, check_id: int, *, all_or_nothing: bool, departments: Scope
) -> int:
    """Ask for a checked file to be imported; returns the job's id.

    Args:
        tx: the transaction of whoever had it checked.
        vault: opens the file.
        check_id: the job that checked it.
        all_or_nothing: import nothing when a row is wrong; otherwise the good rows without the wrong ones.
        departments: where the importer may see and put people.

    Raises:
        NotFoundError: there is no such job.
        ConflictError: it is no finished check of this importer, or the file is no longer kept.
    """
    check = await jobs.get(tx, check_id)
    usable = check.kind == PEOPLE_CHECK.name and check.state is State.DONE and check.asked_by == str(tx.actor)
    if not usable or check.input is None:
        raise ConflictError(say("The file is not checked, or it is no longer kept. Upload it again."))
    params = {
        "check": check_id,
        "all_or_nothing": all_or_nothing,
        "language": check.params["language"],
        "departments": as_array(departments),
        "file": check.input.name,
    }
    return await jobs.start(tx, vault, PEOPLE_IMPORT, say("Import of {file}", file=check.input.name), params)


async def template(language: str) -> tuple[str, bytes]:
    """Name and bytes of the empty workbook to fill in, in a language (`zh-CN` or `en`)."""
    with tempfile.TemporaryDirectory(prefix="onecard-template-") as directory:
        path = Path(directory) / "template.xlsx"
        await asyncio.to_thread(write_template, path, language)
        content = await asyncio.to_thread(path.read_bytes)
    name = say("people to import").read(language)
    return f"{name}.xlsx", content


def wrong_rows(detail: Any) -> list[WrongRow]:
    """The first wrong rows out of the detail of either job."""
    return [
        WrongRow(each["row"], each["number"], each["name"], wording.load(each["reason"]) or Text(""))
        for each in (detail or {}).get("wrong", [])
    ]


async def _check(work: Work) -> Ended:
    """Reads and plans; saves nothing."""
    sheet, rows = await read_people(await work.input(), _told(work))
    async with work.tx(snapshot=True) as tx:
        outcome = await import_rows(
            tx, work.vault, sheet, rows, preview=True, departments=work.params["departments"],
            progress=_told(work),
        )  # fmt: skip
    await _give_wrong_rows(work, outcome)
    found = say("{new} new, {changed} changed, {unchanged} unchanged, {wrong} wrong.", **_counts(outcome))
    return Ended(found, _counts(outcome), _detail(outcome, rows))


async def _import(work: Work) -> Ended:
    """Saves and ends in one transaction, so it is done once or not at all."""
    params = work.params
    sheet, rows = await read_people(await work.input(params["check"]), _told(work))
    async with work.tx() as tx:
        outcome = await import_rows(
            tx, work.vault, sheet, rows, all_or_nothing=params["all_or_nothing"],
            departments=params["departments"], progress=_told(work),
        )  # fmt: skip
        ended = Ended(
            _imported(outcome), _counts(outcome), _detail(outcome, rows), failed=not outcome.applied
        )
        await _give_wrong_rows(work, outcome)
        await work.end(tx, ended)
    return ended


PEOPLE_CHECK = job("people.check", again=True)(_check)
PEOPLE_IMPORT = job("people.import", again=True)(_import)
KINDS = (PEOPLE_CHECK, PEOPLE_IMPORT)


def _told(work: Work) -> Callable[[int, int, str], None]:
    def told(done: int, total: int, stage: str) -> None:
        work.progress(done, total, _STAGES[stage])

    return told


def _counts(outcome: Outcome) -> dict[str, int]:
    return {verdict.value: count for verdict, count in outcome.plan.counts.items()}


def _imported(outcome: Outcome) -> Text:
    wrong = outcome.plan.counts[Verdict.WRONG]
    if not outcome.applied:
        return say_count(
            wrong,
            "Nothing was imported, because {count} row is wrong.",
            "Nothing was imported, because {count} rows are wrong.",
        )
    done = say("Imported: {new} new, {changed} changed, {unchanged} unchanged.", **_counts(outcome))
    if wrong:
        return say("{done} {count} wrong rows were left out.", done=done, count=wrong)
    return done


def _detail(outcome: Outcome, rows: Sequence[Parsed]) -> Mapping[str, Any]:
    """The first wrong rows; reasons are kept as texts, so that they can be read in either language."""
    wrong = {row.row: row for row in outcome.plan.of(Verdict.WRONG)[:WRONG_SHOWN]}
    shown = [
        {
            "row": row.row,
            "number": row.number,
            "name": row.name,
            "reason": wording.dump(sentence(wrong[row.row].reasons)),
        }
        for row in rows
        if row.row in wrong
    ]
    return {"wrong": shown}


async def _give_wrong_rows(work: Work, outcome: Outcome) -> None:
    if not outcome.plan.counts[Verdict.WRONG]:
        return
    path, language = work.directory / "wrong.xlsx", work.params["language"]
    await asyncio.to_thread(write_reasons, path, outcome.sheet, outcome.plan, language)
    name = say("wrong rows of {file}", file=Path(work.params["file"]).stem).read(language)
    await work.give(path, f"{name}.xlsx", Format.XLSX.media_type)
