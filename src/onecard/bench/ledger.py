"""The ledger's engine under load, beside pgbench on the same server: `onecard bench ledger`.

Closed loop: every client posts its next sale when it has the answer to the last. The clients live in the
engine's process, and half of all sales go to one merchant. Money rules are on: limits, three purses to draw
from, poor cardholders who are refused, keys that are sent again.
"""

import asyncio
import random
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from onecard.base.clock import now_us
from onecard.base.db import SYSTEM, Database, database
from onecard.base.embedded import Logins, prepare
from onecard.base.ids import uuid7
from onecard.base.pgserver import EmbeddedPostgres
from onecard.base.status import Status
from onecard.bench.harness import Peer, Progress, Round, Sample, interleave, medians, percentile
from onecard.bench.pgbench import Pgbench
from onecard.ledger import proofs
from onecard.ledger.model import BookKind, Journal, Leg, Place, PostingKind, Sale, Source, Terms
from onecard.ledger.service import merchant_balances, open_accounts, open_book, open_system_books
from onecard.ledger.writer import Writer
from onecard.tenants import service as tenants

IN_FLIGHT = (1, 64, 512, 2048)
PGBENCH_CLIENTS = (1, 8, 32)
GOALS = {"ratio_best": 8.0, "ratio_2048": 10.0, "ratio_1": 0.7}

_MERCHANTS = 20
_BUSIEST_SHARE = 0.5  # of all sales go to one merchant
_RICH_FEN, _POOR_FEN = 50_000_00, 1_00
_POOR_EVERY = 100
_RESENT_SHARE = 0.005
_WARM_UP_S = 0.5
_CHUNK = 5_000
# every limit is set, and far enough away that a cardholder picked by chance hardly ever meets it
_TERMS = Terms(
    transaction_limit_fen=50_00,
    meal_limit_fen=20_000_00,
    meal_limit_count=10_000,
    day_limit_fen=40_000_00,
    day_limit_count=20_000,
)


@dataclass(frozen=True, slots=True)
class Options:
    """Size of a run; what is smaller than the defaults is for trying out."""

    rounds: int = 3
    seconds: float = 4.0
    accounts: int = 100_000
    scale: int = 50
    seed: int = 1
    in_flight: tuple[int, ...] = IN_FLIGHT
    pgbench_clients: tuple[int, ...] = PGBENCH_CLIENTS


async def run(options: Options, progress: Progress) -> dict[str, Any]:
    """Measure and prove; the result has the form of the issue's contract (postings/s, milliseconds)."""
    async with _server() as (server, urls), database(urls.application, size=4) as db:
        progress(f"pgbench at scale {options.scale}")
        pgbench = Pgbench(server)
        await pgbench.prepare(scale=options.scale)
        writer = Writer(urls.engine, holder="bench")
        await writer.start()
        try:
            load = Load(db, urls, writer, random.Random(options.seed))  # noqa: S311  a load, not a secret
            progress(f"{options.accounts} accounts")
            await load.prepare(options.accounts)
            peers = [
                *(Peer("engine", n, _engine_run(load, n, options.seconds)) for n in options.in_flight),
                *(
                    Peer("pgbench", n, _pgbench_run(pgbench, n, options.seconds))
                    for n in options.pgbench_clients
                ),
            ]
            rounds = await interleave(
                peers, rounds=options.rounds, seed=options.seed, check=load.check, progress=progress
            )
        finally:
            await writer.stop()
    return report(rounds)


def _engine_run(load: "Load", in_flight: int, seconds: float) -> Any:
    return lambda: load.run(in_flight=in_flight, seconds=seconds)


def _pgbench_run(pgbench: Pgbench, clients: int, seconds: float) -> Any:
    return lambda: pgbench.run(clients=clients, seconds=seconds)


@asynccontextmanager
async def _server() -> AsyncIterator[tuple[EmbeddedPostgres, Logins]]:
    """A server of the run's own, configured as the product configures it, thrown away afterwards.

    Nothing else goes on while it starts and stops, so it blocks, and no signal leaves it half started.
    """
    directory = Path(tempfile.mkdtemp(prefix="onecard-bench-"))
    server = EmbeddedPostgres(directory)
    try:
        server.start()
        yield server, await prepare(server)
    finally:
        server.stop()
        for path in (server.socket_dir, directory):
            shutil.rmtree(path, ignore_errors=True)


def report(rounds: Sequence[Round]) -> dict[str, Any]:
    """Medians of the rounds and their ratios; a ratio is None when a side of it was not measured."""
    engine, pgbench = medians(rounds, "engine"), medians(rounds, "pgbench")
    best = max((sample.per_second for sample in pgbench.values()), default=0.0)

    def over_best(size: int) -> float | None:
        return round(engine[size].per_second / best, 2) if size in engine and best else None

    both_single = 1 in engine and 1 in pgbench
    return {
        "rounds": [one.as_json() for one in rounds],
        "engine": {str(size): round(sample.per_second, 1) for size, sample in engine.items()},
        "pgbench": {str(size): round(sample.per_second, 1) for size, sample in pgbench.items()},
        "ratio_best": over_best(512),
        "ratio_2048": over_best(2048),
        "latency_ms": {
            "engine": _latencies(engine),
            "pgbench": _latencies(pgbench),
            "ratio_1": round(engine[1].p50_ms / pgbench[1].p50_ms, 2) if both_single else None,
        },
        "check_ok": all(one.check_ok for one in rounds),
    }


