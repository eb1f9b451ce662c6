"""Every way an operation can be cut short, and what must be true afterwards.

A case is one operation with one cut: the card pulled before a command, torn in a write, the agent's answer
lost, the server killed between two of its steps. Then the card is spent from at terminals whose records
come late, or not; then it is laid on another desk. Card and ledger have to agree, or the card is scrap
and its money is at the server.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from hall import Hall, purse, reader_with, the

from onecard.base.clock import now_us
from onecard.base.db import SYSTEM, Actor, Database, Tx
from onecard.base.errors import OneCardError
from onecard.base.ids import uuid7
from onecard.cards.classic.values import Value
from onecard.cards.keys import Role
from onecard.cards.oc1.changes import spend
from onecard.cards.oc1.layout import block_of
from onecard.cards.oc1.records import Purse
from onecard.cards.oc1.slots import current
from onecard.cards.reader import Ran, Reader, ReaderError, Trouble
from onecard.cards.steps import Exchange
from onecard.cards.virtual.chip import Chip
from onecard.cards.virtual.slot import LocalReader
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations.place import Desk
from onecard.desk.operations.sighting import CardRow
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import Answer, AnyRequest, Sale, Source, Terms
from onecard.ledger.service import Ledger


class KilledError(BaseException):
    """The process is gone; whatever it had not committed never was."""


class Where(Enum):
    """Kinds of cuts."""

    NOWHERE = "nowhere"
    PULLED = "card pulled before a command"
    TORN = "write torn"
    ANSWER_LOST = "agent killed after a command"
    KILLED = "server killed between two steps"


@dataclass(frozen=True)
class Cut:
    """Where an operation is cut, and how often the card is spent from before it is seen again."""

    where: Where
    number: int = 0
    how: Torn = Torn.NONE
    debits: int = 0

    def __str__(self) -> str:
        torn = f" ({self.how.value})" if self.where is Where.TORN else ""
        return f"{self.where.value} {self.number}{torn}, then {self.debits} debits"


@dataclass
class Life:
    """A process's span of life, in steps that leave something behind."""

    ends_before: int | None = None
    steps: int = 0

    def step(self) -> None:
        """One more; the process may be dead by now."""
        if self.ends_before is not None and self.steps >= self.ends_before:
            raise KilledError
        self.steps += 1


class MortalDatabase:
    """The database's door in a process that may be killed before any transaction and before any commit."""

    def __init__(self, db: Database, life: Life) -> None:
        self._db, self._life = db, life

    @contextlib.asynccontextmanager
    async def tenant_tx(self, tenant_id: int, actor: Actor, **more: Any) -> AsyncIterator[Tx]:
        self._life.step()
        async with self._db.tenant_tx(tenant_id, actor, **more) as tx:
            yield tx


class MortalLedger:
    """The ledger, asked by a process that may be killed before it asks and before it hears."""

    def __init__(self, ledger: Ledger, life: Life) -> None:
        self._ledger, self._life = ledger, life

    async def post(self, request: AnyRequest) -> Answer:
        self._life.step()
        answer = await self._ledger.post(request)
        self._life.step()
        return answer


class MortalReader(LocalReader):
    """A reader whose agent can die after a number of commands: the card has them, and nobody hears."""

    def __init__(self, inner: LocalReader, life: Life, dies_after: int | None = None) -> None:
        super().__init__(inner.slot)
        self._life, self._left = life, dies_after

    async def run(self, session: str, script: Sequence[Exchange]) -> Ran:
        self._life.step()
        if self._left is not None and self._left < len(script):
            await super().run(session, script[: self._left])
            self.slot.reader.remove()
            return Ran((), Trouble.NO_ANSWER)
        if self._left is not None:
            self._left -= len(script)
        ran = await super().run(session, script)
        self._life.step()
        return ran


@dataclass
class Scene:
    """What an operation is done to. `more` is what the act left for the check."""

    hall: Hall
    chip: Chip
    row: CardRow | None
    person_id: int
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """An operation to be cut.

    Attributes:
        name: of the operation.
        prepare: makes card and person.
        act: does it at a workplace.
        finish: brings it to its end at another desk, when looking alone does not.
        check: what must be true in the end.
        spends: whether the card can be spent from in between.
        value_blocks: whether the cards are those of OC1-V.
    """

    name: str
    prepare: Callable[[Hall], Awaitable[Scene]]
    act: Callable[[Scene, Workplace], Awaitable[object]]
    check: Callable[[Scene], Awaitable[None]]
    finish: Callable[[Scene, Workplace], Awaitable[object]] | None = None
    spends: bool = True
    value_blocks: bool = False


