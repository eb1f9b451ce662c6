"""The running agent: desk and link together, its status told at the terminal and in a file."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

from onecard import __version__
from onecard.agent.desk import Desk
from onecard.agent.home import Home, Status
from onecard.agent.link import Link
from onecard.agent.protocol import CardEvent, ReaderState
from onecard.agent.sources import Source
from onecard.base.errors import UnavailableError

log = logging.getLogger(__name__)


class Program:
    """One agent.

    Args:
        home: its files.
        source: its readers.
        say: tells the person at the terminal.
    """

    def __init__(self, home: Home, source: Source, say: Callable[[str], None]) -> None:
        self._home = home
        self._configuration = home.configuration()
        self._say = say
        self._said = ""
        self._since = 0
        self._desk = Desk(source, self._tell, home.printer())
        self._link = Link(self._configuration, home.key(), self._desk, self._show)

    async def run(self) -> None:
        """Run until cancelled.

        Raises:
            ReplacedError: another program has signed in as this workstation.
        """
        try:
            async with self._desk.watched():
                await self._link.run()
        finally:
            self._show()

    def _tell(self, event: CardEvent | None) -> None:
        self._link.tell(event)
        self._show()

    def _show(self) -> None:
        """Write the status file, and a line at the terminal when something changed."""
        connected, now = self._link.connected, int(time.time())
        if connected != bool(self._since):
            self._since = now if connected else 0
        error = self._link.last_error or self._desk.fault or ""
        configuration = self._configuration
        status = Status(
            os.getpid(), __version__, configuration.server, configuration.tenant, configuration.workstation,
            configuration.name, connected, self._since, now, self._desk.readers, error,
        )  # fmt: skip
        try:
            self._home.write_status(status)
        except UnavailableError as failure:
            log.warning("%s", failure)
        line = sentence(status)
        if line != self._said:
            self._said = line
            self._say(line)


def sentence(status: Status) -> str:
    """What an agent does, in one line."""
    readers = [f"{each.name}: {_seen(each)}" for each in status.readers]
    where = f"{status.name} ({status.tenant}/{status.workstation})"
    link = f"connected to {status.server}" if status.connected else f"NOT connected to {status.server}"
    parts = [where, link, "; ".join(readers) or "no reader"]
    return ", ".join(parts) + "." + (f" {status.last_error}" if status.last_error else "")


def _seen(reader: ReaderState) -> str:
    if reader.trouble is not None:
        return reader.trouble.replace("_", " ")
    return "card" if reader.card else "no card"


@contextlib.contextmanager
def _ended_by_sigterm(task: "asyncio.Task[None]") -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def run(home: Home, source: Source, say: Callable[[str], None]) -> None:
    """Run an agent until SIGTERM or Ctrl-C.

    Raises:
        UnavailableError: it has not enrolled, or another one runs with the same files.
        ReplacedError: another program has signed in as this workstation.
    """
    with home.only_one():
        running = asyncio.create_task(Program(home, source, say).run())
        with _ended_by_sigterm(running), contextlib.suppress(asyncio.CancelledError):
            await running
