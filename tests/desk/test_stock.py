"""Boxes of plastic, and what may become a card."""

import pytest
from cast_issue import SEVEN, at_desk, card_rows, issued, numbers_only, plastic, stock_of
from hall import Hall

from onecard.base.db import SYSTEM
from onecard.base.errors import ConflictError, OneCardError
from onecard.cards.virtual.chip import Make
from onecard.desk.operations import stock
from onecard.desk.operations.blank import initialise
from onecard.desk.operations.issue import issue
from onecard.desk.operations.model import State
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.stock import StockReport, StockState


async def box(hall: Hall, name: str, first: str, last: str) -> None:
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await stock.register_box(tx, name, first, last)


async def state(hall: Hall, uid: str) -> StockState:
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        return await stock.stock_state(tx, uid)


async def counted(hall: Hall) -> StockReport:
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        return await stock.report(tx)


async def code_of(hall: Hall, chip: object, **wish: object) -> str:
    place, _ = at_desk(hall, chip)  # type: ignore[arg-type]
    sighting, person = await place.look(), await hall.person()
    with pytest.raises(RefusedError) as caught:
        await issue(place, sighting, person, **wish)  # type: ignore[arg-type]
    assert await card_rows(hall, chip) == []  # type: ignore[arg-type]
    return caught.value.code


async def test_a_box_is_a_range_of_uids(hall: Hall) -> None:
    await box(hall, "A", "30:00:00:01", "300000FF")
    assert await state(hall, "30000001") is StockState.GOOD is await state(hall, "300000FF")
    assert await state(hall, "30000100") is StockState.UNKNOWN
    assert await state(hall, "30000001000000") is StockState.UNKNOWN
    with pytest.raises(ConflictError, match="box A already"):
        await box(hall, "B", "300000FF", "30000200")
    with pytest.raises(ConflictError, match="a box A already"):
        await box(hall, "A", "40000000", "40000001")
    for first, last in (("40000001", "40000000"), ("40000000", "40000000000001"), ("x", "40000000")):
        with pytest.raises(OneCardError, match="UID"):
            await box(hall, "C", first, last)
    with pytest.raises(OneCardError, match="needs a name"):
        await box(hall, "-", "40000000", "40000001")


async def test_plastic_of_no_box_is_unknown_as_soon_as_there_are_boxes(hall: Hall) -> None:
    chip = plastic(0x50000000)
    assert (await issued(hall, plastic(0x60000000), await hall.person())).state is State.CONFIRMED
    await box(hall, "A", "30000001", "300000FF")
    assert await code_of(hall, chip) == "stock_unknown"
    assert (await issued(hall, chip, await hall.person(), any_stock=True)).state is State.CONFIRMED
    assert (await issued(hall, plastic(0x30000001), await hall.person())).state is State.CONFIRMED
    assert await code_of(numbers_only(hall), plastic(SEVEN)) == "stock_unknown"


async def test_plastic_that_lived_here_is_known(hall: Hall) -> None:
    chip = plastic(0x50000000)
    await issued(hall, chip, await hall.person())
    await box(hall, "A", "30000001", "300000FF")
    assert await state(hall, "50000000") is StockState.GOOD


async def test_plastic_can_be_registered_by_reading(hall: Hall) -> None:
    chip = plastic(SEVEN)
    place, _ = at_desk(hall, chip)
    await initialise(place, await place.look(), box="opened")
    assert await code_of(hall, plastic(1)) == "stock_unknown"
    assert (await issued(hall, chip, await hall.person())).state is State.CONFIRMED


async def test_dead_plastic_and_imitations_are_never_issued(hall: Hall) -> None:
    dead, imitation = plastic(1), plastic(2, make=Make.CUID)
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await stock.put(tx, dead.uid.hex().upper(), StockState.DEAD)
    before = imitation.dump()
    assert await code_of(hall, dead, any_stock=True) == "plastic_dead"
    assert await code_of(hall, imitation, any_stock=True) == "imitation"
    assert (await stock_of(hall, imitation), imitation.dump()) == ("imitation", before)


async def test_a_chip_whose_first_sector_is_locked_cannot_be_checked(hall: Hall) -> None:
    chip = plastic()
    memory = bytearray(chip.dump())
    memory[48:54] = b"\xa0\xa1\xa2\xa3\xa4\xa5"
    chip.restore_dump(bytes(memory))
    assert await code_of(hall, chip) == "not_checkable"
    assert (await issued(hall, chip, await hall.person(), any_stock=True)).state is State.CONFIRMED


async def test_the_report_counts_what_there_is(hall: Hall) -> None:
    await box(hall, "A", "30000001", "30000064")  # a hundred
    for n in (1, 2):
        await issued(hall, plastic(0x30000000 + n), await hall.person())
    await issued(hall, plastic(0x50000000), await hall.person(), any_stock=True)
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await stock.put(tx, "30000003", StockState.DEAD)
        await stock.put(tx, "77777777", StockState.IMITATION)
        await stock.put(tx, "66666666", StockState.GOOD, box="opened")
        (found,) = await stock.boxes(tx)
    assert (found.size, found.used, found.bad) == (100, 2, 1)
    # the hundred, the one read singly; without two in use and one dead
    assert await counted(hall) == StockReport(good=98, used=2, dead=1, imitation=1, unknown=1)
