"""Writes docs/reference from the code it describes: `python -m onecard.cli.reference`."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from onecard.base.schema_kinds import LIBRARY_TABLES, LOCAL_TABLES, ROUTING_TABLES, TENANT_TABLES
from onecard.base.settings import Settings
from onecard.base.status import TEXTS, Status
from onecard.cli import reference_commands
from onecard.cli.main import gather
from onecard.devices.drivers.ot1 import reference as ot1

DIRECTORY = Path("docs/reference")
MADE = "Made by `make reference`; a test compares it with the code."
_HUNDREDS = {
    0: "Success",
    1: "The message",
    2: "Tenant, device, merchant",
    3: "The credential",
    4: "Amount and account",
    5: "Limits",
    6: "Balance",
    7: "Corrections",
    8: "Holds",
}
_KINDS = (
    (
        "Tenants' tables",
        "`tenant_id` comes first in every key; forced row-level security shows a transaction one tenant.",
        TENANT_TABLES,
    ),
    (
        "Routing tables",
        "They find the tenant of something global and are rebuilt from tenants' tables; no foreign keys.",
        ROUTING_TABLES,
    ),
    ("Local tables", "They belong to the installation.", LOCAL_TABLES),
    ("Tables of a library", "The queue of jobs; a library makes them and minds them.", LIBRARY_TABLES),
)


def pages() -> dict[str, str]:
    """File name → Markdown text of every page."""
    return {
        "statuses.md": _statuses(),
        "settings.md": _settings(),
        "tables.md": _tables(),
        "ot1.md": ot1.markdown(MADE),
        "commands.md": reference_commands.markdown(gather(), MADE),
    }


def _statuses() -> str:
    lines = [
        "# Statuses",
        "",
        f"Every request gets exactly one of these. {MADE}",
        "",
        "Reasons are checked in the order of their numbers; the first that applies is the answer. On the bus",
        "and in JSON the name travels; the ledger keeps a refusal's number, so no number is ever used again.",
    ]
    for hundred, title in _HUNDREDS.items():
        rows = [
            (str(int(status)), f"`{status.code}`", *TEXTS[status])
            for status in Status
            if status // 100 == hundred
        ]
        lines += ["", f"## {title}", "", *_table(("number", "name", "English", "中文"), rows)]
    return _text(lines)


def _settings() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        variable = str(field.validation_alias or f"ONECARD_{name.upper()}")
        default = "" if field.default is None else f"`{field.default}`"
        rows.append((f"`{variable}`", default, _allowed(field), field.description or ""))
    lines = [
        "# Settings",
        "",
        f"Environment variables that every process reads at its start. {MADE}",
        "",
        "A malformed one stops the start with a sentence that begins with its name. Without any, everything",
        "runs from embedded servers in the data directory.",
        "",
        *_table(("variable", "default", "allowed", "meaning"), rows),
    ]
    return _text(lines)


def _allowed(field: Any) -> str:
    """Bounds, pattern or choices of a setting."""
    limits = {
        key: getattr(item, key) for item in field.metadata for key in ("ge", "le") if hasattr(item, key)
    }
    if limits:
        return f"{limits['ge']} to {limits['le']}"
    patterns = [item.pattern for item in field.metadata if getattr(item, "pattern", None)]
    if patterns:
        escaped = patterns[0].replace("|", "\\|")
        return f"`{escaped}`"
    choices = getattr(field.annotation, "__args__", ())
    return ", ".join(f"`{choice}`" for choice in choices if isinstance(choice, str))


def _tables() -> str:
    lines = [
        "# Tables",
        "",
        f"Every table, its kind, and all that the application's login may do with it. {MADE}",
        "",
        "The ledger's own role, which nobody can sign in as, writes the ledger through posting functions.",
        "The writer's login has no right on any table: it may call those functions. Nobody but the owner",
        "may truncate anything.",
    ]
    for title, meaning, tables in _KINDS:
        rows = [(f"`{table}`", rights) for table, rights in tables.items()]
        lines += ["", f"## {title}", "", meaning, "", *_table(("table", "the application may"), rows)]
    return _text(lines)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows)]


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write all pages below the current directory's docs/reference."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{DIRECTORY / name}\n")


if __name__ == "__main__":
    main()
