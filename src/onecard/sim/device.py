"""A terminal on the wire: one `Terminal`, one MQTT connection, and the faults of both."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from onecard.sim.mqtt import BusRefusedError, MqttClient, Will
from onecard.sim.store import load_store, new_store, save_store
from onecard.sim.terminal import CLOCK_SYNCED, Limits, Outcome, Terminal

RECONNECT_S, RECONNECT_MAX_S = 0.5, 60.0
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Credential:
    """What certification gave a device: its place in the topics and its secret."""

    tenant: str
    token: str
    secret: str

    @property
    def user(self) -> str:
        """User name at the bus."""
        return f"{self.tenant}/{self.token}"

    @property
    def prefix(self) -> str:
        """Beginning of all its topics."""
        return f"ot1/{self.tenant}/{self.token}"


class Device:
    """A simulated terminal over real MQTT.

    Args:
        address: host and port of the bus.
        credential: what certification gave it.
        seed: of its pauses before connecting again.
        path: file of its non-volatile memory; without one it lives in this object.
        on_outcome: called with every sale that ended.
    """

    def __init__(
        self,
        address: tuple[str, int],
        credential: Credential,
        *,
        seed: int,
        limits: Limits | None = None,
        path: Path | None = None,
        clock_skew_ms: int = 0,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.address = address
        self.credential = credential
        self.answer_delay_s = 0.0
        self._chance = random.Random(seed)
        self._path = path
        self._listeners: list[Callable[[Outcome], None]] = []
        if on_outcome is not None:
            self.listen(on_outcome)
        store = (path and load_store(path)) or new_store(clock_skew_ms=clock_skew_ms)
        self.terminal = Terminal(store, limits)
        self._client = MqttClient(self._received, self._lost)
        self._plugged = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._kept_black = store.black.version
        self._keep()

    @property
    def online(self) -> bool:
        """Whether the bus has let it in."""
        return self.terminal.online

    async def start(self, timeout_s: float = 20.0) -> None:
        """Plug it in and wait until it is connected and its clock is set.

        Raises:
            BusRefusedError: it could not get in within `timeout_s`.
        """
        self.plug_in()
        try:
            async with asyncio.timeout(timeout_s):
                await self.until(lambda: self.terminal.clock == CLOCK_SYNCED)
        except TimeoutError:
            host, port = self.address
            message = f"The terminal {self.credential.user} could not connect to {host}:{port}."
            raise BusRefusedError(message) from None

    async def stop(self) -> None:
        """Say good-bye; what is not yet acknowledged stays in the store."""
        self._plugged.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._timer is not None:
            self._timer.cancel()
        await self._client.disconnect()
        self._keep()

    def listen(self, listener: Callable[[Outcome], None]) -> None:
        """Have every ended sale told to one more listener."""
        self._listeners.append(listener)

    def plug_in(self) -> None:
        """Give it its network; it connects by itself and comes back by itself."""
        self._plugged.set()
        if self._task is None:
            self._task = self._loop.create_task(self._stay_connected())

    def unplug(self) -> None:
        """Take its network away without a farewell."""
        self._plugged.clear()
        self._client.kill()
        self._went_offline()

    def reboot(self) -> None:
        """Cut its power for a moment."""
        self._client.kill()
        self.terminal.reboot()
        self._flush()
        self._keep()

    def factory_reset(self) -> None:
        """Make it forget everything, records included."""
        self._client.kill()
        self.terminal.factory_reset()
        self._flush()
        self._keep()

    def swipe(self, card: str, amount_fen: int) -> bool:
        """Present a card; False while another sale is in progress. The outcome arrives at `on_outcome`."""
        taken = self.terminal.swipe(_now_ms(), card, amount_fen)
        self._keep()
        self._flush()
        return taken

    async def sell(self, card: str, amount_fen: int) -> Outcome:
        """Wait for the terminal to be free, present a card, wait for the outcome."""
        await self.until(lambda: not self.terminal.selling)
        caught: list[Outcome] = []
        self._listeners.append(caught.append)
        try:
            self.swipe(card, amount_fen)
            await self.until(lambda: bool(caught))
        finally:
            self._listeners.remove(caught.append)
        return caught[0]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that the next message, timer or connection may bring about."""
        if not condition():
            future: asyncio.Future[None] = self._loop.create_future()
            self._waiting.append((condition, future))
            await future

    async def uploaded(self, timeout_s: float = 30.0) -> None:
        """Wait until the server has acknowledged every record.

        Raises:
            TimeoutError: it has not.
        """
        async with asyncio.timeout(timeout_s):
            await self.until(lambda: self.terminal.upload_complete)

    def send_again(self, count: int) -> None:
        """Send its newest acknowledged records once more."""
        acked = self.terminal.store.acked
        self.terminal.send_again(max(1, acked - count + 1), acked)
        self._flush()

    def forge(self, seq: int, amount_fen: int) -> None:
        """Send an acknowledged record with another amount."""
        self.terminal.forge(seq, amount_fen)
        self._flush()

    async def _stay_connected(self) -> None:
        delay = RECONNECT_S
        while True:
            await self._plugged.wait()
            if not self._client.connected:
                try:
                    await self._connect()
                    delay = RECONNECT_S
                except BusRefusedError:
                    jitter = 1 + _JITTER * (2 * self._chance.random() - 1)
                    await asyncio.sleep(delay * jitter)
                    delay = min(delay * 2, RECONNECT_MAX_S)
                    continue
            await asyncio.sleep(RECONNECT_S / 2)

    async def _connect(self) -> None:
        host, port = self.address
        prefix = self.credential.prefix
        will = Will(f"{prefix}/up/state", msgspec.json.encode({"on": 0}), qos=1)
        await self._client.connect(
            host, port, user=self.credential.user, secret=self.credential.secret,
            client_id=self.credential.token, will=will,
        )  # fmt: skip
        await self._client.subscribe(f"{prefix}/dn")
        await self._client.subscribe(f"{prefix}/dn/#")
        if not self._plugged.is_set():
            self._client.kill()
            return
        self.terminal.connected(_now_ms())
        self._flush()

    def _lost(self) -> None:
        self._client.kill()
        self._went_offline()

    def _went_offline(self) -> None:
        self.terminal.disconnected(_now_ms())
        self._flush()

    def _received(self, topic: str, payload: bytes) -> None:
        if self.answer_delay_s:
            self._loop.call_later(self.answer_delay_s, self._take, topic, payload)
        else:
            self._take(topic, payload)

    def _take(self, topic: str, payload: bytes) -> None:
        below = topic.removeprefix(self.credential.prefix + "/")
        self.terminal.receive(_now_ms(), below, msgspec.json.decode(payload, type=dict))
        self._flush()

    def _tick(self) -> None:
        self._timer = None
        self.terminal.tick(_now_ms())
        self._flush()

    def _flush(self) -> None:
        """Hand over what the terminal wants said, told and timed."""
        terminal = self.terminal
        if terminal.outcomes or terminal.store.black.version != self._kept_black:
            self._keep()  # before the server hears of it
        for message in terminal.outbox:
            # state and records may go at QoS 1 (rule N2); neither trusts the bus's acknowledgement
            self._client.publish(
                f"{self.credential.prefix}/{message.topic}",
                msgspec.json.encode(message.body),
                qos=int(message.retain),
                retain=message.retain,
            )
        terminal.outbox.clear()
        outcomes, terminal.outcomes = terminal.outcomes, []
        for outcome in outcomes:
            for listener in self._listeners:
                listener(outcome)
        for condition, future in self._waiting[:]:
            if future.done() or condition():
                self._waiting.remove((condition, future))
                if not future.done():
                    future.set_result(None)
        self._arm()

    def _arm(self) -> None:
        due = self.terminal.due_ms()
        if due is None:
            return
        at = self._loop.time() + max(0.0, due - _now_ms()) / 1000
        if self._timer is not None:
            if self._timer.when() <= at:
                return  # fires early, and arms again
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._tick)

    def _keep(self) -> None:
        self._kept_black = self.terminal.store.black.version
        if self._path is not None:
            save_store(self._path, self.terminal.store)


def _now_ms() -> float:
    return time.time_ns() / 1_000_000
