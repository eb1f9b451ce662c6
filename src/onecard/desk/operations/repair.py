"""Repair of a damaged card: what can be read stays, what cannot is written from what the server can prove.

A sector that refuses every key or every read is dead for ever; then the plastic is, and the money goes on to
another card by way of a loss report. Operations whose end neither card nor books can tell are decided here by
a person, before anything is proven by them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from onecard.base.db import Tx
from onecard.cards.keys import CardIdentity, Role
from onecard.cards.model import CardState
from onecard.cards.oc1 import value_profile
from onecard.cards.oc1.layout import Place
from onecard.cards.oc1.records import (
    CardStatus,
    Identity,
    Purse,
    PurseFlag,
)
from onecard.cards.oc1.scripts import CardKeys
from onecard.cards.technology import day_number
from onecard.desk.operations import care, store
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.model import (
    After,
    Draft,
    Kind,
    Operation,
    PartState,
    RewritePart,
    State,
)
from onecard.desk.operations.purse_parts import PURSE_OF, is_stored, row_of
from onecard.desk.operations.scripts import Scribe
from onecard.desk.operations.sighting import CardRow, Difference, Known, SectorState, Sighting
from onecard.desk.operations.speech import Refusal, RefusedError
from onecard.desk.operations.workplace import Workplace

_STATES = (CardState.ACTIVE, CardState.FROZEN, CardState.DAMAGED)
# what a repair is for, and what does not keep it from being made
_REPAIRED = frozenset(
    {
        Difference.EDITED,
        Difference.DAMAGED,
        Difference.FROZEN,
        Difference.EXPIRED,
    }
)
_NOT_BELIEVED = frozenset({Difference.REPLAYED, Difference.CLONED, Difference.MORE_THAN_SERVER})
_FOREVER = (1 << 16) - 1
_AHEAD = 2  # both slots are newer than anything a terminal may still have seen


class Health(StrEnum):
    """How a sector of a card is."""

    HEALTHY = "healthy"
    DAMAGED = "damaged"  # opens, but no record in it is valid
    DEAD = "dead"  # opens with no key, or refuses every read
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair came to.

    Attributes:
        operation: as it is in the card operation list.
        repairable: False: the plastic is dead; report the loss and issue a new card.
    """

    operation: Operation
    repairable: bool


def diagnose(sighting: Sighting) -> Mapping[Place, Health]:
    """How each sector of a card of ours is; empty for a card that holds no records."""
    reading = sighting.reading
    if reading is None:
        return {}
    found = {}
    for place, sector in reading.sectors.items():
        if sector.state is SectorState.OURS:
            record = reading.holder if place.role is Role.IDENTITY else reading.purses.get(place.role)
            whole = record is not None or place.role is Role.LIFT
            found[place] = Health.HEALTHY if whole else Health.DAMAGED
        else:
            found[place] = Health.BLANK if sector.state is SectorState.BLANK else Health.DEAD
    return found


