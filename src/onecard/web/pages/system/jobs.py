"""Jobs: one's own for everybody, all of them for who may; each with its live card and what it brought."""

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from onecard.base.db import Row, Tx
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.jobs import service as jobs
from onecard.base.jobs import wording
from onecard.base.jobs.lists import JOBS
from onecard.base.jobs.model import STATES, Job, State
from onecard.base.texts import Text, read, say, say_in
from onecard.tenants import audit
from onecard.tenants.functions import F
from onecard.web.kit import jobs as cards
from onecard.web.kit import render
from onecard.web.kit.columns import Column, Program
from onecard.web.kit.download import FileAnswer
from onecard.web.kit.filters import Query
from onecard.web.kit.outcome import done
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Button, Cell, Look
from onecard.web.kit.visit import Visit
from onecard.web.pages.system import job_tables

PATH = cards.JOBS
ALL = "everybody"
_KINDS = {
    "audit.verify": say("Proof of the audit"),
    "list.change": say("Change of many rows"),
    "list.export": say("Export of a list"),
    "people.check": say("Check of an import"),
    "people.import": say("Import of people"),
    "people.photos": say("Import of photos"),
}


def arguments(visit: Visit, query: Query) -> Mapping[str, Any]:
    """Everybody's jobs for who may see them and asks for them, otherwise one's own."""
    everybody = query.one("of") == ALL and visit.may(F.SYSTEM_JOB_VIEW)
    return {"asked_by": None if everybody else str(visit.who.actor)}


def whose(visit: Visit, query: Query) -> tuple[Button, ...]:
    """The way from one's own jobs to everybody's, and back."""
    if not visit.may(F.SYSTEM_JOB_VIEW):
        return ()
    if query.one("of") == ALL:
        return (Button(visit.say(say("Only my jobs")), PATH, "user"),)
    return (Button(visit.say(say("Everybody's jobs")), f"{PATH}?of={ALL}", "users"),)


def _title(visit: Visit, row: Row) -> Cell:
    return Cell(visit.say(wording.load(row["title"]) or ""), Look.STRONG)


def _progress(visit: Visit, row: Row) -> Cell:
    if row["state"] == State.RUNNING and row["total"]:
        return Cell(f"{min(100, row['done'] * 100 // row['total'])} %")
    return Cell(visit.say(wording.load(row["sentence"]) or ""))


def _asker(visit: Visit, row: Row) -> Cell:
    return Cell(cards.actor_words(visit, row["asked_by"]), Look.CODE)


async def one(visit: Visit) -> Response:
    """A job's page; its card alone when the card fetches itself."""
    async with visit.tx() as tx:
        job = await _visible(tx, visit)
        own = cards.is_own(visit, job)
        detail = await jobs.detail(tx, visit.services.vault, job.id) if own and job.ended else None
    part = bool(visit.partial)
    view = cards.view(visit, job, detail)
    return render.html(visit, "_job.html" if part else "job.html", title=job.title, part=part, job=view)


class JobStored(BaseModel):
    """A job; `sentence` says how it ended, `result` is the name of the file it made."""

    id: int
    kind: str
    title: str
    state: State
    done: int
    total: int
    step: str | None
    sentence: str | None
    outcome: dict[str, Any]
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    expires_at: datetime
    result: str | None


async def load(tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
    """One job, for programs."""
    job = await _visible(tx, visit)
    values = {name: getattr(job, name) for name in JobStored.model_fields}
    words = {each: visit.say(values[each] or "") or None for each in ("title", "step", "sentence")}
    return values | words | {"result": job.result.name if job.result else None}


async def cancel(visit: Visit) -> Response:
    """End a waiting job, ask a running one to end."""
    async with visit.tx() as tx:
        job_id, told = await end(tx, visit)
    await cards.tell(visit, f"job.{job_id}")
    return done(visit, f"{PATH}/{job_id}", told)


async def end(tx: Tx, visit: Visit) -> tuple[int, Text]:
    """End the job of the address, and say how far that is; open pages are told after the commit."""
    job = await _visible(tx, visit)
    if not (cards.is_own(visit, job) or visit.may(F.SYSTEM_JOB_CANCEL)):
        raise ConflictError(say("Only who started the job may cancel it."))
    state = await jobs.cancel(tx, job.id)
    if not cards.is_own(visit, job):
        subject = f"{job.id} {read(job.title, visit.who.tenant.language)}"
        await audit.write(tx, audit.Entry(F.SYSTEM_JOB_CANCEL, "job", subject))
    told = say("The job is cancelled.") if state is State.CANCELLED else say("The job will end in a moment.")
    return job.id, told


async def result(visit: Visit) -> Response:
    """The file the job made, for whoever asked for it."""
    with ExitStack() as stack:
        async with visit.tx() as tx:
            job = await _visible(tx, visit)
            stored, pieces = await jobs.result(tx, visit.services.vault, job.id)
            # copied first, so that a slow reader holds no transaction
            whole = stack.enter_context(tempfile.TemporaryFile())
            async for piece in pieces:
                whole.write(piece)
        stack.pop_all()
    return FileAnswer(whole, stored.name, stored.media_type)


async def _visible(tx: Tx, visit: Visit) -> Job:
    job = await jobs.get(tx, visit.number())
    if not (cards.is_own(visit, job) or visit.may(F.SYSTEM_JOB_VIEW)):
        # as if it were not there: the number of a job says nothing to strangers
        raise NotFoundError(say("There is no job {id}.", id=job.id))
    return job


SCREEN: Screen[Any] = Screen(
    path=PATH, area="system", title=say("Jobs"), icon="progress", listing=JOBS,
    api="jobs", load=load, stored=JobStored,
    view=Open.SIGNED_IN, export=F.SYSTEM_JOB_VIEW, arguments=arguments, actions=whose, kept=frozenset({"of"}),
    row_href=lambda row: f"{PATH}/{row['id']}", live=("job",),
    none=say("Nothing that takes long was asked for. Imports and long exports appear here."),
    columns=(
        Column(name="id", title=say("Number"), look=Look.CODE, phone="hide", filter=False),
        Column(
            name="title", title=say("Job"), show=_title, phone="title",
            program=Program(str, lambda visit, row: visit.say(wording.load(row["title"]) or "")),
        ),
        Column(
            name="state", title=say("State"),
            words={state: (STATES[state], cards.TONES[state]) for state in State},
        ),
        Column(name="result", title=say("Progress and result"), show=_progress, phone="sub"),
        Column(name="kind", title=say_in("job", "Kind"), words=_KINDS, shown=False),
        Column(name="asked_by", title=say("Asked for by"), show=_asker, needs=F.SYSTEM_JOB_VIEW),
        Column(name="asked_at", title=say("Asked for at")),
        Column(name="ended_at", title=say("Ended at"), phone="hide"),
    ),
    more=(
        Page(f"{PATH}/{{id:int}}", one, needs=Open.SIGNED_IN),
        Page(f"{PATH}/{{id:int}}/cancel", cancel, needs=Open.SIGNED_IN, methods=["POST"]),
        Page(f"{PATH}/{{id:int}}/result", result, needs=Open.SIGNED_IN),
    ),
)  # fmt: skip
job_tables.add_all()
