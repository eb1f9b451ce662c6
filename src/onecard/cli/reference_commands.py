"""The page of docs/reference that lists every command with its arguments and options."""

from collections.abc import Iterator
from typing import Any

import typer

_SHOWN_ELSEWHERE = {"--help", "--json"}


def markdown(app: typer.Typer, made: str) -> str:
    """The page; `made` says where it comes from."""
    lines = [
        "# Commands",
        "",
        f"What `onecard` can be told in a shell. {made}",
        "",
        "Each says more with `--help`. `--json` prints one JSON object. Exit codes: 0 done, 1 refused",
        "or failed, 2 wrong usage, 130 ended by Ctrl-C; what went wrong is one sentence on standard error.",
    ]
    alone: list[Any] = []
    groups: list[Any] = []
    for command in typer.main.get_command(app).commands.values():  # type: ignore[attr-defined]
        (groups if hasattr(command, "commands") else alone).append(command)
    lines += [line for command in alone for line in _command(command, f"onecard {command.name}")]
    for group in groups:
        lines += ["", f"## onecard {group.name}", "", _sentence(group.help)]
        lines += [line for words, command in _inside(group) for line in _command(command, words)]
    return "\n".join(lines) + "\n"


def _inside(group: Any, before: str = "onecard") -> Iterator[tuple[str, Any]]:
    words = f"{before} {group.name}"
    for command in group.commands.values():
        if hasattr(command, "commands"):
            yield from _inside(command, words)
        else:
            yield f"{words} {command.name}", command


def _command(command: Any, words: str) -> list[str]:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    shown = [_argument(each) for each in arguments]
    shown += [f"{each.opts[0]} {_value(each)}".strip() for each in options if each.required]
    json = " [--json]" if any("--json" in each.opts for each in options) else ""
    lines = ["", f"`{' '.join([words, *shown])}{json}`", "", _sentence(command.help)]
    rows = [f"- `{_value(each)}`: {_sentence(each.help)}" for each in arguments if each.help]
    rows += [
        f"- `{', '.join(each.opts)}`: {_sentence(each.help)}"
        for each in options
        if each.help and not _SHOWN_ELSEWHERE & set(each.opts)
    ]
    return lines + (["", *rows] if rows else [])


def _argument(argument: Any) -> str:
    name = _value(argument) + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _value(parameter: Any) -> str:
    if getattr(parameter, "is_flag", False):
        return ""
    return str(parameter.metavar or parameter.name.upper().replace("_", "-"))


def _sentence(text: str | None) -> str:
    """The first paragraph on one line."""
    return " ".join((text or "").split("\n\n", 1)[0].split())