def _latencies(samples: dict[int, Sample]) -> dict[str, dict[str, float]]:
    return {
        str(size): {"p50": round(sample.p50_ms, 3), "p99": round(sample.p99_ms, 3)}
        for size, sample in samples.items()
    }


@dataclass(slots=True)
class _Counted:
    """What the clients of one measurement saw: latencies of fresh postings, in order of their answers."""

    latencies_ms: list[float] = field(default_factory=list)
    stop: bool = False


class Load:
    """Clients of the ledger that keep books of their own."""

    def __init__(self, db: Database, urls: Logins, writer: Writer, chance: random.Random) -> None:
        self._db = db
        self._urls = urls
        self._writer = writer
        self._random = chance
        self._tenant_id = 0
        self._accounts = 0
        self._merchants: list[int] = []
        self._taken: dict[int, int] = {}
        self._faults: list[str] = []
        self._today = date(2026, 9, 1)

    async def prepare(self, accounts: int) -> None:
        """A tenant, its merchants, and accounts with money; one in a hundred is poor."""
        self._tenant_id = await tenants.create(self._db, SYSTEM, code="1200", name="Lakeside Works")
        self._accounts = accounts
        async with self._db.tenant_tx(self._tenant_id, SYSTEM) as tx:
            books = await open_system_books(tx)
            self._merchants = [await open_book(tx, BookKind.MERCHANT) for _ in range(_MERCHANTS)]
        self._taken = dict.fromkeys(self._merchants, 0)
        for first in range(1, accounts + 1, _CHUNK):
            ids = range(first, min(first + _CHUNK, accounts + 1))
            async with self._db.tenant_tx(self._tenant_id, SYSTEM) as tx:
                await open_accounts(tx, ids)
            await asyncio.gather(*(self._top_up(account, books[BookKind.BANK]) for account in ids))

    async def _top_up(self, account: int, bank: int) -> None:
        amount = _POOR_FEN if account % _POOR_EVERY == 0 else _RICH_FEN
        leg = Leg(Place(bank), Place(BookKind.CASH, account), amount)
        answer = await self._writer.post(
            Journal(
                tenant_id=self._tenant_id, key=uuid7(), business_day=self._today, occurred_at_us=now_us(),
                source=Source.COMMAND, source_id=1, kind=PostingKind.TOP_UP, legs=(leg,),
            )
        )  # fmt: skip
        if not answer.ok:
            self._faults.append(f"top-up of {account}: {answer.status.code}")

    async def run(self, *, in_flight: int, seconds: float) -> Sample:
        """`in_flight` clients for `seconds` after a warm-up; only fresh, successful postings count."""
        counted = _Counted()
        clients = [asyncio.create_task(self._client(counted)) for _ in range(in_flight)]
        await asyncio.sleep(_WARM_UP_S)
        first, since = len(counted.latencies_ms), time.perf_counter()
        await asyncio.sleep(seconds)
        last, elapsed = len(counted.latencies_ms), time.perf_counter() - since
        counted.stop = True
        await asyncio.gather(*clients)
        ordered = sorted(counted.latencies_ms[first:last])
        return Sample((last - first) / elapsed, percentile(ordered, 0.5), percentile(ordered, 0.99))

    async def _client(self, counted: _Counted) -> None:
        post, chance, clock = self._writer.post, self._random.random, time.perf_counter
        while not counted.stop:
            request = self._sale()
            since = clock()
            answer = await post(request)
            took = clock() - since
            if answer.status is Status.OK:
                self._taken[request.merchant_book] += request.amount_fen
                counted.latencies_ms.append(took * 1000)
            elif answer.status is not Status.BALANCE_TOO_LOW:
                self._faults.append(f"unexpected answer {answer.status.code}")
            if chance() < _RESENT_SHARE:
                again = await post(request)
                if again.status is not answer.status or not again.duplicate:
                    self._faults.append(
                        f"resent key answered {again.status.code}, first {answer.status.code}"
                    )

    def _sale(self) -> Sale:
        chance = self._random.random
        merchant = 0 if chance() < _BUSIEST_SHARE else 1 + int(chance() * (_MERCHANTS - 1))
        return Sale(
            tenant_id=self._tenant_id, key=uuid7(), business_day=self._today, occurred_at_us=now_us(),
            source=Source.TERMINAL, source_id=1 + merchant, meal=2, terms=_TERMS,
            account_id=1 + int(chance() * self._accounts), merchant_book=self._merchants[merchant],
            amount_fen=1 + int(chance() * 1500),
        )  # fmt: skip

    async def check(self) -> tuple[bool, str]:
        """All proofs of the ledger, and the merchants' books against what the clients were told."""
        found = await proofs.check(self._db, self._urls.engine, [self._tenant_id])
        wrong = [f"{proof.name}: {proof.detail}" for proof in found if not proof.ok]
        async with self._db.tenant_tx(self._tenant_id, SYSTEM, snapshot=True) as tx:
            booked = await merchant_balances(tx)
        if booked != self._taken:
            wrong.append("merchants' books differ from what the clients were told")
        wrong += self._faults[:3]
        return not wrong, "; ".join(wrong) or f"{len(found)} proofs hold, merchants' books equal the clients'"
