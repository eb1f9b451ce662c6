"""A card takes the place of another: of one that is there and gives up what it holds, or of one that is lost.

Both go in two steps with a rest in between, so that any blank card will do when the first one fails. Step one
ends the old life; what was on the card waits in suspense (it was on the reader) or as a load (it is lost, and
the books say what was on it). Step two is an issue that follows, and takes number, money, rights and deposit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from onecard.base.db import Tx
from onecard.cards.keys import Role
from onecard.cards.model import CardState
from onecard.cards.oc1.records import CardStatus, Rights, Validity, decode
from onecard.desk.operations import care, loss, store
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.issue import check_free, issue
from onecard.desk.operations.issue_plan import Carried, Lift
from onecard.desk.operations.model import (
    UNSAID,
    After,
    IssuePart,
    Kind,
    Load,
    MoneyPart,
    Moves,
    Operation,
    PartState,
    PursePart,
    SlotPart,
    State,
    Unsaid,
)
from onecard.desk.operations.purse_parts import empty_parts, is_stored, row_of
from onecard.desk.operations.sighting import CardRow, Difference, Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import BookKind, Leg, Place
from onecard.ledger.service import balances, system_books

_GIVEN_UP = frozenset({Difference.EXPIRED, Difference.DAMAGED})
_FIELDS = {BookKind.CASH: 0, BookKind.SUBSIDY: 1, BookKind.WATER: 2, BookKind.BONUS: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A card that was given up for one that is not there yet. `kind`: `collect` or `reissue`."""

    id: int
    card_id: int
    account_id: int
    person_number: str
    person_name: str
    number: int | None
    kind: str
    reason: str
    desk: str
    actor: str
    created_at: datetime


async def replace_card(place: Workplace, sighting: Sighting, *, reason: str) -> Operation:
    """Step one with the old card: it gives up what it holds and is void for ever.

    Args:
        place: the desk.
        sighting: the old card; asked again with one that was given up, this is the end of it once more.
        reason: for people.

    Returns:
        The operation. Confirmed although the row is not void yet: the card was taken away on the way; ask
        again for the rest.

    Raises:
        RefusedError: the card is not in use.
        BusyError: another operation is under way.
    """
    row = row_of(sighting)
    if row.state == CardState.VOID:
        return await _given_up(place, row)
    care.seen(sighting, CardState.ACTIVE, CardState.DAMAGED, tolerated=_GIVEN_UP)
    after, parts = After(state=CardState.VOID), []
    if is_stored(place, row):
        care.one_version(sighting)
        async with place.desk.tx() as tx:
            fresh = (await balances(tx, [row.person_id])).get(row.person_id)
            suspense = Place((await system_books(tx))[BookKind.SUSPENSE])
        parts = empty_parts(place, replace(sighting, balances=fresh), lambda _: suspense, Kind.COLLECT)
    if care.is_keyed(row):
        parts += care.identity_parts(place, sighting, status=CardStatus.CANCELLED)
    planned = care.draft(row, Kind.COLLECT, parts, sighting, after=after, reason=reason)
    refused = partial(care.blacklist, row=row, reason=reason, numbered=False)
    if not parts:
        return await care.at_once(place, planned, refused)
    done = await care.run(place, planned, sighting)
    async with place.desk.tx() as tx:
        if (await care.card(tx, row.card_id)).state == CardState.VOID:
            await refused(tx)
    return done


async def replace_onto(
    place: Workplace,
    sighting: Sighting,
    card_id: int,
    *,
    valid_until: date | Unsaid | None = UNSAID,
    any_stock: bool = False,
    reason: str = "",
) -> Operation:
    """Step two: a blank card becomes the one that was given up, with number, money, rights and deposit.

    Args:
        place: the desk.
        sighting: the blank card.
        card_id: the card that was given up.
        valid_until: its last day; None: no end; unsaid: the old card's.
        any_stock: take plastic that is in no box, or cannot be checked.
        reason: for people.

    Returns:
        As `issue.issue` does; in doubt, it is carried on when that card lies there again, or given up, and
        then another blank card will do.

    Raises:
        RefusedError: the card was not given up, or another one has its place; or as `issue.issue`.
    """
    async with place.desk.tx() as tx:
        row = await care.card(tx, card_id)
    before = await _given_up(place, row)
    await _refuse_heir(place, before)
    return await issue(
        place,
        sighting,
        row.person_id,
        number=row.number,
        valid_until=row.valid_until if valid_until is UNSAID else valid_until,
        fee_fen=0,
        deposit_fen=0,
        reason=reason or before.reason,
        lift=await _lift(place, row),
        follows=before.id,
        carried=await _collected(place, row),
        any_stock=any_stock,
    )


