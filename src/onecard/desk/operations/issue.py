"""Issuing: blank plastic becomes somebody's card.

The life is a row (state `issuing`) before the card is touched. Sectors are written one at a time, identity
last, and the record that says “active” after everything else; only then does money move. A card that was
pulled is carried on where it stands, or given up, which brings everything back but the plastic's generation.
"""

from collections.abc import Mapping
from datetime import date

import asyncpg

from onecard.base.clock import now_us
from onecard.base.db import Tx
from onecard.cards.keys import CardIdentity, Role
from onecard.cards.model import CardState
from onecard.cards.oc1.records import Purse
from onecard.cards.oc1.scripts import CardKeys
from onecard.cards.technology import UID, Mode
from onecard.desk.operations import care, lives, stock, store
from onecard.desk.operations.effects import finish
from onecard.desk.operations.issue_plan import (
    NOTHING_CARRIED,
    Agreed,
    Asked,
    Books,
    Carried,
    Lift,
    Wish,
    card_parts,
    empty_purses,
    money_parts,
    opening_purses,
)
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.lives import Holder, Life
from onecard.desk.operations.model import UNSAID, After, Draft, Kind, Operation, Part, State, Unsaid
from onecard.desk.operations.purse_parts import check_ceilings
from onecard.desk.operations.sighting import Difference, SectorState, Sighting
from onecard.desk.operations.speech import Refusal, RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import Balances, BookKind
from onecard.ledger.service import balances, system_books
from onecard.tenants import service as tenants

_NO_LIFT: Mapping[int, Lift] = {}


async def issue(
    place: Workplace,
    sighting: Sighting,
    person_id: int,
    *,
    number: int | None = None,
    valid_until: date | Unsaid | None = UNSAID,
    opening_fen: int = 0,
    water_fen: int = 0,
    fee_fen: int | Unsaid = UNSAID,
    deposit_fen: int | Unsaid = UNSAID,
    reason: str = "",
    lift: Mapping[int, Lift] = _NO_LIFT,
    follows: int | None = None,
    carried: tuple[int, ...] = NOTHING_CARRIED,
    any_stock: bool = False,
) -> Operation:
    """Make the blank card on the reader somebody's.

    Fee, deposit and last day that nobody names are those of the person's class at this moment. They are fixed
    with the plan: carried on later, the card has what was promised, whatever became of the class.

    Args:
        place: the desk.
        sighting: the card.
        person_id: who gets it.
        number: of the card; None: the next one.
        valid_until: its last day; None: no end; unsaid: as the class says, and so the fee and the deposit.
        opening_fen: own money paid in with it.
        water_fen: the same for the water purse.
        fee_fen: price of the card, for good.
        deposit_fen: what is given back when the card is.
        reason: for the card operation list.
        lift: rights by lift group.
        follows: the operation that this one continues.
        carried: cash, subsidy, water (and bonus) of the person that wait in suspense for this card.
        any_stock: take plastic that is in no box, or cannot be checked.

    Returns:
        Confirmed; in doubt, and to be carried on when the card lies there again; or void, when the card left
        before anything was written. A replacement that is not confirmed leaves what is carried in suspense.

    Raises:
        RefusedError: card, plastic or person do not allow it; nothing has happened.
        BusyError: another desk is at work on the card or the account.
        ReaderError: the card or the reader is gone; nothing has happened.
    """
    wish = Wish(
        person_id=person_id, number=number, opening_fen=opening_fen, water_fen=water_fen, reason=reason,
        asked=Asked(valid_until=valid_until, fee_fen=fee_fen, deposit_fen=deposit_fen), lift=lift,
        follows=follows, carried=Carried(*carried),
    )  # fmt: skip
    check_free(place, sighting)
    await stock.check(place, sighting, any_stock=any_stock)
    operation = await _begin(place, sighting, wish)
    return await place.carry_out(operation, sighting) if operation.state.is_open else operation


async def carry_on(place: Workplace, sighting: Sighting) -> Operation:
    """Bring to its end what was interrupted on the card that lies there again.

    Returns:
        Confirmed, in doubt once more, or void: a torn trailer made the plastic scrap (`trouble` says so), and
        the person gets another card.

    Raises:
        RefusedError: nothing was interrupted, or what was is decided by looking at the card.
    """
    if sighting.open_operation is None:
        raise RefusedError(IssueRefusal.NOTHING_INTERRUPTED)
    operation = await place.engine.load(sighting.open_operation)
    if not operation.carries_on:
        raise RefusedError(IssueRefusal.NOTHING_INTERRUPTED)
    if operation.state is not State.IN_DOUBT:
        raise RefusedError(IssueRefusal.AT_WORK)
    if has_dead_sector(sighting):
        return await _scrap(place, operation, sighting)
    return await place.carry_out(operation, sighting)


