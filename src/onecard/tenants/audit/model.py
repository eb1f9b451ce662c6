"""What an entry of the audit says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import Enum
from typing import Any
from uuid import UUID

from onecard.tenants.functions import Function


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that somebody did; who, when and from where come from the transaction.

    Attributes:
        function: by which right it was done, e.g. `Function.PEOPLE_PERSON_CHANGE`.
        thing: kind of what was changed, e.g. `department`.
        subject: which one, as it is looked up: number or code first, then the name, e.g. `07 七年级`. Of a
            person the number alone: entries outlive the erasure of a person's data.
        before: what differed before, by field name; None for something new. Never a secret or an ID number.
        after: what differs since; None for something that is gone.
        note: a reason somebody gave, or what else helps to understand it.
    """

    function: Function | str
    thing: str
    subject: str
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    note: str = ""


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only those fields of both sides that differ; both empty when nothing does."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def as_text(values: Mapping[str, Any] | None) -> str | None:
    """The JSON text that is stored and hashed.

    Raises:
        TypeError: a value has no form in JSON.
    """
    if values is None:
        return None
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: object) -> Any:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    message = f"{type(value).__name__} cannot be written into the audit."
    raise TypeError(message)
