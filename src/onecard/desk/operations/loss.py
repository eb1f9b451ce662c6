"""A card is lost: terminals are told to refuse it, and told again when it was found.

The server refuses a lost card from the moment of the report. Terminals that sell without the server accept it
until they confirm the black list; `delivery` shows which have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from onecard.base.db import Tx
from onecard.cards.model import CardState
from onecard.desk.operations import care
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.model import After, Kind, Operation, PartState, State
from onecard.desk.operations.sighting import CardRow
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.devices import black
from onecard.devices.model import Delivery

_LOSABLE = (CardState.ACTIVE, CardState.FROZEN, CardState.DAMAGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A card that was reported lost."""

    card_id: int
    uid: str
    number: int | None
    person_number: str
    person_name: str
    reason: str
    actor: str
    reported_at: datetime


async def report_loss(
    place: Workplace,
    card_id: int,
    *,
    reason: str,
    devices: Sequence[int] | None = None,
    server_only: bool = False,
) -> Operation:
    """Refuse a card from now on. Reported again, other terminals are told.

    Args:
        place: the desk; no card and no reader is needed.
        card_id: the card.
        reason: for people.
        devices: ids of the terminals that are told; None for all, now and later.
        server_only: no terminal is told, so that those that are offline still accept it.

    Raises:
        NotFoundError: there is no such card, or no such terminal.
        RefusedError: the card's life is over.
        BusyError: a desk is at work with the account at this moment.
    """
    async with place.desk.tx() as tx:
        row = await care.card(tx, card_id)
    care.check_state(row, *_LOSABLE, CardState.LOST)
    chosen = () if server_only else devices
    after = After(state=CardState.LOST)
    return await care.at_once(
        place,
        care.draft(row, Kind.LOSS, after=after, reason=reason),
        partial(_list, row=row, reason=reason, devices=chosen),
    )


async def _list(tx: Tx, *, row: CardRow, reason: str, devices: Sequence[int] | None) -> None:
    await black.report(tx, row.uid, row.number, reason, devices, generation=row.generation)


async def lost_cards(
    place: Workplace,
    *,
    card_id: int | None = None,
    number: int | None = None,
    person_number: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Lost]:
    """Cards that are reported lost, the latest report first; what is None does not matter.

    Args:
        place: the desk.
        card_id: this card only.
        number: by card number.
        person_number: by the holder's number.
        since: reported then or later.
        until: reported before then.
    """
    async with place.desk.tx() as tx:
        rows = care.sql.reported(
            tx.connection, tenant_id=tx.tenant_id, card_id=card_id, number=number,
            person_number=person_number, since=since, until=until,
        )  # fmt: skip
        return [Lost(**row) async for row in rows]


async def cancel_loss(place: Workplace, card_ids: Sequence[int], *, reason: str = "") -> list[Operation]:
    """Let cards that were found again be used as before the report; the same terminals are told.

    A card that was frozen when it was lost is frozen again, and stays on the list.

    Args:
        place: the desk.
        card_ids: the cards, as `lost_cards` finds them by days, number or person.
        reason: for people.

    Raises:
        RefusedError: one of them is not lost; those before it in the sequence are no longer.
        BusyError: a desk is at work with one of the accounts at this moment.
    """
    if not card_ids:
        raise RefusedError(CareRefusal.NO_FILTER)
    return [await _cancel(place, card_id, reason) for card_id in card_ids]


async def _cancel(place: Workplace, card_id: int, reason: str) -> Operation:
    async with place.desk.tx() as tx:
        row = await care.card(tx, card_id)
        check_lost(row)
        before = await _before_loss(tx, row)
    planned = care.draft(row, Kind.CANCEL_LOSS, after=After(state=before), reason=reason)
    if before == CardState.FROZEN:
        return await care.at_once(place, planned)
    return await care.at_once(place, planned, partial(black.cancel, uid=row.uid, reason=reason))


async def _before_loss(tx: Tx, row: CardRow) -> CardState:
    """The card's state when it was reported lost for the first time since it was last found."""
    found = CardState.ACTIVE
    rows = care.sql.of_card(
        tx.connection, tenant_id=tx.tenant_id, card_id=row.card_id, kinds=[Kind.LOSS.value]
    )
    async for one in rows:
        state = care.state_before(one["before"])
        found = found if state is CardState.LOST else state
    return found


def check_lost(row: CardRow) -> None:
    """Whether a card was reported lost.

    Raises:
        RefusedError: it was not, or its life is over.
    """
    if row.state != CardState.LOST:
        care.check_state(row, *_LOSABLE)
        raise RefusedError(CareRefusal.NOT_LOST)


async def settled_lost(place: Workplace, card_id: int) -> CardRow:
    """A lost card, with what was in doubt about it decided without it.

    A top-up counts as done, for the holder paid it; everything else as not done.

    Raises:
        RefusedError: it is not lost; or an operation with it is one that only a person can decide.
    """
    async with place.desk.tx() as tx:
        row = await care.card(tx, card_id)
    check_lost(row)
    await place.engine.sweep()
    async with place.desk.tx() as tx:
        undecided = await care.undecided(tx, row)
    for operation_id in undecided:
        operation = await place.engine.load(operation_id)
        if operation.state is State.IN_DOUBT:
            done = operation.kind in {Kind.TOP_UP, Kind.LOAD}
            await place.engine.rule(operation, PartState.CONFIRMED if done else PartState.VOID)
    async with place.desk.tx() as tx:
        await care.refuse_undecided(tx, row)
    return row


async def delivery(place: Workplace, card_id: int) -> list[Delivery]:
    """Terminal by terminal: has it the newest word about a card, and why not."""
    async with place.desk.tx() as tx:
        row = await care.card(tx, card_id)
        return await black.delivery(tx, row.uid)


async def resend(place: Workplace, card_id: int, devices: Sequence[int] | None = None) -> list[int]:
    """Send the list again to terminals a card concerns: to these, or (None) to all that do not have it.

    Returns:
        Ids of those it goes to.
    """
    async with place.desk.tx() as tx:
        row = await care.card(tx, card_id)
        return await black.resend(tx, row.uid, devices)