async def measure(hall: Hall, scenario: Scenario) -> tuple[int, int, int]:
    """Run it uncut: how many commands, writes and steps of the server it takes from beginning to end."""
    scene = await scenario.prepare(hall)
    life = Life()
    place, reader = _workplace(scene, life)
    commands, writes = the(reader).apdus, scene.chip.writes
    await scenario.act(scene, place)
    await _aftermath(scenario, scene, 0)
    return the(reader).apdus - commands, scene.chip.writes - writes, life.steps


def cuts(commands: int, writes: int, steps: int, *, debits: Sequence[int]) -> Iterator[Cut]:
    """All of them."""
    for spent in debits:
        for number in range(commands):
            yield Cut(Where.PULLED, number, debits=spent)
            yield Cut(Where.ANSWER_LOST, number, debits=spent)
        for number in range(writes):
            for how in Torn:
                yield Cut(Where.TORN, number, how, spent)
        for number in range(steps):
            yield Cut(Where.KILLED, number, debits=spent)


async def run_case(hall: Hall, scenario: Scenario, cut: Cut) -> None:
    """One case.

    Raises:
        AssertionError: card and ledger do not agree.
    """
    scene = await scenario.prepare(hall)
    life = Life(cut.number if cut.where is Where.KILLED else None)
    place, reader = _workplace(scene, life, cut.number if cut.where is Where.ANSWER_LOST else None)
    if cut.where is Where.PULLED:
        the(reader).pull_before = the(reader).apdus + cut.number
    if cut.where is Where.TORN:
        scene.chip.tear = Tear(scene.chip.writes + cut.number, cut.how)
    # whatever the desk was told, the truth is on the card
    with contextlib.suppress(KilledError, OneCardError, ReaderError):
        await scenario.act(scene, place)
    scene.chip.tear = None
    await _aftermath(scenario, scene, cut.debits)


def _workplace(scene: Scene, life: Life, dies_after: int | None = None) -> tuple[Workplace, Reader]:
    hall = scene.hall
    inner = reader_with(scene.chip)
    assert inner
    reader = MortalReader(inner, life, dies_after)
    db: Any = MortalDatabase(hall.db, life)
    desk = Desk(db, MortalLedger(hall.ledger, life), hall.tenant_id, SYSTEM, "front", hall.chosen, hall.ring)
    return Workplace(desk, reader), reader


async def _aftermath(scenario: Scenario, scene: Scene, debits: int) -> None:
    """The card is spent from, another desk sees it, late records come in; then all is checked."""
    hall = scene.hall
    await leases_end(scene)
    spent = [amount for amount in [_debit(scene) for _ in range(debits if scenario.spends else 0)] if amount]
    place = hall.workplace(scene.chip, "back")
    await place.look()
    scene.more["spent"] = sum(spent)
    if scenario.finish:
        await scenario.finish(scene, place)
    for amount in spent:
        answer = await hall.ledger.post(_record(scene, amount))
        assert answer.ok, answer
    await scenario.check(scene)


async def leases_end(scene: Scene) -> int:
    """Let time pass; returns how many operations nobody may hold any longer."""
    async with scene.hall.db.tenant_tx(scene.hall.tenant_id, SYSTEM) as tx:
        rows = await tx.connection.fetch(
            "update desk.operation set lease_until = now() - interval '1 hour'"
            " where tenant_id = $1 and (account_id = $2 or uid = $3)"
            " and (state in ('prepared', 'writing') or state = 'in_doubt' and uid is null) returning 1",
            scene.hall.tenant_id, scene.person_id, scene.chip.uid.hex().upper(),
        )  # fmt: skip
    return len(rows)


