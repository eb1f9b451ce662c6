"""What the console is measured on: a school with many people, their money, an audit and jobs.

Everything is made by the product's own use cases, so that it looks as if it had been used for years. What was
made is written down in the directory, so that the next run can use it again.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import msgspec

from onecard.base.db import Actor, Database, Tx
from onecard.base.errors import OneCardError
from onecard.base.vault import Vault
from onecard.bench.harness import Progress, portions
from onecard.bench.web_jobs import seed_jobs
from onecard.bench.web_money import seed_money
from onecard.bench.web_school import DEPARTMENTS, Invented, invent
from onecard.bench.web_site import Site, Size
from onecard.cards import service as cards
from onecard.consumption import service as consumption
from onecard.desk import personnel
from onecard.desk.examples import school
from onecard.desk.new_tenant import open_tenant
from onecard.ledger.service import open_accounts
from onecard.people import service as people
from onecard.people.model import FileDraft, PersonDraft
from onecard.tenants import audit
from onecard.tenants.functions import F, Function
from onecard.tenants.operators import roles
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import EVERYTHING, OperatorDraft

CODE = "8672"
ACTOR = Actor("operator", "86720001", "10.0.0.17")
MANIFEST = "bench-web.json"
AUDIT_PER_PERSON = 2

_CHUNK = 2_500
_AUDIT_CHUNK = 500
_FULL_FILE_EVERY = 50  # everybody else comes by the import, which knows fewer fields
_LEFT_EVERY = 30
_ENTERED_FIRST = date(2018, 9, 1)
_LEFT_ON = date(2026, 7, 10)
_CLERKS = 60
_CLERK = frozenset({F.PEOPLE_PERSON_VIEW, F.PEOPLE_PERSON_CHANGE, F.PEOPLE_DEPARTMENT_VIEW})
_TEACHER = _CLERK | {F.PEOPLE_CLASS_VIEW, F.SYSTEM_JOB_VIEW}
_TEACHERS_DIVISION = "初中部"


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the directory, as its manifest says.

    Attributes:
        size: how much of everything.
        tenant_id: the school.
        operators: ids by role: `administrator`, `teacher`, `clerk`.
        taken_fen: takings of each merchant's book, as the ledger told whoever posted.
        postings_per_second: how fast they were posted.
    """

    size: Size
    tenant_id: int
    operators: dict[str, int]
    taken_fen: dict[int, int]
    postings_per_second: float


def kept(directory: Path, size: Size) -> Seeded | None:
    """What an earlier run left in the directory; None: it is empty.

    Raises:
        OneCardError: there is something else, or something of another size.
    """
    if not directory.exists() or not any(directory.iterdir()):
        return None
    try:
        found = msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Seeded)
    except (OSError, msgspec.MsgspecError):
        message = f"{directory} is neither empty nor filled by this benchmark to its end; name another."
        raise OneCardError(message) from None
    if found.size != size:
        message = f"{directory} was filled with {found.size}, not with {size}; name another."
        raise OneCardError(message)
    return found


async def seed(site: Site, directory: Path, size: Size, progress: Progress) -> Seeded:
    """Fill an empty product, and write down with what."""
    tenant_id = await open_tenant(site.db, ACTOR, code=CODE, name=school.NAME)
    async with site.db.tenant_tx(tenant_id, ACTOR) as tx:
        departments = await _furnish(tx)
        office = await _operators(tx, departments[_TEACHERS_DIVISION, ""])
    ids = await _people(site, tenant_id, departments, list(invent(size.people, size.seed)), progress)
    await _more_audit(site.db, tenant_id, size.people * (AUDIT_PER_PERSON - 1), progress)
    money = await seed_money(site, tenant_id, ids, size, progress)
    await seed_jobs(site, tenant_id, office["administrator"], size.jobs, progress)
    progress("statistics of the tables")
    await _tidy(site.owner_url)
    seeded = Seeded(
        size=size, tenant_id=tenant_id, operators=office, taken_fen=money.taken_fen,
        postings_per_second=round(money.per_second, 1),
    )  # fmt: skip
    (directory / MANIFEST).write_bytes(msgspec.json.encode(seeded))
    return seeded


async def _furnish(tx: Tx) -> dict[tuple[str, str], int]:
    """Departments (ids by division and name; the division itself has no name), classes, meals, merchants."""
    root = next(each.id for each in (await people.departments(tx)).all if each.parent_id is None)
    found = {}
    for position, (division, names) in enumerate(DEPARTMENTS.items()):
        parent = await people.create_department(tx, name=division, parent_id=root, position=position)
        found[division, ""] = parent
        for place, name in enumerate(names):
            found[division, name] = await people.create_department(
                tx, name=name, parent_id=parent, position=place
            )
    for draft in school.CLASSES:
        await people.create_class(tx, draft)
    await consumption.set_meals(tx, school.MEALS)
    for code, name in school.MERCHANTS.items():
        await consumption.create_merchant(tx, code=code, name=name)
    return found


