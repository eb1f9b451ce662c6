"""Taps end to end over MQTT, against a product that runs in processes of its own: `onecard bench tap`.

Open loop: people come by chance (Poisson) whether or not the product keeps up, and a tap's latency counts
from the moment its person came. A tap is a whole sale of a simulated terminal: request, answer, record,
acknowledgement.
"""

import asyncio
import random
from collections import deque
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from onecard.base.clock import now_us
from onecard.base.db import SYSTEM, Database
from onecard.base.ids import uuid7
from onecard.base.vault import Vault
from onecard.bench.harness import Progress, percentile
from onecard.cards import service as cards
from onecard.consumption import service as consumption
from onecard.desk import proofs
from onecard.ledger.model import BookKind, Journal, Leg, Place, PostingKind, Source
from onecard.ledger.service import Ledger, merchant_balances, open_accounts, open_book, open_system_books
from onecard.people import service as people
from onecard.people.model import ClassDraft, PersonDraft
from onecard.sim.campus import certify_terminals
from onecard.sim.device import Device
from onecard.sim.fleet import Fleet
from onecard.sim.terminal import Outcome
from onecard.tenants import service as tenants

TENANT = "1200"
BASE_RATE = 200
GOAL_P99_MS, HELD_P99_MS = 25.0, 50.0
_STEP = 1.25
_HELD_SHARE = 0.97
_MERCHANTS = 4
_MONEY_FEN = 50_000_00
_AT_ONCE = 500
# limits are set, and too far away to be met
_CLASS = ClassDraft(
    number=1,
    name="Workers",
    transaction_limit_fen=50_00,
    meal_limit_fen=20_000_00,
    meal_limit_count=10_000,
    day_limit_fen=40_000_00,
    day_limit_count=10_000,
)


@dataclass(frozen=True, slots=True)
class Options:
    """Size of a run; what is smaller than the defaults is for trying out."""

    rounds: int = 3
    seconds: float = 6.0
    terminals: int = 200
    people: int = 5_000
    seed: int = 1
    rate_most: int = 10_000


@dataclass(frozen=True, slots=True)
class Target:
    """The running product: ways in for preparation and proofs, and the address terminals use."""

    db: Database
    ledger: Ledger
    vault: Vault
    engine_url: str
    address: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Run:
    """One run at one rate: taps offered and answered online per second, latency percentiles in ms."""

    rate: float
    achieved: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    refused: int
    decided_alone: int

    @property
    def held(self) -> bool:
        """Whether the product kept up within the latency that counts as held."""
        kept_up = self.achieved >= _HELD_SHARE * self.rate and not self.decided_alone
        return kept_up and self.p99_ms <= HELD_P99_MS

    def as_json(self) -> dict[str, Any]:
        """The run as it stands in the output."""
        return {
            "rate": round(self.rate),
            "achieved": round(self.achieved, 1),
            "p50": round(self.p50_ms, 2),
            "p95": round(self.p95_ms, 2),
            "p99": round(self.p99_ms, 2),
            "refused": self.refused,
            "decided_alone": self.decided_alone,
            "held": self.held,
        }


async def run(target: Target, options: Options, progress: Progress) -> dict[str, Any]:
    """Measure at the base rate in rounds, then step the rate up; prove the books all along."""
    progress(f"{options.people} people, {options.terminals} terminals")
    tenant_id, fleet, uids = await _prepare(target, options)
    load = _Load(fleet, uids, random.Random(options.seed))  # noqa: S311  a load, not a secret
    try:
        await fleet.start()
        await load.run(rate=BASE_RATE, seconds=min(2.0, options.seconds))
        rounds, checks = [], []
        for number in range(1, options.rounds + 1):
            progress(f"round {number} of {options.rounds}: {BASE_RATE} taps/s")
            rounds.append(await load.run(rate=BASE_RATE, seconds=options.seconds))
            checks.append(await _check(target, tenant_id, fleet))
        steps = await _steps(load, options, progress)
        checks.append(await _check(target, tenant_id, fleet))
    finally:
        await fleet.stop()
    return report(rounds, steps, checks)


async def _steps(load: "_Load", options: Options, progress: Progress) -> list[Run]:
    """Rates a quarter higher each, until one is not held twice."""
    steps: list[Run] = []
    rate, misses = float(BASE_RATE), 0
    while misses < 2 and rate <= options.rate_most:  # noqa: PLR2004  a single miss may be a neighbour's fault
        progress(f"{rate:.0f} taps/s")
        steps.append(await load.run(rate=rate, seconds=options.seconds))
        misses = 0 if steps[-1].held else misses + 1
        rate = rate * _STEP if steps[-1].held else rate
    return steps


def report(rounds: list[Run], steps: list[Run], checks: list[tuple[bool, str]]) -> dict[str, Any]:
    """Every figure by name: medians at the base rate, the steps, the highest rate held, the proofs."""
    return {
        "rounds": [one.as_json() for one in rounds],
        f"at_{BASE_RATE}": {
            "p50": round(median(one.p50_ms for one in rounds), 2),
            "p95": round(median(one.p95_ms for one in rounds), 2),
            "p99": round(median(one.p99_ms for one in rounds), 2),
        },
        "goal_p99_ms": GOAL_P99_MS,
        "steps": [one.as_json() for one in steps],
        "highest_rate": max((round(one.achieved) for one in steps if one.held), default=0),
        "held_p99_ms": HELD_P99_MS,
        "check_ok": all(ok for ok, _ in checks),
        "check_detail": [detail for _, detail in checks],
    }


