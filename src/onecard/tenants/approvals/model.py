"""What a request for approval is."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from onecard.base.texts import Text
from onecard.tenants.functions import Function

LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A request, as it is shown.

    Attributes:
        id: of the request.
        function: what is asked for.
        summary: what exactly, in every language.
        payload: the same for the function's own code.
        state: `asked`, `approved`, `refused`, `withdrawn`, `done`, `expired`.
        asked_by: operator's id.
        asker: account and name.
        asked_at: when.
        ends_at: when it expires, decided or not.
        decider: account and name; empty while nobody decided.
        decided_at: when.
        remark: of who decided.
        done_at: when it was carried out.
    """

    id: int
    function: str
    summary: Text
    payload: dict[str, Any]
    state: str
    asked_by: int
    asker: str
    asked_at: datetime
    ends_at: datetime
    decider: str
    decided_at: datetime | None
    remark: str
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """An approved request that this transaction carries out, and nobody else ever will.

    Attributes:
        function: what to do.
        payload: with what.
        asked_by: in whose name.
    """

    function: Function
    payload: dict[str, Any]
    asked_by: int


def dump_text(text: Text) -> str:
    """A text as JSON, to be read later in whatever language.

    Raises:
        TypeError: a value is neither text, number, nor string.
    """
    return json.dumps(_plain(text), ensure_ascii=False)


def load_text(stored: str) -> Text:
    """A text of `dump_text`."""
    text = _lively(json.loads(stored))
    return text if isinstance(text, Text) else Text(str(text))


def summary_of(row: Any) -> Text:
    """The summary in a row of the listing `APPROVALS`."""
    return load_text(row["summary"])


def _plain(value: Any) -> Any:
    if not isinstance(value, Text):
        if isinstance(value, str | int):
            return value
        message = f"a summary holds texts, strings and numbers, not {type(value).__name__}"
        raise TypeError(message)
    values = {name: _plain(inner) for name, inner in value.values.items()}
    return {
        "source": value.source, "values": values, "many": value.many, "count": value.count,
        "context": value.context,
    }  # fmt: skip


def _lively(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    values = {name: _lively(inner) for name, inner in value["values"].items()}
    return Text(value["source"], values, value["many"], value["count"], value["context"])
