"""What all operations on cards in use share: which cards they take, how they are written down and run."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import asyncpg
import msgspec

from onecard.base.db import Tx, load_queries
from onecard.base.errors import NotFoundError
from onecard.cards.keys import Role
from onecard.cards.model import CardState
from onecard.cards.technology import UID
from onecard.desk.operations import store
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.effects import finish
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.model import After, Draft, Kind, MoneyPart, Operation, Part, SlotPart
from onecard.desk.operations.purse_parts import PURSE_OF, Waiting, row_of
from onecard.desk.operations.scripts import Scribe
from onecard.desk.operations.sighting import CardRow, Difference, SectorState, Sighting
from onecard.desk.operations.speech import Refusal, RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.devices import black, watermarks
from onecard.devices.model import Delivered, Uncollected
from onecard.ledger.service import balances

Verify: TypeAlias = Callable[[], Awaitable[bool]]
"""Asks the operator for the password; whether it was right."""

sql = load_queries("onecard.desk.operations", "care.sql")
_HARMLESS = frozenset({Difference.OLD_KEYS, Difference.LESS_THAN_SERVER})
_NOT_SO = {
    CardState.ACTIVE: CareRefusal.IN_USE,
    CardState.ISSUING: Difference.UNFINISHED,
    CardState.RETURNED: Difference.OLD_LIFE,
    CardState.VOID: Difference.OLD_LIFE,
}
_SEEN_NAMES = 5


async def card(tx: Tx, card_id: int) -> CardRow:
    """One life of a card.

    Raises:
        NotFoundError: there is none.
    """
    row = await sql.card(tx.connection, tenant_id=tx.tenant_id, card_id=card_id)
    if row is None:
        message = f"There is no card with id {card_id}."
        raise NotFoundError(message)
    return CardRow(**row)


async def verified(verify: Verify) -> None:
    """Ask for the operator's password.

    Raises:
        RefusedError: it was not right.
    """
    if not await verify():
        raise RefusedError(CareRefusal.NOT_VERIFIED)


def is_keyed(row: CardRow) -> bool:
    """Whether the card says itself whose it is."""
    return row.technology != UID.name


def check_state(row: CardRow, *states: CardState) -> None:
    """Whether a card is in one of these states.

    Raises:
        RefusedError: it is in another; the code names that one.
    """
    state = CardState(row.state)
    if state not in states:
        raise RefusedError(_NOT_SO.get(state, state.value))


def seen(sighting: Sighting, *states: CardState, tolerated: frozenset[Difference] = frozenset()) -> CardRow:
    """The row of a card on the reader that is in one of these states, and as the server says.

    Args:
        sighting: what was read.
        states: of the row.
        tolerated: differences that do not matter here, beside those that never do.

    Raises:
        RefusedError: the most important reason against it.
    """
    row = row_of(sighting)
    if sighting.open_operation is not None:
        raise RefusedError(Refusal.INTERRUPTED)
    bars = [one for one in sighting.differences if one not in _HARMLESS | tolerated]
    if bars:
        raise RefusedError(bars[0])
    check_state(row, *states)
    return row


def one_version(sighting: Sighting) -> None:
    """Whether all sectors have keys of one version, so that one identity opens them all.

    Raises:
        RefusedError: re-keying was interrupted.
    """
    sectors = sighting.reading.sectors.values() if sighting.reading else ()
    if len({one.key_version for one in sectors if one.state is SectorState.OURS}) > 1:
        raise RefusedError(IssueRefusal.MIXED_KEYS)


def scribe_of(place: Workplace, sighting: Sighting) -> Scribe:
    """Who spells records out for the card that was read."""
    desk, reading = place.desk, sighting.reading
    assert desk.ring and reading and reading.identity  # noqa: S101, PT018  the card was read
    return Scribe(desk.ring, reading.identity, desk.chosen.layout)


def identity_parts(place: Workplace, sighting: Sighting, **fields: Any) -> list[Part]:
    """The part that makes the card say other things of itself; none when it says them already.

    Raises:
        RefusedError: no record of it is valid.
    """
    holder = sighting.reading.holder if sighting.reading else None
    if holder is None:
        raise RefusedError(Difference.EDITED)
    if dataclasses.replace(holder.record, **fields) == holder.record:
        return []
    one_version(sighting)
    scribe = scribe_of(place, sighting)
    fresh = dataclasses.replace(holder.record, **fields, seq=(holder.record.seq + 1) % 256)
    image = scribe.keys.record(Role.IDENTITY, holder.other, fresh)
    return [SlotPart(scribe.layout.places[0], holder.other, image)]


def draft(
    row: CardRow,
    kind: Kind,
    parts: Sequence[Part] = (),
    sighting: Sighting | None = None,
    *,
    after: After = After(),  # noqa: B008  frozen, so one for all
    amount_fen: int = 0,
    reason: str = "",
    follows: int | None = None,
) -> Draft:
    """An operation on one life of a card; it remembers what row and card said before."""
    before: dict[str, object] = {"state": row.state}
    if row.valid_until and after.valid_until:
        before["valid_until"] = row.valid_until.isoformat()
    if after.class_id is not None:
        before["class"] = row.class_number
    reading = sighting.reading if sighting else None
    for role, found in (reading.purses if reading else {}).items():
        if found:
            before[role.name.lower()] = [found.record.cash_fen, found.record.subsidy_fen]
    touches = any(not isinstance(part, MoneyPart) for part in parts)
    return Draft(
        kind=kind, parts=tuple(parts), account_id=row.person_id, card_id=row.card_id,
        identity=reading.identity if reading and touches else None, reason=reason, amount_fen=amount_fen,
        before=before, after=after, follows=follows,
    )  # fmt: skip


Also: TypeAlias = Callable[[Tx], Awaitable[object]]


async def run(place: Workplace, planned: Draft, sighting: Sighting | None = None) -> Operation:
    """Begin an operation that has parts and carry it out.

    Raises:
        BusyError: another one is under way on the card or the account.
        RefusedError: the card's row is not what it was when this was planned.
    """
    if not planned.parts:
        return await at_once(place, planned)
    operation = await place.engine.begin(planned)
    async with place.desk.tx() as tx:
        changed = await _has_changed(tx, planned)
    if changed:
        await place.engine.abandon(operation)
        raise RefusedError(CareRefusal.CHANGED)
    if operation.identity is None or sighting is None:
        return await place.engine.carry_out(operation)
    return await place.carry_out(operation, sighting)


async def at_once(place: Workplace, planned: Draft, *also: Also) -> Operation:
    """An operation that touches neither card nor money, with what belongs to it, in one transaction.

    Raises:
        BusyError: another one is under way on the card or the account.
        RefusedError: the card's row is not what it was when this was planned.
    """
    desk = place.desk
    try:
        async with desk.tx() as tx:
            operation = await store.insert(tx, planned, desk=desk.name, lease_s=0)
            if await _has_changed(tx, planned):
                raise RefusedError(CareRefusal.CHANGED)
            for each in also:
                await each(tx)
            return await finish(tx, operation, (), {})
    except asyncpg.UniqueViolationError:
        async with desk.tx() as tx:
            raise await store.explain_busy(tx, planned) from None


async def _has_changed(tx: Tx, planned: Draft) -> bool:
    return planned.card_id is not None and (await card(tx, planned.card_id)).state != planned.before["state"]


async def waiting_loads(tx: Tx, row: CardRow) -> Waiting:
    """What stands at the server and waits for the holder's card, by purse."""
    return await store.loads(tx, row.person_id)


