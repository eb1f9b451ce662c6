"""Programs of ours in processes of their own, as they run in earnest."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

_STOP_S = 6.0


def program(name: str) -> str:
    """The path of a program that is installed beside this one."""
    return str(Path(sys.executable).with_name(name))


@asynccontextmanager
async def started(
    *command: str, environment: Mapping[str, str] | None = None, silent: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program for the length of the block; it is asked to end, then made to.

    Args:
        command: the program and its arguments.
        environment: instead of this process's.
        silent: nothing it says is shown; else what it complains of is.
    """
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL if silent else None
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
