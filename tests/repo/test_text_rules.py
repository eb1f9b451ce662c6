"""Rules on the repository's text; the last tests show that each checker can tell."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from house import text_rules as rules
from house.tree import BINARY, ROOT, everything, files, short

CODE = list(files(ROOT, ".py", ".sql", ".sh"))
MARKDOWN = list(files(ROOT, ".md"))
EVERYTHING = list(files())
# the example workbook, and what installs everything else before there is anything
BINARIES = ["src/onecard/desk/examples/people-500.xlsx", "tools/pip-26.3-py3-none-any.whl"]
Rule = Callable[[str], Iterator[str]]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*CODE, ROOT / ".ci" / "run"], ids=short)
def test_lengths(path: Path) -> None:
    assert list(rules.lengths(_read(path))) == []


@pytest.mark.parametrize("rule", [rules.leftovers, rules.machines])
def test_nothing_is_left_over(rule: Rule) -> None:
    found = {short(path): list(rule(_read(path))) for path in EVERYTHING}
    assert {name: findings for name, findings in found.items() if findings} == {}


def test_nothing_binary_slips_in() -> None:
    assert [short(path) for path in everything() if path.suffix in BINARY] == BINARIES


@pytest.mark.parametrize("path", MARKDOWN, ids=short)
def test_markdown(path: Path) -> None:
    assert list(rules.titles(_read(path))) == []
    assert list(rules.links(_read(path), path)) == []


@pytest.mark.parametrize("path", CODE, ids=short)
def test_cited_documents_exist(path: Path) -> None:
    if path.parent.name not in {"repo", "house"}:
        assert list(rules.citations(_read(path))) == []


def test_every_document_is_linked() -> None:
    linked = {
        (path.parent / target.partition("#")[0]).resolve()
        for path in MARKDOWN
        for target in rules.LINK.findall(_read(path))
    }
    assert [short(path) for path in MARKDOWN if path not in linked and path.name != "README.md"] == []


def test_folders_say_what_they_are() -> None:
    architecture = _read(ROOT / "ARCHITECTURE.md")
    for package in sorted((ROOT / "src" / "onecard").rglob("__init__.py")):
        text = _read(package).strip()
        folder = package.parent.relative_to(ROOT / "src" / "onecard").as_posix()
        assert text.startswith('"""'), folder
        assert text.split("\n")[0].endswith('."""'), f"{folder}: the docstring is not one line"
        assert folder == "." or f"`{folder}/`" in architecture, f"ARCHITECTURE.md does not name {folder}/"


BROKEN: dict[str, tuple[Rule, str]] = {
    "long line": (rules.lengths, "x" * 111),
    "long file": (rules.lengths, "x\n" * 401),
    "leftover": (rules.leftovers, "# TO" + "DO: later"),
    "second leftover": (rules.leftovers, "-- fix me: FIX" + "ME"),
    "machine": (rules.machines, "see /ho" + "me/anna/file"),
    "workspace": (rules.machines, "see /wor" + "k/shared"),
    "registry": (rules.machines, "https://py" + "pi.org/simple"),
    "no title": (rules.titles, "text"),
    "two titles": (rules.titles, "# one\n\n# two\n"),
    "late title": (rules.titles, "text\n# one\n"),
    "dead link": (lambda text: rules.links(text, ROOT / "README.md"), "[a](missing.md)"),
    "dead heading": (lambda text: rules.links(text, ROOT / "README.md"), "# t\n[a](#missing)"),
    "dead citation": (rules.citations, "see docs/" + "adr/0999"),
}
GOOD: dict[str, tuple[Rule, str]] = {
    "line": (rules.lengths, "x" * 110),
    "code": (rules.titles, "# one\n```\n# comment\n```\n"),
    "heading": (lambda text: rules.links(text, ROOT / "README.md"), "# The way in\n[a](#the-way-in)"),
    "outside link": (lambda text: rules.links(text, ROOT / "README.md"), "[a](https://example.org)"),
    "citation": (rules.citations, "see docs/adr/0001"),
}


@pytest.mark.parametrize(("rule", "text"), BROKEN.values(), ids=BROKEN)
def test_broken_text_is_noticed(rule: Rule, text: str) -> None:
    assert list(rule(text))


@pytest.mark.parametrize(("rule", "text"), GOOD.values(), ids=GOOD)
def test_good_text_passes(rule: Rule, text: str) -> None:
    assert list(rule(text)) == []