async def give_up(place: Workplace, operation_id: int) -> Operation:
    """End an issue or an erasure that was interrupted: its money goes back and its life is over.

    What is on the plastic no longer holds; erasing makes it blank again.

    Raises:
        RefusedError: a desk is at work on it, it has ended, or its card was written whole.
    """
    operation = await place.engine.load(operation_id)
    if not operation.carries_on:
        raise RefusedError(IssueRefusal.NOTHING_INTERRUPTED)
    if operation.state not in {State.IN_DOUBT, State.BROKEN}:
        raise RefusedError(IssueRefusal.AT_WORK)
    keys = [
        key
        for step in operation.steps
        if step.money
        for key in (step.money.keys.direct, step.money.keys.settle)
    ]
    async with place.desk.tx() as tx:
        if await store.posted(tx, keys):
            raise RefusedError(IssueRefusal.CARD_IS_WHOLE)
    return await place.engine.abandon(operation)


def check_free(place: Workplace, sighting: Sighting) -> None:
    """Whether the card on the reader can become somebody's.

    Raises:
        RefusedError: it cannot.
    """
    check_nobodys(sighting)
    if place.desk.chosen.technology == UID.name:
        return
    if place.desk.ring is None:
        raise RefusedError(IssueRefusal.NO_KEYS)
    reading = sighting.reading
    if reading is None or not reading.sectors:
        raise RefusedError(Difference.WRONG_TECHNOLOGY)
    if not reading.is_blank:
        raise RefusedError(sighting.differences[0] if sighting.differences else IssueRefusal.NOT_BLANK)


def check_nobodys(sighting: Sighting) -> None:
    """Whether no life of the plastic lasts, and nothing with it is unfinished.

    Raises:
        RefusedError: one does, or something is.
    """
    if sighting.open_operation is not None:
        raise RefusedError(Refusal.INTERRUPTED)
    row = sighting.row
    if row is not None and not CardState(row.state).ended:
        lost = row.state == CardState.LOST
        raise RefusedError(Difference.LOST if lost else IssueRefusal.CARD_IN_USE)


def has_dead_sector(sighting: Sighting) -> bool:
    """Whether a sector that was ours or blank opens with no key, or answers nothing: its trailer was torn."""
    sectors = sighting.reading.sectors.values() if sighting.reading else ()
    return any(one.state in {SectorState.FOREIGN, SectorState.DEAD} for one in sectors)


async def _scrap(place: Workplace, operation: Operation, sighting: Sighting) -> Operation:
    async with place.desk.tx() as tx:
        await stock.put(tx, sighting.uid, stock.StockState.DEAD)
    ended = await place.engine.abandon(operation)
    async with place.desk.tx() as tx:
        await lives.sql.mark_trouble(
            tx.connection, tenant_id=tx.tenant_id, id=ended.id, trouble=IssueRefusal.PLASTIC_DEAD.value
        )
    await place.reader.signal(good=False)
    return await place.engine.load(ended.id)


async def _begin(place: Workplace, sighting: Sighting, wish: Wish) -> Operation:
    """The life's row and the plan, in one transaction."""
    desk = place.desk
    try:
        async with desk.tx() as tx:
            wish.check(desk.chosen.layout)
            holder = await lives.admit(tx, wish.person_id)
            draft = await _draft(tx, place, sighting, wish, holder)
            operation = await store.insert(tx, draft, desk=desk.name, lease_s=desk.lease_s)
            loads = [one for part in draft.parts for one in getattr(part, "loads", ())]
            await store.take_loads(tx, loads, operation.id)
            if not operation.steps:  # nothing to write and nothing to pay
                operation = await finish(tx, operation, (), {})
            return operation
    except asyncpg.UniqueViolationError:
        claim = Draft(
            kind=Kind.ISSUE, parts=(), account_id=wish.person_id, uid=sighting.presence.uid, before={}
        )
        async with desk.tx() as tx:
            raise await store.explain_busy(tx, claim) from None
    except asyncpg.ForeignKeyViolationError:
        raise RefusedError(IssueRefusal.KEYS_CHANGED) from None


