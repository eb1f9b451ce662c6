"""Whether a file is a picture and nothing else: no page, program or archive in its metadata or behind it.

A photo is decoded and written anew in any case, so nothing of this would survive; a file that is two things
at once was made to deceive somebody, and whoever uploads it should hear so.
"""

import re
import struct
from collections.abc import Iterator

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_END, _SCAN = 0xD9, 0xDA
_STRANGE = re.compile(
    rb"<script|<html|<\?php|<!doctype|<!entity|<iframe|javascript:|%pdf-|pk\x03\x04|#!/", re.IGNORECASE
)


class NotAPictureError(ValueError):
    """The bytes do not have the form of a JPEG or PNG file."""


def is_picture(data: bytes) -> bool:
    """Whether the file begins as a JPEG or PNG does."""
    return data.startswith((_JPEG, _PNG))


def carries_something_else(data: bytes) -> bool:
    """Whether there is more in the file than a picture and harmless metadata.

    Raises:
        NotAPictureError: the file breaks off or is malformed.
    """
    parts = list(_jpeg(data) if data.startswith(_JPEG) else _png(data))
    behind = parts.pop()
    return bool(behind.strip(b"\0")) or any(_STRANGE.search(part) for part in parts)


def _jpeg(data: bytes) -> Iterator[bytes]:
    """The segments of a JPEG, then what stands behind its end."""
    at = 2
    while True:
        found = _NEXT_MARKER.search(data, at)
        if found is None or found.end() + 2 > len(data) + 2 * (found.group()[1] == _END):
            raise NotAPictureError
        if found.group()[1] == _END:
            yield data[found.end() :]
            return
        (length,) = struct.unpack_from(">H", data, found.end())
        if found.group()[1] != _SCAN:
            yield data[found.end() + 2 : found.end() + length]
        at = found.end() + length


def _png(data: bytes) -> Iterator[bytes]:
    """The chunks of a PNG but those of pixels, then what stands behind its end."""
    at = len(_PNG)
    while at + 12 <= len(data):
        (length,), kind = struct.unpack_from(">I", data, at), data[at + 4 : at + 8]
        if kind == b"IEND":
            yield data[at + 12 :]
            return
        if kind != b"IDAT":
            yield data[at + 8 : at + 8 + length]
        at += 12 + length
    raise NotAPictureError
