"""Changes of a card that stays with its holder: frozen and unfrozen, extended, of another class.

A stored card that is not there is changed at the server only; `align` tells it when it is next on a reader.
"""

from collections.abc import Mapping
from datetime import date
from functools import partial

from onecard.base.clock import now_us
from onecard.base.db import Tx
from onecard.base.errors import NotFoundError
from onecard.cards.model import CardState
from onecard.cards.oc1.records import PurseFlag
from onecard.cards.technology import day_number
from onecard.desk.operations import care
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.model import After, Kind, Operation, Part
from onecard.desk.operations.purse_parts import PURSE_OF, is_stored, purse_of, purse_part
from onecard.desk.operations.sighting import CardRow, Difference, Sighting
from onecard.desk.operations.speech import Refusal, RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.devices import black
from onecard.tenants import service as tenants

_BYTE = 255
_TOLERATED = frozenset({Difference.EXPIRED, Difference.FROZEN})


async def freeze(
    place: Workplace, card_id: int, *, sighting: Sighting | None = None, reason: str = ""
) -> Operation:
    """Have nothing spent with a card until it is unfrozen; other cards of its holder go on.

    A stored card on the reader says so itself; one that is not there comes to the terminals' black list.

    Raises:
        RefusedError: the card is not in normal use, or another one lies on the reader.
    """
    row = await _row(place, card_id, sighting, CardState.ACTIVE)
    parts = _flag_parts(place, row, sighting, frozen=True)
    planned = care.draft(
        row, Kind.FREEZE, parts, sighting, after=After(state=CardState.FROZEN), reason=reason
    )
    if parts:
        return await care.run(place, planned, sighting)
    listed = is_stored(place, row) and sighting is None
    also = [partial(care.blacklist, row=row, reason=reason or "frozen")] if listed else []
    return await care.at_once(place, planned, *also)


async def unfreeze(
    place: Workplace, card_id: int, *, sighting: Sighting | None = None, reason: str = ""
) -> Operation:
    """Let a card be used again.

    A stored card that says itself that it is frozen has to be on the reader, now or later (`align`).

    Raises:
        RefusedError: the card is not frozen, or another one lies on the reader.
    """
    row = await _row(place, card_id, sighting, CardState.FROZEN)
    parts = _flag_parts(place, row, sighting, frozen=False)
    planned = care.draft(
        row, Kind.UNFREEZE, parts, sighting, after=After(state=CardState.ACTIVE), reason=reason
    )
    if not parts:
        return await care.at_once(place, planned, partial(black.cancel, uid=row.uid, reason=reason))
    async with place.desk.tx() as tx:
        await black.cancel(tx, row.uid, reason)  # before: the card still refuses by itself
    return await care.run(place, planned, sighting)


async def extend(
    place: Workplace, card_id: int, until: date, *, sighting: Sighting | None = None, reason: str = ""
) -> Operation:
    """Set the last day a card may be used, later or earlier than before, but not over yet.

    Raises:
        RefusedError: the card is not in use or expired, the day is over, or another card is on the reader.
        OneCardError: a card cannot hold the day.
    """
    row = await _row(place, card_id, sighting, CardState.ACTIVE, CardState.FROZEN)
    async with place.desk.tx() as tx:
        if until < (await tenants.get(tx)).business_day.of(now_us()):
            raise RefusedError(IssueRefusal.DAY_IS_OVER)
    day = day_number(until)
    parts = care.identity_parts(place, sighting, valid_until=day) if sighting and care.is_keyed(row) else []
    if not parts and row.valid_until == until:
        raise RefusedError(CareRefusal.NOTHING_TO_DO)
    planned = care.draft(row, Kind.EXTEND, parts, sighting, after=After(valid_until=until), reason=reason)
    return await care.run(place, planned, sighting)


