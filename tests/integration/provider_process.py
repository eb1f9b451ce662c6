"""A real provider of OpenID Connect, run by the Node of the virtual environment."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parents[1] / "oidc"
CACHE = HERE.parents[1] / ".cache" / "oidc"
BIN = Path(sys.executable).parent
NAMES = ("package.json", "package-lock.json", "provider.mjs")


@contextmanager
def running_provider() -> Iterator[str]:
    """A provider that serves until the block ends; its address."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install()
    command = [str(BIN / "node"), "provider.mjs"]
    with subprocess.Popen(
        command,
        cwd=CACHE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def _install() -> None:
    """The packages of the lock file, once; a changed lock file installs anew."""
    done = CACHE / "node_modules" / "done"
    wanted = (HERE / "package-lock.json").read_text(encoding="utf-8")
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        for name in NAMES[:2]:
            shutil.copy(HERE / name, CACHE)
        environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
        subprocess.run(
            [str(BIN / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=CACHE, env=environment, check=True, capture_output=True, timeout=100,
        )  # fmt: skip
        done.write_text(wanted, encoding="utf-8")
    # whole at every moment: another process may be starting it
    fresh = CACHE / f"provider-{os.getpid()}.mjs"
    shutil.copy(HERE / "provider.mjs", fresh)
    fresh.replace(CACHE / "provider.mjs")
