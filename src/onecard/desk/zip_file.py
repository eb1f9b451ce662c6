"""Excel workbooks (.xlsx): the archive is searched for anything hostile before a parser sees it."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from onecard.desk.sheet_parts import PartSearch
from onecard.desk.uploads import SheetError, Trouble

MAGIC = b"PK\x03\x04"
MEMBERS_MAX = 500
UNPACKED_MAX = 300 << 20
RATIO_MAX = 120  # the most repetitive real sheets pack about 40 : 1
RATIO_FREE = 2 << 20  # small members may pack as well as they like
_CHUNK = 64 << 10
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe", b"\xfe\xff", b"\0<", b"<\0")
_FORBIDDEN = (
    # lower-case part of a member's name, trouble
    ("vbaproject", Trouble.MACRO),
    ("macrosheets/", Trouble.MACRO),
    ("externallinks/", Trouble.LINKED),
    ("embeddings/", Trouble.LINKED),
    ("activex/", Trouble.LINKED),
    ("connections.xml", Trouble.LINKED),
    ("querytables/", Trouble.LINKED),
)
_ENCRYPTED_FLAG = 1


def read(path: Path) -> Iterator[tuple[int, list[object]]]:
    """Rows of the first sheet with their number.

    Raises:
        SheetError: hostile, damaged, or over a limit.
    """
    search_archive(path)
    from onecard.desk import calamine_sheet  # noqa: PLC0415  the parser is loaded only for searched files

    yield from calamine_sheet.read(path)


def search_archive(path: Path) -> None:
    """Refuse what no plain workbook contains; unpacks every member once, in small pieces, to count and look.

    Raises:
        SheetError: names what was found.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            members = archive.infolist()
            _search_directory(members)
            for member in members:
                _search_member(file, member)
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, struct.error, EOFError, NotImplementedError):
        raise SheetError(Trouble.DAMAGED) from None


def _search_directory(members: list[zipfile.ZipInfo]) -> None:
    names = [member.filename.lower().replace("\\", "/") for member in members]
    if len(members) > MEMBERS_MAX or sum(member.file_size for member in members) > UNPACKED_MAX:
        raise SheetError(Trouble.BOMB)
    if len(set(names)) < len(names):
        # two parsers could each see another one
        raise SheetError(Trouble.DAMAGED)
    for name in names:
        for part, trouble in _FORBIDDEN:
            if part in name:
                raise SheetError(trouble)
    for member in members:
        if member.flag_bits & _ENCRYPTED_FLAG:
            raise SheetError(Trouble.ENCRYPTED)
        if member.file_size > max(RATIO_FREE, member.compress_size * RATIO_MAX):
            raise SheetError(Trouble.BOMB)
    if "[content_types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise SheetError(Trouble.NOT_THE_KIND, ".xlsx")


def _search_member(file: BinaryIO, member: zipfile.ZipInfo) -> None:
    """Unpack one member as its directory entry describes it; look into it when it is XML."""
    search: PartSearch | None = None
    seen = 0
    for chunk in _unpack(file, member):
        if seen == 0 and chunk.lstrip().startswith(_XML_STARTS):
            search = PartSearch(is_relations=member.filename.lower().endswith(".rels"))
        seen += len(chunk)
        if seen > member.file_size:
            # the directory lies about the size
            raise SheetError(Trouble.BOMB)
        if search is not None:
            search.feed(chunk)
    if seen != member.file_size:
        raise SheetError(Trouble.DAMAGED)
    if search is not None:
        search.finish()


def _unpack(file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpacked pieces, without trusting any declared size."""
    file.seek(member.header_offset)
    header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if header[0] != MAGIC:
        raise SheetError(Trouble.DAMAGED)
    file.seek(header[9] + header[10], 1)
    left = member.compress_size
    if member.compress_type == zipfile.ZIP_STORED:
        while left > 0 and (piece := file.read(min(_CHUNK, left))):
            left -= len(piece)
            yield piece
        return
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise SheetError(Trouble.DAMAGED)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    while left > 0 and (piece := file.read(min(_CHUNK, left))):
        left -= len(piece)
        while piece:
            if unpacked := inflater.decompress(piece, _CHUNK):
                yield unpacked
            piece = inflater.unconsumed_tail
    if rest := inflater.flush():
        yield rest
    if not inflater.eof:
        raise SheetError(Trouble.DAMAGED)