async def change_class(
    place: Workplace, card_id: int, class_id: int, *, sighting: Sighting | None = None, reason: str = ""
) -> Operation:
    """Put the holder of a card into another class of accounts; its rules hold from now on.

    Raises:
        NotFoundError: there is no such class.
        RefusedError: it allows fewer cards than the holder has, its number is more
            than a card can hold, the card is not in use, or another one is on the reader.
    """
    row = await _row(place, card_id, sighting, CardState.ACTIVE, CardState.FROZEN)
    async with place.desk.tx() as tx:
        number = await _class_number(tx, row, class_id)
    parts = []
    if sighting and care.is_keyed(row):
        if number > _BYTE:
            raise RefusedError(IssueRefusal.CLASS_NUMBER_TOO_LARGE)
        parts = care.identity_parts(place, sighting, account_class=number)
    if not parts and row.class_id == class_id:
        raise RefusedError(CareRefusal.NOTHING_TO_DO)
    planned = care.draft(
        row, Kind.CHANGE_CLASS, parts, sighting, after=After(class_id=class_id), reason=reason
    )
    return await care.run(place, planned, sighting)


def untold(place: Workplace, sighting: Sighting) -> Mapping[str, object]:
    """What a card's row says and its identity does not, because the card was not there.

    Returns:
        Fields as they should be; empty when card and row agree, or the card holds no records.
    """
    row, holder = sighting.row, sighting.reading.holder if sighting.reading else None
    if row is None or holder is None or not care.is_keyed(row):
        return {}
    wanted: dict[str, object] = {"account_class": row.class_number}
    if row.valid_until:
        wanted["valid_until"] = day_number(row.valid_until)
    if row.number is not None:
        wanted["card_number"] = row.number
    return {name: value for name, value in wanted.items() if getattr(holder.record, name) != value}


async def align(place: Workplace, sighting: Sighting) -> Operation:
    """Tell a card what was changed while it was not there: its last day, class, whether it is frozen.

    Raises:
        RefusedError: the card says it all already, or is not one in use.
    """
    row = care.seen(sighting, CardState.ACTIVE, CardState.FROZEN, tolerated=_TOLERATED)
    if row.class_number > _BYTE:
        raise RefusedError(IssueRefusal.CLASS_NUMBER_TOO_LARGE)
    parts = _flag_parts(place, row, sighting, frozen=row.state == CardState.FROZEN)
    fields = untold(place, sighting)
    parts += care.identity_parts(place, sighting, **fields) if fields else []
    if not parts:
        raise RefusedError(CareRefusal.NOTHING_TO_DO)
    return await care.run(place, care.draft(row, Kind.ALIGN, parts, sighting), sighting)


async def _row(place: Workplace, card_id: int, sighting: Sighting | None, *states: CardState) -> CardRow:
    """The card that is meant; when something lies on the reader it has to be that one."""
    if sighting is None:
        async with place.desk.tx() as tx:
            row = await care.card(tx, card_id)
        care.check_state(row, *states)
        return row
    if sighting.row is None or sighting.row.card_id != card_id:
        raise RefusedError(Refusal.OTHER_CARD)
    return care.seen(sighting, *states, tolerated=_TOLERATED)


def _flag_parts(place: Workplace, row: CardRow, sighting: Sighting | None, *, frozen: bool) -> list[Part]:
    """What makes the purses of a stored card on the reader say that they are frozen, or no longer."""
    if sighting is None or not is_stored(place, row):
        return []
    care.one_version(sighting)
    kind = Kind.FREEZE if frozen else Kind.UNFREEZE
    parts: list[Part] = []
    for role in PURSE_OF:
        flags = purse_of(sighting, role).record.flags
        wanted = flags | PurseFlag.FROZEN if frozen else flags & ~PurseFlag.FROZEN
        if flags != wanted:
            parts.append(purse_part(place, sighting, role, kind, (0, 0), flags=wanted))
    return parts


async def _class_number(tx: Tx, row: CardRow, class_id: int) -> int:
    found = await care.sql.class_(tx.connection, tenant_id=tx.tenant_id, class_id=class_id)
    if found is None:
        message = f"There is no account class with id {class_id}."
        raise NotFoundError(message)
    if found["cards_most"] < await care.living_cards(tx, row):
        raise RefusedError(IssueRefusal.TOO_MANY_CARDS)
    return int(found["number"])
