"""A pcscd of one's own with virtual readers, beside the system's or without one.

pcscd keeps its socket and its pid under /run/pcscd, whatever one asks of it. So it gets a mount namespace in
which that directory is another one; clients find it by the variable in `VirtualPcscd.environment`. Where
namespaces are forbidden (most containers) it takes the real directory, one process at a time.
"""

import contextlib
import fcntl
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from onecard.base.errors import UnavailableError
from onecard.cards.steps import Dialect
from onecard.sim.pcscd.cradle import Cradle

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SLOTS = 2  # of one virtual reader; each has a port
_PROGRAM = "/usr/sbin/pcscd"
_RUN = Path("/run/pcscd")
_SOCKET, _PID = "pcscd.comm", "pcscd.pid"
_PORTS = range(15000, 32000)  # below those that outgoing connections use: one of them would take ours
_PORT_TRIES = 5
_START_TIMEOUT_S = 5.0
_STOP_TIMEOUT_S = 2.0
_LISTENS = "0A"  # state of a socket in /proc/net/tcp
# a /run without a place for it is covered by an empty one, inside the namespace only
_PRIVATE = '{ [ -d "$1" ] || { mount -t tmpfs none /run && mkdir "$1"; }; } && mount --bind "$0" "$1"'


def missing() -> str | None:
    """What this computer lacks for a virtual pcscd, as a sentence; None when it has everything."""
    if Path(_PROGRAM).exists() and DRIVER.exists():
        return None
    return "pcscd or its virtual reader is not installed; on Debian `make system-deps` installs both."


