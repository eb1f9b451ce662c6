"""Operations that are cut short in every way."""

from exhaustion import Scenario, Scene, agrees, leases_end
from hall import Hall

from onecard.desk.operations.purses import Amounts, bring, sell, top_up, withdraw
from onecard.desk.operations.workplace import Workplace


async def _card(hall: Hall) -> Scene:
    chip, row = await hall.card(cash=30_00, subsidy=2_00, water=5_00)
    return Scene(hall, chip, row, row.person_id)


async def _card_with_load(hall: Hall) -> Scene:
    scene = await _card(hall)
    assert scene.row
    await top_up(hall.workplace(), scene.row, Amounts(25_00, 4_00))
    return scene


async def _top_up(scene: Scene, place: Workplace) -> object:
    assert scene.row
    return await top_up(place, scene.row, Amounts(50_00), sighting=await place.look())


async def _top_up_both(scene: Scene, place: Workplace) -> object:
    assert scene.row
    return await top_up(place, scene.row, Amounts(50_00, 20_00), sighting=await place.look())


async def _withdraw(scene: Scene, place: Workplace) -> object:
    assert scene.row
    return await withdraw(place, scene.row, Amounts(10_00, 3_00), sighting=await place.look())


async def _sell(scene: Scene, place: Workplace) -> object:
    merchant = scene.hall.merchant_id
    return await sell(place, await place.look(), merchant_id=merchant, amount_fen=7_00)


async def _top_up_cardless(scene: Scene, place: Workplace) -> object:
    assert scene.row
    return await top_up(place, scene.row, Amounts(25_00, 4_00))


async def _bring(scene: Scene, place: Workplace) -> object:
    return await bring(place, await place.look())


async def _bring_rest(scene: Scene, place: Workplace) -> object:
    """What waits still waits, or is on the card; bringing it again ends with it there."""
    while await leases_end(scene):  # a desk of another case may be at it, or have died over it
        await place.engine.sweep()
    sighting = await place.look()
    return await bring(place, sighting) if sighting.loads_fen else None


async def _drawer_agrees(scene: Scene) -> None:
    """What the operation is said to have moved is what the drawer shows."""
    await agrees(scene)
    rows = await scene.hall.fetch(
        "select coalesce(sum(o.amount_fen) filter"
        " (where o.state = 'confirmed' and o.kind <> 'load'), 0)::bigint,"
        " (select coalesce(sum(case when d.kind = 10 then l.amount_fen when c.kind = 10 then -l.amount_fen"
        " else 0 end), 0)::bigint from ledger.line l"
        " join ledger.book d on d.tenant_id = l.tenant_id and d.id = l.debit_book"
        " join ledger.book c on c.tenant_id = l.tenant_id and c.id = l.credit_book"
        " where l.tenant_id = $1 and l.source = 1 and l.source_id = any (array_agg(o.id)))"
        " from desk.operation o where o.tenant_id = $1 and o.account_id = $2",
        scene.hall.tenant_id, scene.person_id,
    )  # fmt: skip
    said, drawn = rows[0]
    assert said == drawn, f"operations say {said}, the drawer {drawn}"


SCENARIOS = (
    Scenario("top up one purse", _card, _top_up, _drawer_agrees),
    Scenario("top up both purses", _card, _top_up_both, _drawer_agrees),
    Scenario("withdraw from both purses", _card, _withdraw, _drawer_agrees),
    Scenario("desk sale", _card, _sell, agrees),
    Scenario("top up without the card", _card, _top_up_cardless, _drawer_agrees, finish=_bring_rest),
    Scenario("bring what waits", _card_with_load, _bring, agrees, finish=_bring_rest),
)
