"""The bus: publish, subscribe, request. It carries messages and promises nothing; only commits do."""

import asyncio
import contextlib
import logging
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import nats
import nats.errors
from nats.aio.client import Client, Srv
from nats.aio.msg import Msg

from onecard.base.errors import UnavailableError
from onecard.base.nkeys import UserKey

log = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[str, bytes], Awaitable[bytes | None]]
"""Takes subject and payload; what it returns is sent to whoever asked by `request`, None sends nothing."""

_CONNECT_TIMEOUT_S = 5.0
_RECONNECT_WAIT_S = 0.1
_PENDING_BYTES = 16 * 1024 * 1024


class Bus:
    """A connection to the bus that comes back by itself for as long as it is open."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def publish(self, subject: str, payload: bytes) -> None:
        """Send to whoever listens now; while the bus is away up to 16 MB wait for it."""
        await self._client.publish(subject, payload)

    async def subscribe(self, subject: str, handler: Handler, queue: str = "") -> None:
        """Call `handler` for each message, each in a task of its own; one of a `queue` gets each message.

        An exception of a handler is a bug: it is logged, the message is dropped, the subscription goes on.
        """
        loop = asyncio.get_running_loop()
        tasks = self._tasks

        async def start(message: Msg) -> None:
            task = loop.create_task(self._handle(handler, message))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        await self._client.subscribe(subject, queue=queue, cb=start)
        await self._client.flush()

    async def request(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """Ask one listener and wait for its answer.

        Raises:
            UnavailableError: nobody listens, or no answer came in time.
        """
        try:
            answer = await self._client.request(subject, payload, timeout=timeout_s)
        except (nats.errors.Error, TimeoutError) as error:
            message = f"No answer on the bus from {subject}."
            raise UnavailableError(message) from error
        return bytes(answer.data)

    async def gather(
        self, subject: str, payload: bytes, wait_s: float, *, patience_s: float = 0.0
    ) -> list[bytes]:
        """Ask all listeners; whatever answers within `wait_s`, or the first to answer within `patience_s`."""
        inbox = self._client.new_inbox()
        answers: list[bytes] = []
        answered = asyncio.Event()

        async def collect(message: Msg) -> None:
            if message.data:
                answers.append(bytes(message.data))
                answered.set()

        subscription = await self._client.subscribe(inbox, cb=collect)
        try:
            await self._client.publish(subject, payload, reply=inbox)
            await asyncio.sleep(wait_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s - wait_s):
                    await answered.wait()
        finally:
            await subscription.unsubscribe()
        return answers

    async def flush(self) -> None:
        """Wait until the server has everything that was published."""
        await self._client.flush()

    @property
    def connected(self) -> bool:
        """Whether messages flow right now."""
        return self._client.is_connected

    async def close(self) -> None:
        """End the subscriptions, let running handlers finish for a moment, then disconnect."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=1)
        for task in self._tasks:
            task.cancel()
        await self._client.close()

    async def lost(self) -> None:
        """Called when the connection is gone."""
        if not self._closing:
            log.warning("the connection to the bus is lost; trying to get it back")

    async def back(self) -> None:
        """Called when the connection is there again."""
        log.warning("the connection to the bus is back")

    async def _handle(self, handler: Handler, message: Msg) -> None:
        try:
            answer = await handler(message.subject, message.data)
            if answer is not None and message.reply:
                await self._client.publish(message.reply, answer)
        except Exception:
            log.exception("handler of %s failed", message.subject)


async def connect_bus(url: str) -> Bus:
    """Connect to the bus; afterwards the connection heals itself.

    Args:
        url: `nats://user:password@host:port`, or several separated by commas.

    Raises:
        UnavailableError: nothing answers within 5 s, or the login is refused.
    """
    client = _Client()
    bus = Bus(client)
    try:
        async with _whole_or_closed(client), asyncio.timeout(_CONNECT_TIMEOUT_S):
            await client.connect(
                url.split(","),
                error_cb=_log_error,
                disconnected_cb=bus.lost,
                reconnected_cb=bus.back,
                max_reconnect_attempts=-1,
                # seconds; the library is annotated for whole ones and takes any
                reconnect_time_wait=_RECONNECT_WAIT_S,  # type: ignore[arg-type]
                ping_interval=10,
                pending_size=_PENDING_BYTES,
            )
    except (OSError, nats.errors.Error, TimeoutError) as error:
        message = f"The bus cannot be reached: {error or type(error).__name__}."
        raise UnavailableError(message) from error
    return bus


