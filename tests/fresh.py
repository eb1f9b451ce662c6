"""Fresh databases on the run's shared server: copies of one that was migrated once."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from onecard.base.embedded import OWNER, Logins, logins
from onecard.base.pgserver import EmbeddedPostgres

TEMPLATE = "onecard_template"
_MEMORY = Path("/dev/shm")  # noqa: S108  a directory of one's own is made there
_ROOM = 4 << 30
_NAME = "onecard-test-"


def server() -> EmbeddedPostgres:
    """The shared server, not started: in memory if there is room, where flushing costs nothing.

    What must outlive a kill or a loss of power is tried on servers of their own, on a disk.
    """
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM
    place = _MEMORY if roomy else Path(tempfile.gettempdir())
    for left in place.glob(f"{_NAME}*"):
        process = left.name.removeprefix(_NAME)
        if process == str(os.getpid()) or not Path("/proc", process).exists():
            remove(EmbeddedPostgres(left))  # of a run that was killed
    return EmbeddedPostgres(place / f"{_NAME}{os.getpid()}")


def remove(server: EmbeddedPostgres) -> None:
    """Stop it and throw its data away."""
    server.stop()
    shutil.rmtree(server.directory, ignore_errors=True)


@contextmanager
def database(postgres: EmbeddedPostgres) -> Iterator[Logins]:
    """Logins of a fresh, migrated database for the length of the block."""
    name = f"test_{uuid4().hex}"
    # files are copied faster than pages are logged
    _execute(postgres, f'create database "{name}" template {TEMPLATE} owner {OWNER} strategy file_copy')
    try:
        yield logins(postgres, name)
    finally:
        _execute(postgres, f'drop database "{name}" with (force)')


def _execute(postgres: EmbeddedPostgres, statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(postgres.url())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    # in another thread, because Playwright keeps a loop running in this one
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, execute()).result()
