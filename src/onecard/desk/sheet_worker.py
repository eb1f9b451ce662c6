"""The process that opens a file from outside, with little memory and time; prints JSON lines.

It is started by `sheet.py` and imports nothing that touches the database, so whatever a hostile file does to
a parser ends here.
"""

import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import BinaryIO

import msgspec

from onecard.desk.uploads import COLUMNS_MAX, FILE_MAX_MB, ROWS_MAX, SheetError, Trouble

CELL_MAX = 2_000  # characters of a cell
MEMORY_BYTES = 200 << 20  # of address space; 60,000 rows of the template take 60 MB
CPU_S = 30
_EXACT_BELOW = 10**15


class Verdict(msgspec.Struct):
    """The last line: all rows were printed, or the file is refused and the rows mean nothing."""

    trouble: Trouble | None = None
    detail: str = ""


def limit_process() -> None:
    """Give up the right to memory, time, files and core dumps beyond what reading one sheet takes."""
    for kind, amount in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (amount, amount))


def print_rows(path: Path, output: BinaryIO) -> Verdict:
    """Print each row as `[number, [cells]]`; returns what to print last."""
    encoder, buffer = msgspec.json.Encoder(), bytearray()
    try:
        for line in _lines(path):
            encoder.encode_into(line, buffer)
            output.write(buffer)
            output.write(b"\n")
    except SheetError as refusal:
        return Verdict(refusal.trouble, refusal.detail)
    except MemoryError:
        return Verdict(Trouble.TOO_MUCH)
    except OSError as error:
        return Verdict(Trouble.UNREADABLE, error.strerror or "unknown")
    return Verdict()


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    size = path.stat().st_size
    if size == 0:
        raise SheetError(Trouble.EMPTY_FILE)
    if size > FILE_MAX_MB << 20:
        raise SheetError(Trouble.TOO_BIG, str(FILE_MAX_MB))
    reader = _reader(path)
    for row, cells in reader(path):
        texts = [cell[:CELL_MAX] for cell in map(as_text, cells)]
        while texts and not texts[-1].strip():
            texts.pop()
        if not texts:
            continue
        if row > ROWS_MAX + 1:
            raise SheetError(Trouble.TOO_MANY_ROWS, str(ROWS_MAX))
        if len(texts) > COLUMNS_MAX:
            raise SheetError(Trouble.TOO_MANY_COLUMNS, str(COLUMNS_MAX))
        yield row, texts


def _reader(path: Path) -> Callable[[Path], Iterable[tuple[int, list[object]]]]:
    # imported here, after the limits hold
    from onecard.desk import csv_file, ole_file, zip_file  # noqa: PLC0415

    with path.open("rb") as file:
        start = file.read(8)
    kind = path.suffix.lower()
    if start.startswith(zip_file.MAGIC) and kind == ".xlsx":
        return zip_file.read
    if start == ole_file.MAGIC:
        if kind != ".csv":
            ole_file.refuse_protected(path)
        if kind == ".xls":
            return ole_file.read
    elif kind == ".csv" and not start.startswith(zip_file.MAGIC):
        return csv_file.read
    raise SheetError(Trouble.NOT_THE_KIND, kind)


def as_text(value: object) -> str:
    """A cell as the person sees it: whole numbers without a point, long ones as rounded as they are."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Real):
        number = Decimal(repr(value))
        # a spreadsheet keeps 15 digits; beyond them the number on the screen reads 1.10105E+17
        if abs(number) >= _EXACT_BELOW:
            return f"{number:.5E}"
        return str(int(number)) if number == int(number) else str(number)
    return "" if value is None else str(value)


def main() -> None:
    """Read the file named on the command line."""
    limit_process()
    output = sys.stdout.buffer
    output.write(msgspec.json.encode(print_rows(Path(sys.argv[1]), output)))


if __name__ == "__main__":
    main()
