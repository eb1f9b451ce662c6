"""What a workstation is, and what its agent is told when it enrols."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Workstation:
    """A workstation as lists show it.

    Attributes:
        token: its name in bus subjects.
        name: for people.
        state: `waiting` (no agent has enrolled), `enrolled` or `revoked`.
        online: whether its agent said so within the last minute.
        version: of the agent.
        code_ends: until when a one-time code is good; None when there is none.
        rivalled_at: when another program last signed in with its key: the key has been copied.
    """

    token: str
    name: str
    state: str
    online: bool
    last_seen: datetime | None
    version: str
    code_ends: datetime | None
    enrolled_at: datetime | None
    rivalled_at: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class OneTimeCode:
    """What an agent enrols with, once."""

    token: str
    code: str
    ends: datetime


class Enrolling(StrEnum):
    """What became of an attempt to enrol."""

    DONE = "done"
    WRONG = "wrong"  # no such code, or too many wrong ones were tried
    EXPIRED = "expired"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The answer to an attempt; names only when it is done."""

    result: Enrolling
    tenant_code: str = ""
    token: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose key a public key is."""

    tenant_id: int
    tenant_code: str
    workstation_id: int
    token: str
    welcome: bool
