"""docs/reference says what the code does now; `make reference` puts it right."""

import re

import pytest
import typer.main

from house.tree import ROOT, files
from onecard.base.status import TEXTS, Status
from onecard.cli.main import gather
from onecard.cli.reference import MADE, pages


@pytest.mark.parametrize("name", pages())
def test_page_is_current(name: str) -> None:
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == pages()[name]


def test_every_page_is_made() -> None:
    written = (ROOT / "docs" / "reference").iterdir()
    assert {path.name for path in written if MADE in path.read_text(encoding="utf-8")} == set(pages())


def test_every_status_is_listed_with_both_texts() -> None:
    assert list(TEXTS) == list(Status), "the texts follow the order of the statuses"
    for status in Status:
        assert f"| {int(status)} | `{status.code}` | {' | '.join(TEXTS[status])} |" in pages()["statuses.md"]


_COMMAND = re.compile(r"\bonecard ((?:[a-z]+(?:-[a-z]+)* ?){1,2})")


def test_commands_in_documents_exist() -> None:
    known = typer.main.get_command(gather())
    for path in files(ROOT, ".md"):
        for line in _COMMAND.findall(path.read_text(encoding="utf-8")):
            words = line.split()
            command = known.commands.get(words[0])  # type: ignore[attr-defined]
            assert command, f"{path.name}: onecard {line}"
            inner = getattr(command, "commands", None)
            assert inner is None or len(words) == 1 or words[1] in inner, f"{path.name}: onecard {line}"
