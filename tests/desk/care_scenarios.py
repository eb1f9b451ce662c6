"""Operations on cards in use that are cut short in every way; each is asked for again by another desk."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import count
from typing import TypeAlias

from cast_care import yes
from exhaustion import Scenario, Scene, agrees, leases_end, settled
from hall import Hall, purse

from onecard.cards.keys import Role
from onecard.cards.oc1.layout import block_of
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.desk.operations.ending import cancel_account, return_card
from onecard.desk.operations.issue import carry_on
from onecard.desk.operations.loss import report_loss
from onecard.desk.operations.model import State
from onecard.desk.operations.repair import repair
from onecard.desk.operations.replacing import reissue, replace_card, replace_onto
from onecard.desk.operations.sighting import Difference, Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.upkeep import extend
from onecard.desk.operations.workplace import Workplace
from onecard.devices import black

Act: TypeAlias = Callable[[Scene, Workplace], Awaitable[object]]
_uids = count(0x60000001)
LATER = date(2031, 6, 30)


async def _card(hall: Hall) -> Scene:
    chip, row = await hall.card(cash=30_00, subsidy=2_00, water=5_00)
    return Scene(hall, chip, row, row.person_id)


async def _state(scene: Scene) -> str:
    assert scene.row
    ((state,),) = await scene.hall.fetch("select state from cards.card where id = $1", scene.row.card_id)
    return str(state)


async def seen_again(scene: Scene, place: Workplace) -> Sighting:
    """The card at a desk that nobody else keeps from its work."""
    while await leases_end(scene):
        await place.engine.sweep()
    return await place.look()


async def _empty(scene: Scene) -> None:
    """The card is empty, and the account too: all has gone to drawer, fund, or the merchant."""
    assert (purse(scene.hall, scene.chip).cash_fen, purse(scene.hall, scene.chip, Role.WATER).cash_fen) == (
        0,
        0,
    )
    found = await scene.hall.balances(scene.person_id)
    assert (found.cash, found.subsidy, found.water, found.shortfall) == (0, 0, 0, 0)
    await settled(scene)


async def _return(scene: Scene, place: Workplace) -> object:
    return await return_card(place, await place.look())


async def _return_rest(scene: Scene, place: Workplace) -> object:
    sighting = await seen_again(scene, place)
    return None if await _state(scene) == "returned" else await return_card(place, sighting)


async def _cancel(scene: Scene, place: Workplace) -> object:
    return await cancel_account(place, await place.look(), yes)


async def _cancel_rest(scene: Scene, place: Workplace) -> object:
    sighting = await seen_again(scene, place)
    with suppress(RefusedError):  # it is closed already
        await cancel_account(place, sighting, yes)
    return None


async def _is_closed(scene: Scene) -> None:
    await _empty(scene)
    rows = await scene.hall.fetch("select status from ledger.account where id = $1", scene.person_id)
    assert (rows, await _state(scene)) == ([("closed",)], "cancelled")


async def _extend(scene: Scene, place: Workplace) -> object:
    assert scene.row
    return await extend(place, scene.row.card_id, LATER, sighting=await place.look())


async def _extend_rest(scene: Scene, place: Workplace) -> object:
    sighting = await seen_again(scene, place)
    assert scene.row
    with suppress(RefusedError):  # nothing is left to do
        await extend(place, scene.row.card_id, LATER, sighting=sighting)
    seen = await place.look()
    assert seen.reading
    assert seen.reading.holder
    assert seen.row
    assert seen.reading.holder.record.valid_until_date == seen.row.valid_until == LATER
    return None


async def _spoilt(hall: Hall) -> Scene:
    scene = await _card(hall)
    memory = bytearray(scene.chip.dump())
    for slot in (0, 1):
        memory[block_of(hall.chosen.layout.sector(Role.CONSUMPTION), slot) * 16 + 5] ^= 1
    scene.chip.restore_dump(bytes(memory))
    return scene


async def _repair(scene: Scene, place: Workplace) -> object:
    return await repair(place, await place.look(), yes)


async def _repair_rest(scene: Scene, place: Workplace) -> object:
    sighting = await seen_again(scene, place)
    assert not sighting.has(Difference.CLONED, Difference.REPLAYED, Difference.MORE_THAN_SERVER)
    return await repair(place, sighting, yes) if sighting.has(Difference.EDITED) else None


def blank() -> Chip:
    return new_chip(next(_uids).to_bytes(4))


async def _replace(scene: Scene, place: Workplace) -> object:
    return await replace_card(place, await place.look(), reason="bent")


async def _replace_rest(scene: Scene, place: Workplace) -> object:
    """The old card gives up the rest, and a new one gets all of it."""
    assert scene.row
    done = await replace_card(place, await seen_again(scene, place), reason="bent")
    assert (done.state, await _state(scene)) == (State.CONFIRMED, "void")
    assert purse(scene.hall, scene.chip).cash_fen == purse(scene.hall, scene.chip, Role.WATER).cash_fen == 0
    scene.chip = blank()
    place = scene.hall.workplace(scene.chip, "back")
    done = await replace_onto(place, await place.look(), scene.row.card_id, any_stock=True)
    assert done.state is State.CONFIRMED
    return None


async def _given_up(hall: Hall) -> Scene:
    scene = await _card(hall)
    place = hall.workplace(scene.chip)
    await replace_card(place, await place.look(), reason="bent")
    scene.chip = blank()
    return scene


async def _onto(scene: Scene, place: Workplace) -> object:
    assert scene.row
    return await replace_onto(place, await place.look(), scene.row.card_id, any_stock=True)


async def _lost(hall: Hall) -> Scene:
    scene = await _card(hall)
    assert scene.row
    await report_loss(hall.workplace(), scene.row.card_id, reason="gone")
    scene.chip = blank()
    return scene


async def _reissue(scene: Scene, place: Workplace) -> object:
    assert scene.row
    return await reissue(place, await place.look(), scene.row.card_id, yes, any_stock=True)


async def carried_on(scene: Scene, place: Workplace, again: Act) -> None:
    """The new card is carried on; if its plastic is dead, another blank one gets the old one's place."""
    for _ in range(5):
        sighting = await seen_again(scene, place)
        if sighting.row and sighting.row.state == "active":
            # a life that was given up has used up its number
            scene.hall = replace(scene.hall, generation=sighting.row.generation or 0)
            return
        if sighting.open_operation is not None:
            await carry_on(place, sighting)
        elif sighting.reading and sighting.reading.is_blank:
            await again(scene, place)
        else:
            scene.chip = blank()
            place = scene.hall.workplace(scene.chip, "back")
    message = "the new card does not come to its end"
    raise AssertionError(message)


