"""One way to print: tables and sentences for people, one JSON object with `--json`, progress on stderr."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]

_console = Console(highlight=False)
_errors = Console(stderr=True, highlight=False)


def show(result: Mapping[str, Any], *, as_json: bool, sentence: str = "") -> None:
    """Print one result: as JSON, as the sentence given, or as lines of name and value."""
    if as_json:
        print_json(result)
    elif sentence:
        _console.print(sentence, markup=False, soft_wrap=True)
    else:
        width = max((len(name) for name in result), default=0)
        for name, value in result.items():
            _console.print(f"{name.ljust(width)}  {_text(value)}", markup=False, soft_wrap=True)


def show_rows(name: str, rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str = "None.") -> None:
    """Print rows of one kind: `{"<name>": [...]}` as JSON, or a table whose columns are the keys."""
    if as_json:
        print_json({name: [dict(row) for row in rows]})
        return
    if not rows:
        _console.print(empty, markup=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column, value in rows[0].items():
        table.add_column(column, justify="right" if isinstance(value, int) else "left")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    _console.print(table)


def print_json(result: Mapping[str, Any]) -> None:
    """One JSON object on one line of standard output."""
    sys.stdout.write(json.dumps(result, default=_plain, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def say(sentence: str) -> None:
    """A sentence for the person at the terminal; never mixed into `--json` output."""
    _errors.print(sentence, markup=False, soft_wrap=True)


def progress() -> Progress:
    """Progress bars on standard error, so that standard output stays one JSON object."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=_errors,
    )


def _plain(value: object) -> object:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Path):
        return str(value)
    if isinstance(value, Enum):
        return value.name.lower()
    message = f"{type(value).__name__} has no JSON form"
    raise TypeError(message)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (
        str(value.astimezone().strftime("%Y-%m-%d %H:%M:%S")) if isinstance(value, datetime) else str(value)
    )
