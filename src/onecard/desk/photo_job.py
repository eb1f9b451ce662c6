"""The import of photos as a job: each photo by itself, and a workbook of those that were refused."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from onecard.base.db import Tx
from onecard.base.errors import OneCardError
from onecard.base.jobs import service as jobs
from onecard.base.jobs import wording
from onecard.base.jobs.kinds import job
from onecard.base.jobs.model import Ended, Upload
from onecard.base.jobs.work import Work
from onecard.base.listing import Kind
from onecard.base.texts import Text, say, say_in
from onecard.base.vault import Vault
from onecard.desk.photo_zip import Member, look, unpack
from onecard.desk.sheet_writer import Export, ExportColumn, Format, open_table
from onecard.people import service as people
from onecard.people.photos import service as photos
from onecard.people.photos.model import FINDINGS, Finding, Prepared
from onecard.people.photos.process import prepare
from onecard.people.scope import Scope, as_array, covers

TOLD_MOST = 100
_SIDE_BY_SIDE = 2
_STEP = say("Looking at photos")


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to say about a file of the ZIP; `stored`: it was taken nevertheless."""

    file: str
    number: str
    reason: Text
    stored: bool


@dataclass(slots=True)
class _Result:
    told: list[Told] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("stored", "unchanged", "refused"), 0)
    )


async def start_photos(tx: Tx, vault: Vault, file: Upload, *, language: str, departments: Scope) -> int:
    """Ask for photos to be imported; returns the job's id.

    The job's outcome counts `stored`, `unchanged` and `refused`; its detail holds the first of what there is
    to say (`told_of`), and its result is the workbook of all of it.

    Args:
        tx: the importer's transaction.
        vault: seals the file.
        file: a ZIP of photos named by person number.
        language: of the workbook.
        departments: whose photos the importer may change.

    Raises:
        ZipError: the file is refused before any photo is looked at.
    """
    await asyncio.to_thread(look, file.path)
    params = {"language": language, "departments": as_array(departments), "file": file.name}
    return await jobs.start(
        tx, vault, PHOTOS_IMPORT, say("Import of photos: {file}", file=file.name), params, file=file
    )


def told_of(detail: Any) -> list[Told]:
    """The first refusals and warnings out of the job's detail."""
    return [
        Told(each["file"], each["number"], wording.load(each["reason"]) or Text(""), each["stored"])
        for each in (detail or {}).get("told", [])
    ]


async def _import(work: Work) -> Ended:
    path = await work.input()
    members = await asyncio.to_thread(look, path)
    result = _Result()
    wanted = await _assigned(work, members, result)
    contents = unpack(path, [member for member, _, _ in wanted])
    done = 0
    while part := wanted[done : done + _SIDE_BY_SIDE]:
        work.progress(done, len(wanted), _STEP)
        data = await asyncio.to_thread(lambda: list(islice(contents, _SIDE_BY_SIDE)))
        prepared = await asyncio.gather(*map(_prepared, data))
        for (member, number, place), photo in zip(part, prepared, strict=True):
            await _put(work, result, member=member, number=number, place=place, photo=photo)
        done += len(part)
    work.progress(done, len(wanted), _STEP)
    await _give_told(work, result.told)
    sentence = say("{stored} photos stored, {unchanged} unchanged, {refused} refused.", **result.counts)
    return Ended(sentence, result.counts, _detail(result.told))


PHOTOS_IMPORT = job("people.photos", again=True)(_import)
KINDS = (PHOTOS_IMPORT,)


async def _assigned(
    work: Work, members: Sequence[Member], result: _Result
) -> list[tuple[Member, str, tuple[int, int]]]:
    """The members that are somebody's photo, with the person's number, and id and slot."""
    scope = work.params["departments"]
    numbers = sorted({number for member in members for number, _ in member.meant})
    async with work.tx() as tx:
        found = await people.persons_named(tx, numbers=numbers, phones=[])
    ids = {each.number: each.id for each in found if covers(scope, each.department_id)}
    wanted: dict[tuple[int, int], tuple[Member, str]] = {}
    for member in members:
        place = next(((number, slot) for number, slot in member.meant if number in ids), None)
        if place is None:
            number = member.meant[-1][0] if member.meant else ""
            _refuse(result, member, number, _why_nobody(member))
        elif (ids[place[0]], place[1]) in wanted:
            _refuse(result, member, place[0], say("This photo of the person is in the ZIP more than once."))
        else:
            wanted[ids[place[0]], place[1]] = (member, place[0])
    return [(member, number, place) for place, (member, number) in wanted.items()]


def _why_nobody(member: Member) -> Text:
    if not member.meant:
        return say("Photos are called by the person's number, such as 1001.jpg or 1001_2.png.")
    return say("There is no person with the number {number}.", number=member.meant[-1][0])


async def _prepared(data: bytes | OneCardError) -> Prepared | OneCardError:
    if isinstance(data, OneCardError):
        return data
    try:
        return await prepare(data)
    except OneCardError as refusal:
        return refusal


async def _put(
    work: Work,
    result: _Result,
    *,
    member: Member,
    number: str,
    place: tuple[int, int],
    photo: Prepared | OneCardError,
) -> None:
    if isinstance(photo, OneCardError):
        _refuse(result, member, number, photo.args[0])
        return
    try:
        async with work.tx() as tx:
            new = await photos.put(tx, place[0], photo, slot=place[1], departments=work.params["departments"])
    except OneCardError as refusal:
        _refuse(result, member, number, refusal.args[0])
        return
    result.counts["stored" if new else "unchanged"] += 1
    result.told += [
        Told(member.name, number, FINDINGS[finding], stored=True)
        for finding in photo.findings
        # true of every photo on a server without the check: nothing about this one
        if finding is not Finding.NOT_CHECKED
    ]


def _refuse(result: _Result, member: Member, number: str, reason: Text) -> None:
    result.counts["refused"] += 1
    result.told.append(Told(member.name, number, reason, stored=False))


def _detail(told: Sequence[Told]) -> Mapping[str, Any]:
    shown = sorted(told, key=lambda each: each.stored)[:TOLD_MOST]
    return {
        "told": [
            {
                "file": each.file,
                "number": each.number,
                "reason": wording.dump(each.reason),
                "stored": each.stored,
            }
            for each in shown
        ]
    }


async def _give_told(work: Work, told: Sequence[Told]) -> None:
    if not told:
        return
    path, language = work.directory / "told.xlsx", work.params["language"]
    await asyncio.to_thread(_write_told, path, told, language)
    name = say("refused photos of {file}", file=Path(work.params["file"]).stem).read(language)
    await work.give(path, f"{name}.xlsx", Format.XLSX.media_type)


def _write_told(path: Path, told: Sequence[Told], language: str) -> None:
    taken = {True: say_in("photo", "Stored"), False: say_in("photo", "Refused")}
    columns = [
        ExportColumn(title=say_in("photo", "File"), kind=Kind.TEXT, value=lambda each: each.file),
        ExportColumn(title=say_in("heading", "Number"), kind=Kind.TEXT, value=lambda each: each.number),
        ExportColumn(
            title=say_in("photo", "Result"),
            kind=Kind.TEXT,
            value=lambda each: taken[each.stored].read(language),
        ),
        ExportColumn(
            title=say_in("heading", "Reason"), kind=Kind.TEXT, value=lambda each: each.reason.read(language)
        ),
    ]
    title = say_in("sheet", "photos")
    table = open_table(
        path, Format.XLSX, Export(title=title, columns=columns, language=language, zone=ZoneInfo("UTC"))
    )
    rows: list[Any] = [*told]
    table.add(rows)
    table.close()
