"""Opens an uploaded photo in a limited process of its own (`worker.py`), never in this one."""

import asyncio
import os
import sys

import msgspec

from onecard.base.errors import OneCardError
from onecard.people.photos.model import FILE_MAX_MB, TROUBLES, Picture, Prepared, Trouble

WALL_TIME_S = 10
_AT_ONCE = 2  # photos that are opened side by side; a class's photos must not take a server's memory
_slots: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


class PhotoError(OneCardError):
    """A file is refused; the sentence says why and what to do."""

    def __init__(self, trouble: Trouble) -> None:
        """`trouble`: why."""
        super().__init__(TROUBLES[trouble])
        self.trouble = trouble


async def prepare(data: bytes) -> Prepared:
    """The photo in a file as it would be stored: upright, cropped to 3:4, JPEG without metadata, ≤ 200 KB.

    Raises:
        PhotoError: the file is refused.
    """
    if len(data) > FILE_MAX_MB << 20:
        raise PhotoError(Trouble.TOO_BIG)
    async with _turn():
        output, code = await _run(data)
    head, _, jpeg = output.partition(b"\n")
    try:
        picture = msgspec.json.decode(head, type=Picture)
    except msgspec.MsgspecError:
        # a limit ends it by a signal or for want of memory while it says so
        raise PhotoError(Trouble.TOO_MUCH if code else Trouble.DAMAGED) from None
    if picture.trouble is not None:
        raise PhotoError(picture.trouble)
    return Prepared(jpeg=jpeg, width=picture.width, height=picture.height, findings=tuple(picture.findings))


def _turn() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    for other in [each for each in _slots if each.is_closed()]:
        del _slots[other]
    return _slots.setdefault(loop, asyncio.Semaphore(_AT_ONCE))


async def _run(data: bytes) -> tuple[bytes, int | None]:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "onecard.people.photos.worker",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(WALL_TIME_S):
            output, _ = await worker.communicate(data)
    except TimeoutError:
        raise PhotoError(Trouble.TOO_MUCH) from None
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    return output, worker.returncode
