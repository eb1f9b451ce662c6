"""Operations in the life of a card, cut short in every way and asked for again until they are done."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count

from care_scenarios import CARE_SCENARIOS
from exhaustion import Scenario, Scene, agrees, leases_end, settled
from hall import UNTIL, Hall
from term_scenarios import TERM_SCENARIOS

from onecard.base.db import SYSTEM
from onecard.cards import setup
from onecard.cards.reader import ReaderError
from onecard.cards.virtual.chip import new_chip
from onecard.cards.wrapping import FileWrapper
from onecard.desk.operations import ending, issue, lift, rekey, replacing, upkeep
from onecard.desk.operations.blank import erase
from onecard.desk.operations.sighting import SectorState, Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.store import BusyError
from onecard.desk.operations.workplace import Workplace

_plastic = count(0x50000001)
_ATTEMPTS = 8
Ask = Callable[[Scene, Workplace, Sighting], Awaitable[object]]


async def _blank(hall: Hall) -> Scene:
    person_id = await hall.person(cash=5_00)
    return Scene(hall, new_chip(next(_plastic).to_bytes(4)), None, person_id)


async def _card(hall: Hall) -> Scene:
    chip, row = await hall.card(cash=30_00, subsidy=2_00, water=5_00)
    return Scene(hall, chip, row, row.person_id)


async def _empty(hall: Hall) -> Scene:
    chip, row = await hall.card()
    scene = Scene(hall, chip, row, row.person_id)
    place = hall.workplace(chip)
    await ending.return_card(place, await place.look())
    return scene


def _asking(ask: Ask) -> Callable[[Scene, Workplace], Awaitable[object]]:
    async def act(scene: Scene, place: Workplace) -> object:
        return await ask(scene, place, await place.look())

    return act


def _until(
    done: Callable[[Scene], Awaitable[bool]], ask: Ask
) -> Callable[[Scene, Workplace], Awaitable[object]]:
    """Ask again, as a clerk does, until it is done or the plastic turns out to be dead."""

    async def finish(scene: Scene, _: Workplace) -> None:
        for _attempt in range(_ATTEMPTS):
            await leases_end(scene)
            place = scene.hall.workplace(scene.chip, "back")
            sighting = await place.look()
            if _is_dead(sighting) and sighting.open_operation is None:
                scene.more["dead"] = True
                return
            if sighting.open_operation is None and await done(scene):
                return
            with contextlib.suppress(RefusedError, ReaderError, BusyError):
                if sighting.open_operation is not None:
                    await issue.carry_on(place, sighting)
                else:
                    await ask(scene, place, sighting)
        message = f"not done after {_ATTEMPTS} attempts: {sighting.differences}"
        raise AssertionError(message)

    return finish


def _is_dead(sighting: Sighting) -> bool:
    sectors = sighting.reading.sectors.values() if sighting.reading else ()
    return any(one.state in {SectorState.DEAD, SectorState.FOREIGN} for one in sectors)


async def _state(scene: Scene) -> str | None:
    """Of the newest life of the plastic."""
    rows = await scene.hall.fetch(
        "select state from cards.card where tenant_id = $1 and uid = $2 order by id desc limit 1",
        scene.hall.tenant_id, scene.chip.uid.hex().upper(),
    )  # fmt: skip
    return str(rows[0][0]) if rows else None


def _is(state: str) -> Callable[[Scene], Awaitable[bool]]:
    async def done(scene: Scene) -> bool:
        return await _state(scene) == state

    return done


async def _issue(scene: Scene, place: Workplace, sighting: Sighting) -> object:
    paid = {"opening_fen": 50_00, "water_fen": 3_00, "fee_fen": 10_00, "deposit_fen": 20_00}
    return await issue.issue(place, sighting, scene.person_id, valid_until=UNTIL, **paid)


async def _issued_or_scrap(scene: Scene) -> None:
    found = await scene.hall.balances(scene.person_id)
    if scene.more.get("dead"):
        assert (found.cash, found.water) == (5_00, 0)
        assert await _state(scene) == "void"
        return await settled(scene)
    assert (found.cash, found.water) == (55_00, 3_00)
    scene.hall = await _with_life(scene)
    return await agrees(scene)


async def _with_life(scene: Scene) -> Hall:
    """The hall as it reads this card: with the generation that it has now."""
    rows = await scene.hall.fetch(
        "select generation, key_version from cards.card"
        " where tenant_id = $1 and uid = $2 and state = 'active'",
        scene.hall.tenant_id, scene.chip.uid.hex().upper(),
    )  # fmt: skip
    generation, key_version = rows[0]
    return replace(scene.hall, generation=generation, key_version=key_version)


async def _erase(scene: Scene, place: Workplace, sighting: Sighting) -> object:
    return await erase(place, sighting)


async def _is_blank(scene: Scene) -> bool:
    sighting = await scene.hall.workplace(scene.chip).look()
    return bool(sighting.reading and sighting.reading.is_blank)


async def _nothing_open(scene: Scene) -> None:
    await settled(scene)


async def _return(scene: Scene, place: Workplace, sighting: Sighting) -> object:
    return await ending.return_card(place, sighting)


async def _paid_out(scene: Scene) -> None:
    """The card is empty and cancelled, and so is the account, unless terminals still owe records of it."""
    found = await scene.hall.balances(scene.person_id)
    assert (found.cash, found.subsidy, found.water, found.shortfall) == (0, 0, 0, 0)
    await agrees(scene)


async def _replace(scene: Scene, place: Workplace, sighting: Sighting) -> object:
    return await replacing.replace_card(place, sighting, reason="worn")


async def _replaced(scene: Scene) -> None:
    """What the old card gave up goes onto a new one, all of it."""
    assert scene.row
    hall, old = scene.hall, scene.row
    scene.chip = new_chip(next(_plastic).to_bytes(4))
    place = hall.workplace(scene.chip)
    await replacing.replace_onto(place, await place.look(), old.card_id)
    found = await hall.balances(scene.person_id)
    spent = scene.more.get("spent", 0)
    assert (found.cash, found.subsidy, found.water) == (30_00 - spent, 2_00, 5_00)
    await agrees(scene)


async def _freeze(scene: Scene, place: Workplace, sighting: Sighting) -> object:
    assert scene.row
    return await upkeep.freeze(place, scene.row.card_id, reason="asked", sighting=sighting)


async def _rekey(scene: Scene, place: Workplace, sighting: Sighting) -> object:
    return await rekey.rekey(place, sighting)


async def _old_keys(hall: Hall) -> Scene:
    """A card under the keys before the newest."""
    scene = await _card(hall)
    if max(hall.ring.masters) == 1:
        async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
            wrapper = FileWrapper(b"k" * 32)
            await setup.rotate_keys(tx, wrapper)
            hall.ring = await setup.key_ring(tx, wrapper)
    return scene


async def _has_new_keys(scene: Scene) -> bool:
    rows = await scene.hall.fetch(
        "select key_version from cards.card where tenant_id = $1 and uid = $2",
        scene.hall.tenant_id, scene.chip.uid.hex().upper(),
    )  # fmt: skip
    return rows == [(2,)]


async def _agrees_under_new_keys(scene: Scene) -> None:
    if scene.more.get("dead"):
        return await settled(scene)
    scene.hall = await _with_life(scene)
    return await agrees(scene)


async def _lift(scene: Scene, place: Workplace, sighting: Sighting) -> object:
    rights = lift.LiftRights(floors=frozenset({1, 4}), valid_from=scene.hall.today, valid_until=UNTIL)
    return await lift.write_lift(place, sighting, {1: rights})


async def _lift_written(scene: Scene) -> bool:
    rows = await scene.hall.fetch(
        "select 1 from desk.operation where tenant_id = $1 and uid = $2 and kind = 'lift'"
        " and state = 'confirmed'",
        scene.hall.tenant_id, scene.chip.uid.hex().upper(),
    )  # fmt: skip
    return bool(rows)


def _scenario(
    name: str,
    prepare: Callable[[Hall], Awaitable[Scene]],
    ask: Ask,
    done: Callable[[Scene], Awaitable[bool]],
    check: Callable[[Scene], Awaitable[None]],
    *,
    spends: bool = True,
) -> Scenario:
    return Scenario(name, prepare, _asking(ask), check, _until(done, ask), spends)


LIFE = (
    _scenario("issue", _blank, _issue, _is("active"), _issued_or_scrap, spends=False),
    _scenario("erase", _empty, _erase, _is_blank, _nothing_open, spends=False),
    _scenario("return", _card, _return, _is("returned"), _paid_out, spends=False),
    _scenario("replace", _card, _replace, _is("void"), _replaced, spends=False),
    _scenario("freeze", _card, _freeze, _is("frozen"), agrees),
    _scenario("re-key", _old_keys, _rekey, _has_new_keys, _agrees_under_new_keys),
    _scenario("write lift authority", _card, _lift, _lift_written, agrees),
    *CARE_SCENARIOS,
    *TERM_SCENARIOS,
)