async def repair(
    place: Workplace,
    sighting: Sighting,
    verify: care.Verify,
    *,
    purses_from_server: bool = False,
    override_reason: str = "",
    reason: str = "",
) -> Repair:
    """Write anew what is damaged on a card, from what the server can prove.

    Lift rights are not kept at the server: they are written again as at first.

    Args:
        place: the desk.
        sighting: the card.
        verify: asks for the operator's password.
        purses_from_server: write purses anew that can be read too, because what they say is not believed
            (an older state that came back, a copy, more than the server has).
        override_reason: why terminals that are behind do not matter; kept with the operation.
        reason: for the card operation list.

    Raises:
        RefusedError: the card is healthy or not one of ours in use; an operation of it is undecided; a
            terminal may hold records of it; or the password was wrong.
    """
    row = row_of(sighting)
    care.check_state(row, *_STATES)
    if sighting.open_operation is not None:
        raise RefusedError(Refusal.INTERRUPTED)
    health = diagnose(sighting)
    if sighting.has(Difference.DEAD_SECTOR):
        await care.verified(verify)
        return Repair(await _give_up(place, row, reason), repairable=False)
    tolerated = _REPAIRED | _NOT_BELIEVED if purses_from_server else _REPAIRED
    care.seen(sighting, *_STATES, tolerated=tolerated)
    wrong = _wrong(place, row, sighting, health, purses_from_server=purses_from_server)
    if not wrong and row.state != CardState.DAMAGED:
        raise RefusedError(CareRefusal.HEALTHY)
    async with place.desk.tx() as tx:
        await care.refuse_undecided(tx, row)
        if is_stored(place, row) and wrong and not override_reason:
            await care.refuse_behind(tx, row, on_black_list=False)
        proven, known = await care.proven(tx, row), await store.known(tx, row.card_id)
    await care.verified(verify)
    reason = "; ".join(filter(None, (reason, override_reason)))
    if not is_stored(place, row):
        proven = dict.fromkeys(PURSE_OF, (0, 0))
    planned = care.draft(
        row, Kind.REPAIR, after=After(state=CardState.ACTIVE if row.state == CardState.DAMAGED else None),
        reason=reason,
    )  # fmt: skip
    if wrong:
        purses = {role: _purse(role, sighting, proven, known) for role in PURSE_OF}
        if place.desk.chosen.layout.value_blocks and not purses_from_server:
            purses = {role: _not_more_than_left(sighting, role, one) for role, one in purses.items()}
        planned = _on_card(place, sighting, planned, wrong, purses)
    return Repair(await care.run(place, planned, sighting), repairable=True)


async def report_damage(place: Workplace, card_id: int, *, reason: str) -> Operation:
    """Note that a card does not work any more; it is repaired, or reported lost and replaced.

    Raises:
        NotFoundError: there is no such card.
        RefusedError: it is not in use.
        BusyError: a desk is at work with the account at this moment.
    """
    async with place.desk.tx() as tx:
        row = await care.card(tx, card_id)
    care.check_state(row, CardState.ACTIVE, CardState.FROZEN)
    after = After(state=CardState.DAMAGED)
    return await care.at_once(place, care.draft(row, Kind.REPAIR, after=after, reason=reason))


async def decide(place: Workplace, operation_id: int, verify: care.Verify, *, happened: bool) -> Operation:
    """Decide an operation that neither the card nor the books can decide: its money goes where that says.

    The card itself is made to agree by a repair from the server's state.

    Args:
        place: the desk.
        operation_id: one that is broken.
        verify: asks for the operator's password.
        happened: whether what is left of it counts as done.

    Raises:
        RefusedError: it is not broken, or the password was wrong.
        ConflictError: the ledger refuses what it means for the money.
    """
    operation = await place.engine.load(operation_id)
    if operation.state is not State.BROKEN:
        raise RefusedError(CareRefusal.NOTHING_TO_DO)
    await care.verified(verify)
    return await place.engine.rule(operation, PartState.CONFIRMED if happened else PartState.VOID)


async def _give_up(place: Workplace, row: CardRow, reason: str) -> Operation:
    """The plastic is dead: nobody is to try it again, and its money waits for a new card."""

    async def bury(tx: Tx) -> None:
        await store.sql.change_stock(tx.connection, tenant_id=tx.tenant_id, uid=row.uid, state="dead")

    after = After(state=CardState.DAMAGED)
    return await care.at_once(place, care.draft(row, Kind.REPAIR, after=after, reason=reason), bury)


def _wrong(
    place: Workplace,
    row: CardRow,
    sighting: Sighting,
    health: Mapping[Place, Health],
    *,
    purses_from_server: bool,
) -> list[Place]:
    """The sectors to write anew: of one key version, for one identity opens one."""
    forced = {*PURSE_OF} if purses_from_server and is_stored(place, row) else set()
    wrong = [
        one
        for one in place.desk.chosen.layout.writing_order
        if health.get(one) is Health.DAMAGED or (one.role in forced and health.get(one) is Health.HEALTHY)
    ]
    versions = [_version(sighting, one) for one in wrong]
    return [one for one, version in zip(wrong, versions, strict=True) if version == versions[0]]


