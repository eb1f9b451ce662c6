"""The web server of one process: uvicorn around the application, ended in order."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from onecard.base.errors import UnavailableError
from onecard.base.texts import say
from onecard.web.app import create_app
from onecard.web.services import Services

_GRACE_S = 2  # open event streams are cut after it


@dataclass(frozen=True, slots=True)
class Listen:
    """Where browsers connect; with a certificate over TLS.

    Attributes:
        host: address to listen on.
        port: 0 takes a free one; a taken one makes the next free one be taken when `or_next`.
        certificate: PEM file of certificate chain; `key` of its private key.
        proxies: addresses whose word on the client's address and scheme is believed.
    """

    host: str = "127.0.0.1"
    port: int = 0
    or_next: bool = False
    certificate: Path | None = None
    key: Path | None = None
    proxies: str = ""


@asynccontextmanager
async def serving(services: Services, listen: Listen) -> AsyncIterator[str]:
    """Serve for the length of the block; gives the address browsers use.

    Raises:
        UnavailableError: the port is taken, or the certificate cannot be used.
    """
    door = serving_socket(listen)
    config = uvicorn.Config(
        create_app(services),
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(listen.proxies),
        forwarded_allow_ips=listen.proxies or None,
        ssl_certfile=listen.certificate,
        ssl_keyfile=listen.key,
        timeout_graceful_shutdown=_GRACE_S,
        ws="none",
    )
    try:
        config.load()
    except (OSError, ValueError) as error:
        door.close()
        raise UnavailableError(say("The certificate cannot be used: {reason}.", reason=error)) from error
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[door]), name="web")
    try:
        await asyncio.wait([task, asyncio.create_task(server.ready.wait())], return_when="FIRST_COMPLETED")
        if task.done():
            await task
        scheme = "https" if listen.certificate else "http"
        host = f"[{listen.host}]" if ":" in listen.host else listen.host
        yield services.public_url or f"{scheme}://{host}:{door.getsockname()[1]}"
    finally:
        services.hub.close()
        server.should_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await task


class _Server(uvicorn.Server):
    """Tells when it is ready, and leaves signals to the product as a whole."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serving_socket(listen: Listen) -> socket.socket:
    """A socket that listens there.

    Raises:
        UnavailableError: the port is taken.
    """
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    ports = range(listen.port, listen.port + 20) if listen.or_next and listen.port else [listen.port]
    reason: OSError | None = None
    for port in ports:
        # with its protocol named, or asyncio would not turn off waiting for more before a packet is sent
        door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((listen.host, port))
            door.listen(1024)
        except OSError as error:
            door.close()
            reason = error
        else:
            door.setblocking(False)
            return door
    message = say("The address {host}:{port} cannot be listened on: {reason}.",
                  host=listen.host, port=listen.port, reason=reason)  # fmt: skip
    raise UnavailableError(message)
