"""Jobs as pages show them: the live card, its buttons, and what a kind of job adds to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from onecard.base.jobs.model import STATES, Job, State
from onecard.base.texts import Text, say, say_in
from onecard.tenants.functions import F
from onecard.web.kit.hub import SUBJECT
from onecard.web.kit.views import Button, JobView, TableView, Tone
from onecard.web.kit.visit import Visit

JOBS = "/jobs"
TONES = {
    State.QUEUED: Tone.PLAIN,
    State.RUNNING: Tone.PRIMARY,
    State.DONE: Tone.GOOD,
    State.FAILED: Tone.BAD,
    State.CANCELLED: Tone.MUTED,
}
_COUNTS: dict[str, tuple[Text, Tone]] = {
    "rows": (say("Rows"), Tone.PLAIN),
    "new": (say_in("count", "New"), Tone.GOOD),
    "changed": (say_in("count", "Changed"), Tone.PRIMARY),
    "unchanged": (say_in("count", "Unchanged"), Tone.MUTED),
    "wrong": (say_in("count", "Wrong"), Tone.BAD),
    "stored": (say_in("count", "Stored"), Tone.GOOD),
    "refused": (say_in("count", "Refused"), Tone.BAD),
}


Buttons: TypeAlias = Callable[[Visit, Job], tuple[Button, ...]]
Table: TypeAlias = Callable[[Visit, Any], TableView | None]


@dataclass(frozen=True, slots=True)
class Addition:
    """What jobs of one kind show besides."""

    buttons: Buttons | None = None
    table: Table | None = None


_additions: dict[str, Addition] = {}


def add(kind: str, *, buttons: Buttons | None = None, table: Table | None = None) -> None:
    """Let the pages of one kind of job show more; called when the module of its pages is loaded.

    Args:
        kind: its name.
        buttons: what can be done next, e.g. to import what was checked; for whoever asked for the job.
        table: of its detail, e.g. wrong rows.
    """
    known = _additions.get(kind, Addition())
    _additions[kind] = Addition(buttons or known.buttons, table or known.table)


def is_own(visit: Visit, job: Job) -> bool:
    """Whether who looks asked for the job, and so may have what it brought."""
    return job.asked_by == str(visit.who.actor)


def view(visit: Visit, job: Job, detail: Any = None) -> JobView:
    """A job's card.

    Args:
        visit: who looks.
        job: as it stands.
        detail: what it left for whoever asked; None for anybody else.
    """
    addition = _additions.get(job.kind, Addition())
    href = f"{JOBS}/{job.id}"
    counts = tuple(
        (visit.say(label), f"{number:,}", tone if number else Tone.MUTED)
        for name, (label, tone) in _COUNTS.items()
        if isinstance(number := job.outcome.get(name), int)
    )
    own = is_own(visit, job)
    further = addition.buttons(visit, job) if own and addition.buttons else ()
    return JobView(
        id=str(job.id),
        title=visit.say(job.title),
        state=job.state,
        state_text=visit.say(STATES[job.state]),
        tone=TONES[job.state],
        href="",
        fragment_href=href,
        asked=_asked(visit, job),
        done=job.done,
        total=job.total,
        percent=job.percent,
        step=_step(visit, job),
        sentence=visit.say(job.sentence) if job.sentence else "",
        counts=counts,
        actions=_cancel(visit, job, href),
        results=(*further, *_result(visit, job, href, main=not further)) if own else (),
        table=addition.table(visit, detail) if addition.table and detail is not None else None,
    )


def _step(visit: Visit, job: Job) -> str:
    if job.ended:
        return ""
    if job.cancel_wanted:
        return visit.say(say("Being cancelled"))
    return visit.say(
        job.step or (say("Waiting for its turn") if job.state is State.QUEUED else say("Working"))
    )


def _asked(visit: Visit, job: Job) -> str:
    who, at = actor_words(visit, job.asked_by), visit.instant(job.asked_at)
    if job.ended_at is None:
        return visit.say(say("Asked for by {who} at {at}.", who=who, at=at))
    end, kept = visit.instant(job.ended_at), visit.instant(job.expires_at)
    sentence = say("Asked for by {who} at {at}, ended at {end}. Files are kept until {kept}.",
                   who=who, at=at, end=end, kept=kept)  # fmt: skip
    return visit.say(sentence)


def _cancel(visit: Visit, job: Job, href: str) -> tuple[Button, ...]:
    if job.ended or job.cancel_wanted or not (is_own(visit, job) or visit.may(F.SYSTEM_JOB_CANCEL)):
        return ()
    asks = visit.say(say("Cancel this job? What it has not finished is undone."))
    label = visit.say(say("Cancel the job"))
    return (Button(label, f"{href}/cancel", "player-stop", Tone.BAD, post=True, confirm=asks),)


def _result(visit: Visit, job: Job, href: str, *, main: bool) -> tuple[Button, ...]:
    if job.result is None:
        return ()
    label = visit.say(say("Download {file}", file=job.result.name))
    tone = Tone.PRIMARY if main else Tone.PLAIN
    return (Button(label, f"{href}/result", "download", tone, download=True),)


def actor_words(visit: Visit, actor: str) -> str:
    """An actor as people read it: `operator:86729001` is known by its account number alone."""
    kind, _, name = actor.partition(":")
    match kind:
        case "operator":
            return name
        case "system":
            return visit.say(say("the system"))
        case "key":
            return visit.say(say("API key {name}", name=name))
        case "device":
            return visit.say(say("device {name}", name=name))
        case _:
            return name or kind


async def tell(visit: Visit, topic: str) -> None:
    """Tell open pages of every process that something changed, e.g. `job.12`; after the commit."""
    if visit.services.bus is None:
        visit.services.hub.tell(visit.who.tenant_id, topic)
    else:
        await visit.services.bus.publish(f"{SUBJECT}.{visit.who.tenant_id}.{topic}", b"")
