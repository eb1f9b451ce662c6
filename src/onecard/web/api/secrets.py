"""What an answer shows this once: keys, one-time passwords, links."""

import re

from pydantic import BaseModel, Field

from onecard.base.texts import Text
from onecard.web.kit.visit import Visit


class Secret(BaseModel):
    """A value nobody can look up again, or what it goes with."""

    name: str = Field(description="What it is, e.g. `one-time-password`; the same in every language.")
    label: str
    value: str


def secrets_of(visit: Visit) -> list[Secret]:
    """What the use case wants to be shown once, in the words of its page."""
    if visit.outcome is None:
        return []
    return [
        Secret(name=_name(label), label=visit.say(label), value=value)
        for label, value in visit.outcome.secrets
    ]


def _name(label: Text) -> str:
    return re.sub(r"[^a-z0-9]+", "-", label.source.lower()).strip("-")
