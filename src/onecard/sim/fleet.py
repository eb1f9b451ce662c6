"""A canteen at noon: many terminals, people with cards, and everything that can go wrong, from one seed."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from onecard.sim.device import Credential, Device
from onecard.sim.terminal import Limits, Outcome


@dataclass(frozen=True, slots=True)
class Placed:
    """A certified terminal and the merchant (its code) it stands at."""

    credential: Credential
    merchant: str


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong, as shares of the terminals it happens to once in a lunch.

    Attributes:
        offline: loses its network for a while and sells alone.
        reboot: loses its power for a moment, in the middle of a sale if there is one.
        echo: sends every request twice.
        send_again: sends acknowledged records again.
        slow: gets its answers so late that it has decided alone before.
    """

    offline: float = 0.3
    reboot: float = 0.2
    echo: float = 0.2
    send_again: float = 0.4
    slow: float = 0.1


@dataclass(frozen=True, slots=True)
class Lunch:
    """One compressed meal.

    Attributes:
        seconds: how long the queue is open.
        taps_per_second: arrivals of all terminals together; they come by chance (Poisson).
        prices_fen: what dishes cost.
        unknown_share: taps with a card that is not of this system.
        dear_share: taps for an amount above every limit.
    """

    seconds: float = 12.0
    taps_per_second: float = 100.0
    prices_fen: tuple[int, ...] = (300, 450, 600, 800, 950, 1200, 1500, 1800)
    dear_fen: int = 150_00
    unknown_share: float = 0.01
    dear_share: float = 0.01
    faults: Faults = field(default_factory=Faults)


@dataclass(slots=True)
class Tally:
    """The fleet's own book: what its terminals believe.

    Attributes:
        sold_fen: by merchant.
        sales: by merchant.
        refusals: by status.
        online_ms: from card to answer, of sales and refusals the server decided.
        offline_sales: decided by the terminal alone.
        resent: requests sent again because no answer came.
        taps: people served or refused.
        faults: to how many terminals each fault happened.
    """

    sold_fen: Counter[str] = field(default_factory=Counter)
    sales: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    online_ms: list[float] = field(default_factory=list)
    offline_sales: int = 0
    resent: int = 0
    taps: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, merchant: str, outcome: Outcome) -> None:
        """Book one ended sale."""
        self.taps += 1
        self.resent += max(0, outcome.sent - 1)
        if outcome.sold:
            self.sales[merchant] += 1
            self.sold_fen[merchant] += outcome.amount_fen
            self.offline_sales += outcome.offline
        else:
            self.refusals[outcome.code] += 1
        if not outcome.offline:
            self.online_ms.append(outcome.took_ms)

    def latency_ms(self) -> dict[str, float]:
        """Percentiles of what the server decided."""
        if len(self.online_ms) < 2:  # noqa: PLR2004  percentiles need two values
            return {"p50": 0.0, "p95": 0.0, "p99": 0.0}
        cuts = quantiles(self.online_ms, n=100, method="inclusive")
        return {"p50": round(cuts[49], 2), "p95": round(cuts[94], 2), "p99": round(cuts[98], 2)}


