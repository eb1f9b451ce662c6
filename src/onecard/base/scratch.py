"""Directories for files that must not outlive the process: what people upload, what is exported for them.

They are removed when their block ends. A process that is killed leaves its own behind; the kernel lets go of
the locks it held, and whoever sweeps next removes what nobody holds.
"""

import contextlib
import fcntl
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

_NAME = "onecard-scratch-"
_YOUNG_S = 60.0  # between being made and being locked


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """A directory for this block alone; `purpose` is one word of its name, for those who look."""
    with tempfile.TemporaryDirectory(prefix=f"{_NAME}{purpose}-") as name:
        held = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_SH)
            yield Path(name)
        finally:
            os.close(held)


def sweep(young_s: float = _YOUNG_S) -> int:
    """Remove what processes of this account left when they were killed; returns how many directories."""
    found = Path(tempfile.gettempdir()).glob(f"{_NAME}*")
    swept = sum(_removed(path, time.time() - young_s) for path in found)
    if swept:
        log.warning("%s directories of processes that were killed are removed", swept)
    return swept


def _removed(path: Path, before: float) -> bool:
    with contextlib.suppress(OSError):  # it is in use, somebody else's, or just went away
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            facts = os.fstat(held)
            if facts.st_uid != os.geteuid() or facts.st_mtime > before:
                return False
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
            return True
        finally:
            os.close(held)
    return False
