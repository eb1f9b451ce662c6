"""Rules on plain text: lengths, leftovers, links, names of machines."""

import re
from collections.abc import Iterator
from pathlib import Path

from house.tree import ROOT

LINE_MAX = 110
MODULE_MAX = 400
# spelt in parts, or this file would break its own rules
LEFTOVERS = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
MACHINE_PATHS = re.compile(r"(?<![\w.*])/(home/\w|root/|Users/\w|wor" + r"k/|opt/(wheels|py" + r"pi))")
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
    )
]
_PRAGMA = re.compile(r"\s+# (noqa|type):.*")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CITED = re.compile(r"\bdocs/[\w/-]+(?:\.\w+)?")


def lengths(text: str) -> Iterator[str]:
    """Lines and files that are too long."""
    lines = text.splitlines()
    if len(lines) > MODULE_MAX:
        yield f"{len(lines)} lines, more than {MODULE_MAX}"
    for number, whole in enumerate(lines, 1):
        # a pragma for the linters may stand out, as it may for them
        line = _PRAGMA.sub("", whole)
        if len(line) > LINE_MAX:
            yield f"line {number} has {len(line)} characters, more than {LINE_MAX}"


def leftovers(text: str) -> Iterator[str]:
    """Promises that belong into an issue."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in LEFTOVERS.finditer(line):
            yield f"line {number}: {found.group()}"


def machines(text: str) -> Iterator[str]:
    """Paths of one machine, and hosts of package registries, which every installation chooses itself."""
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATHS.search(line):
            yield f"line {number}: the path of one machine"
        yield from (f"line {number}: {host}" for host in REGISTRIES if host in line)


def titles(text: str) -> Iterator[str]:
    """A Markdown file has one title, at its top."""
    found = [line for line in _outside_code(text) if line.startswith("# ")]
    if len(found) != 1:
        yield f"{len(found)} titles instead of one"
    elif not text.startswith("# "):
        yield "does not begin with its title"


def links(text: str, path: Path) -> Iterator[str]:
    """Relative links lead to files that exist, and to headings in them."""
    for target in LINK.findall("\n".join(_outside_code(text))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists():
            yield f"dead link {target}"
        elif heading and heading not in _headings(text if file == path else file.read_text(encoding="utf-8")):
            yield f"dead heading {target}"


def citations(text: str, root: Path = ROOT) -> Iterator[str]:
    """Documents that code refers to exist: docs/adr/0001 stands for the file that begins so."""
    for cited in _CITED.findall(text):
        if not (root / cited).exists() and not list(root.glob(f"{cited.rstrip('.')}[-.]*")):
            yield f"refers to {cited}, which does not exist"


def _outside_code(text: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = not inside
        elif not inside:
            yield line


def _headings(text: str) -> set[str]:
    titles_ = [line.lstrip("#").strip() for line in _outside_code(text) if line.startswith("#")]
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles_}
