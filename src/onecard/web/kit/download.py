"""Files for the browser to save, whatever script their names are written in (RFC 6266)."""

from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

_PIECE = 256 * 1024


def download(content: bytes, name: str, media_type: str) -> Response:
    """A small file, as a whole."""
    return Response(content, media_type=media_type, headers={"content-disposition": _saved_as(name)})


class FileAnswer(StreamingResponse):
    """A file of any length, sent in pieces from its beginning, and closed whatever becomes of the answer.

    Whoever asked may have left before the first piece, so the pieces alone could not be trusted to close it.
    """

    def __init__(self, file: IO[bytes], name: str, media_type: str) -> None:
        """`file` is written to its end and belongs to the answer from now on."""
        self._file = file
        headers = {"content-disposition": _saved_as(name), "content-length": str(file.tell())}
        super().__init__(_pieces(file), media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._file:
            await super().__call__(scope, receive, send)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _saved_as(name: str) -> str:
    return f"attachment; filename*=utf-8''{quote(name, safe='')}"
