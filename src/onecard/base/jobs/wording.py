"""Texts that are stored: the English sentence with its values, so that each reads their own language."""

from typing import Any

import msgspec

from onecard.base.texts import Text

_PLAIN = (str, int, float, bool, type(None))


def dump(text: Text | str | None) -> str | None:
    """A text as JSON; None stays None."""
    if text is None:
        return None
    return msgspec.json.encode(_open(text if isinstance(text, Text) else Text(text))).decode()


def load(stored: str | None) -> Text | None:
    """The text of its JSON."""
    return None if stored is None else _close(msgspec.json.decode(stored))


def _open(text: Text) -> dict[str, Any]:
    values = {name: _value(value) for name, value in text.values.items()}
    return {"source": text.source, "values": values, "many": text.many, "count": text.count,
            "context": text.context}  # fmt: skip


def _value(value: Any) -> Any:
    if isinstance(value, Text):
        return {"text": _open(value)}
    return value if isinstance(value, _PLAIN) else str(value)


def _close(opened: dict[str, Any]) -> Text:
    values = {
        name: _close(value["text"]) if isinstance(value, dict) else value
        for name, value in opened["values"].items()
    }
    return Text(**(opened | {"values": values}))