async def has_others(tx: Tx, row: CardRow) -> bool:
    """Whether the holder has other cards that last."""
    return await living_cards(tx, row) > 1


async def living_cards(tx: Tx, row: CardRow) -> int:
    """How many cards the holder has, with this one."""
    return 1 + len({one["card_id"] async for one in _others(tx, row)})


def _others(tx: Tx, row: CardRow) -> Any:
    return sql.others(tx.connection, tenant_id=tx.tenant_id, person_id=row.person_id, card_id=row.card_id)


async def proven(tx: Tx, row: CardRow) -> Mapping[Role, tuple[int, int]]:
    """Cash and subsidy in fen that the server's books say belong on a card, by purse.

    That is the account without what waits for a card or was last known to be on the holder's other cards.
    It is right as far as all records of terminals are here.
    """
    found = (await balances(tx, [row.person_id])).get(row.person_id)
    if found is None:
        return dict.fromkeys(PURSE_OF, (0, 0))
    left = {Role.CONSUMPTION: [found.cash + found.bonus, found.subsidy], Role.WATER: [found.water, 0]}
    for role, (_, cash, subsidy) in (await waiting_loads(tx, row)).items():
        left[role] = [left[role][0] - cash, left[role][1] - subsidy]
    async for one in _others(tx, row):
        if one["role"] is not None:
            cash, subsidy = left[Role(one["role"])]
            left[Role(one["role"])] = [cash - one["cash_fen"], subsidy - one["subsidy_fen"]]
    return {role: (max(cash, 0), max(subsidy, 0)) for role, (cash, subsidy) in left.items()}


