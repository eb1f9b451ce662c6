"""The money of operations: what a verdict about a part means for the ledger."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from onecard.desk.operations import store
from onecard.desk.operations.model import Operation, PartState, Step
from onecard.desk.operations.money import Postings
from onecard.desk.operations.place import Desk
from onecard.desk.operations.store import Decided
from onecard.ledger.model import Answer, AnyRequest, BookKind
from onecard.ledger.service import system_books
from onecard.tenants import service as tenants

log = logging.getLogger(__name__)


class Till:
    """Posts for the operations of one desk.

    Args:
        desk: which.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._suspense: int | None = None  # a tenant's book for ever

    async def post(self, operation: Operation, steps: Sequence[Step]) -> tuple[list[Decided], str]:
        """Post the money of confirmed parts straight; what was in doubt goes out of suspense.

        Returns:
            What became of each part, and the ledger's word when it refused one.
        """
        if not any(one.money for one in steps):
            return [Decided(one.n, PartState.CONFIRMED) for one in steps], ""
        postings = await self.postings(operation)
        answers = await asyncio.gather(*(self._settle(postings, one, PartState.CONFIRMED) for one in steps))
        decided, refusal = [], ""
        for step, answer in zip(steps, answers, strict=True):
            if answer is not None and not answer.ok:
                refusal = refusal or answer.status.code
            else:
                decided.append(Decided(step.n, PartState.CONFIRMED, answer.key if answer else None))
        return decided, refusal

    async def settle(self, operation: Operation, step: Step, state: PartState) -> Answer | None:
        """Post what a verdict about a part means for its money; None when it means nothing."""
        if step.money is None or state not in {PartState.CONFIRMED, PartState.VOID}:
            return None
        return await self._settle(await self.postings(operation), step, state)

    async def _settle(self, postings: Postings, step: Step, state: PartState) -> Answer | None:
        if step.money is None:
            return None
        doubted = step.state in {PartState.IN_DOUBT, PartState.BROKEN}
        last: AnyRequest | None
        if state is PartState.CONFIRMED:
            last = postings.settle(step.money) if doubted else postings.direct(step.money)
        else:
            last = postings.undo(step.money, doubted=doubted)
        # into suspense first even if somebody should have seen to it: with the same key it happens once
        first = postings.doubt(step.money) if doubted else None
        answer: Answer | None = None
        for request in (first, last):
            if request is not None:
                answer = await self.desk.ledger.post(request)
                if not answer.ok:
                    log.warning(
                        "operation %s, part %s: %s", postings.operation.id, step.n, answer.status.code
                    )
                    break
        return answer

    async def posted(self, operation: Operation) -> list[Decided]:
        """Parts whose posting was committed although nobody marked them: they are confirmed."""
        keys: dict[UUID, int] = {}
        for step in operation.unsettled_steps:
            if step.money:
                keys |= {step.money.keys.direct: step.n, step.money.keys.settle: step.n}
        async with self.desk.tx() as tx:
            found = await store.posted(tx, keys)
        return [Decided(keys[key], PartState.CONFIRMED, key) for key in found]

    async def postings(self, operation: Operation) -> Postings:
        """What makes the postings of an operation."""
        async with self.desk.tx() as tx:
            tenant = await tenants.get(tx)
            if self._suspense is None:
                self._suspense = (await system_books(tx))[BookKind.SUSPENSE]
        business_day = tenant.business_day.of(operation.created_at_us)
        return Postings(self.desk.tenant_id, operation, business_day, self._suspense)

    async def set_aside(self, operation: Operation, steps: Sequence[Step]) -> None:
        """Put the money of parts in doubt into suspense."""
        postings = await self.postings(operation)
        requests: list[AnyRequest] = [
            request for one in steps if one.money and (request := postings.doubt(one.money))
        ]
        for answer in await asyncio.gather(*(self.desk.ledger.post(each) for each in requests)):
            if not answer.ok:
                log.warning("operation %s: suspense refused with %s", operation.id, answer.status.code)
