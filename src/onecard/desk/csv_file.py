"""Text tables: UTF-8 or GB18030, separated by comma, semicolon or tab."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from onecard.desk.uploads import SheetError, Trouble

_ENCODINGS = ("utf-8-sig", "gb18030")  # in this order: hardly any GB18030 text is also valid UTF-8
_DELIMITERS = ",;\t"


def read(path: Path) -> Iterator[tuple[int, list[object]]]:
    """Records with their number, from 1.

    Raises:
        SheetError: not a text table.
    """
    text = decode(path.read_bytes())
    first_line = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    try:
        for row, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1):
            yield row, list(cells)
    except csv.Error:
        raise SheetError(Trouble.DAMAGED) from None


def decode(content: bytes) -> str:
    """The text of a file.

    Raises:
        SheetError: it is neither UTF-8 nor GB18030, or not text at all.
    """
    if b"\0" in content:
        raise SheetError(Trouble.ENCODING)
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError(Trouble.ENCODING)
