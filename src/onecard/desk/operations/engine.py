"""Carries operations out, and takes them up again: the one place where cards, operations and money meet.

The order is always the same: the plan is committed, then the card is written, then money is posted and the
plan marked. Whatever breaks, the card can be asked what it holds, and the postings have keys that are kept.

Who may post what: the desk that holds the lease posts straight, and only before the lease ends; once an
operation is in doubt, money goes by way of suspense, with keys of its own. So nobody can post a part twice.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import asyncpg

from onecard.base.errors import ConflictError
from onecard.base.status import TEXTS
from onecard.cards.keys import Role
from onecard.cards.oc1.records import Purse
from onecard.cards.reader import Presence, Reader, Trouble
from onecard.cards.steps import Step as CardStep
from onecard.desk.operations import store
from onecard.desk.operations.effects import finish
from onecard.desk.operations.model import (
    Draft,
    IssuePart,
    MoneyPart,
    Operation,
    PartState,
    PursePart,
    State,
    Step,
)
from onecard.desk.operations.place import Desk
from onecard.desk.operations.scripts import Scribe, Script
from onecard.desk.operations.sighting import Reading, SectorState
from onecard.desk.operations.store import Decided
from onecard.desk.operations.till import Till
from onecard.desk.operations.verdicts import judge

log = logging.getLogger(__name__)
_NOTHING_SENT = {Trouble.STALE, Trouble.REFUSED}


@dataclass(slots=True)
class _Course:
    """How far an operation came on the card.

    Attributes:
        confirmed: parts whose every command was answered as expected.
        whole: whether those are all.
        written: whether a command that changes the card may have been sent.
    """

    confirmed: list[Step]
    whole: bool
    written: bool


class Engine:
    """Carries out the operations of one desk.

    Args:
        desk: where.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._till = Till(desk)

    async def begin(self, draft: Draft) -> Operation:
        """Write an operation down; nothing has happened yet.

        Raises:
            BusyError: its card or account has an open one.
        """
        try:
            return await self._insert(draft)
        except asyncpg.UniqueViolationError:
            await self.sweep()  # perhaps nobody is at it any more
        try:
            return await self._insert(draft)
        except asyncpg.UniqueViolationError:
            async with self.desk.tx() as tx:
                raise await store.explain_busy(tx, draft) from None

    async def _insert(self, draft: Draft) -> Operation:
        desk = self.desk
        async with desk.tx() as tx:
            operation = await store.insert(tx, draft, desk=desk.name, lease_s=desk.lease_s)
            loads = [one for part in draft.parts if isinstance(part, PursePart) for one in part.loads]
            await store.take_loads(tx, loads, operation.id)
            return operation

    async def load(self, operation_id: int) -> Operation:
        """An operation as it is now."""
        async with self.desk.tx() as tx:
            return await store.operation(tx, operation_id)

    async def carry_out(
        self,
        operation: Operation,
        reader: Reader | None = None,
        presence: Presence | None = None,
        reading: Reading | None = None,
    ) -> Operation:
        """Do all that is open, in order, and see it to its end as far as the card lets itself be written.

        Args:
            operation: prepared; or, of those that carry on, in doubt and asked.
            reader: where the card lies; None when no part needs it.
            presence: the card's insertion; scripts are bound to it.
            reading: what the card held; an issue that is carried on finds sectors that are ours already.

        Returns:
            The operation as it is then: confirmed; in doubt because the exchange broke off; or void because
        that was before anything was written.
        """
        desk = self.desk
        async with desk.tx() as tx:
            ready = {State.PREPARED, State.IN_DOUBT} if operation.carries_on else {State.PREPARED}
            lease = await store.advance(tx, operation.id, ready, State.WRITING, lease_s=desk.lease_s)
            if lease is None:
                return await store.operation(tx, operation.id)
        operation = replace(operation, state=State.WRITING, lease_until_us=lease)
        course = await self._write(operation, reader, presence, reading)
        if not course.written and not course.whole and not _was_written(operation):
            return await self.abandon(operation)
        money = [one for one in operation.open_steps if isinstance(one.part, MoneyPart)]
        steps = course.confirmed + (money if course.whole else [])
        decided, refusal = await self._till.post(operation, steps)
        if refusal:
            return await self._doubt(operation, decided, trouble=refusal)
        if not course.whole:
            return await self._doubt(operation, decided)
        return await self._finish(operation, decided, _purses(steps))

    async def settle(self, operation: Operation, reading: Reading, reader: Reader) -> Operation:
        """Decide what the card can decide: it lies on a reader and was read.

        An issue, an initialisation or a clearing stays in doubt, with what is left of it, for whoever
        carries it on. Everything else ends here.
        """
        if operation.state is not State.IN_DOUBT:
            return operation
        scribe = self.desk.scribe(operation)
        judgement = judge(operation, reading, scribe)
        if judgement.refresh:
            script = Script.of(
                [scribe.refreshed(*each) for each in judgement.refresh], reading.presence.dialect
            )
            if not (await reader.run(reading.presence.session, script.exchanges)).complete:
                return operation  # taken away once more; it stays in doubt
        decided = await self._till.posted(operation)
        trouble = judgement.trouble
        posted = {each.n for each in decided}
        for step in (one for one in operation.open_steps if one.n not in posted):
            state = judgement.states[step.n]
            answer = await self._till.settle(operation, step, state)
            if answer is not None and not answer.ok:
                state, trouble = PartState.BROKEN, trouble or answer.status.code
            if state is not PartState.PLANNED:
                key = answer.key if answer and state is PartState.CONFIRMED else None
                decided.append(Decided(step.n, state, key))
        if trouble:
            return await self._end(operation, decided, State.BROKEN, trouble=trouble, purses=judgement.purses)
        if operation.carries_on and any(each is PartState.PLANNED for each in judgement.states.values()):
            return await self._end(operation, decided, State.IN_DOUBT)
        return await self._finish(operation, decided, judgement.purses)

    async def abandon(self, operation: Operation) -> Operation:
        """Give up what is left of an operation: its money goes back to where it came from.

        Only for one that was never written, or whose card has been asked and does not matter any more.
        """
        return await self.rule(operation, PartState.VOID)

    async def rule(self, operation: Operation, state: PartState) -> Operation:
        """Decide what is left of an operation in the place of its card, which cannot be asked.

        Args:
            operation: in any state but that of a desk at work.
            state: confirmed or void, for all that is not decided.

        Raises:
            ConflictError: the ledger refuses what that means for the money; the operation stays as it was.
        """
        decided = await self._till.posted(operation)
        posted = {each.n for each in decided}
        for step in (one for one in operation.unsettled_steps if one.n not in posted):
            answer = await self._till.settle(operation, step, state)
            if answer is not None and not answer.ok and state is PartState.CONFIRMED:
                message = f"The ledger refuses it: {TEXTS[answer.status][0]}."
                raise ConflictError(message)
            key = answer.key if answer and state is PartState.CONFIRMED else None
            decided.append(Decided(step.n, state, key))
        return await self._finish(operation, decided, {})

    async def sweep(self) -> int:
        """Take care of what desks left behind; returns how many operations that were.

        What was only prepared is void, for no command was sent; what was being written is in doubt, unless
        no card has a say in it: then it is done.
        """
        async with self.desk.tx() as tx:
            stale = await store.stale(tx)
        for operation_id in stale:
            operation = await self.load(operation_id)
            if operation.state is State.WRITING:
                operation = await self._doubt(operation, await self._till.posted(operation))
            cardless = all(isinstance(one.part, MoneyPart) for one in operation.steps)
            if operation.state is State.IN_DOUBT and cardless:
                await self.rule(operation, PartState.CONFIRMED)
            elif operation.state is State.PREPARED:
                await self.abandon(operation)
        return len(stale)

    async def _write(
        self,
        operation: Operation,
        reader: Reader | None,
        presence: Presence | None,
        reading: Reading | None,
    ) -> _Course:
        """Bring the open parts to the card."""
        steps = [one for one in operation.open_steps if not isinstance(one.part, MoneyPart)]
        course = _Course([], whole=True, written=False)
        for group in _groups(steps):
            assert reader and presence  # noqa: S101, PT018  given whenever a part touches the card
            scribe = self.desk.scribe(operation)
            script = Script.of([_spelt(scribe, one, reading) for one in group], presence.dialect)
            ran = await reader.run(presence.session, script.exchanges)
            accepted = len(ran.answers) - (0 if ran.complete else _refused(script, ran.answers))
            course.confirmed += group[: script.done(accepted)]
            if ran.trouble not in _NOTHING_SENT:
                unheard = ran.trouble is Trouble.NO_ANSWER  # all of it may have been sent
                course.written |= script.writes(len(script.exchanges) if unheard else len(ran.answers))
            if not ran.complete:
                course.whole = False
                break
        return course

    async def _doubt(
        self, operation: Operation, decided: Sequence[Decided], *, trouble: str = ""
    ) -> Operation:
        """Nobody knows what the card did: money that depends on it goes into suspense."""
        confirmed = {each.n for each in decided}
        open_money = [one for one in operation.open_steps if one.n not in confirmed and one.money]
        marks = [*decided, *(Decided(one.n, PartState.IN_DOUBT) for one in open_money)]
        state = State.BROKEN if trouble else State.IN_DOUBT
        purses = _purses([one for one in operation.steps if one.n in confirmed])
        operation = await self._end(operation, marks, state, trouble=trouble, purses=purses)
        if operation.state is not state:
            return operation  # somebody else came first
        await self._till.set_aside(operation, open_money)
        return operation

    async def _end(
        self,
        operation: Operation,
        decided: Sequence[Decided],
        state: State,
        *,
        trouble: str = "",
        purses: Mapping[Role, Purse] | None = None,
    ) -> Operation:
        """Note what became of parts and what the card holds, and in which state the operation waits."""
        desk = self.desk
        async with desk.tx() as tx:
            lease = await store.advance(
                tx, operation.id, {operation.state}, state, lease_s=desk.lease_s, trouble=trouble
            )
            if lease is not None:
                await store.decide(tx, operation.id, decided)
                if operation.card_id is not None:
                    await store.know(tx, operation.card_id, purses or {})
            return await store.operation(tx, operation.id)

    async def _finish(
        self, operation: Operation, decided: Sequence[Decided], purses: Mapping[Role, Purse]
    ) -> Operation:
        async with self.desk.tx() as tx:
            return await finish(tx, operation, decided, purses)