class _Load:
    """People who come by chance and go to any free terminal, or wait for one."""

    def __init__(self, fleet: Fleet, uids: list[str], chance: random.Random) -> None:
        self._uids = uids
        self._random = chance
        self._free = deque(fleet.devices.values())
        self._queue: deque[float] = deque()
        self._came: dict[Device, float] = {}
        self._latencies_ms: list[float] = []
        self._refused = self._alone = 0
        self._over = False
        self._served = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        for device in fleet.devices.values():
            device.listen(partial(self._ended, device))

    async def run(self, *, rate: float, seconds: float) -> Run:
        """People come for `seconds`; returns when the last of them is served."""
        self._latencies_ms, self._refused, self._alone = [], 0, 0
        self._over = False
        begin = next_at = self._loop.time()
        while next_at < begin + seconds:
            await asyncio.sleep(next_at - self._loop.time())
            while next_at <= self._loop.time():
                self._queue.append(next_at)
                next_at += self._random.expovariate(rate)
            self._serve()
        self._over = True
        if self._came or self._queue:
            self._served.clear()
            await self._served.wait()
        elapsed = max(seconds, self._loop.time() - begin)
        ordered = sorted(self._latencies_ms)
        return Run(
            rate=rate, achieved=len(ordered) / elapsed, p50_ms=percentile(ordered, 0.5),
            p95_ms=percentile(ordered, 0.95), p99_ms=percentile(ordered, 0.99), refused=self._refused,
            decided_alone=self._alone,
        )  # fmt: skip

    def _serve(self) -> None:
        while self._free and self._queue:
            device = self._free.popleft()
            self._came[device] = self._queue.popleft()
            device.swipe(self._random.choice(self._uids), self._random.randint(1, 1500))

    def _ended(self, device: Device, outcome: Outcome) -> None:
        came = self._came.pop(device)
        self._free.append(device)
        if outcome.offline:
            self._alone += 1
        else:
            self._latencies_ms.append((self._loop.time() - came) * 1000)
            self._refused += not outcome.sold
        if self._queue:
            self._loop.call_soon(self._serve)
        elif self._over and not self._came:
            self._served.set()


async def _prepare(target: Target, options: Options) -> tuple[int, Fleet, list[str]]:
    tenant_id = await tenants.create(target.db, SYSTEM, code=TENANT, name="Lakeside Works")
    async with target.db.tenant_tx(tenant_id, SYSTEM) as tx:
        await open_system_books(tx)
        drawer = await open_book(tx, BookKind.DRAWER)
        for number in range(1, _MERCHANTS + 1):
            await consumption.create_merchant(tx, code=f"M{number}", name=f"Canteen {number}")
        class_id = await people.create_class(tx, _CLASS)
        root = await people.create_department(tx, name="Lakeside Works")
        uids = [f"{0x04000000 + number:08X}" for number in range(options.people)]
        drafts = [
            PersonDraft(number=str(number), name=f"Worker {number}", department_id=root, class_id=class_id)
            for number in range(options.people)
        ]
        ids = await people.add_persons(tx, target.vault, drafts)
        await open_accounts(tx, list(ids.values()))
        await cards.bind(tx, {uid: ids[str(number)] for number, uid in enumerate(uids)})
    await _charge(target, tenant_id, list(ids.values()), drawer)
    placed = await certify_terminals(
        target.db, SYSTEM, tenant_id=tenant_id, code=TENANT, count=options.terminals, prefix="BENCH",
        progress=lambda stage, done, total: None,
    )  # fmt: skip
    return tenant_id, Fleet(target.address, placed, uids, seed=options.seed), uids


async def _charge(target: Target, tenant_id: int, accounts: list[int], drawer: int) -> None:
    async with target.db.tenant_tx(tenant_id, SYSTEM) as tx:
        rules = await consumption.load_rules(tx)
    day = rules.business_day.of(now_us())
    for start in range(0, len(accounts), _AT_ONCE):
        orders = [
            Journal(
                tenant_id=tenant_id, key=uuid7(), business_day=day, occurred_at_us=now_us(),
                source=Source.COMMAND, source_id=0, kind=PostingKind.TOP_UP,
                legs=(Leg(Place(drawer), Place(BookKind.CASH, account), _MONEY_FEN),),
            )
            for account in accounts[start : start + _AT_ONCE]
        ]  # fmt: skip
        for answer in await asyncio.gather(*map(target.ledger.post, orders)):
            if not answer.ok:
                message = f"A top-up was refused: {answer.status.code}."
                raise RuntimeError(message)


async def _check(target: Target, tenant_id: int, fleet: Fleet) -> tuple[bool, str]:
    """All proofs of the ledger, and the terminals' own book against the merchants'."""
    await fleet.settle()
    found = await proofs.check(target.db, target.engine_url, [tenant_id])
    wrong = [f"{proof.name}: {proof.detail}" for proof in found if not proof.ok]
    async with target.db.tenant_tx(tenant_id, SYSTEM) as tx:
        booked = await merchant_balances(tx)
    if sum(booked.values()) != fleet.tally.sold_fen.total():
        wrong.append(
            f"terminals sold {fleet.tally.sold_fen.total()} fen, merchants have {sum(booked.values())}"
        )
    return not wrong, "; ".join(wrong) or f"{len(found)} proofs hold, terminals' book equals the merchants'"