class VirtualPcscd:
    """One pcscd with one virtual reader of two slots, between `start` and `stop` or as a context manager.

    Start it from a thread that lives as long as it is needed: pcscd ends with the thread that started it.

    Args:
        reader: name of the reader; pcscd appends numbers of reader and slot. Agents tell makers by it.
        dialect: how the virtual reader wants to be spoken to; must suit the name.
        directory: for its configuration, socket and log; made when missing. Clients of one process must all
            use the same: the library reads its environment only once. Default: one for this process.

    Attributes:
        cradles: where cards are laid, one for each slot. They outlive a `kill` and the next `start`.
    """

    def __init__(
        self,
        reader: str = "OneCard Virtual Reader",
        dialect: Dialect = Dialect.ACS,
        directory: Path | None = None,
    ) -> None:
        self.directory = directory or Path(tempfile.gettempdir()) / f"onecard-pcscd-{os.getpid()}"
        self.cradles: tuple[Cradle, ...] = ()
        self._reader = reader
        self._dialect = dialect
        self._port = 0
        self._private = _may_have_namespace()
        self._process: subprocess.Popen[bytes] | None = None
        self._alone = contextlib.ExitStack()

    @property
    def readers(self) -> tuple[str, ...]:
        """Names of the slots as PC/SC lists them."""
        return tuple(f"{self._reader} 00 {slot:02}" for slot in range(SLOTS))

    @property
    def environment(self) -> Mapping[str, str]:
        """What a client's process needs to find this pcscd, in place before its first call."""
        return {"PCSCLITE_CSOCK_NAME": str(self._run / _SOCKET)}

    @property
    def pid(self) -> int | None:
        """Of pcscd, while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start pcscd and wait until it answers and its readers listen. After `kill`: start it again.

        Raises:
            UnavailableError: it is not installed, does not start, or another one runs and leaves no room.
        """
        reason = missing()
        if reason is not None:
            raise UnavailableError(reason)
        if self.cradles:
            started = self._launch(self._port)
        else:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._private:
                self._alone.enter_context(_one_at_a_time())
            started = any(self._launch(_free_ports()) for _ in range(_PORT_TRIES))
        if not started:
            words = self._words()
            self.stop()
            message = f"pcscd did not start with a virtual reader: {words}"
            raise UnavailableError(message)
        if not self.cradles:
            self.cradles = tuple(Cradle(self._port + slot, self._dialect) for slot in range(SLOTS))

    def kill(self) -> None:
        """End pcscd as a crash does. Cards stay where they lie."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Take all cards out, stop pcscd and remove its directory."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_TIMEOUT_S)
        self.kill()
        for cradle in self.cradles:
            cradle.close()
        self.cradles = ()
        self._alone.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _run(self) -> Path:
        return self.directory if self._private else _RUN

    def _launch(self, port: int) -> bool:
        """Start the program with this port and the next; False, and nothing runs, if that did not work."""
        self._port = port
        self._drop_stale_files()
        configuration = self.directory / "readers"
        configuration.mkdir(exist_ok=True)
        (configuration / "virtual.conf").write_text(
            f'FRIENDLYNAME "{self._reader}"\nDEVICENAME /dev/null:{self._port:#06x}\n'
            f"LIBPATH {DRIVER}\nCHANNELID {self._port:#06x}\n"
        )
        command = ["setpriv", "--pdeathsig", "TERM", _PROGRAM, "--foreground", "--config", str(configuration)]
        if self._private:
            places = (str(self.directory), str(_RUN))
            command = [*_namespace(), "sh", "-c", f'{_PRIVATE} && shift && exec "$@"', *places, *command]
        with (self.directory / "log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  fixed programs
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if self._is_up():
            return True
        self.kill()
        return False

    def _drop_stale_files(self) -> None:
        """Remove what a killed pcscd left, if its number is another program's now, or a zombie's.

        pcscd itself takes any process of that number for another pcscd, and gives up.
        """
        try:
            if Path(f"/proc/{self._recorded_pid()}/exe").readlink() == Path(_PROGRAM):
                return
        except PermissionError:
            return
        except OSError:
            pass
        for name in (_PID, _SOCKET):
            (self._run / name).unlink(missing_ok=True)

    def _is_up(self) -> bool:
        """Whether it is our pcscd that has the socket, and both slots listen; waits for it.

        A second pcscd ends while the first one's socket still answers; one that finds a port taken lives on
        without a reader.
        """
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self.pid is not None and time.monotonic() < deadline:
            ports = set(range(self._port, self._port + SLOTS))
            if self._recorded_pid() == self.pid and ports <= _listening(self.pid):
                return True
            time.sleep(0.005)
        return False

    def _recorded_pid(self) -> int | None:
        try:
            return int((self._run / _PID).read_bytes().strip(b"\n\0"))
        except (OSError, ValueError):
            return None

    def _words(self) -> str:
        words = (self.directory / "log").read_text(errors="replace").strip().splitlines()
        return words[0].rpartition("() ")[2] if words else "it said nothing."


def _namespace() -> tuple[str, ...]:
    return ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--mount", "--map-root-user")


def _may_have_namespace() -> bool:
    command = (*_namespace(), "mount", "--bind", "/tmp", "/tmp")  # noqa: S108  seen by nobody else
    try:
        tried = subprocess.run(command, check=False, capture_output=True)  # noqa: S603  fixed program
    except OSError:
        return False
    return tried.returncode == 0


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait until no other process has a virtual pcscd in the system's directory."""
    descriptor = os.open(DRIVER, os.O_RDONLY)  # everybody has it, nobody has to make it
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _free_ports() -> int:
    """The first of as many free ports as there are slots."""
    for port in random.SystemRandom().sample(_PORTS, 50):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for slot in range(SLOTS):
                stack.enter_context(socket.socket()).bind(("", port + slot))
            return port
    message = "There are no two free ports for a virtual reader."
    raise UnavailableError(message)


def _listening(pid: int) -> set[int]:
    """TCP ports a process listens on."""
    try:
        descriptors = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        table = Path("/proc/net/tcp").read_text().splitlines()[1:]
    except OSError:
        return set()
    own = {link[8:-1] for link in descriptors if link.startswith("socket:[")}
    rows = (row.split() for row in table)
    return {int(row[1].split(":")[1], 16) for row in rows if row[3] == _LISTENS and row[9] in own}
