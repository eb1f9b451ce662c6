"""Operations that go by the rules of a class, cut short in every way while the rules change all the time."""

from itertools import count

from care_scenarios import blank, carried_on, seen_again
from cast_issue import numbers_only
from exhaustion import Scenario, Scene, agrees, settled
from hall import Hall, purse

from onecard.cards.keys import Role
from onecard.cards.technology import UID, day_number
from onecard.desk.operations.bind import bind
from onecard.desk.operations.ending import return_card
from onecard.desk.operations.issue import issue
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import PostingKind

_turns = count(1)


async def _new_terms(hall: Hall) -> None:
    """Whatever was promised to somebody is not what the class says now."""
    await hall.fetch(
        "update people.account_class set card_fee_fen = $1, deposit_fen = $2, valid_days = $3"
        " where tenant_id = $4 returning 1",
        next(_turns), next(_turns), next(_turns), hall.tenant_id,
    )  # fmt: skip


async def _somebody(hall: Hall) -> Scene:
    scene = Scene(hall, blank(), None, await hall.person(cash=5_00))
    await _new_terms(hall)
    return scene


async def _issue(scene: Scene, place: Workplace) -> object:
    return await issue(place, await place.look(), scene.person_id, any_stock=True)


async def _issue_rest(scene: Scene, place: Workplace) -> object:
    await _new_terms(scene.hall)
    return await carried_on(scene, place, _issue)


async def _is_paid_for(scene: Scene) -> None:
    """Of all attempts one card came to be, and what its row says of its price is in the books, once."""
    rows = await scene.hall.fetch(
        "select fee_fen, deposit_fen, valid_until from cards.card"
        " where tenant_id = $1 and person_id = $2 and state = 'active'",
        scene.hall.tenant_id, scene.person_id,
    )  # fmt: skip
    ((fee, deposit, until),) = rows
    assert await _posted(scene) == [(fee, deposit)]
    scene.more["until"] = until
    await settled(scene)


async def _posted(scene: Scene) -> list[tuple[object, ...]]:
    """Card fees and deposits that were posted for the person's operations."""
    return await scene.hall.fetch(
        "select coalesce(sum(l.amount_fen) filter (where l.kind = $3), 0)::bigint,"
        " coalesce(sum(l.amount_fen) filter (where l.kind = $4), 0)::bigint from ledger.line l"
        " join desk.operation o on o.tenant_id = l.tenant_id and o.id = l.source_id and l.source = 1"
        " where l.tenant_id = $1 and o.account_id = $2",
        scene.hall.tenant_id, scene.person_id, int(PostingKind.CARD_FEE), int(PostingKind.DEPOSIT),
    )  # fmt: skip


async def _lasts_as_promised(scene: Scene) -> None:
    await _is_paid_for(scene)
    await agrees(scene)
    seen = await scene.hall.workplace(scene.chip).look()
    assert seen.reading
    assert seen.reading.holder
    assert seen.reading.holder.record.valid_until == day_number(scene.more["until"])


async def _number(hall: Hall) -> Scene:
    return await _somebody(numbers_only(hall))


async def _bind(scene: Scene, place: Workplace) -> object:
    return await bind(place, scene.chip.uid.hex(), scene.person_id)


async def _bind_rest(scene: Scene, place: Workplace) -> object:
    await _new_terms(scene.hall)
    sighting = await seen_again(scene, place)
    lives = sighting.row is not None and sighting.row.state == "active"
    return None if lives else await _bind(scene, place)


async def _is_bound(scene: Scene) -> None:
    await _is_paid_for(scene)
    seen = await scene.hall.workplace(scene.chip).look()
    assert seen.row
    assert (seen.row.technology, seen.differences) == (UID.name, ())


async def _kept(hall: Hall) -> Scene:
    """A card of a class that keeps cash and pays subsidy out."""
    await hall.fetch(
        "update people.account_class set refund_cash = 'keep', refund_subsidy = 'pay_out',"
        " refund_water = 'forfeit' where tenant_id = $1 returning 1",
        hall.tenant_id,
    )  # fmt: skip
    chip, row = await hall.card(cash=30_00, subsidy=2_00, water=5_00)
    return Scene(hall, chip, row, row.person_id)


async def _return(scene: Scene, place: Workplace) -> object:
    return await return_card(place, await place.look())


async def _return_rest(scene: Scene, place: Workplace) -> object:
    sighting = await seen_again(scene, place)
    in_use = sighting.row is not None and sighting.row.state == "active"
    return await return_card(place, sighting) if in_use else None


async def _waits_for_the_next(scene: Scene) -> None:
    """What is kept is in the account and waits, all of it and once; the rest has gone; the card is empty."""
    hall = scene.hall
    left = 30_00 - scene.more["spent"]
    found = await hall.balances(scene.person_id)
    assert (found.cash, found.subsidy, found.water, found.shortfall) == (left, 0, 0, 0)
    waits = await hall.fetch(
        "select role, sum(cash_fen)::bigint, sum(subsidy_fen)::bigint from desk.load"
        " where tenant_id = $1 and account_id = $2 and operation_id is null group by role",
        hall.tenant_id, scene.person_id,
    )  # fmt: skip
    assert waits == [(int(Role.CONSUMPTION), left, 0)]
    assert purse(hall, scene.chip).cash_fen == purse(hall, scene.chip, Role.WATER).cash_fen == 0
    await settled(scene)


TERM_SCENARIOS = (
    Scenario("issue by the class", _somebody, _issue, _lasts_as_promised, finish=_issue_rest, spends=False),
    Scenario("bind by the class", _number, _bind, _is_bound, finish=_bind_rest, spends=False),
    Scenario("return of kept money", _kept, _return, _waits_for_the_next, finish=_return_rest),
)
