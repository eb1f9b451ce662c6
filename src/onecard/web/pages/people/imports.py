"""The import of people and photos: template, upload, what it would do, carry it out; each step is a page.

Checking and importing are jobs, so that a step survives a reload and may be left: its card is the job's, its
buttons lead on to the next step.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError, OneCardError
from onecard.base.jobs import service as jobs
from onecard.base.jobs.lists import JOBS
from onecard.base.jobs.model import Job, State, Upload
from onecard.base.listing import Condition, Op, Wish
from onecard.base.scratch import scratch
from onecard.base.texts import LANGUAGES, NAMES, Text, say, say_count
from onecard.desk import import_job, photo_job
from onecard.desk.sheet_writer import Format
from onecard.desk.uploads import FILE_MAX_MB, KINDS
from onecard.tenants.functions import F
from onecard.web.kit import forms, nav, render
from onecard.web.kit import jobs as cards
from onecard.web.kit.download import download
from onecard.web.kit.fields import Ui
from onecard.web.kit.forms import FormPlan
from onecard.web.kit.outcome import said
from onecard.web.kit.routes import Page
from onecard.web.kit.security import UPLOAD_MOST
from onecard.web.kit.tables import plain_table
from onecard.web.kit.views import Button, FormView, Look, NavItem, TableView, Tone
from onecard.web.kit.visit import Visit
from onecard.web.pages.people.person_words import PATH as PEOPLE
from onecard.web.pages.system import jobs as job_pages

PATH = "/people/import"
PHOTOS = f"{PATH}/photos"
_LATEST_MOST = 8
_CHECK, _IMPORT, _PHOTOS = (
    import_job.PEOPLE_CHECK.name, import_job.PEOPLE_IMPORT.name, photo_job.PHOTOS_IMPORT.name
)  # fmt: skip
_ZIP_MOST_MB = UPLOAD_MOST // 1024 // 1024


class WorkbookForm(BaseModel):
    """A table of people."""

    file: Annotated[
        Any,
        Ui(
            say("Workbook or CSV"), kind="file", accept=",".join(KINDS), wide=True,
            help=say("Nothing is saved before you have seen what would happen. At most {most} MB.",
                     most=FILE_MAX_MB),
        ),
    ]  # fmt: skip


class ZipForm(BaseModel):
    """Photos named by person number."""

    file: Annotated[
        Any,
        Ui(
            say("ZIP of photos"), kind="file", accept=".zip", wide=True,
            help=say("1001.jpg is the first photo of person 1001, 1001_2.png the second. At most {most} MB.",
                     most=_ZIP_MOST_MB),
        ),
    ]  # fmt: skip


Start = Callable[[Tx, Visit, Upload], Awaitable[int]]


async def _check(tx: Tx, visit: Visit, file: Upload) -> int:
    return await import_job.start_check(
        tx, visit.services.vault, file, language=visit.language, departments=visit.scope
    )


async def _photos(tx: Tx, visit: Visit, file: Upload) -> int:
    return await photo_job.start_photos(
        tx, visit.services.vault, file, language=visit.language, departments=visit.scope
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the two imports."""

    path: str
    title: Text
    note: Text
    model: type[BaseModel]
    start: Start
    submit: Text


WORKBOOK = _Kind(
    PATH, say("People from a workbook"),
    say("Fill in the template, upload it, look at what it would do, then import it."),
    WorkbookForm, _check, say("Check the file"),
)  # fmt: skip
PICTURES = _Kind(
    PHOTOS, say("Photos from a ZIP"),
    say("Each photo is cropped and looked at by itself; those that are refused come back with the reason."),
    ZipForm, _photos, say("Import the photos"),
)  # fmt: skip


# --- upload -------------------------------------------------------------------------------------------------


async def first(visit: Visit) -> Response:
    """Templates, the two forms, and what was imported lately."""
    return await _page(visit)