async def reissue(
    place: Workplace,
    sighting: Sighting,
    card_id: int,
    verify: care.Verify,
    *,
    override_reason: str = "",
    valid_until: date | Unsaid | None = UNSAID,
    any_stock: bool = False,
    reason: str = "",
) -> Operation:
    """Give the holder of a lost card a new one with what the server's books prove; the old one is void.

    Args:
        place: the desk.
        sighting: a blank card.
        card_id: the lost card; asked again after an interruption, this goes on with any blank card.
        verify: asks for the operator's password.
        override_reason: why terminals that are behind do not matter; kept with the operation.
        valid_until: its last day; None: no end; unsaid: the old card's.
        any_stock: take plastic that is in no box, or cannot be checked.
        reason: for people.

    Returns:
        As `issue.issue` does.

    Raises:
        RefusedError: the card is not lost; a terminal may hold records of it or does not refuse it yet; an
            operation with it has to be decided by a person; the password was wrong; or as `issue.issue`.
    """
    check_free(place, sighting)
    async with place.desk.tx() as tx:
        row = await care.card(tx, card_id)
    if row.state != CardState.VOID:
        await _void_lost(place, card_id, verify, override_reason, reason)
    before = await _last(place, row, Kind.REISSUE)
    await _refuse_heir(place, before)
    return await issue(
        place,
        sighting,
        row.person_id,
        number=row.number,
        valid_until=row.valid_until if valid_until is UNSAID else valid_until,
        fee_fen=0,
        deposit_fen=0,
        reason=reason or before.reason,
        lift=await _lift(place, row),
        follows=before.id,
        any_stock=any_stock,
    )


async def transfers(place: Workplace) -> list[Transfer]:
    """Cards that were given up for ones that are not there yet, oldest first."""
    async with place.desk.tx() as tx:
        rows = care.sql.transfers(tx.connection, tenant_id=tx.tenant_id)
        return [Transfer(**row) async for row in rows]


async def _void_lost(
    place: Workplace, card_id: int, verify: care.Verify, override_reason: str, reason: str
) -> None:
    row = await loss.settled_lost(place, card_id)
    stored = is_stored(place, row)
    if stored and not override_reason:
        async with place.desk.tx() as tx:
            await care.refuse_behind(tx, row, on_black_list=True)
    await care.verified(verify)
    reason = "; ".join(filter(None, (reason, override_reason))) or "lost"
    planned = care.draft(row, Kind.REISSUE, after=After(state=CardState.VOID), reason=reason)

    async def strand(tx: Tx) -> None:
        """What was on the card waits for the next one."""
        if stored:
            for role, (cash, subsidy) in (await care.proven(tx, row)).items():
                if cash or subsidy:
                    await store.add_load(tx, row.person_id, Load(int(role), cash, subsidy), reason="reissue")

    # its number goes on to the new card, so that terminals may refuse the old one by its UID only
    refused = partial(care.blacklist, row=row, reason=reason, numbered=False)
    await care.at_once(place, planned, strand, refused)


async def _given_up(place: Workplace, row: CardRow) -> Operation:
    """The end of a card that was given up on a reader; that terminals refuse it is seen to once more."""
    found = await _last(place, row, Kind.COLLECT)
    if row.state != CardState.VOID:
        raise RefusedError(CareRefusal.NO_TRANSFER)
    async with place.desk.tx() as tx:
        await care.blacklist(tx, row, found.reason, numbered=False)
    return found


async def _refuse_heir(place: Workplace, before: Operation) -> None:
    async with place.desk.tx() as tx:
        await care.refuse_heir(tx, before.id)


async def _last(place: Workplace, row: CardRow, kind: Kind) -> Operation:
    found = await _history(place, row, kind)
    if not found:
        raise RefusedError(CareRefusal.NO_TRANSFER)
    return found[-1]


async def _history(place: Workplace, row: CardRow, *kinds: Kind) -> list[Operation]:
    """Operations with a card of which something happened, oldest first."""
    async with place.desk.tx() as tx:
        rows = care.sql.of_card(
            tx.connection, tenant_id=tx.tenant_id, card_id=row.card_id, kinds=[one.value for one in kinds]
        )
        ids = [one["id"] async for one in rows if one["state"] == State.CONFIRMED]
        return [await store.operation(tx, one) for one in ids]


async def _collected(place: Workplace, row: CardRow) -> Carried:
    """What a card gave up, in as many turns as it took."""
    amounts = [0, 0, 0, 0]
    for operation in await _history(place, row, Kind.COLLECT):
        for step in operation.steps:
            confirmed = step.state is PartState.CONFIRMED and isinstance(step.part, PursePart | MoneyPart)
            for leg in _legs(step.money) if confirmed else ():
                amounts[_FIELDS[BookKind(leg.debit.book)]] += leg.amount_fen
    return Carried(*amounts)


def _legs(money: object) -> tuple[Leg, ...]:
    return money.legs if isinstance(money, Moves) else ()


async def _lift(place: Workplace, row: CardRow) -> Mapping[int, Lift]:
    """The lift rights that desks wrote on a card, by group."""
    rights: dict[int, Rights] = {}
    validity: dict[int, Validity] = {}
    for operation in await _history(place, row, Kind.ISSUE, Kind.LIFT):
        if operation.identity is None:
            continue
        mac_key = place.desk.scribe(operation).keys.mac(Role.LIFT)
        for step in operation.steps:
            part = step.part
            if not isinstance(part, IssuePart | SlotPart) or part.place.role is not Role.LIFT:
                continue
            images = part.blocks if isinstance(part, IssuePart) else {part.slot: part.image}
            for slot, raw in images.items() if step.state is PartState.CONFIRMED else ():
                record = decode(raw, role=Role.LIFT, slot=slot, mac_key=mac_key)
                if isinstance(record, Rights):
                    rights[part.place.group] = record
                elif isinstance(record, Validity):
                    validity[part.place.group] = record
    return {group: (one, validity.get(group)) for group, one in rights.items()}
