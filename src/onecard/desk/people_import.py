"""Import of people: read the file, plan each row, save all good rows in one transaction or nothing."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from onecard.base.db import Actor, Database, Tx
from onecard.base.vault import Vault
from onecard.cards import service as cards
from onecard.desk.import_audit import entries
from onecard.desk.model import Known, Parsed, Plan, RowPlan, Sheet, Verdict
from onecard.desk.rules import parse, plan
from onecard.desk.sheet import read_sheet
from onecard.ledger.service import open_accounts
from onecard.people import service as people
from onecard.people.model import PersonDraft
from onecard.people.scope import Scope
from onecard.tenants import audit
from onecard.tenants import service as tenants

T = TypeVar("T")
Progress = Callable[[int, int, str], None]  # done, total, stage: read, check, save

CHUNK_ROWS = 2_500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, or would do.

    Attributes:
        sheet: the file as it was read.
        plan: row by row.
        applied: whether anything was to be saved and was.
        language: of the tenant, for the reasons.
    """

    sheet: Sheet
    plan: Plan
    applied: bool
    language: str


def _silent(_done: int, _total: int, _stage: str) -> None:
    """Progress that nobody watches."""


async def import_people(
    db: Database,
    vault: Vault,
    actor: Actor,
    *,
    tenant_id: int,
    path: Path,
    preview: bool = False,
    all_or_nothing: bool = False,
    progress: Progress = _silent,
) -> Outcome:
    """Import a workbook; importing it again changes nothing.

    Args:
        db: the database.
        vault: seals ID numbers.
        actor: who imports.
        tenant_id: whose people they are.
        path: `.xlsx`, `.xls` or `.csv`.
        preview: only say what would happen.
        all_or_nothing: save nothing when any row is wrong; otherwise the good rows are saved without them.
        progress: told how far each stage is.

    Raises:
        SheetError: the file is refused as a whole.
        ConflictError: somebody changed the same people in the meantime; nothing was saved.
    """
    sheet, rows = await read_people(path, progress)
    async with db.tenant_tx(tenant_id, actor) as tx:
        return await import_rows(
            tx, vault, sheet, rows, preview=preview, all_or_nothing=all_or_nothing, progress=progress
        )


async def read_people(path: Path, progress: Progress = _silent) -> tuple[Sheet, list[Parsed]]:
    """The file as it is, and its rows as far as they can be understood without knowing the tenant.

    Raises:
        SheetError: the file is refused as a whole.
    """
    progress(0, 1, "read")
    sheet = await read_sheet(path)
    # some seconds of pure work for a large file: not on the event loop, which may be serving others
    rows = await asyncio.to_thread(parse, sheet)
    progress(1, 1, "read")
    return sheet, rows


async def import_rows(
    tx: Tx,
    vault: Vault,
    sheet: Sheet,
    rows: Sequence[Parsed],
    *,
    preview: bool = False,
    all_or_nothing: bool = False,
    departments: Scope = None,
    progress: Progress = _silent,
) -> Outcome:
    """Plan and save rows of `read_people` within the caller's transaction.

    Args:
        tx: the tenant's transaction.
        vault: seals ID numbers.
        sheet: the file as it was read.
        rows: its rows.
        preview: only say what would happen.
        all_or_nothing: save nothing when any row is wrong.
        departments: where the importer may see and put people; rows elsewhere are wrong.
        progress: told how far each stage is; what it raises ends the import.

    Raises:
        ConflictError: somebody changed the same people in the meantime; the transaction is to be undone.
    """
    if not preview:
        # the counter's row lock makes a tenant's imports queue, each seeing what the one before saved
        await tenants.next_number(tx, "people_import")
    language = (await tenants.get(tx)).language
    progress(0, len(rows), "check")
    known = await _load_known(tx, vault, rows, departments)
    made = await asyncio.to_thread(plan, rows, known)
    progress(len(rows), len(rows), "check")
    refused = all_or_nothing and made.counts[Verdict.WRONG] > 0
    if not preview and not refused:
        await _save(tx, vault, made, progress)
        await _audit(tx, made, known)
    return Outcome(sheet, made, applied=not preview and not refused, language=language)


async def _load_known(tx: Tx, vault: Vault, rows: Sequence[Parsed], departments: Scope) -> Known:
    tenant_id = (await tenants.get(tx)).tenant_id
    persons = await people.persons_named(
        tx,
        numbers=[row.number for row in rows if row.number],
        phones=[row.phone for row in rows if row.phone],
    )
    bindings = await cards.bindings(
        tx, uids=[row.uid for row in rows if row.uid], persons=[person.id for person in persons]
    )
    classes = await people.classes(tx)
    return Known(
        classes={str(each.number): each.id for each in classes} | {each.name: each.id for each in classes},
        tree=await people.departments(tx),
        persons={person.number: person for person in persons},
        phones={person.phone: person for person in persons if person.phone},
        cards={binding.uid: binding for binding in bindings},
        active_cards={each.person_id: each.uid for each in bindings if each.state == "active"},
        tag=lambda text: vault.tag(tenant_id, text),
        scope=None if departments is None else frozenset(departments),
    )


async def _save(tx: Tx, vault: Vault, made: Plan, progress: Progress) -> None:
    new, changed = made.of(Verdict.NEW), made.of(Verdict.CHANGED)
    total, done = len(new) + len(changed), 0
    progress(0, total, "save")
    for chunk in _chunks(changed):
        drafts = {row.person_id: _draft(row) for row in chunk if row.person_id is not None}
        await people.change_persons(tx, vault, drafts)
        await cards.bind(tx, {row.uid: row.person_id for row in chunk if row.uid and row.person_id})
        done += len(chunk)
        progress(done, total, "save")
    for chunk in _chunks(new):
        ids = await people.add_persons(tx, vault, [_draft(row) for row in chunk])
        await open_accounts(tx, list(ids.values()))
        await cards.bind(tx, {row.uid: ids[_draft(row).number] for row in chunk if row.uid})
        done += len(chunk)
        progress(done, total, "save")


async def _audit(tx: Tx, made: Plan, known: Known) -> None:
    classes = {each.id: each.name for each in await people.classes(tx)}
    written = await asyncio.to_thread(entries, made, known, classes)
    for chunk in _chunks(written):
        await audit.write(tx, *chunk)
        await asyncio.sleep(0)  # others on the event loop have their turn


def _draft(row: RowPlan) -> PersonDraft:
    if row.draft is None:
        message = f"row {row.row} is wrong and has nothing to save"
        raise ValueError(message)
    return row.draft


def _chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), CHUNK_ROWS):
        yield rows[start : start + CHUNK_ROWS]
