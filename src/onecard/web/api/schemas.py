"""JSON schemas of the description as people read them: types in a few letters, and examples."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from onecard.web.kit.problems import PROBLEM

_EXAMPLES = {
    "integer": 1,
    "number": 1,
    "boolean": True,
    "date": "2026-09-01",
    "date-time": "2026-09-01T08:00:00+08:00",
}
_FEW = 6  # words of an enumeration that are written out


def body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of what is sent; None: nothing is."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return plain(document, content["schema"]) if content else None


def plain(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema without references and without “or nothing”."""
    while "$ref" in schema or "anyOf" in schema:
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        else:
            schema = next(each for each in schema["anyOf"] if each.get("type") != "null")
    return schema


def kind(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The type in a few letters, e.g. `string 1–64`, `[integer]`, `text | number | date`."""
    found = plain(document, schema)
    if "enum" in found:
        words = [str(each) for each in found["enum"]]
        return " | ".join(words[:_FEW] if len(words) <= _FEW else [*words[:2], "…"])
    if found.get("type") == "array":
        return f"[{kind(document, found['items'])}]"
    name = str(found.get("format") or found.get("type", "any"))
    least, most = found.get("minLength", found.get("minimum")), found.get("maxLength", found.get("maximum"))
    return f"{name} {_range(least, most)}".strip()


def _range(least: Any, most: Any) -> str:
    large = 10**12  # the limits of what can be stored tell nobody anything
    least, most = (None if each is not None and abs(each) > large else each for each in (least, most))
    if least is None and most is None:
        return ""
    return f"{'' if least is None else least}–{'' if most is None else most}"


def parameters(document: Mapping[str, Any], declared: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Rows of a table of parameters."""
    return [
        {
            "name": each["name"] + ("*" if each.get("required") else ""),
            "place": each["in"],
            "type": kind(document, each["schema"]),
            "words": each.get("description", ""),
        }
        for each in declared
    ]


def fields(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Rows of a table of an object's fields; those that must be sent have an asterisk."""
    needed = set(schema.get("required", ()))
    return [
        {
            "name": name + ("*" if name in needed else ""),
            "place": "",
            "type": kind(document, each),
            "words": each.get("description", ""),
        }
        for name, each in schema.get("properties", {}).items()
    ]


def answer(document: Mapping[str, Any], response: Mapping[str, Any]) -> str:
    """What an answer holds: the names of its fields."""
    for media_type, content in response.get("content", {}).items():
        found = plain(document, content.get("schema", {}))
        names = "" if media_type == PROBLEM else ", ".join(found.get("properties", {}))
        return f"{media_type} {{{names}}}" if names else media_type
    return ""


def example(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """Something that could be sent: what must be there, and little more."""
    needed, known = schema.get("required", []), schema.get("properties", {})
    shown = needed or list(known)[:1]
    return json.dumps(
        {name: _value(document, known[name], name) for name in shown}, indent=2, ensure_ascii=False
    )


def _value(document: Mapping[str, Any], schema: Mapping[str, Any], name: str) -> Any:
    found = plain(document, schema)
    if "enum" in found:
        return found["enum"][0]
    if found.get("type") == "array":
        return [_value(document, found["items"], name)]
    if found.get("type") == "object":
        return {}
    return _EXAMPLES.get(found.get("format") or found.get("type", ""), name)


def one_line(text: str) -> str:
    """JSON on one line, for a command."""
    return json.dumps(json.loads(text), ensure_ascii=False)
