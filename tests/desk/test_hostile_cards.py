"""Cards that are not what they seem: each is named, and none of them moves money."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from hall import CLERK, Hall, furnish, purse, reader_with, the

from onecard.cards.keys import Role
from onecard.cards.oc1.layout import block_of
from onecard.cards.reader import ReaderError, Trouble
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.desk.operations.model import Draft, Kind, State
from onecard.desk.operations.purses import Amounts, sell, top_up, withdraw
from onecard.desk.operations.sighting import CardRow
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.store import BusyError
from onecard.desk.operations.workplace import Workplace

Made = Callable[[Hall, Chip, CardRow], Awaitable[Chip]]


async def _top_up(hall: Hall, chip: Chip, row: CardRow, amount_fen: int = 5_00) -> None:
    place = hall.workplace(chip)
    done = await top_up(place, row, Amounts(amount_fen), sighting=await place.look())
    assert done.state is State.CONFIRMED


async def _replayed(hall: Hall, chip: Chip, row: CardRow) -> Chip:
    old = chip.dump()
    place = hall.workplace(chip)
    await withdraw(place, row, Amounts(5_00), sighting=await place.look())
    chip.restore_dump(old)
    return chip


async def _cloned(hall: Hall, chip: Chip, row: CardRow) -> Chip:
    """The original and its copy are both topped up; the copy's own change is not the server's."""
    copy = chip.clone()
    await _top_up(hall, copy, row, 7_00)
    await _top_up_behind_the_server(hall, chip, 9_00)
    return chip


async def _top_up_behind_the_server(hall: Hall, chip: Chip, amount_fen: int) -> None:
    """Somebody with the keys writes a balance that no desk planned, under a counter that a desk used."""
    memory, sector = bytearray(chip.dump()), hall.chosen.layout.sector(Role.CONSUMPTION)
    now = purse(hall, chip)
    forged = replace(
        now, counter=now.counter + 1, cash_fen=now.cash_fen + amount_fen, desk_seq=now.desk_seq + 1
    )
    start = block_of(sector, 1) * 16
    memory[start : start + 16] = hall.keys(chip.uid).record(Role.CONSUMPTION, 1, forged)
    chip.restore_dump(bytes(memory))


async def _edited(hall: Hall, chip: Chip, row: CardRow) -> Chip:
    memory = bytearray(chip.dump())
    memory[block_of(hall.chosen.layout.sector(Role.CONSUMPTION), 0) * 16 + 6] ^= 0xFF
    chip.restore_dump(bytes(memory))
    return chip


async def _other_tenant(hall: Hall, chip: Chip, row: CardRow) -> Chip:
    other = await furnish(hall.db, hall.ledger, code="1200")
    theirs, their_row = await other.card(cash=9_00)
    async with hall.db.tenant_tx(other.tenant_id, CLERK) as tx:
        await tx.connection.execute(
            "insert into cards.route (uid, tenant_id) values ($1, $2)", their_row.uid, other.tenant_id
        )
    return theirs


async def _foreign(hall: Hall, chip: Chip, row: CardRow) -> Chip:
    memory = bytearray(new_chip(bytes.fromhex("DEADBEEF")).dump())
    for sector in range(16):
        memory[sector * 64 + 48 : sector * 64 + 54] = b"strang"
        memory[sector * 64 + 58 : sector * 64 + 64] = b"erkeys"
    return Chip(bytes(memory))


async def _copied_to_another_uid(hall: Hall, chip: Chip, row: CardRow) -> Chip:
    memory = bytearray(chip.dump())
    memory[:16] = new_chip(bytes.fromhex("0BADCAFE")).dump()[:16]
    return Chip(bytes(memory))


HOSTILE: dict[str, Made] = {
    "replayed": _replayed,
    "cloned": _cloned,
    "edited": _edited,
    "other_tenant": _other_tenant,
    "foreign": _foreign,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_it_is_named_and_moves_no_money(hall: Hall, name: str) -> None:
    chip, row = await hall.card(cash=30_00)
    seen = await HOSTILE[name](hall, chip, row)
    before, memory = await hall.balances(row.person_id), seen.dump()
    place = hall.workplace(seen)
    sighting = await place.look()
    assert sighting.differences[0].value == name
    for attempt in (_try_top_up, _try_withdrawal, _try_sale):
        with pytest.raises(RefusedError):
            await attempt(hall, place, row)
    assert await hall.balances(row.person_id) == before
    assert seen.dump() == memory


async def _try_top_up(hall: Hall, place: Workplace, row: CardRow) -> None:
    await top_up(place, row, Amounts(5_00), sighting=await place.look())


async def _try_withdrawal(hall: Hall, place: Workplace, row: CardRow) -> None:
    await withdraw(place, row, Amounts(5_00), sighting=await place.look())


async def _try_sale(hall: Hall, place: Workplace, row: CardRow) -> None:
    await sell(place, await place.look(), merchant_id=hall.merchant_id, amount_fen=5_00)


async def test_the_bytes_of_a_card_on_another_uid_open_nothing(hall: Hall) -> None:
    chip, row = await hall.card(cash=30_00)
    sighting = await hall.workplace(await _copied_to_another_uid(hall, chip, row)).look()
    assert [one.value for one in sighting.differences] == ["foreign"]


async def test_two_cards_are_said_to_be_two(hall: Hall) -> None:
    chip, _ = await hall.card(cash=30_00)
    reader = reader_with(chip)
    assert reader
    reader.slot.crowded = True
    with pytest.raises(ReaderError) as refused:
        await Workplace(hall.desk(), reader).look()
    assert refused.value.trouble is Trouble.TWO_CARDS


async def test_a_card_swapped_for_another_is_not_written(hall: Hall) -> None:
    mine, my_row = await hall.card(cash=30_00)
    theirs, their_row = await hall.card(cash=8_00)
    place = hall.workplace(mine)
    sighting = await place.look()
    the(place.reader).insert(theirs)
    before = theirs.dump()
    done = await top_up(place, my_row, Amounts(5_00), sighting=sighting)
    assert (done.state, theirs.dump()) == (State.VOID, before)
    assert (await hall.balances(my_row.person_id)).cash == 30_00
    assert (await hall.balances(their_row.person_id)).cash == 8_00


async def test_the_card_of_one_person_is_not_topped_up_for_another(hall: Hall) -> None:
    mine, _ = await hall.card(cash=30_00)
    _, their_row = await hall.card()
    place = hall.workplace(mine)
    with pytest.raises(RefusedError) as refused:
        await top_up(place, their_row, Amounts(5_00), sighting=await place.look())
    assert refused.value.code == "other_card"


async def test_two_desks_do_not_act_on_one_account_at_once(
    hall: Hall,
) -> None:
    chip, row = await hall.card(cash=30_00)
    here, there = hall.workplace(chip, "front"), hall.workplace(chip, "back")
    await here.engine.begin(Draft(kind=Kind.TOP_UP, parts=(), account_id=row.person_id, before={}))
    with pytest.raises(BusyError, match="at desk front"):
        await top_up(there, row, Amounts(5_00), sighting=await there.look())
