"""Reads an uploaded workbook or CSV in a limited process of its own (`sheet_worker`), never in this one."""

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from onecard.desk.model import Line, Sheet
from onecard.desk.sheet_worker import Verdict
from onecard.desk.uploads import KINDS, SheetError, Trouble

WALL_TIME_S = 60
_LINES = msgspec.json.Decoder(Line)


async def read_sheet(path: Path) -> Sheet:
    """The first sheet of a file as text.

    Raises:
        SheetError: the file is refused; the sentence says why.
    """
    if path.suffix.lower() not in KINDS:
        raise SheetError(Trouble.WRONG_KIND, path.name)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "onecard.desk.sheet_worker", str(path),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(WALL_TIME_S):
            output, _ = await worker.communicate()
    except TimeoutError:
        raise SheetError(Trouble.TOO_MUCH) from None
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    return _sheet(output, worker.returncode)


def _sheet(output: bytes, code: int | None) -> Sheet:
    rows, _, last = output.rpartition(b"\n")
    try:
        verdict = msgspec.json.decode(last, type=Verdict)
        lines = _LINES.decode_lines(rows)
    except msgspec.MsgspecError:
        # a limit ends it by a signal (memory: abort); a parser that panics ends it by itself
        raise SheetError(Trouble.TOO_MUCH if (code or 0) < 0 else Trouble.DAMAGED) from None
    if verdict.trouble is not None:
        raise SheetError(verdict.trouble, verdict.detail)
    if not lines:
        raise SheetError(Trouble.EMPTY_FILE)
    return Sheet(lines[0], tuple(lines[1:]))
