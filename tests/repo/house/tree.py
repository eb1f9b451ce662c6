"""The repository's files, as a clone would hold them."""

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[3]
BINARY = {".whl", ".xlsx", ".xls", ".png", ".zip"}


def everything(root: Path = ROOT) -> Iterator[Path]:
    """Files below `root` that .gitignore does not exclude."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    ignored = {pattern.strip("/") for pattern in lines} | {".git"}
    for path in sorted(root.iterdir()):
        if any(fnmatch(path.name, pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from everything(path)
        else:
            yield path


def files(root: Path = ROOT, *suffixes: str) -> Iterator[Path]:
    """Text files below `root`; with `suffixes` only those."""
    for path in everything(root):
        if path.suffix in suffixes or (not suffixes and path.suffix not in BINARY):
            yield path


def short(path: Path) -> str:
    """Path as it is named in the repository."""
    return path.relative_to(ROOT).as_posix()
