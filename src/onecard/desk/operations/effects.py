"""What an operation changes beside the card and the ledger when it ends; one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from onecard.base.db import Tx
from onecard.cards.keys import Role
from onecard.cards.oc1.records import Purse
from onecard.desk.operations import store
from onecard.desk.operations.model import (
    IssuePart,
    Kind,
    MoneyPart,
    Moves,
    Operation,
    PartState,
    PursePart,
    RekeyPart,
    RewritePart,
    State,
    Step,
)
from onecard.desk.operations.store import Decided


async def finish(
    tx: Tx, operation: Operation, decided: Sequence[Decided], purses: Mapping[Role, Purse]
) -> Operation:
    """End an operation, none of whose parts is open any more.

    Args:
        tx: the tenant's transaction.
        operation: as it was before `decided`.
        decided: what became of the parts that were open.
        purses: what the card holds now.
    """
    states = {one.n: one.state for one in operation.steps} | {one.n: one.state for one in decided}
    confirmed = [one for one in operation.steps if states[one.n] is PartState.CONFIRMED]
    whole = len(confirmed) == len(operation.steps)
    # half of a card is no card, but money that has moved has moved
    happened = whole or any(one.money or not operation.carries_on for one in confirmed)
    state = State.CONFIRMED if happened else State.VOID
    if await store.advance(tx, operation.id, {operation.state}, state, lease_s=0) is None:
        return await store.operation(tx, operation.id)
    await store.decide(tx, operation.id, decided)
    # a card that is given up half-way has written sectors too, and loads in them
    undone = (
        operation.steps if state is State.VOID else [one for one in operation.steps if one not in confirmed]
    )
    await _give_loads_back(tx, undone)
    await _let_wait(tx, operation, confirmed, whole=whole)
    amount_fen = operation.amount_fen
    if confirmed and not whole:
        amount_fen = sum(_amount_fen(one) for one in confirmed)
        await store.set_amount(tx, operation.id, amount_fen)
    if operation.card_id is not None:
        await store.know(tx, operation.card_id, {**_rewritten(confirmed), **purses})
    if whole:
        await store.apply(tx, operation)
    elif state is State.VOID and operation.kind in {Kind.ISSUE, Kind.BIND}:
        await store.end_life(tx, operation)
    steps = tuple(replace(one, state=states[one.n]) for one in operation.steps)
    return replace(operation, state=state, steps=steps, amount_fen=amount_fen, trouble="")


async def _give_loads_back(tx: Tx, undone: Sequence[Step]) -> None:
    parts = [one.part for one in undone]
    loads = [one for part in parts if isinstance(part, PursePart | IssuePart) for one in part.loads]
    await store.take_loads(tx, loads, None)


async def _let_wait(tx: Tx, operation: Operation, confirmed: Sequence[Step], *, whole: bool) -> None:
    """What stands in the account and belongs on the holder's next card."""
    if operation.account_id is None:
        return
    loads = [one.part.load for one in confirmed if isinstance(one.part, MoneyPart)]
    loads += [one.part.kept for one in confirmed if isinstance(one.part, PursePart)]
    loads += operation.after.waits if whole else ()
    for load in filter(None, loads):
        await store.add_load(tx, operation.account_id, load, reason=operation.kind.value)


def _rewritten(confirmed: Sequence[Step]) -> Mapping[Role, Purse]:
    """Purses whose sectors were written as a whole."""
    parts = [one.part for one in confirmed if isinstance(one.part, RewritePart | RekeyPart)]
    return {part.place.role: part.purse for part in parts if part.purse}


def _amount_fen(step: Step) -> int:
    """What a change of a purse meant to the person; what is kept for another card is still the person's."""
    part = step.part
    if not isinstance(part, PursePart):
        return 0
    if part.kept is not None:
        return -sum(leg.amount_fen for leg in part.money.legs) if isinstance(part.money, Moves) else 0
    before, after = part.change.before, part.change.after
    return after.cash_fen + after.subsidy_fen - before.cash_fen - before.subsidy_fen
