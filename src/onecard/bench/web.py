"""The console under somebody's hands, with years of data behind it: `onecard bench web`.

Every list of the menu is asked over HTTP, as a browser does, from another process than the console's: first,
middle and last page, sorted each way, filtered by each filter, searched as one types; then the pages below.
Beside each list stands its peer of the same round: the same page of it straight from the database, through
the door the console uses, in this process.
"""

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from onecard.base.db import SYSTEM, Database
from onecard.base.errors import UnavailableError
from onecard.bench.harness import Progress
from onecard.bench.web_asks import Ask, asks
from onecard.bench.web_browser import browse
from onecard.bench.web_report import Samples, report
from onecard.bench.web_seed import CODE, Seeded
from onecard.bench.web_wire import Wire
from onecard.desk.proofs import check as prove
from onecard.ledger.service import merchant_balances
from onecard.tenants import sessions
from onecard.tenants.operators.model import EVERYTHING
from onecard.web.pages.access.sign_in_others import ONCE
from onecard.web.services import Services

CALLERS = ("administrator", "teacher")
_LINK_MINUTES = 10
_STATIC_FILE = "console.css"
_GOOD = 200


@dataclass(frozen=True, slots=True)
class Options:
    """Length of a run."""

    rounds: int = 5
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Target:
    """A running product with a school in it.

    Attributes:
        services: as the console has them, for what is asked of its lists in this process.
        engine_url: login of the ledger's writer, for the proofs.
        address: of the console.
        seeded: what is in the database.
    """

    services: Services
    engine_url: str
    address: str
    seeded: Seeded


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing that is timed."""

    ask: Ask | None  # None: the static file
    of_sql: bool = False


async def run(target: Target, options: Options, progress: Progress) -> dict[str, Any]:
    """Measure and prove; milliseconds and kilobytes."""
    wire = Wire(target.address)
    try:
        cookies = {caller: wire.sign_in(ONCE, await _link(target, caller)) for caller in CALLERS}
        found = [each for caller in CALLERS for each in await _asks(target, caller, cookies[caller])]
        measuring = _Measuring(target, wire, cookies, Samples())
        progress(f"{len(found)} requests, once each before they are measured")
        found = [each for each in found if measuring.answers(each)]
        order = random.Random(options.seed)  # noqa: S311  an order, not a secret
        for number in range(1, options.rounds + 1):
            steps = _steps(found)
            order.shuffle(steps)
            progress(f"round {number} of {options.rounds}: {len(steps):,} measurements")
            await measuring.round(steps, progress)
    finally:
        wire.close()
    code = await _link(target, CALLERS[0])
    browser = await browse(target.address, code, options.rounds, progress)
    progress("proofs")
    ok, detail = await _check(target)
    return report(target.seeded, measuring.samples, measuring.left_out, browser) | {
        "check_ok": ok, "check_detail": detail
    }  # fmt: skip


async def _link(target: Target, caller: str) -> str:
    async with target.services.db.tenant_tx(target.seeded.tenant_id, SYSTEM) as tx:
        return await sessions.make_link(tx, target.seeded.operators[caller], _LINK_MINUTES, by=EVERYTHING)


async def _asks(target: Target, caller: str, cookie: str) -> list[Ask]:
    who = await sessions.resume(target.services.db, cookie, "127.0.0.1")
    if who is None:
        message = "The console's cookie opens no session in the database."
        raise UnavailableError(message)
    return await asks(target.services, who, caller)


def _steps(found: Sequence[Ask]) -> list[_Step]:
    steps = [_Step(each) for each in found]
    steps += [_Step(each, of_sql=True) for each in found if each.sql is not None]
    return [*steps, *[_Step(None)] * max(1, len(found) // 20)]


@dataclass(slots=True)
class _Measuring:
    target: Target
    wire: Wire
    cookies: dict[str, str]
    samples: Samples
    left_out: list[dict[str, Any]] = field(default_factory=list)

    def answers(self, ask: Ask) -> bool:
        """Whether the page exists for this row; a list that does not answer is a fault.

        Raises:
            UnavailableError: a list was refused.
        """
        got = self.wire.get(ask.path, self.cookies[ask.caller], typed=ask.typed)
        if got.status == _GOOD:
            return True
        if ask.sql is not None:
            message = f"The console answered {got.status} to {ask.caller} for {ask.path}."
            raise UnavailableError(message)
        self.left_out.append({"caller": ask.caller, "path": ask.path, "status": got.status})
        return False

    async def round(self, steps: Sequence[_Step], progress: Progress) -> None:
        told = time.monotonic()
        for done, step in enumerate(steps):
            await self._take(step)
            if time.monotonic() - told > 5.0:  # noqa: PLR2004  seconds
                told = time.monotonic()
                progress(f"  {done:,} of {len(steps):,}")

    async def _take(self, step: _Step) -> None:
        ask = step.ask
        if ask is None:
            got = self.wire.get(self.target.services.assets.url(_STATIC_FILE))
            self.samples.static_ms.append(got.ms)
        elif step.of_sql and ask.sql is not None:
            self.samples.sql_ms.setdefault(ask, []).append(await _timed(ask.sql))
        else:
            got = self.wire.get(ask.path, self.cookies[ask.caller], typed=ask.typed)
            if got.status != _GOOD:
                message = f"The console answered {got.status} for {ask.path}, which it had answered before."
                raise UnavailableError(message)
            self.samples.page_ms.setdefault(ask, []).append(got.ms)
            self.samples.bytes[ask] = got.size


async def _timed(work: Callable[[], Awaitable[Any]]) -> float:
    since = time.perf_counter()
    await work()
    return (time.perf_counter() - since) * 1000


async def _check(target: Target) -> tuple[bool, str]:
    """Every proof of the product, and the merchants' books against what was told while they were filled."""
    db: Database = target.services.db
    found = await prove(db, target.engine_url, [target.seeded.tenant_id])
    wrong = [f"{proof.name}: {proof.detail}" for proof in found if not proof.ok]
    async with db.tenant_tx(target.seeded.tenant_id, SYSTEM, snapshot=True) as tx:
        if await merchant_balances(tx) != target.seeded.taken_fen:
            wrong.append("merchants' books differ from what was posted")
    told = f"{len(found)} proofs hold for {CODE}, merchants' books equal what was posted"
    return not wrong, "; ".join(wrong) or told
