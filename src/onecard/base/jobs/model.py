"""What jobs are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from onecard.base.texts import Text, say, say_in

KEEP_DAYS = 7
"""How long files and details of a job are kept: long enough to come back after a weekend."""


class State(StrEnum):
    """How far a job is; the last three are its end."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


STATES: dict[State, Text] = {
    State.QUEUED: say_in("job", "Waiting"),
    State.RUNNING: say_in("job", "Running"),
    State.DONE: say_in("job", "Done"),
    State.FAILED: say_in("job", "Failed"),
    State.CANCELLED: say_in("job", "Cancelled"),
}
INTERRUPTED = say("The server was interrupted while it worked on this. Please start it again.")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that comes with a job; `path` is read when the job is started and may be deleted then."""

    name: str
    media_type: str
    path: Path


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a job; `size` in bytes."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it stands.

    Attributes:
        kind: name of its `JobKind`.
        title: what it is, for people.
        params: what it was started with.
        asked_by: the actor, e.g. `operator:86729001`.
        asked_from: where they were.
        attempt: how often it was begun; more than once when a server was interrupted.
        done: units done of `total`, which is 0 while nobody knows.
        step: what it is doing.
        outcome: counts by name.
        sentence: how it ended.
        seen_at: when its worker last said something.
        expires_at: when its files and details are deleted.
    """

    id: int
    kind: str
    title: Text
    params: Mapping[str, Any]
    asked_by: str
    asked_from: str
    asked_at: datetime
    state: State
    attempt: int
    done: int
    total: int
    step: Text | None
    outcome: Mapping[str, Any]
    sentence: Text | None
    cancel_wanted: bool
    started_at: datetime | None
    seen_at: datetime | None
    ended_at: datetime | None
    expires_at: datetime
    input: StoredFile | None
    result: StoredFile | None

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state not in {State.QUEUED, State.RUNNING}

    @property
    def percent(self) -> int | None:
        """Progress for a bar; None while the total is unknown."""
        return min(100, self.done * 100 // self.total) if self.total else None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job's work ended by itself.

    Attributes:
        sentence: what was done, for people.
        outcome: counts by name.
        detail: JSON-able; may name persons and so is sealed.
        failed: nothing was done, and the sentence says why.
    """

    sentence: Text
    outcome: Mapping[str, Any] = field(default_factory=dict)
    detail: Any = None
    failed: bool = False

    @property
    def state(self) -> State:
        """The job's end."""
        return State.FAILED if self.failed else State.DONE
