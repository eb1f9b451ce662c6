"""Kinds of jobs: a name and the coroutine that does the work."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from onecard.base.jobs.model import Ended
from onecard.base.jobs.work import Work

Run: TypeAlias = Callable[[Work], Awaitable[Ended]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of job.

    Attributes:
        name: as stored, `area.verb`.
        run: does the work; raises `OneCardError` to fail with a sentence.
        again: may be begun again when a server died over it, because it is atomic or repeating it changes
            nothing; the others fail then and say so.
    """

    name: str
    run: Run
    again: bool


def job(name: str, *, again: bool) -> Callable[[Run], JobKind]:
    """Declare a kind: `@job("people.import", again=True)` over `async def people_import(work: Work)`."""

    def declare(run: Run) -> JobKind:
        return JobKind(name, run, again)

    return declare
