"""Blank plastic: checking that new cards are good, and making cards that are over blank again.

Keys are not put on in advance. They are written with the records when a card is issued, because a keyed card
of nobody would be one more thing to keep, and every sector would be written twice (docs/adr/0037).
"""

from dataclasses import replace

import asyncpg

from onecard.base.db import Tx
from onecard.cards.keys import CardIdentity
from onecard.cards.oc1.records import CardStatus
from onecard.cards.oc1.scripts import CardKeys
from onecard.cards.oc1.slots import next_seq
from onecard.cards.technology import UID
from onecard.desk.operations import stock, store
from onecard.desk.operations.effects import finish
from onecard.desk.operations.issue import check_nobodys, has_dead_sector
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.model import ClearPart, Draft, Kind, Operation, Part, SlotPart
from onecard.desk.operations.sighting import CardRow, Difference, Reading, Sector, SectorState, Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.stock import StockState
from onecard.desk.operations.words import Refusal
from onecard.desk.operations.workplace import Workplace

_UNUSABLE = {SectorState.FOREIGN, SectorState.DEAD, SectorState.UNREAD}
_HALF_DONE = {CardStatus.INCOMPLETE, CardStatus.CLEARING}


async def initialise(place: Workplace, sighting: Sighting, *, box: str | None = None) -> Operation:
    """Check that the plastic on the reader is new and genuine, and register it as good stock.

    Args:
        place: the desk.
        sighting: the card.
        box: the box it was taken from; None: of no box.

    Raises:
        RefusedError: it is somebody's, not blank, an imitation, dead, or a sector of ours is locked; the
            sentence names the sectors. Imitations and dead plastic are remembered.
        BusyError: another desk is at work on it.
        ReaderError: the card or the reader is gone.
    """
    check_nobodys(sighting)
    sectors = _sectors(place, sighting)
    bad = [one for one in sectors if one.state in _UNUSABLE]
    if any(one.state is SectorState.DEAD for one in bad):
        async with place.desk.tx() as tx:
            await stock.put(tx, sighting.uid, StockState.DEAD, box=box)
    if bad:
        numbers = ", ".join(str(one.place.sector) for one in bad)
        raise RefusedError(
            Refusal.SECTOR_UNUSABLE, f"Sectors we need on this card cannot be used: {numbers}."
        )
    if any(one.state is SectorState.OURS for one in sectors):
        raise RefusedError(IssueRefusal.NOT_BLANK)
    await stock.check(place, sighting, any_stock=True)
    draft = Draft(
        kind=Kind.INITIALISE,
        parts=(),
        uid=sighting.presence.uid,
        before={},
        reason="" if box is None else box,
    )
    try:
        async with place.desk.tx() as tx:
            await stock.put(tx, sighting.uid, StockState.GOOD, box=box)
            return await _note(tx, place, draft)
    except asyncpg.UniqueViolationError:
        async with place.desk.tx() as tx:
            raise await store.explain_busy(tx, draft) from None


async def erase(place: Workplace, sighting: Sighting, *, reason: str = "") -> Operation:
    """Make a card whose life is over blank, sector by sector.

    The identity record says “clearing” before anything else and its sector goes last, so that a card that was
    pulled in between says what it is; it is carried on when it lies there again
    (`onecard.desk.operations.issue.carry_on`).

    Raises:
        RefusedError: it is somebody's, none of ours, blank already, or broken.
        BusyError: another desk is at work on it.
    """
    check_nobodys(sighting)
    sectors = _sectors(place, sighting)
    reading, row = sighting.reading, sighting.row
    if all(one.state is SectorState.BLANK for one in sectors):
        raise RefusedError(IssueRefusal.ALREADY_BLANK)
    ours = [one for one in sectors if one.state is SectorState.OURS]
    if reading is None or not ours:
        raise RefusedError(sighting.differences[0] if sighting.differences else Difference.FOREIGN)
    if row is None and not _is_half_done(reading):
        raise RefusedError(Difference.UNKNOWN)
    if has_dead_sector(sighting):
        async with place.desk.tx() as tx:
            await stock.put(tx, sighting.uid, StockState.DEAD)
        raise RefusedError(IssueRefusal.PLASTIC_DEAD)
    if len({one.key_version for one in ours}) > 1:
        raise RefusedError(IssueRefusal.MIXED_KEYS)
    identity = _identity(sighting, row, ours)
    same_life = row is not None and row.generation == identity.generation
    draft = Draft(
        kind=Kind.ERASE,
        parts=tuple(_parts(place, reading, identity)),
        card_id=row.card_id if row and same_life else None,
        identity=identity,
        reason=reason,
        before={"state": row.state, "number": row.number} if row else {},
    )
    operation = await place.engine.begin(draft)
    return await place.carry_out(operation, sighting)


async def _note(tx: Tx, place: Workplace, draft: Draft) -> Operation:
    """Write down what is done already."""
    desk = place.desk
    return await finish(tx, await store.insert(tx, draft, desk=desk.name, lease_s=desk.lease_s), (), {})


def _sectors(place: Workplace, sighting: Sighting) -> tuple[Sector, ...]:
    """The sectors of the layout.

    Raises:
        RefusedError: cards of this kind have none.
    """
    if place.desk.chosen.technology == UID.name or sighting.reading is None or not sighting.reading.sectors:
        raise RefusedError(Difference.WRONG_TECHNOLOGY)
    if place.desk.ring is None:
        raise RefusedError(IssueRefusal.NO_KEYS)
    return tuple(sighting.reading.sectors.values())


def _is_half_done(reading: Reading) -> bool:
    """Whether a card that no row knows was never finished, or was being cleared."""
    return reading.holder is None or reading.holder.record.status in _HALF_DONE


def _identity(sighting: Sighting, row: CardRow | None, ours: list[Sector]) -> CardIdentity:
    """Whose keys open it; the generation is no part of them."""
    reading = sighting.reading
    if reading is not None and reading.identity is not None:
        return reading.identity
    generation = row.generation if row and row.generation else 1
    return CardIdentity(
        uid=sighting.presence.uid, generation=generation, key_version=ours[0].key_version or 0
    )


def _parts(place: Workplace, reading: Reading, identity: CardIdentity) -> list[Part]:
    desk, holder = place.desk, reading.holder
    parts: list[Part] = []
    first = desk.chosen.layout.places[0]
    if desk.ring is not None and holder is not None and holder.record.status is not CardStatus.CLEARING:
        record = replace(holder.record, status=CardStatus.CLEARING, seq=next_seq(holder.record))
        keys = CardKeys(desk.ring.masters[identity.key_version], desk.ring.site, identity)
        parts.append(SlotPart(first, holder.other, keys.record(first.role, holder.other, record)))
    ours = [one for one in desk.chosen.layout.writing_order if reading.sectors[one].state is SectorState.OURS]
    return [*parts, *(ClearPart(one) for one in ours)]
