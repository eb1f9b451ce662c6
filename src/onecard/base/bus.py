"""The bus: publish, subscribe, request. It carries messages and promises nothing; only commits do."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from onecard.base.errors import UnavailableError

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

    async def gather(self, subject: str, payload: bytes, wait_s: float) -> list[bytes]:
        """Ask all listeners; whatever answers within `wait_s`."""
        inbox = self._client.new_inbox()
        answers: list[bytes] = []

        async def collect(message: Msg) -> None:
            if message.data:
                answers.append(bytes(message.data))

        subscription = await self._client.subscribe(inbox, cb=collect)
        try:
            await self._client.publish(subject, payload, reply=inbox)
            await asyncio.sleep(wait_s)
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


async def connect_bus(url: str, seed: str | None = None) -> Bus:
    """Connect to the bus; afterwards the connection heals itself.

    Args:
        url: `nats://user:password@host:port`, or several separated by commas.
        seed: nkey seed that signs in instead of a password.

    Raises:
        UnavailableError: nothing answers within 5 s, or the login is refused.
    """
    client = Client()
    bus = Bus(client)
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            await client.connect(
                url.split(","),
                nkeys_seed_str=seed,
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
        await bus.close()
        message = f"The bus cannot be reached: {error or type(error).__name__}."
        raise UnavailableError(message) from error
    return bus


async def _log_error(error: Exception) -> None:
    # a lost connection is told once, by `_log_lost`, and not for each attempt to get it back
    level = logging.DEBUG if isinstance(error, OSError | nats.errors.UnexpectedEOF) else logging.WARNING
    log.log(level, "bus: %s", error or type(error).__name__)