def _debit(scene: Scene) -> int:
    """A terminal without a network takes 1.00 from the card, if there is as much and the card can be used."""
    hall, chip = scene.hall, scene.chip
    place = next(one for one in hall.chosen.layout.places if one.role is Role.CONSUMPTION)
    sector, memory = place.sector, bytearray(chip.dump())
    every = [hall.keys(chip.uid, hall.generation, version) for version in hall.ring.masters]
    trailer = block_of(sector, 0) * 16 + 48
    opened = [keys for keys in every if keys.sector(place).a == bytes(memory[trailer : trailer + 6])]
    if not opened:
        return 0
    keys = opened[0]
    blocks = [block_of(sector, slot) * 16 for slot in (0, 1)]
    if hall.chosen.layout.value_blocks:
        return _decrement(chip, memory, blocks)
    slots = (bytes(memory[blocks[0] : blocks[0] + 16]), bytes(memory[blocks[1] : blocks[1] + 16]))
    found = current(Purse, slots, role=Role.CONSUMPTION, mac_key=keys.mac(Role.CONSUMPTION))
    if found is None or found.record.cash_fen < 1_00:
        return 0
    try:
        change = spend(found, role=Role.CONSUMPTION, cash_fen=1_00)
    except ValueError:
        return 0
    start = blocks[change.slot]
    memory[start : start + 16] = change.image(keys.mac(Role.CONSUMPTION))
    chip.restore_dump(bytes(memory))
    return 1_00


def _decrement(chip: Chip, memory: bytearray, blocks: Sequence[int]) -> int:
    """As a terminal of OC1-V does it: recover, decrement, restore into the copy."""
    first, second = (Value.decode(bytes(memory[start : start + 16])) for start in blocks)
    value = first or second
    if value is None or value.value < 1_00:
        return 0
    for start in blocks:
        memory[start : start + 16] = Value(value.value - 1_00, value.address).encode()
    chip.restore_dump(bytes(memory))
    return 1_00


def _record(scene: Scene, amount_fen: int) -> Sale:
    hall = scene.hall
    # value blocks do not say what was spent: subsidy counts first
    drawing = (2, 1) if hall.chosen.layout.value_blocks else (1,)
    return Sale(
        tenant_id=hall.tenant_id, key=uuid7(), business_day=hall.today, occurred_at_us=now_us(),
        source=Source.TERMINAL, source_id=1, account_id=scene.person_id, merchant_book=hall.merchant_book,
        amount_fen=amount_fen, terms=Terms(drawing=drawing), offline=True,
    )  # fmt: skip


async def agrees(scene: Scene) -> None:
    """The card holds what the account holds, nothing waits in suspense, no operation is open."""
    hall = scene.hall
    found = await hall.balances(scene.person_id)
    held, water = purse(hall, scene.chip), purse(hall, scene.chip, Role.WATER)
    assert found.shortfall == 0
    assert (held.cash_fen, held.subsidy_fen) == (found.cash + found.bonus, found.subsidy)
    assert water.cash_fen == found.water
    await settled(scene)


async def settled(scene: Scene) -> None:
    """No operation of the person is open, and what went into suspense for it has come out."""
    rows = await scene.hall.fetch(
        "select o.id, o.kind, o.state from desk.operation o where o.tenant_id = $1 and o.account_id = $2"
        " and o.state not in ('confirmed', 'void')",
        scene.hall.tenant_id, scene.person_id,
    )  # fmt: skip
    assert rows == []
    stuck = await scene.hall.fetch(_SUSPENDED, scene.hall.tenant_id, scene.person_id)
    assert stuck == [(0,)]


_SUSPENDED = """
select (coalesce(sum(l.amount_fen) filter (where c.kind = 23), 0)
        - coalesce(sum(l.amount_fen) filter (where d.kind = 23), 0))::bigint
  from ledger.line l
  join ledger.book c on c.tenant_id = l.tenant_id and c.id = l.credit_book
  join ledger.book d on d.tenant_id = l.tenant_id and d.id = l.debit_book
  join desk.operation o on o.tenant_id = l.tenant_id and o.id = l.source_id and l.source = 1
 where l.tenant_id = $1 and o.account_id = $2
"""


async def run_all(hall: Hall, scenario: Scenario, chosen: Sequence[Cut], *, at_once: int = 8) -> list[str]:
    """Run cases side by side; returns what went wrong, a line for each case."""
    gate = asyncio.Semaphore(at_once)
    failures: list[str] = []

    async def one(cut: Cut) -> None:
        async with gate:
            try:
                await run_case(hall, scenario, cut)
            except Exception as error:  # noqa: BLE001  every case is to be heard
                failures.append(f"{scenario.name}, {cut}: {type(error).__name__} {error}".replace("\n", " "))

    await asyncio.gather(*(one(cut) for cut in chosen))
    return failures
