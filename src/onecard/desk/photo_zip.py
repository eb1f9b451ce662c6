"""A ZIP of photos named by person number: looked at before anything is unpacked, then member by member.

`1001.jpg` is the first photo of person 1001, `1001_2.png` the second; folders do not matter.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say
from onecard.people.photos.model import FILE_MAX_MB

ZIP_MAX_MB = 500
MEMBERS_MAX = 20_000
UNPACKED_MAX_MB = 2_000
_ENDINGS = {".jpg", ".jpeg", ".png"}
_SECOND = re.compile(r"(.+)_([12])")
_LITTER = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_ENCRYPTED, _UTF8 = 0x1, 0x800


class ZipError(OneCardError):
    """The whole file is refused."""


class MemberError(OneCardError):
    """One photo is refused."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive.

    Attributes:
        info: where it is.
        name: as people know it.
        meant: whose photo it may be, by person number and slot, the likelier first: `A_2` may be the first
            photo of person `A_2` or the second of `A`. Empty: it is called as no photo is.
    """

    info: zipfile.ZipInfo
    name: str
    meant: tuple[tuple[str, int], ...]


def look(path: Path) -> list[Member]:
    """The files of an archive in its order, nothing unpacked.

    Raises:
        ZipError: it is no ZIP, protected, or larger than a school's photos can be.
    """
    if path.stat().st_size > ZIP_MAX_MB << 20:
        raise ZipError(say("The file is larger than {most} MB; split it into several.", most=ZIP_MAX_MB))
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise ZipError(say("The file is not a ZIP, or it is damaged; pack the photos again.")) from None
    infos = [info for info in infos if not _LITTER.search(info.filename.replace("\\", "/"))]
    if not infos:
        raise ZipError(say("There are no files in the ZIP."))
    if len(infos) > MEMBERS_MAX:
        message = say("There are more than {most} files in the ZIP; split it.", most=MEMBERS_MAX)
        raise ZipError(message)
    if sum(info.file_size for info in infos) > UNPACKED_MAX_MB << 20:
        message = say("The ZIP unpacks to more than {most} MB; split it.", most=UNPACKED_MAX_MB)
        raise ZipError(message)
    if any(info.flag_bits & _ENCRYPTED for info in infos):
        raise ZipError(say("The ZIP is protected by a password; pack it without one."))
    return [_member(info) for info in infos]


def _member(info: zipfile.ZipInfo) -> Member:
    name = _readable(info).replace("\\", "/")
    stem, dot, ending = name.rsplit("/", 1)[-1].rpartition(".")
    meant: list[tuple[str, int]] = []
    if dot and f".{ending.lower()}" in _ENDINGS:
        meant.append((stem.strip(), 1))
        if match := _SECOND.fullmatch(stem.strip()):
            meant.append((match[1], int(match[2])))
    return Member(info, name, tuple(meant))


def _readable(info: zipfile.ZipInfo) -> str:
    """Names without the mark of UTF-8 are in whatever the packing computer spoke; here mostly GB18030."""
    if info.flag_bits & _UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return info.filename


def unpack(path: Path, members: list[Member]) -> Iterator[bytes | MemberError]:
    """The bytes of each member, or why they cannot be had; never more than a photo may have."""
    most = FILE_MAX_MB << 20
    with zipfile.ZipFile(path) as archive:
        for member in members:
            if member.info.file_size > most:
                yield MemberError(_too_big())
                continue
            try:
                with archive.open(member.info) as file:
                    data = file.read(most + 1)
            except (
                zipfile.BadZipFile,
                zlib.error,
                OSError,
                EOFError,
                ValueError,
                NotImplementedError,
                RuntimeError,
            ):
                yield MemberError(say("The photo in the ZIP is damaged; pack it again."))
                continue
            yield data if len(data) <= most else MemberError(_too_big())


def _too_big() -> Text:
    return say("The photo is larger than {most} MB; save it smaller.", most=FILE_MAX_MB)