async def _draft(tx: Tx, place: Workplace, sighting: Sighting, wish: Wish, holder: Holder) -> Draft:
    desk = place.desk
    agreed = await agree(tx, wish.asked, holder)
    found = (await balances(tx, [wish.person_id])).get(wish.person_id, Balances())
    consumption = wish.opening_fen + sum(wish.carried) - wish.carried.water_fen
    check_ceilings(found, consumption_fen=consumption, water_fen=wish.water_fen + wish.carried.water_fen)
    identity = await _identity(tx, place, sighting)
    number = await lives.choose_number(tx, desk.chosen, wish.number)
    card_id = await lives.begin(tx, _life(place, sighting, (wish.person_id, number), identity, agreed))
    if wish.follows is not None:
        await care.inherit(tx, wish.follows, card_id)
    parts: list[Part] = []
    if identity is not None and desk.ring is not None:
        purses, loads = await _contents(tx, place, wish, holder, found)
        await store.know(tx, card_id, purses)
        keys = CardKeys(desk.ring.masters[identity.key_version], desk.ring.site, identity)
        parts += card_parts(
            keys, desk.chosen.layout, identity=(number, holder.rules.number), valid_until=agreed.valid_until,
            lift=wish.lift, purses=purses, loads=loads,
        )  # fmt: skip
    parts += money_parts(wish, agreed, await books(tx, place))
    return Draft(
        kind=Kind.ISSUE,
        parts=tuple(parts),
        account_id=wish.person_id,
        card_id=card_id,
        identity=identity,
        uid=sighting.presence.uid,
        reason=wish.reason,
        amount_fen=wish.opening_fen + wish.water_fen,
        before={"cash_fen": found.cash, "subsidy_fen": found.subsidy, "water_fen": found.water},
        after=After(state=CardState.ACTIVE.value, valid_until=agreed.valid_until),
        follows=wish.follows,
    )


async def _identity(tx: Tx, place: Workplace, sighting: Sighting) -> CardIdentity | None:
    ring = place.desk.ring
    if place.desk.chosen.technology == UID.name or ring is None:
        return None
    generation = await lives.next_generation(tx, sighting.uid)
    return CardIdentity(uid=sighting.presence.uid, generation=generation, key_version=max(ring.masters))


def _life(
    place: Workplace,
    sighting: Sighting,
    whose: tuple[int, int],
    identity: CardIdentity | None,
    agreed: Agreed,
) -> Life:
    person_id, number = whose
    ring = place.desk.ring
    keyed = {}
    if identity is not None and ring is not None:
        keyed = {"generation": identity.generation, "key_version": identity.key_version}
    return Life(
        uid=sighting.uid,
        technology=place.desk.chosen.technology,
        person_id=person_id,
        number=number,
        valid_until=agreed.valid_until,
        pin=ring.site.pin if keyed and ring else None,
        fee_fen=agreed.fee_fen,
        deposit_fen=agreed.deposit_fen,
        **keyed,
    )


async def _contents(
    tx: Tx, place: Workplace, wish: Wish, holder: Holder, found: Balances
) -> tuple[dict[Role, Purse], dict[Role, tuple[int, ...]]]:
    """What the purses begin with, and the loads that are in there and no longer wait."""
    if place.desk.chosen.mode is not Mode.STORED:
        return empty_purses(), {}
    waiting = await store.loads(tx, wish.person_id)
    loads_fen = {role: (cash, subsidy) for role, (_, cash, subsidy) in waiting.items()}
    purses = opening_purses(found, wish, loads_fen, other_cards=holder.other_cards)
    return purses, {role: ids for role, (ids, _, _) in waiting.items()}


async def agree(tx: Tx, asked: Asked, holder: Holder) -> Agreed:
    """The terms of a card that somebody gets today."""
    return asked.under(holder.rules, (await tenants.get(tx)).business_day.of(now_us()))


async def books(tx: Tx, place: Workplace) -> Books:
    """Where money of a new card comes from and goes to at a desk."""
    found = await system_books(tx)
    return Books(
        drawer=await store.drawer(tx, place.desk.name),
        suspense=found[BookKind.SUSPENSE],
        fee_income=found[BookKind.CARD_FEE_INCOME],
        deposits=found[BookKind.DEPOSITS_HELD],
    )
