"""MQTT 3.1.1 for simulated devices: paho's client driven by asyncio's event loop, without a thread.

Paho keeps the protocol, the loop says when its socket can be read. A message is written at once; only what
the socket would not take waits for the loop. One process carries thousands of taps a second.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from onecard.base.errors import OneCardError

KEEPALIVE_S = 30
_CONNECT_TIMEOUT_S = 2.0
_MISC_EVERY_S = 5.0
_SUBACK_FAILURE = 0x80

OnMessage = Callable[[str, bytes], None]


class BusRefusedError(OneCardError):
    """The bus did not let the device in, or not to a topic."""


@dataclass(frozen=True, slots=True)
class Will:
    """What the bus publishes for the device when its connection breaks without a farewell."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = True


class MqttClient:
    """One connection of one device, clean session.

    Args:
        on_message: called with topic and payload of every message; without it they wait in `messages()`.
        on_lost: called once when the connection ends without `disconnect` or `kill` having asked for it.
        keepalive_s: seconds of silence after which a sign of life is sent.
    """

    def __init__(
        self,
        on_message: OnMessage | None = None,
        on_lost: Callable[[], None] | None = None,
        *,
        keepalive_s: int = KEEPALIVE_S,
    ) -> None:
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._on_message = on_message or (lambda topic, payload: self._queue.put_nowait((topic, payload)))
        self._on_lost = on_lost
        self._keepalive_s = keepalive_s
        self._paho: Client | None = None
        self._socket: socket.socket | None = None
        self._connected: asyncio.Future[None] | None = None
        self._granted: dict[int, asyncio.Future[None]] = {}
        self._misc: asyncio.TimerHandle | None = None
        self._leaving = False

    @property
    def connected(self) -> bool:
        """Whether the bus has accepted this connection and it still stands."""
        return self._paho is not None and self._paho.is_connected()

    async def connect(
        self,
        host: str,
        port: int,
        *,
        user: str,
        secret: str,
        client_id: str,
        will: Will | None = None,
        timeout_s: float = 6.0,
    ) -> None:
        """Connect and wait until the bus has let this device in.

        Raises:
            BusRefusedError: not reachable, no answer within `timeout_s`, or user or secret refused.
        """
        self.kill()
        self._leaving = False
        self._loop = asyncio.get_running_loop()
        self._paho = self._new_paho(client_id, user, secret, will)
        self._connected = self._loop.create_future()
        try:
            # blocks for the length of one TCP handshake
            self._paho.connect(host, port, self._keepalive_s)
            self._flush()
            async with asyncio.timeout(timeout_s):
                await self._connected
        except (OSError, TimeoutError) as error:
            self.kill()
            message = f"The bus at {host}:{port} does not answer: {error or 'no answer in time'}."
            raise BusRefusedError(message) from error
        except BaseException:
            self.kill()
            raise
        self._misc = self._loop.call_later(_MISC_EVERY_S, self._keep_alive)

    def _new_paho(self, client_id: str, user: str, secret: str, will: Will | None) -> Client:
        paho = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        paho.connect_timeout = _CONNECT_TIMEOUT_S
        paho.username_pw_set(user, secret)
        if will is not None:
            paho.will_set(will.topic, will.payload, will.qos, will.retain)
        paho.on_socket_open = self._opened
        paho.on_socket_close = self._closed
        paho.on_connect = self._on_connect
        paho.on_disconnect = self._on_disconnect
        paho.on_subscribe = self._on_subscribe
        paho.on_message = self._received
        return paho

    def publish(self, topic: str, payload: bytes, *, qos: int = 0, retain: bool = False) -> None:
        """Send a message; when the connection has broken it is lost, as on any wire."""
        if self._paho is not None and self._paho.is_connected():
            self._paho.publish(topic, payload, qos, retain)
            self._flush()

    async def subscribe(self, topic: str, *, timeout_s: float = 6.0) -> None:
        """Subscribe to a topic filter at QoS 0 (rule N1) and wait until the bus has granted it.

        Raises:
            BusRefusedError: the bus refuses the filter, or does not answer.
        """
        if self._paho is None:
            message = "A device subscribes only after it has connected."
            raise BusRefusedError(message)
        _, number = self._paho.subscribe(topic, 0)
        if number is None:
            message = f"The connection broke before {topic} was subscribed."
            raise BusRefusedError(message)
        granted = self._granted[number] = self._loop.create_future()
        self._flush()
        try:
            async with asyncio.timeout(timeout_s):
                await granted
        except TimeoutError:
            message = f"The bus does not answer the subscription of {topic}."
            raise BusRefusedError(message) from None
        finally:
            self._granted.pop(number, None)

    async def messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """Topic and payload of the messages received while no `on_message` takes them."""
        while True:
            yield await self._queue.get()

    async def next_message(self, timeout_s: float = 5.0) -> tuple[str, bytes]:
        """The next message.

        Raises:
            TimeoutError: none came.
        """
        async with asyncio.timeout(timeout_s):
            return await self._queue.get()

    async def disconnect(self) -> None:
        """Say good-bye (the will is not published) and close."""
        self._leaving = True
        if self._paho is not None and self._socket is not None:
            self._paho.disconnect()
            self._flush()
            await asyncio.sleep(0)
        self.kill()

    def kill(self) -> None:
        """Drop the socket as a power cut does: the bus publishes the will."""
        self._leaving = True
        if self._misc is not None:
            self._misc.cancel()
            self._misc = None
        link, paho, self._paho = self._socket, self._paho, None
        self._forget_socket()
        if link is not None:
            link.close()
        if paho is not None:
            for name in ("on_socket_close", "on_disconnect", "on_message", "on_connect"):
                setattr(paho, name, None)

    def _opened(self, paho: Client, userdata: Any, link: Any) -> None:
        # without it a small answer waits for the delayed acknowledgement of the one before (devices.md §2.5)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = link
        self._loop.add_reader(link.fileno(), self._read)

    def _closed(self, paho: Client, userdata: Any, link: Any) -> None:
        self._forget_socket()

    def _forget_socket(self) -> None:
        if self._socket is not None and self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
        self._socket = None

    def _read(self) -> None:
        if self._paho is not None:
            self._paho.loop_read()
            self._flush()

    def _flush(self) -> None:
        """Write what callbacks queued; let the loop call again only when the socket is full."""
        paho, link = self._paho, self._socket
        if paho is None or link is None or not paho.want_write():
            return
        paho.loop_write()
        if self._socket is not None and paho.want_write():
            self._loop.add_writer(link.fileno(), self._drain)

    def _drain(self) -> None:
        if self._paho is not None and self._socket is not None:
            self._paho.loop_write()
            if self._socket is not None and not self._paho.want_write():
                self._loop.remove_writer(self._socket.fileno())

    def _keep_alive(self) -> None:
        if self._paho is not None:
            self._paho.loop_misc()
            self._flush()
            self._misc = self._loop.call_later(_MISC_EVERY_S, self._keep_alive)

    def _on_connect(
        self, paho: Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if self._connected is None or self._connected.done():
            return
        if reason.is_failure:
            self._connected.set_exception(BusRefusedError(f"The bus refuses this device: {reason}."))
        else:
            self._connected.set_result(None)

    def _on_disconnect(
        self, paho: Client, userdata: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        error = BusRefusedError(f"The bus closed the connection: {reason}.")
        waiting = [*self._granted.values(), *([self._connected] if self._connected else [])]
        accepted = self._connected is not None and self._connected.done()
        for future in waiting:
            if not future.done():
                future.set_exception(error)
        if accepted and not self._leaving and self._on_lost is not None:
            self._loop.call_soon(self._on_lost)

    def _on_subscribe(
        self, paho: Client, userdata: Any, number: int, reasons: list[ReasonCode], properties: Any
    ) -> None:
        granted = self._granted.get(number)
        if granted is None or granted.done():
            return
        if any(reason.value >= _SUBACK_FAILURE for reason in reasons):
            granted.set_exception(BusRefusedError("The bus refuses this device the topic."))
        else:
            granted.set_result(None)

    def _received(self, paho: Client, userdata: Any, message: MQTTMessage) -> None:
        self._on_message(message.topic, bytes(message.payload))
