"""The worker of jobs as a process beside `serve`: what is heavy in a job never makes a terminal wait."""

import os
import subprocess
import sys

from onecard.base.settings import Settings

_STOP_PATIENCE_S = 5


class WorkerProcess:
    """`onecard worker` as a child: joins the parent's servers, ends with it however the parent ends."""

    def __init__(self, settings: Settings) -> None:
        self._environment = os.environ | {"ONECARD_DATA_DIR": str(settings.data_dir)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again after it died."""
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
        if self._process.stdin is not None:
            self._process.stdin.close()