async def _operators(tx: Tx, division: int) -> dict[str, int]:
    made = {
        "administrator": (OperatorDraft(name="系统管理员", all_departments=True), frozenset[Function]()),
        "teacher": (OperatorDraft(name="王老师", department_id=division), _TEACHER),
        "clerk": (OperatorDraft(name="李会计", all_departments=True), _CLERK),
    }
    ids = {}
    for role, (draft, functions) in made.items():
        ids[role] = (await operators.create(tx, draft, by=EVERYTHING)).id
        await roles.set_grants(tx, ids[role], functions, by=EVERYTHING)
    await roles.set_roles(tx, ids["administrator"], [await roles.open_operators(tx)], by=EVERYTHING)
    for number in range(_CLERKS):
        clerk = await operators.create(
            tx, OperatorDraft(name=f"窗口{number + 1}号", department_id=division), by=EVERYTHING
        )
        await roles.set_grants(tx, clerk.id, _CLERK, by=EVERYTHING)
    return ids


async def _people(
    site: Site, tenant_id: int, departments: dict[tuple[str, str], int], invented: Sequence[Invented],
    progress: Progress,
) -> list[int]:  # fmt: skip
    """Files, accounts, cards, and what the audit says of them; returns the ids."""
    async with site.db.tenant_tx(tenant_id, ACTOR) as tx:
        classes = {each.number: each.id for each in await people.classes(tx)}
    ids: list[int] = []
    for chunk in portions(invented, _CHUNK):
        drafts = [
            PersonDraft(
                number=each.number, name=each.name, gender=each.gender, phone=each.phone,
                department_id=departments[each.department], class_id=classes[each.class_number],
            )
            for each in chunk
        ]  # fmt: skip
        async with site.db.tenant_tx(tenant_id, ACTOR) as tx:
            ids += await _save(tx, site.vault, chunk, drafts)
        progress(f"people: {len(ids):,} of {len(invented):,}")
    return ids


async def _save(tx: Tx, vault: Vault, chunk: Sequence[Invented], drafts: Sequence[PersonDraft]) -> list[int]:
    short = [draft for place, draft in enumerate(drafts) if place % _FULL_FILE_EVERY]
    ids = await people.add_persons(tx, vault, short)
    await open_accounts(tx, list(ids.values()))
    entries = [
        audit.Entry(F.PEOPLE_PERSON_IMPORT, "person", one.number, after={"name": one.name}) for one in short
    ]
    await audit.write(tx, *entries)
    for place, draft in enumerate(drafts[::_FULL_FILE_EVERY]):
        entered = _ENTERED_FIRST + timedelta(days=(place * 37 + len(ids)) % 2900)
        full = FileDraft(**asdict(draft), email=f"{draft.number}@school.example".lower(), entered_on=entered)
        ids[draft.number] = await personnel.create_person(tx, vault, full)
    await cards.bind(tx, {each.uid: ids[each.number] for each in chunk})
    gone = [ids[each.number] for each in chunk[::_LEFT_EVERY]]
    await personnel.leave(tx, gone, on=_LEFT_ON)
    return list(ids.values())


async def _more_audit(db: Database, tenant_id: int, entries: int, progress: Progress) -> None:
    """What operators do all year long, as far as the audit keeps it."""
    done = 0
    while done < entries:
        most = min(_AUDIT_CHUNK, entries - done)
        clerk = replace(ACTOR, name=f"{CODE}{4 + done // _AUDIT_CHUNK % _CLERKS:04}")
        async with db.tenant_tx(tenant_id, clerk) as tx:
            await audit.write(tx, *(_entry(done + number) for number in range(most)))
        done += most
        if done % (_AUDIT_CHUNK * 40) == 0:
            progress(f"audit: {done:,} of {entries:,}")


def _entry(number: int) -> audit.Entry:
    subject = f"{2018 + number % 9}{number:06}"
    if number % 10 == 0:
        return audit.Entry(F.PEOPLE_PERSON_REVEAL, "person", subject, note="核对身份")
    phone = {"phone": "changed"}
    return audit.Entry(F.PEOPLE_PERSON_CHANGE, "person", subject, phone, phone)


async def _tidy(owner_url: str) -> None:
    """What the server does by itself within minutes, when it is let alone."""
    connection = await asyncpg.connect(owner_url, timeout=10)
    try:
        await connection.execute("vacuum (analyze)", timeout=3600)
    finally:
        await connection.close()