async def blacklist(tx: Tx, row: CardRow, reason: str, *, numbered: bool = True) -> None:
    """Have all terminals refuse this life of a card, by its number too unless another card inherits it."""
    await black.report(tx, row.uid, row.number if numbered else None, reason, None, generation=row.generation)


async def undecided(tx: Tx, row: CardRow) -> list[int]:
    """Operations with a card that only the card could decide, or a person; oldest first."""
    rows = sql.undecided_of_card(tx.connection, tenant_id=tx.tenant_id, card_id=row.card_id)
    return [one["id"] async for one in rows]


async def refuse_undecided(tx: Tx, row: CardRow) -> None:
    """Whether all that was done with a card is decided.

    Raises:
        RefusedError: not all; the sentence names the operation.
    """
    found = await undecided(tx, row)
    if found:
        message = f"Nobody knows yet what became of operation {found[0]} on this card; decide that first."
        raise RefusedError(CareRefusal.BROKEN_OPERATION, message)


async def refuse_behind(tx: Tx, row: CardRow, *, on_black_list: bool) -> None:
    """What the server says of a card holds only when no terminal may know more.

    Raises:
        RefusedError: a record store may hold records that are not here; or, when the card is to be on every
            terminal's black list, a terminal was not told or did not confirm.
    """
    names = {each.sn for each in await watermarks.behind(tx) if each.uncollected is not Uncollected.NO}
    if on_black_list:
        listed = next((each for each in await black.entries(tx) if each.uid == row.uid), None)
        if listed is None or listed.devices is not None:
            raise RefusedError(CareRefusal.NOT_BLACKLISTED)
        deliveries = await black.delivery(tx, row.uid)
        names |= {each.device.sn for each in deliveries if each.delivered is not Delivered.YES}
    if names:
        some = ", ".join(sorted(names)[:_SEEN_NAMES]) + (" …" if len(names) > _SEEN_NAMES else "")
        message = (
            f"{len(names)} terminals may hold records of this card or do not refuse it yet: {some}. "
            "Collect them first, or go on with a reason."
        )
        raise RefusedError(CareRefusal.BEHIND, message)


def state_before(words: str) -> CardState:
    """The state of the card in what an operation remembers of the time before it."""
    return CardState(msgspec.json.decode(words)["state"])


async def refuse_heir(tx: Tx, operation_id: int) -> None:
    """Whether the place of a card that an operation gave up is still free.

    Raises:
        RefusedError: another card has it or is getting it; the sentence names that one.
    """
    heir = await sql.heir(tx.connection, tenant_id=tx.tenant_id, follows=operation_id)
    if heir is not None:
        message = f"The card {heir} has the place of the old one, or is getting it."
        raise RefusedError(CareRefusal.HAS_HEIR, message)


async def inherit(tx: Tx, operation_id: int, heir_id: int) -> None:
    """A new card takes over what was paid for the one that an operation gave up for it.

    Raises:
        RefusedError: another card does already.
    """
    await refuse_heir(tx, operation_id)
    await sql.inherit(tx.connection, tenant_id=tx.tenant_id, operation_id=operation_id, heir_id=heir_id)
