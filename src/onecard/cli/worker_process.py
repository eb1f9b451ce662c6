"""The worker of jobs as a process beside `serve`: what is heavy in a job never makes a terminal wait."""

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from onecard.base.settings import Settings

log = logging.getLogger(__name__)
_STOP_PATIENCE_S = 5
_LOOK_EVERY_S = 1.0


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    """A worker of jobs for the length of the block, started again whenever it dies."""
    process = WorkerProcess(settings)
    process.start()
    watch = asyncio.create_task(_watch(process), name="supervisor of the worker")
    try:
        yield
    finally:
        watch.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watch
        await asyncio.to_thread(process.stop)


async def _watch(process: "WorkerProcess") -> None:
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        if not process.alive():
            log.warning("the worker of jobs has died and is started again")
            process.start()


class WorkerProcess:
    """`onecard worker` as a child: joins the parent's servers, ends with it however the parent ends."""

    def __init__(self, settings: Settings) -> None:
        self._environment = os.environ | {"ONECARD_DATA_DIR": str(settings.data_dir)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again after it died."""
        self._close_input()
        program = "from onecard.cli.main import run; run()"
        command = [sys.executable, "-c", program, "worker", "--with-parent"]
        self._process = subprocess.Popen(  # noqa: S603  our own program
            command, stdin=subprocess.PIPE, env=self._environment
        )

    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it; what it was working on is taken up again by the next."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close_input()

    def _close_input(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