async def _page(visit: Visit, refused: _Kind | None = None, why: Text | None = None) -> Response:
    mine = Condition("kind", Op.IN, (_CHECK, _IMPORT, _PHOTOS))
    async with visit.tx() as tx:
        wish = Wish(arguments={"asked_by": str(visit.who.actor)}, conditions=[mine])
        rows = await JOBS.slice(tx, wish, 0, _LATEST_MOST)
    if visit.partial and refused is not None:
        form = _form(visit, refused, why)
        return render.html(visit, "_form.html", title=TITLE, status=forms.UNPROCESSABLE, part=True, form=form)
    kinds = [
        (visit.say(each.note), _form(visit, each, why if each is refused else None))
        for each in (WORKBOOK, PICTURES)
    ]
    return render.html(
        visit, "import.html", title=TITLE, status=forms.UNPROCESSABLE if refused else 200,
        kinds=kinds, templates=_templates(visit), steps=_steps(visit, 1), latest=_latest(visit, rows),
    )  # fmt: skip


def _form(visit: Visit, kind: _Kind, why: Text | None) -> FormView:
    plan = FormPlan(model=kind.model, title=kind.title, action=kind.path, submit=kind.submit, upload=True)
    shown = forms.view(visit, plan, {}, {"file": why} if why else {})
    return replace(shown, id="workbook" if kind is WORKBOOK else "zip")


def _templates(visit: Visit) -> tuple[Button, ...]:
    return tuple(
        Button(
            visit.say(say("Template ({language})", language=NAMES[each])),
            f"{PATH}/template/{each}", "download", download=True,
        )
        for each in sorted(LANGUAGES, key=lambda each: each != visit.language)
    )  # fmt: skip


def _latest(visit: Visit, rows: Any) -> TableView:
    columns = [
        each for each in job_pages.SCREEN.columns if each.name in {"title", "state", "result", "asked_at"}
    ]
    shown = plain_table(visit, "latest", columns, rows, say("Nothing was imported yet."))
    leading = [
        replace(view, cells=tuple(
            replace(cell, href=f"{PATH}/{row['id']}") if cell.look is Look.STRONG else cell
            for cell in view.cells
        ))
        for view, row in zip(shown.rows, rows, strict=True)
    ]  # fmt: skip
    return replace(shown, rows=tuple(leading))


async def template(visit: Visit) -> Response:
    """The empty workbook in a language."""
    language = visit.request.path_params["language"]
    if language not in LANGUAGES:
        raise NotFoundError(say("There is no template in this language."))
    name, content = await import_job.template(language)
    return download(content, name, Format.XLSX.media_type)


@asynccontextmanager
async def uploaded(file: Any) -> AsyncIterator[Upload]:
    """A posted file as jobs take it, in a place of its own until the block ends.

    Raises:
        OneCardError: no file was chosen.
    """
    if not isinstance(file, UploadFile) or not file.filename:
        raise OneCardError(say("Choose a file first."))
    with scratch("upload") as directory:
        path = directory / "file"
        await asyncio.to_thread(_copy, file, path)
        yield Upload(file.filename, file.content_type or "application/octet-stream", path)


def _copy(file: UploadFile, path: Path) -> None:
    with path.open("wb") as target:
        while piece := file.file.read(1024 * 1024):
            target.write(piece)


async def _take(visit: Visit, kind: _Kind) -> Response:
    try:
        async with uploaded((await visit.form()).get("file")) as file, visit.tx() as tx:
            job_id = await kind.start(tx, visit, file)
    except OneCardError as error:
        return await _page(visit, kind, said(error))
    return render.go(visit, f"{PATH}/{job_id}")


async def take_workbook(visit: Visit) -> Response:
    """Have a workbook checked."""
    return await _take(visit, WORKBOOK)


async def take_photos(visit: Visit) -> Response:
    """Have photos imported."""
    return await _take(visit, PICTURES)


# --- a step -------------------------------------------------------------------------------------------------