def _groups(steps: Sequence[Step]) -> Iterable[list[Step]]:
    """What goes to the reader in one go: first the purses, then all other parts in their order."""
    purses = [one for one in steps if isinstance(one.part, PursePart)]
    others = [one for one in steps if not isinstance(one.part, PursePart)]
    return [group for group in (purses, others) if group]


def _spelt(scribe: Scribe, step: Step, reading: Reading | None) -> Iterator[CardStep]:
    part = step.part
    assert not isinstance(part, MoneyPart)  # noqa: S101  the caller left them out
    if isinstance(part, IssuePart) and reading is not None:
        sector = reading.sectors.get(part.place)
        if sector is not None and sector.state is SectorState.OURS:
            return scribe.again(part)
    return scribe.steps(part)


def _refused(script: Script, answers: Sequence[bytes]) -> int:
    """How many of the last answers were not as expected: one or none."""
    return int(bool(answers) and not script.exchanges[len(answers) - 1].accepts(answers[-1]))


def _was_written(operation: Operation) -> bool:
    """Whether an earlier attempt got as far as the card."""
    return any(one.state is not PartState.PLANNED for one in operation.steps)


def _purses(steps: Sequence[Step]) -> dict[Role, Purse]:
    return {one.part.change.role: one.part.change.after for one in steps if isinstance(one.part, PursePart)}
