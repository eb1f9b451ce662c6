"""A card gets the keys of the newest version, one sector after the other, identity last.

Of each sector the next record, with the MAC of the new version, goes into the slot that does not hold, and
becomes the one that holds when the trailer changes: a sector that was left before that is as it was. Asked
for again, the sectors that are still old follow.
"""

from collections.abc import Sequence
from dataclasses import replace

from onecard.cards.keys import Role
from onecard.cards.model import CardState
from onecard.cards.oc1.layout import SLOTS
from onecard.cards.oc1.records import Identity, Log, Purse, Record, Rights, Validity, decode
from onecard.cards.oc1.scripts import CardKeys
from onecard.cards.oc1.slots import Current, current, next_counter, next_seq
from onecard.desk.operations import care
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.model import After, Kind, Operation, RekeyPart
from onecard.desk.operations.sighting import Difference, Sector, SectorState, Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace

_BESIDE = SLOTS - 1  # the block beside the two that alternate: log, or validity of lift rights
_TOLERATED = frozenset({Difference.EXPIRED, Difference.FROZEN, Difference.EDITED})


async def rekey(place: Workplace, sighting: Sighting, *, reason: str = "") -> Operation:
    """Renew the keys of a card that has those of an older version.

    A purse keeps its amounts; its counter goes up, `desk_seq` does not, so that what desks know of the card
    stays right wherever this is interrupted.

    Args:
        place: the desk.
        sighting: the card.
        reason: for the card operation list.

    Raises:
        RefusedError: the card has the newest keys, keeps its purses in value blocks, or is not in use.
    """
    row = care.seen(sighting, CardState.ACTIVE, CardState.FROZEN, tolerated=_TOLERATED)
    desk, reading = place.desk, sighting.reading
    if desk.ring is None or reading is None or reading.identity is None:
        raise RefusedError(CareRefusal.NOTHING_TO_DO)
    if desk.chosen.layout.value_blocks:
        raise RefusedError(CareRefusal.VALUE_BLOCKS)
    newest = max(desk.ring.masters)
    stale = [one for one in _in_order(place, sighting) if one.key_version != newest]
    if not stale:
        raise RefusedError(CareRefusal.NOTHING_TO_DO)
    # one identity opens one version; whatever has another yet waits until this is asked for again
    version = stale[0].key_version or 0
    now = [one for one in stale if one.key_version == version]
    identity = replace(reading.identity, key_version=version)
    scribe = replace(care.scribe_of(place, sighting), identity=identity)
    parts = [_part(one, scribe.keys, scribe.under(newest)) for one in now]
    after = After(key_version=newest) if len(now) == len(stale) else After()
    planned = care.draft(row, Kind.REKEY, parts, sighting, after=after, reason=reason)
    return await care.run(place, replace(planned, identity=identity), sighting)


def _in_order(place: Workplace, sighting: Sighting) -> Sequence[Sector]:
    assert sighting.reading  # noqa: S101  the card was read
    found = sighting.reading.sectors
    order = [found[one] for one in place.desk.chosen.layout.writing_order if one in found]
    return [one for one in order if one.state is SectorState.OURS]


def _part(sector: Sector, old: CardKeys, new: CardKeys) -> RekeyPart:
    where, blocks = sector.place, {}
    following = _next(sector, old)
    if following is not None:
        slot, record = following
        blocks[slot] = new.record(where.role, slot, record)
    beside = _beside(sector, old, new)
    if beside is not None:
        blocks[_BESIDE] = new.record(where.role, _BESIDE, beside)
    purse = following[1] if following and isinstance(following[1], Purse) else None
    return RekeyPart(where, new.card.key_version, blocks, purse)


def _next(sector: Sector, keys: CardKeys) -> tuple[int, Identity | Purse | Rights] | None:
    """The record that holds, one further, and the slot it belongs into; None when none is valid."""
    role, slots = sector.place.role, (sector.blocks[0], sector.blocks[1])
    mac_key = keys.mac(role)
    if role in {Role.CONSUMPTION, Role.WATER}:
        purse = current(Purse, slots, role=role, mac_key=mac_key)
        return (purse.other, replace(purse.record, counter=next_counter(purse.record))) if purse else None
    found: Current[Identity] | Current[Rights] | None
    if role is Role.IDENTITY:
        found = current(Identity, slots, role=role, mac_key=mac_key)
    else:
        found = current(Rights, slots, role=role, mac_key=mac_key)
    return (found.other, replace(found.record, seq=next_seq(found.record))) if found else None


def _beside(sector: Sector, old: CardKeys, new: CardKeys) -> Record | None:
    """The record in the third block; an interrupted attempt may have given it the new MAC already."""
    raw, role = sector.blocks[_BESIDE], sector.place.role
    for keys in (old, new):
        record = decode(raw, role=role, slot=_BESIDE, mac_key=keys.mac(role))
        if isinstance(record, Log | Validity):
            return record
    return None