class SignInRefusedError(UnavailableError):
    """The server answered, and does not let this key in."""

    def __init__(self) -> None:
        super().__init__("The server refuses the sign-in.")


class _PlainWireError(nats.errors.Error):
    def __str__(self) -> str:
        return "the server does not encrypt"


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody outside signs in: with a key of its own, and a word on what for.

    Attributes:
        key: signs what the server makes up for this connection.
        purpose: the callout's rules depend on it.
        name: of the connection, for those who look.
        tls: None over plain loopback only; otherwise nothing is signed before the wire is encrypted.
        tls_first: the other side encrypts before it says anything, as a proxy does.
    """

    key: UserKey
    purpose: str
    name: str
    tls: ssl.SSLContext | None = None
    tls_first: bool = False


async def sign_in(url: str, login: SignIn, closed: Callable[[], Awaitable[None]]) -> Bus:
    """Connect once; when the connection is lost it is closed for good and says so.

    Args:
        url: `nats://host:port` or `tls://host:port`.
        login: who signs in.
        closed: called when the connection has ended, whoever ended it.

    Raises:
        UnavailableError: nothing answers within 5 s.
        SignInRefusedError: the key is not welcome.
    """
    client = _Client()

    def sign(nonce: str) -> bytes:
        # a signature on an open wire could be used by somebody in between
        if login.tls and not (login.tls_first or client._server_info.get("tls_required")):  # noqa: SLF001  not public
            raise _PlainWireError
        return b64encode(login.key.sign(nonce.encode()))

    # the library's own way to say this needs one more package to make the same signature
    client._public_nkey = login.key.public  # noqa: SLF001
    try:
        async with _whole_or_closed(client), asyncio.timeout(_CONNECT_TIMEOUT_S):
            await client.connect(
                url,
                name=login.name,
                token=login.purpose,
                signature_cb=sign,
                tls=login.tls,
                tls_handshake_first=login.tls_first,
                error_cb=_log_error,
                closed_cb=closed,
                allow_reconnect=False,
                ping_interval=10,
            )
    except (OSError, nats.errors.Error, TimeoutError) as error:
        # the library has a class for every trouble of its own and none for the server's “no”
        if type(error) is nats.errors.Error:
            raise SignInRefusedError from error
        message = f"The server cannot be reached: {error or type(error).__name__}."
        raise UnavailableError(message) from error
    return Bus(client)


class _Client(Client):
    """The library's client, without the sockets it forgets."""

    _ended = False

    async def close(self) -> None:
        self._ended = True
        await super().close()
        # a cancelled attempt to reconnect may go on: `wait_for` of Python 3.11 loses cancellations
        task = self._reconnection_task
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait([task], timeout=_CONNECT_TIMEOUT_S)
        await self._drop()

    async def _connect_to_server(self, s: Srv) -> None:
        # the library replaces a stream whose sign-in failed and leaves it open
        await self._drop()
        if self._ended:
            raise asyncio.CancelledError
        await super()._connect_to_server(s)

    async def _drop(self) -> None:
        transport: Any = self._transport
        if transport:
            transport.close()
            with contextlib.suppress(OSError):
                await transport.wait_closed()


@contextlib.asynccontextmanager
async def _whole_or_closed(client: _Client) -> AsyncIterator[None]:
    """Close a connection that did not come about, also when nobody waits for it any more."""
    try:
        yield
    except BaseException:
        await client.close()
        raise


async def _log_error(error: Exception) -> None:
    # a lost connection is told once, by `_log_lost`, and not for each attempt to get it back
    level = logging.DEBUG if isinstance(error, OSError | nats.errors.UnexpectedEOF) else logging.WARNING
    log.log(level, "bus: %s", error or type(error).__name__)
