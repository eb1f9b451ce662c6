"""Authority to use floors of lifts, written on the card (spec access.md, “Lifts”).

The old rights hold until the new ones are complete; then their validity is written, and until that is whole
the card has no rights. Asked for again, both are written anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from onecard.base.errors import OneCardError
from onecard.cards.keys import Role
from onecard.cards.model import CardState
from onecard.cards.oc1.layout import SLOTS, Place
from onecard.cards.oc1.records import FLOORS, Rights, Validity, decode
from onecard.cards.oc1.slots import Current, current, next_seq
from onecard.cards.technology import day_number
from onecard.desk.operations import care
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.model import Kind, Operation, Part, SlotPart
from onecard.desk.operations.scripts import Scribe
from onecard.desk.operations.sighting import SectorState, Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace

_VALIDITY = SLOTS - 1
_U16_MOST = 0xFFFF
_BYTE_MOST = 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftRights:
    """Where and when a holder may go with lifts of one group.

    Attributes:
        floors: 0 to 63.
        valid_from: first day.
        valid_until: last day.
        uses: how often; 0: not counted.
        profile: number of the periods of the day, as the group's controllers know them.
    """

    floors: frozenset[int]
    valid_from: date
    valid_until: date
    uses: int = 0
    profile: int = 0


@dataclass(frozen=True, slots=True)
class _Held:
    """What a lift sector says now."""

    rights: Current[Rights] | None
    validity: Validity | None


async def write_lift(
    place: Workplace, sighting: Sighting, rights: Mapping[int, LiftRights], *, reason: str = ""
) -> Operation:
    """Write the rights of lift groups; groups that are not named stay as they are.

    Args:
        place: the desk.
        sighting: the card.
        rights: by group, from 1.
        reason: for the card operation list.

    Raises:
        OneCardError: a floor, a day or a number does not fit on a card.
        RefusedError: cards here have no sector for the group, the card says it all already, or is not in use.
    """
    wanted = {group: _wanted(one) for group, one in rights.items()}
    return await _write(place, sighting, wanted, reason)


async def clear_lift(
    place: Workplace, sighting: Sighting, groups: Iterable[int] | None = None, *, reason: str = ""
) -> Operation:
    """Take the rights of lift groups off a card: no floor, and a period that is over; None: of all groups.

    Raises:
        RefusedError: as in `write_lift`.
    """
    every = range(1, place.desk.chosen.layout.lift_groups + 1)
    none = (frozenset[int](), 0, Validity(seq=0, valid_from=0, valid_until=0))
    return await _write(place, sighting, dict.fromkeys(every if groups is None else groups, none), reason)


def lift_rights(place: Workplace, sighting: Sighting) -> Mapping[int, tuple[Rights, Validity | None]]:
    """What a card says about lifts, by group; without a validity the rights do not hold."""
    scribe = care.scribe_of(place, sighting)
    found = {one.group: _held(scribe, sighting, one) for one in scribe.layout.places if one.group}
    return {group: (one.rights.record, one.validity) for group, one in found.items() if one.rights}


_Wanted = tuple[frozenset[int], int, Validity]


def _wanted(one: LiftRights) -> _Wanted:
    whole = all(0 <= floor < FLOORS for floor in one.floors) and one.valid_from <= one.valid_until
    if not whole or not 0 <= one.uses <= _U16_MOST or not 0 <= one.profile <= _BYTE_MOST:
        message = (
            f"Lift rights name floors 0 to {FLOORS - 1}, a first day not after the last, at most"
            f" {_U16_MOST} uses and a profile up to {_BYTE_MOST}."
        )
        raise OneCardError(message)
    days = day_number(one.valid_from), day_number(one.valid_until)
    return one.floors, one.profile, Validity(seq=0, valid_from=days[0], valid_until=days[1], uses=one.uses)


async def _write(
    place: Workplace, sighting: Sighting, wanted: Mapping[int, _Wanted], reason: str
) -> Operation:
    row = care.seen(sighting, CardState.ACTIVE)
    if not care.is_keyed(row):
        raise RefusedError(IssueRefusal.NO_LIFT_GROUP)
    care.one_version(sighting)
    scribe = care.scribe_of(place, sighting)
    places = {one.group: one for one in scribe.layout.places if one.group}
    if set(wanted) - set(places):
        raise RefusedError(IssueRefusal.NO_LIFT_GROUP)
    parts = [part for group, one in wanted.items() for part in _parts(scribe, sighting, places[group], one)]
    if not parts:
        raise RefusedError(CareRefusal.NOTHING_TO_DO)
    return await care.run(place, care.draft(row, Kind.LIFT, parts, sighting, reason=reason), sighting)


def _parts(scribe: Scribe, sighting: Sighting, where: Place, wanted: _Wanted) -> list[Part]:
    floors, profile, period = wanted
    held = _held(scribe, sighting, where)
    before = held.rights.record if held.rights else None
    validity = _with_seq(period, before.seq) if before else None
    if before and (before.floors, before.profile, held.validity) == (floors, profile, validity):
        return []
    seq, slot = (next_seq(before), held.rights.other) if before and held.rights else (1, 0)
    rights = Rights(seq=seq, group=where.group, floors=floors, profile=profile)
    return [
        SlotPart(where, slot, scribe.keys.record(Role.LIFT, slot, rights)),
        SlotPart(where, _VALIDITY, scribe.keys.record(Role.LIFT, _VALIDITY, _with_seq(period, seq))),
    ]


def _with_seq(period: Validity, seq: int) -> Validity:
    return Validity(seq=seq, valid_from=period.valid_from, valid_until=period.valid_until, uses=period.uses)


def _held(scribe: Scribe, sighting: Sighting, where: Place) -> _Held:
    """What a lift sector says; one that is not ours says nothing."""
    sector = sighting.reading.sectors.get(where) if sighting.reading else None
    if sector is None or sector.state is not SectorState.OURS:
        return _Held(None, None)
    mac_key = scribe.keys.mac(Role.LIFT)
    rights = current(Rights, (sector.blocks[0], sector.blocks[1]), role=Role.LIFT, mac_key=mac_key)
    validity = decode(sector.blocks[_VALIDITY], role=Role.LIFT, slot=_VALIDITY, mac_key=mac_key)
    return _Held(rights, validity if isinstance(validity, Validity) else None)