class Fleet:
    """Terminals over real MQTT; the control object that demo, tests and benchmarks hold.

    Args:
        address: host and port of the bus.
        seed: of every decision; the same seed gives the same people, amounts and faults.
        on_outcome: told each ended sale, for progress bars.
    """

    def __init__(
        self,
        address: tuple[str, int],
        placed: Sequence[Placed],
        cards: Sequence[str],
        *,
        seed: int,
        limits: Limits | None = None,
        on_outcome: Callable[[Outcome], None] | None = None,
    ) -> None:
        self.tally = Tally()
        self.seed = seed
        self._chance = random.Random(seed)
        self._cards = list(cards)
        self._on_outcome = on_outcome
        self.devices: dict[str, Device] = {}
        self.merchants: dict[str, str] = {}
        for one in placed:
            token = one.credential.token
            self.merchants[token] = one.merchant
            self.devices[token] = Device(
                address,
                one.credential,
                seed=self._chance.getrandbits(64),
                limits=limits,
                clock_skew_ms=self._chance.choice((0, 0, -4000, 90_000)),
                on_outcome=self._listener(one.merchant),
            )
        self._tasks: set[asyncio.Task[None]] = set()

    def _listener(self, merchant: str) -> Callable[[Outcome], None]:
        def booked(outcome: Outcome) -> None:
            self.tally.add(merchant, outcome)
            if self._on_outcome is not None:
                self._on_outcome(outcome)

        return booked

    async def start(self) -> None:
        """Plug all terminals in and wait until they are connected and their clocks are set.

        Raises:
            BusRefusedError: one of them could not get in.
        """
        await asyncio.gather(*(device.start() for device in self.devices.values()))

    async def stop(self) -> None:
        """End all terminals."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(device.stop() for device in self.devices.values()))

    async def serve(self, lunch: Lunch) -> float:
        """Let people come until the queue closes, with everything that goes wrong; returns the seconds taken.

        Afterwards every terminal is plugged in, has decided its last sale and uploaded its records.
        """
        since = time.perf_counter()
        faults = self.plan(lunch)
        for token, device in self.devices.items():
            share = lunch.taps_per_second / len(self.devices)
            chance = random.Random(f"{self.seed}/{token}")
            self._start(self._queue(device, chance, lunch, share))
        for at_s, act in faults:
            self._start(_later(at_s, act))
        await asyncio.gather(*self._tasks)
        took = time.perf_counter() - since
        await self.settle()
        return took

    async def settle(self, timeout_s: float = 30.0) -> None:
        """Bring everything back to work and wait until every record is acknowledged.

        Raises:
            TimeoutError: some terminal did not get rid of its records.
        """
        for device in self.devices.values():
            device.answer_delay_s = 0.0
            device.plug_in()
        await asyncio.gather(*(device.uploaded(timeout_s) for device in self.devices.values()))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _queue(self, device: Device, chance: random.Random, lunch: Lunch, rate: float) -> None:
        """People at one terminal: they arrive by chance and wait for each other."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        arrival = 0.0
        while True:
            arrival += chance.expovariate(rate)
            if arrival > lunch.seconds:
                break
            card, amount = self._person(chance, lunch)
            await asyncio.sleep(max(0.0, begin + arrival - loop.time()))
            await device.until(lambda: not device.terminal.selling)
            device.swipe(card, amount)
        await device.until(lambda: not device.terminal.selling)

    def _person(self, chance: random.Random, lunch: Lunch) -> tuple[str, int]:
        draw = chance.random()
        if draw < lunch.unknown_share:
            return f"{chance.getrandbits(32):08X}", chance.choice(lunch.prices_fen)
        amount = chance.choice(lunch.prices_fen)
        if draw < lunch.unknown_share + lunch.dear_share:
            amount = lunch.dear_fen
        return chance.choice(self._cards), amount

    def plan(self, lunch: Lunch) -> list[tuple[float, Callable[[], None]]]:
        """What goes wrong, and when in seconds from the beginning."""
        chance, faults, long = random.Random(f"{self.seed}/faults"), lunch.faults, lunch.seconds
        plan: list[tuple[float, Callable[[], None]]] = []
        for device in self._struck(chance, "echo", faults.echo):
            device.terminal.echo = 2
        for device in self._struck(chance, "offline", faults.offline):
            away = chance.uniform(0.1, 0.5) * long
            plan += [(away, device.unplug), (away + chance.uniform(0.2, 0.4) * long, device.plug_in)]
        for device in self._struck(chance, "reboot", faults.reboot):
            plan.append((chance.uniform(0.2, 0.8) * long, device.reboot))
        for device in self._struck(chance, "send_again", faults.send_again):
            plan.append((chance.uniform(0.5, 0.9) * long, _sender(device)))
        for device in self._struck(chance, "slow", faults.slow):
            slow = chance.uniform(0.1, 0.5) * long
            plan += [(slow, _delayer(device, 3.0)), (slow + 0.3 * long, _delayer(device, 0.0))]
        return sorted(plan, key=lambda step: step[0])

    def _struck(self, chance: random.Random, fault: str, share: float) -> list[Device]:
        """The terminals a fault happens to: at least one when it is wanted at all."""
        devices = list(self.devices.values())
        struck = (
            chance.sample(devices, min(len(devices), max(1, round(share * len(devices))))) if share else []
        )
        self.tally.faults[fault] = len(struck)
        return struck


async def _later(at_s: float, act: Callable[[], None]) -> None:
    await asyncio.sleep(at_s)
    act()


def _sender(device: Device) -> Callable[[], None]:
    return lambda: device.send_again(5)


def _delayer(device: Device, seconds: float) -> Callable[[], None]:
    def delay() -> None:
        device.answer_delay_s = seconds

    return delay