async def _onto_rest(scene: Scene, place: Workplace) -> object:
    return await carried_on(scene, place, _onto)


async def _reissue_rest(scene: Scene, place: Workplace) -> object:
    return await carried_on(scene, place, _reissue)


async def _lose(scene: Scene, place: Workplace) -> object:
    assert scene.row
    return await report_loss(place, scene.row.card_id, reason="gone")


async def _is_lost(scene: Scene) -> None:
    async with scene.hall.desk().tx() as tx:
        listed = [one.uid for one in await black.entries(tx)]
    assert scene.row
    assert (await _state(scene), scene.row.uid in listed) == ("lost", True)


CARE_SCENARIOS = (
    Scenario("return, spent from in between", _card, _return, _empty, finish=_return_rest),
    Scenario("cancel account", _card, _cancel, _is_closed, finish=_cancel_rest, spends=False),
    Scenario("replace, spent from in between", _card, _replace, agrees, finish=_replace_rest),
    Scenario("the new card of a replacement", _given_up, _onto, agrees, finish=_onto_rest, spends=False),
    Scenario("loss report", _card, _lose, _is_lost, finish=_lose),
    Scenario("loss and reissue", _lost, _reissue, agrees, finish=_reissue_rest, spends=False),
    Scenario("extend", _card, _extend, agrees, finish=_extend_rest),
    Scenario("repair", _spoilt, _repair, agrees, finish=_repair_rest),
)
