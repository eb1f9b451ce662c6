"""Old Excel workbooks (.xls): streams in a container, whose records are searched before parsing."""

import struct
from collections.abc import Iterator
from pathlib import Path

from onecard.desk.uploads import COLUMNS_MAX, ROWS_MAX, SheetError, Trouble

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTORS_IN_HEADER = 109
_LAST_SECTOR = 0xFFFFFFF9  # numbers above are marks: end of chain, free, of the table itself
_ENTRY_BYTES = 128
_STREAM = 2
_ROOT = 5
_FORMULAS = frozenset({0x0006, 0x0206, 0x0406})
_FILEPASS = 0x002F
_SECTOR_SHIFTS = range(7, 17)
# records that hold one cell: row and column are their first two fields
_CELLS = frozenset({0x0203, 0x0204, 0x0205, 0x00FD, 0x027E, 0x00D6})
_CELL_RUN = 0x00BD  # several numbers of one row
_LINK_BOOK = 0x01AE
_OWN_BOOK = 0x0401


def refuse_protected(path: Path) -> None:
    """Refuse a new workbook that a password turned into this container.

    Raises:
        SheetError: it is encrypted, or the container is damaged.
    """
    if "EncryptedPackage" in Container(path.read_bytes()).streams:
        raise SheetError(Trouble.ENCRYPTED)


def read(path: Path) -> Iterator[tuple[int, list[object]]]:
    """Rows of the first sheet with their number.

    Raises:
        SheetError: hostile, damaged, or over a limit.
    """
    try:
        search_records(Container(path.read_bytes()))
    except struct.error:
        raise SheetError(Trouble.DAMAGED) from None
    from onecard.desk import calamine_sheet  # noqa: PLC0415  the parser is loaded only for searched files

    yield from calamine_sheet.read(path)


class Container:
    """Streams of a compound file, by name (MS-CFB, the parts that .xls uses)."""

    def __init__(self, content: bytes) -> None:
        """`content`: the whole file.

        Raises:
            SheetError: damaged.
        """
        self._content = content
        try:
            shift, mini_shift = struct.unpack_from("<2H", content, 0x1E)
            first_directory, self._mini_limit, first_mini, _, first_more, more = struct.unpack_from(
                "<L4xLLLLL", content, 0x30
            )
            if shift not in _SECTOR_SHIFTS or mini_shift not in range(2, shift):
                raise SheetError(Trouble.DAMAGED)
            self._size, self._mini_size = 1 << shift, 1 << mini_shift
            self._table = self._load_table(first_more, more)
            self._mini_table = _numbers(self._chain(first_mini))
            self.streams: dict[str, tuple[int, int]] = {}
            self._root = b""
            self._load_directory(self._chain(first_directory))
        except struct.error:
            raise SheetError(Trouble.DAMAGED) from None

    def read(self, name: str) -> bytes:
        """The content of a stream."""
        start, size = self.streams[name]
        if size >= self._mini_limit:
            return self._chain(start)[:size]
        pieces = [
            self._root[number * self._mini_size : (number + 1) * self._mini_size]
            for number in _follow(self._mini_table, start)
        ]
        return b"".join(pieces)[:size]

    def _load_table(self, first_more: int, more: int) -> tuple[int, ...]:
        sectors = list(struct.unpack_from(f"<{_SECTORS_IN_HEADER}L", self._content, 0x4C))
        here = first_more
        for _ in range(min(more, len(self._content) // self._size)):
            numbers = _numbers(self._sector(here))
            sectors += numbers[:-1]
            here = numbers[-1]
        used = [number for number in sectors if number <= _LAST_SECTOR]
        if len(used) > len(self._content) // self._size:
            raise SheetError(Trouble.DAMAGED)
        return _numbers(b"".join(map(self._sector, used)))

    def _load_directory(self, entries: bytes) -> None:
        for at in range(0, len(entries), _ENTRY_BYTES):
            length, kind = struct.unpack_from("<HB", entries, at + 64)
            start, size = struct.unpack_from("<LL", entries, at + 116)
            name = entries[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
            if kind == _ROOT:
                self._root = self._chain(start)[:size] if size else b""
            elif kind == _STREAM:
                self.streams[name] = (start, size)
            elif name.upper().startswith("_VBA_PROJECT"):
                raise SheetError(Trouble.MACRO)

    def _chain(self, start: int) -> bytes:
        return b"".join(map(self._sector, _follow(self._table, start)))

    def _sector(self, number: int) -> bytes:
        at = (number + 1) * self._size
        if at >= len(self._content):
            raise SheetError(Trouble.DAMAGED)
        return self._content[at : at + self._size]


def _follow(table: tuple[int, ...], start: int) -> Iterator[int]:
    """Numbers of a chain; a chain longer than its table runs in a circle."""
    here, steps = start, 0
    while here <= _LAST_SECTOR:
        if here >= len(table) or steps > len(table):
            raise SheetError(Trouble.DAMAGED)
        yield here
        here, steps = table[here], steps + 1


def _numbers(content: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(content) // 4}L", content[: len(content) // 4 * 4])


def search_records(container: Container) -> None:
    """Refuse what a plain list does not contain.

    Raises:
        SheetError: names what was found.
    """
    if any(name.upper().startswith("_VBA_PROJECT") for name in container.streams):
        raise SheetError(Trouble.MACRO)
    stream = next((name for name in ("Workbook", "Book") if name in container.streams), None)
    if stream is None:
        raise SheetError(Trouble.NOT_THE_KIND, ".xls")
    content = container.read(stream)
    at = 0
    while at + 4 <= len(content):
        kind, length = struct.unpack_from("<2H", content, at)
        at += 4
        _search_record(kind, content[at : at + length])
        at += length


def _search_record(kind: int, body: bytes) -> None:
    if kind == _FILEPASS:
        raise SheetError(Trouble.ENCRYPTED)
    if kind == _LINK_BOOK and body[2:4] != _OWN_BOOK.to_bytes(2, "little"):
        raise SheetError(Trouble.LINKED)
    if kind in _FORMULAS:
        row, column = struct.unpack_from("<2H", body)
        raise SheetError(Trouble.FORMULA, _cell_name(row, column))
    if kind in _CELLS or kind == _CELL_RUN:
        row, column = struct.unpack_from("<2H", body)
        if kind == _CELL_RUN:
            column = int.from_bytes(body[-2:], "little")
        if row > ROWS_MAX:
            raise SheetError(Trouble.TOO_MANY_ROWS, str(ROWS_MAX))
        if column >= COLUMNS_MAX:
            raise SheetError(Trouble.TOO_MANY_COLUMNS, str(COLUMNS_MAX))


def _cell_name(row: int, column: int) -> str:
    high, low = divmod(column, 26)
    return (chr(ord("A") + high - 1) if high else "") + chr(ord("A") + low) + str(row + 1)