async def step(visit: Visit) -> Response:
    """What the check found or the import did, and how to go on."""
    async with visit.tx() as tx:
        job = await _own(tx, visit)
        detail = await jobs.detail(tx, visit.services.vault, job.id) if job.ended else None
    view = cards.view(visit, job, detail)
    # photos are looked at while they are imported, so there is nothing between upload and result
    steps = () if job.kind == _PHOTOS else _steps(visit, 2 if job.kind == _CHECK else 3)
    return render.html(visit, "import_step.html", title=TITLE, job=view, steps=steps, back=PATH)


async def carry_out(visit: Visit) -> Response:
    """Import what was checked: the good rows, or nothing unless all are right."""
    whole = visit.query.get("rows") != "good"
    async with visit.tx() as tx:
        check = await _own(tx, visit)
        job_id = await import_job.start_import(
            tx, visit.services.vault, check.id, all_or_nothing=whole, departments=visit.scope
        )
    return render.go(visit, f"{PATH}/{job_id}")


async def _own(tx: Tx, visit: Visit) -> Job:
    job = await jobs.get(tx, visit.number())
    if job.kind not in {_CHECK, _IMPORT, _PHOTOS} or not cards.is_own(visit, job):
        raise NotFoundError(say("There is no job {id}.", id=job.id))
    return job


def _steps(visit: Visit, at: int) -> tuple[NavItem, ...]:
    words = (say("Upload"), say("Check and decide"), say("Import"))
    return tuple(
        NavItem(visit.say(each), PATH if number == 1 else "", "", active=number == at)
        for number, each in enumerate(words, 1)
    )


def _next(visit: Visit, job: Job) -> tuple[Button, ...]:
    """How to go on after a check."""
    again = Button(visit.say(say("Upload another file")), PATH, "upload")
    if not visit.may(F.PEOPLE_PERSON_IMPORT) or not job.ended:
        return ()
    if job.state is not State.DONE or job.input is None:
        return (again,)
    useful, wrong = job.outcome["new"] + job.outcome["changed"], job.outcome["wrong"]
    href = f"{PATH}/{job.id}/carry-out?rows="
    buttons: tuple[Button, ...] = ()
    if useful and not wrong:
        label = say_count(useful, "Import {n} person", "Import {n} people", n=f"{useful:,}")
        buttons = (Button(visit.say(label), f"{href}all", "check", Tone.PRIMARY, "Ctrl+Enter", post=True),)
    elif useful:
        good = say_count(
            useful, "Import the good row", "Import the {n} good rows", n=f"{useful:,}",
        )  # fmt: skip
        whole = visit.say(say("Nothing unless all are right"))
        buttons = (
            Button(visit.say(good), f"{href}good", "check", Tone.PRIMARY, "Ctrl+Enter", post=True),
            Button(whole, f"{href}all", "shield-check", post=True),
        )
    return (*buttons, again)


def _after(visit: Visit, job: Job) -> tuple[Button, ...]:
    """How to go on after an import."""
    if not job.ended:
        return ()
    people = Button(visit.say(say("To the personnel files")), PEOPLE, "users")
    return (people, Button(visit.say(say("Import more")), PATH, "upload"))


TITLE = say("Import of people")
nav.add("people", nav.Entry(TITLE, PATH, "file-upload", F.PEOPLE_PERSON_IMPORT))
cards.add(_CHECK, buttons=_next)
for _kind in (_IMPORT, _PHOTOS):
    cards.add(_kind, buttons=_after)

PAGES = [
    Page(PATH, first, needs=F.PEOPLE_PERSON_IMPORT),
    Page(PATH, take_workbook, needs=F.PEOPLE_PERSON_IMPORT, methods=["POST"]),
    Page(PHOTOS, take_photos, needs=F.PEOPLE_PERSON_IMPORT, methods=["POST"]),
    Page(f"{PATH}/template/{{language}}", template, needs=F.PEOPLE_PERSON_IMPORT),
    Page(f"{PATH}/{{id:int}}", step, needs=F.PEOPLE_PERSON_IMPORT),
    Page(f"{PATH}/{{id:int}}/carry-out", carry_out, needs=F.PEOPLE_PERSON_IMPORT, methods=["POST"]),
]