def _version(sighting: Sighting, place: Place) -> int:
    sector = sighting.reading.sectors.get(place) if sighting.reading else None
    return (sector.key_version if sector else None) or 0


def _on_card(
    place: Workplace,
    sighting: Sighting,
    planned: Draft,
    wrong: Sequence[Place],
    purses: Mapping[Role, Purse],
) -> Draft:
    row, ring = row_of(sighting), place.desk.ring
    assert ring  # noqa: S101  its keys opened the sectors
    identity = CardIdentity(
        uid=sighting.presence.uid, generation=row.generation or 0, key_version=_version(sighting, wrong[0])
    )
    scribe = Scribe(ring, identity, place.desk.chosen.layout)
    parts = tuple(RewritePart(one, *_written(scribe, one, row, purses.get(one.role))) for one in wrong)
    return replace(planned, parts=parts, identity=identity)


def _written(
    scribe: Scribe, place: Place, row: CardRow, purse: Purse | None
) -> tuple[dict[int, bytes], Purse | None]:
    """The blocks of a sector as the server has them."""
    if purse is None:
        records = [_identity(row, seq) for seq in (1, 2)]
        return {slot: scribe.keys.record(place.role, slot, one) for slot, one in enumerate(records)}, None
    if scribe.layout.value_blocks:
        return _value_blocks(scribe.keys, place, purse), purse
    # slot 0 is written first: from then on the card is whole, and can be spent from
    slots = {0: purse, 1: replace(purse, counter=purse.counter - 1)}
    return {slot: scribe.keys.record(place.role, slot, one) for slot, one in slots.items()}, purse


def _value_blocks(keys: CardKeys, place: Place, purse: Purse) -> dict[int, bytes]:
    amount = value_profile.write(purse)
    desk = value_profile.encode_desk_record(purse, role=place.role, mac_key=keys.mac(place.role))
    return {0: amount, 1: amount, value_profile.DESK_SLOT: desk}


def _identity(row: CardRow, seq: int) -> Identity:
    until = day_number(row.valid_until) if row.valid_until else _FOREVER
    return Identity(
        seq=seq, status=CardStatus.ACTIVE, generation=row.generation or 0, card_number=row.number or 0,
        account_class=row.class_number, valid_until=until,
    )  # fmt: skip


def _purse(
    role: Role,
    sighting: Sighting,
    proven: Mapping[Role, tuple[int, int]],
    known: Mapping[Role, Known],
) -> Purse:
    """A purse as the server can prove it, newer than everything that was ever seen of it.

    `desk_seq` stays: a card that was taken away between its two slots is then one that was spent from.
    """
    last, found = known.get(role), sighting.reading.purses.get(role) if sighting.reading else None
    counters = [last.counter if last else 0, found.record.counter if found else 0]
    cash, subsidy = proven[role]
    frozen = sighting.row is not None and sighting.row.state == CardState.FROZEN
    return Purse(
        counter=max(counters) + _AHEAD, cash_fen=cash, subsidy_fen=subsidy,
        flags=PurseFlag.FROZEN if frozen else PurseFlag.NONE,
        desk_seq=last.desk_seq if last else found.record.desk_seq if found else 0,
    )  # fmt: skip


def _not_more_than_left(sighting: Sighting, role: Role, purse: Purse) -> Purse:
    """Value blocks that read well hold what terminals left, though the desk's record beside them is gone."""
    sectors = sighting.reading.sectors.values() if sighting.reading else ()
    blocks = next((one.blocks for one in sectors if one.place.role is role and one.blocks), None)
    value = value_profile.read(blocks[0], blocks[1]) if blocks else None
    if value is None or value.amount_fen >= purse.cash_fen + purse.subsidy_fen:
        return purse
    return value_profile.left_of(purse, value.amount_fen)
