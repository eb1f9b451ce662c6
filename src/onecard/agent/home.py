"""The agent's files: its configuration and key, what it is doing now, and that only one runs."""

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from onecard.agent.protocol import ReaderState
from onecard.agent.receipts import Printer
from onecard.base.errors import UnavailableError
from onecard.base.nkeys import UserKey

_NAME = "onecard-agent"


class Configuration(Struct, frozen=True):
    """What was agreed on when the agent enrolled.

    Attributes:
        server: `tls://host:port`, or `nats://` on this computer.
        tenant: code of the tenant.
        workstation: its token.
        name: for people.
        ca_file: certificates to trust instead of the system's.
        tls_first: the server's side encrypts before it says anything.
    """

    server: str
    tenant: str
    workstation: str
    name: str
    ca_file: str | None = None
    tls_first: bool = False


class Status(Struct, frozen=True):
    """What the agent is doing; times in seconds since 1970."""

    pid: int
    version: str
    server: str
    tenant: str
    workstation: str
    name: str
    connected: bool
    since: int
    updated: int
    readers: list[ReaderState] = []
    last_error: str = ""


def default_home() -> Path:
    """Where this system keeps a user's settings."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / _NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / _NAME
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / _NAME


class Home:
    """The directory with the agent's files; only its owner may read it.

    Args:
        directory: made when it is first needed.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.expanduser()
        self.log_file = self.directory / "agent.log"
        self.virtual = self.directory / "virtual"
        self._configuration = self.directory / "agent.json"
        self._key = self.directory / "agent.key"
        self._candidate = self.directory / "candidate.key"
        self._printer = self.directory / "printer.json"
        self._status = self.directory / "status.json"
        self._lock = self.directory / "lock"

    def configuration(self) -> Configuration:
        """What was agreed on.

        Raises:
            UnavailableError: this agent has not enrolled, or the file is damaged.
        """
        try:
            return msgspec.json.decode(self._configuration.read_bytes(), type=Configuration)
        except FileNotFoundError:
            message = "This agent has not enrolled yet: onecard-agent enrol --server URL --code CODE"
        except (OSError, msgspec.MsgspecError) as error:
            message = f"The configuration {self._configuration} cannot be read: {error}."
        raise UnavailableError(message)

    def key(self) -> UserKey:
        """The key the agent signs in with.

        Raises:
            UnavailableError: it is missing, damaged, or readable by other users.
        """
        return self._read_key(self._key)

    def candidate_key(self) -> UserKey:
        """The key to enrol with: kept until it worked, so that a lost answer is not a lost code."""
        with contextlib.suppress(UnavailableError):
            return self._read_key(self._candidate)
        key = UserKey.generate()
        self._write(self._candidate, key.seed.encode())
        return key

    def enrolled(self, configuration: Configuration) -> None:
        """The candidate key has worked; keep it with what was agreed on."""
        with _failures(self._key):
            self._candidate.replace(self._key)
        self._write(self._configuration, msgspec.json.format(msgspec.json.encode(configuration)))

    def printer(self) -> Printer | None:
        """The receipt printer; None when none was named.

        Raises:
            UnavailableError: its file is damaged.
        """
        try:
            return msgspec.json.decode(self._printer.read_bytes(), type=Printer)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            message = f"The printer's file {self._printer} cannot be read: {error}."
            raise UnavailableError(message) from None

    def set_printer(self, printer: Printer) -> None:
        """Name the receipt printer."""
        self._write(self._printer, msgspec.json.format(msgspec.json.encode(printer)))

    def status(self) -> Status | None:
        """What the agent said last; None when it never ran."""
        try:
            return msgspec.json.decode(self._status.read_bytes(), type=Status)
        except (OSError, msgspec.MsgspecError):
            return None

    def write_status(self, status: Status) -> None:
        """Say what the agent does."""
        self._write(self._status, msgspec.json.format(msgspec.json.encode(status)))

    @contextlib.contextmanager
    def only_one(self) -> Iterator[None]:
        """Hold the place of the one agent that runs with these files.

        Raises:
            UnavailableError: another one runs.
        """
        with _failures(self._lock):
            self._make()
            file = self._lock.open("ab")
        with file:
            if not _locked(file.fileno()):
                message = f"An agent is running with the files in {self.directory} already."
                raise UnavailableError(message)
            yield

    def running(self) -> bool:
        """Whether an agent runs with these files."""
        try:
            with self.only_one():
                return False
        except UnavailableError:
            return True

    def _read_key(self, path: Path) -> UserKey:
        try:
            if os.name == "posix" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                message = f"The key {path} is open to other users; allow only its owner (chmod 600)."
                raise UnavailableError(message)
            return UserKey.from_seed(path.read_text().strip())
        except (OSError, ValueError):
            message = f"The key {path} is missing or damaged; enrol this agent anew."
            raise UnavailableError(message) from None

    def _make(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _write(self, path: Path, content: bytes) -> None:
        with _failures(path):
            self._make()
            write_private(path, content)


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner only.

    Raises:
        OSError: it cannot be written.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _failures(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"The file {path} cannot be written: {error.strerror}."
        raise UnavailableError(message) from None


def _locked(descriptor: int) -> bool:
    """Lock an open file until it is closed; False when somebody else has."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  only there

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  not there

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
