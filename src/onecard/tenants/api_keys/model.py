"""What an API key is."""

from dataclasses import dataclass
from datetime import datetime

from onecard.tenants.functions import Function


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDraft:
    """What is to be saved of a key.

    Attributes:
        name: unique among the keys that are not revoked, 1 to 64 characters.
        functions: what the program may do; at least one, none beyond its maker's.
        department_ids: whose people it sees; None: whomever its operator sees.
        ends_at: aware; None: until it is revoked.
    """

    name: str
    functions: frozenset[Function]
    department_ids: frozenset[int] | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made; `secret` is shown this once: `oc_<tenant code>_<number>_<256 random bits>`."""

    id: int
    secret: str
