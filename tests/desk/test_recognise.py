"""Every difference, found on a real virtual card that was manipulated so."""

from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import pytest
from cast_desk import (
    CARD,
    CASH,
    IDENTITY,
    KEYS,
    LAYOUT,
    NEIGHBOUR,
    OLD,
    ROW,
    STORED,
    TODAY,
    UID,
    VALUES,
    WATER,
    issued,
    keys_of,
    play,
    put,
    put_purse,
    records,
    seen,
)

from onecard.cards.classic.geometry import Size, trailer_of
from onecard.cards.classic.values import Value
from onecard.cards.keys import Role
from onecard.cards.oc1 import value_profile
from onecard.cards.oc1.changes import Change, plan_change
from onecard.cards.oc1.layout import Layout
from onecard.cards.oc1.records import CardStatus, Purse, PurseFlag, Record
from onecard.cards.oc1.scripts import clear_sector
from onecard.cards.oc1.slots import current
from onecard.cards.virtual.chip import Chip, Make, new_chip
from onecard.cards.virtual.tear import Torn
from onecard.desk.operations.recognise import differences
from onecard.desk.operations.sighting import Difference, Known
from onecard.ledger.model import Balances

D = Difference


def known(purse: Purse) -> Known:
    return Known(
        counter=purse.counter,
        desk_seq=purse.desk_seq,
        cash_fen=purse.cash_fen,
        subsidy_fen=purse.subsidy_fen,
    )


SERVER = SimpleNamespace(
    row=ROW,
    known={Role.CONSUMPTION: known(CASH), Role.WATER: known(WATER)},
    balances=Balances(cash=100_00, subsidy=20_00, water=50_00),
    loads={},
    chosen=STORED,
    planned={},
    elsewhere=False,
    today=TODAY,
)


async def told(chip: Chip, **changes: object) -> tuple[Difference, ...]:
    """What is found when the card lies on the reader and the server's words are changed so."""
    server = SimpleNamespace(**(vars(SERVER) | changes))
    presence, reading, _ = await seen(chip, server.row, server.chosen)
    return differences(
        reading,
        presence,
        server.row,
        server.known,
        server.balances,
        server.loads,
        server.chosen,
        planned=server.planned,
        today=server.today,
        elsewhere=server.elsewhere,
        newest_key_version=2,
    )


def spent(fen: int, counter: int = 8, **changes: int) -> Purse:
    return replace(CASH, counter=counter, cash_fen=CASH.cash_fen - fen, **changes)


def top_up(fen: int = 50_00) -> Change:
    slots = (
        KEYS.record(Role.CONSUMPTION, 0, replace(CASH, counter=6)),
        KEYS.record(Role.CONSUMPTION, 1, CASH),
    )
    now = current(Purse, slots, role=Role.CONSUMPTION, mac_key=KEYS.mac(Role.CONSUMPTION))
    assert now
    return plan_change(now, role=Role.CONSUMPTION, cash_fen=fen)


async def test_a_card_as_the_server_knows_it() -> None:
    assert await told(issued()) == ()
    assert await told(new_chip(UID), row=None) == ()


# --- what terminals do is normal ---


async def test_a_sale_whose_record_is_on_its_way() -> None:
    chip = issued()
    put_purse(chip, spent(30_00))
    assert await told(chip) == (D.LESS_THAN_SERVER,)
    collected = Balances(cash=70_00, subsidy=20_00, water=50_00)
    assert await told(chip, balances=collected) == ()


async def test_a_load_that_waits_for_the_card() -> None:
    more = Balances(cash=130_00, subsidy=20_00, water=50_00)
    assert await told(issued(), balances=more, loads={Role.CONSUMPTION: (30_00, 0)}) == (D.LESS_THAN_SERVER,)


async def test_an_online_card_is_not_compared_with_the_account() -> None:
    online = replace(STORED, mode=type(STORED.mode).ONLINE)
    assert await told(issued(), chosen=online, balances=Balances()) == ()


async def test_a_purse_of_times_is_not_compared_with_money() -> None:
    water = replace(WATER, flags=PurseFlag.TIMES)
    assert await told(issued(held=records(water=water)), balances=Balances(cash=120_00)) == ()


# --- older states and copies ---


async def test_an_old_dump_that_was_restored() -> None:
    chip = issued()
    dump = chip.dump()
    put_purse(chip, spent(30_00))
    now = SERVER.known | {Role.CONSUMPTION: known(spent(30_00))}
    assert await told(chip, known=now) == (D.LESS_THAN_SERVER,)
    chip.restore_dump(dump)
    assert await told(chip, known=now) == (D.REPLAYED,)


@pytest.mark.parametrize(
    ("purse", "expected"),
    [
        (replace(CASH, counter=8, desk_seq=4, cash_fen=50_00), D.CLONED),
        (replace(CASH, counter=9, desk_seq=2), D.REPLAYED),
        (replace(CASH, counter=8, cash_fen=500_00), D.CLONED),
        (replace(CASH, counter=8, cash_fen=110_00, subsidy_fen=10_00), D.CLONED),
        (replace(CASH, cash_fen=60_00), D.CLONED),
    ],
    ids=["a desk nobody knows", "older desk", "more by a terminal", "subsidy made cash", "a fork"],
)
async def test_a_purse_that_nobody_of_ours_wrote(purse: Purse, expected: Difference) -> None:
    chip = issued(held=records(cash=purse))
    assert (await told(chip))[0] is expected


async def test_a_copy_on_an_imitation_forks_when_both_are_used() -> None:
    original = issued()
    copy = original.clone(Make.CUID)
    put_purse(original, spent(30_00))
    now = SERVER.known | {Role.CONSUMPTION: known(spent(30_00))}
    put_purse(copy, spent(45_00))
    assert (await told(copy, known=now))[0] is D.CLONED


async def test_a_dump_on_another_uid_opens_with_nothing() -> None:
    other = new_chip(bytes.fromhex("DEADBEEF"))
    other.restore_dump(issued().dump())
    assert await told(other, row=None) == (D.FOREIGN,)


async def test_desk_seq_starts_again_after_4095() -> None:
    last = SERVER.known | {Role.CONSUMPTION: replace(known(CASH), counter=6, desk_seq=4095)}
    chip = issued(held=records(cash=replace(CASH, desk_seq=0)))
    assert (await told(chip, known=last))[0] is D.CLONED, "newer, and not older by 4095"


async def test_a_living_card_that_is_blank_is_as_it_was_before() -> None:
    assert await told(new_chip(UID)) == (D.REPLAYED,)


# --- operations in doubt ---


async def test_a_top_up_that_may_have_happened() -> None:
    change, chip = top_up(), issued()
    doubt = {"planned": {Role.CONSUMPTION: change}}
    assert await told(chip, **doubt) == ()
    put_purse(chip, change.after)
    assert await told(chip, **doubt) == ()
    assert (await told(chip))[0] is D.CLONED
    put_purse(chip, replace(change.after, counter=9, cash_fen=140_00), slot=1)
    assert await told(chip, **doubt) == ()


async def test_a_planned_change_excuses_no_other() -> None:
    change, chip = top_up(), issued()
    doubt = {"planned": {Role.CONSUMPTION: change}}
    put_purse(chip, replace(change.after, cash_fen=900_00))
    assert (await told(chip, **doubt))[0] is D.CLONED
    put_purse(chip, replace(change.after, counter=9, cash_fen=900_00), slot=1)
    assert (await told(chip, **doubt))[0] is D.CLONED
    early = issued(held=records(cash=replace(change.after, counter=7, cash_fen=100_00)))
    assert (await told(early, **doubt))[0] is D.CLONED, "a desk's change without its counter"


async def test_a_withdrawal_in_suspense_is_still_on_the_card() -> None:
    change = top_up(-40_00)
    less = Balances(cash=60_00, subsidy=20_00, water=50_00)
    assert await told(issued(), balances=less, planned={Role.CONSUMPTION: change}) == ()
    assert await told(issued(), balances=less) == (D.MORE_THAN_SERVER,)


# --- damaged, half done, dead ---


@pytest.mark.parametrize("sector", [1, 2, 3])
async def test_one_byte_edited(sector: int) -> None:
    chip = issued()
    for slot in (0, 1):
        put(chip, sector * 4 + slot, b"\x77")
    assert D.EDITED in await told(chip)


@pytest.mark.parametrize("sectors", [1, 2])
async def test_a_half_issued_card(sectors: int) -> None:
    chip = issued(sectors=sectors)
    assert await told(chip, row=replace(ROW, state="issuing"), known={}, balances=None) == (D.UNFINISHED,)
    assert await told(chip, row=None) == (D.UNKNOWN, D.UNFINISHED)


@pytest.mark.parametrize("status", [CardStatus.INCOMPLETE, CardStatus.CLEARING])
async def test_a_card_that_says_it_is_not_finished(status: CardStatus) -> None:
    chip = issued(held=records(replace(IDENTITY, status=status)))
    assert await told(chip) == (D.UNFINISHED,)


async def test_a_half_cleared_card() -> None:
    chip = issued()
    play(chip, list(clear_sector(KEYS, LAYOUT.places[1])))
    assert await told(chip) == (D.UNFINISHED,)


@pytest.mark.parametrize("how", [Torn.ZERO, Torn.HALF, Torn.MIXED])
async def test_a_torn_trailer_leaves_a_dead_sector(how: Torn) -> None:
    chip = issued()
    old = chip.dump()[11 * 16 : 12 * 16]
    put(chip, trailer_of(2), how.apply(old, b"\xff" * 6 + bytes.fromhex("FF078069") + b"\xff" * 6))
    assert D.DEAD_SECTOR in await told(chip)


async def test_a_blank_card_with_a_dead_sector() -> None:
    chip = new_chip(UID)
    put(chip, trailer_of(2), b"\xff" * 6 + bytes(4))
    assert await told(chip, row=None) == (D.DEAD_SECTOR,)
    put(chip, trailer_of(2), b"\x55" * 6)
    assert await told(chip, row=None) == (D.FOREIGN,)
    assert D.DEAD_SECTOR in await told(chip, row=replace(ROW, state="issuing"))


# --- not ours, or not this life ---


async def test_a_card_of_another_tenant_and_one_of_nobody() -> None:
    chip = issued(keys_of(CARD, NEIGHBOUR))
    assert await told(chip, row=None, elsewhere=True) == (D.OTHER_TENANT,)
    assert await told(chip, row=None) == (D.FOREIGN,)


async def test_a_card_of_ours_in_no_row() -> None:
    assert await told(issued(), row=None) == (D.UNKNOWN,)


@pytest.mark.parametrize(
    "changes",
    [{"generation": 2}, {"state": "returned"}, {"state": "void"}],
    ids=["newer", "returned", "void"],
)
async def test_a_life_that_is_over(changes: dict[str, object]) -> None:
    assert await told(issued(), row=replace(ROW, **changes)) == (D.OLD_LIFE,)


async def test_a_card_that_was_emptied_and_replaced_says_so() -> None:
    chip = issued(held=records(replace(IDENTITY, status=CardStatus.CANCELLED)))
    assert await told(chip, row=replace(ROW, state="void", valid_until=date(2026, 1, 1))) == (D.OLD_LIFE,)


@pytest.mark.parametrize("state", ["returned", "void", "cancelled"])
async def test_plastic_whose_life_is_over_and_that_is_blank_is_free(state: str) -> None:
    assert await told(new_chip(UID), row=replace(ROW, state=state)) == ()


async def test_a_larger_card_serves_and_a_smaller_does_not() -> None:
    assert await told(issued(size=Size.K4)) == ()
    large = replace(STORED, layout=Layout(size=Size.K4))
    assert await told(issued(), chosen=large, row=None) == (D.WRONG_TECHNOLOGY,)


async def test_a_longer_uid() -> None:
    card = replace(CARD, uid=bytes.fromhex("04A1B2C3D4E5F6"))
    assert await told(issued(keys_of(card))) == ()


async def test_a_card_that_is_no_storage_card() -> None:
    presence, _, _ = await seen(new_chip(UID), None)
    wrong = replace(presence, atr=bytes.fromhex("3B8180018080"))
    rest = {"planned": {}, "today": TODAY, "elsewhere": False, "newest_key_version": 2}
    assert differences(None, wrong, None, {}, None, {}, STORED, **rest) == (D.WRONG_TECHNOLOGY,)


# --- states ---


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "lost"}, D.LOST),
        ({"state": "frozen"}, D.FROZEN),
        ({"state": "damaged"}, D.DAMAGED),
        ({"valid_until": date(2026, 3, 1)}, D.EXPIRED),
    ],
)
async def test_states_of_the_row(changes: dict[str, object], expected: Difference) -> None:
    assert await told(issued(), row=replace(ROW, **changes)) == (expected,)
    number = replace(ROW, technology="uid", generation=None, key_version=None, **changes)
    assert await told(new_chip(UID), row=number) == (expected,)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (records(replace(IDENTITY, status=CardStatus.CANCELLED)), D.CANCELLED),
        (records(replace(IDENTITY, valid_until=1)), D.EXPIRED),
        (records(cash=replace(CASH, flags=PurseFlag.FROZEN)), D.FROZEN),
    ],
)
async def test_states_the_card_tells(held: dict[Role, Record], expected: Difference) -> None:
    assert await told(issued(held=held)) == (expected,)


async def test_the_last_day_counts() -> None:
    assert await told(issued(), row=replace(ROW, valid_until=TODAY)) == ()


async def test_a_card_known_by_its_number_alone_that_was_replaced() -> None:
    row = replace(ROW, technology="uid", generation=None, key_version=None, state="void")
    assert await told(new_chip(UID), row=row) == (D.OLD_LIFE,)


async def test_keys_of_an_older_version() -> None:
    chip = issued(keys_of(replace(CARD, key_version=1), OLD))
    assert await told(chip, row=replace(ROW, key_version=1)) == (D.OLD_KEYS,)


# --- money ---


async def test_more_on_the_card_than_in_the_account() -> None:
    less = Balances(cash=99_99, subsidy=20_00, water=50_00)
    assert await told(issued(), balances=less) == (D.MORE_THAN_SERVER,)
    bonus = Balances(cash=99_99, bonus=1, subsidy=20_00, water=50_00)
    assert await told(issued(), balances=bonus) == ()
    assert await told(issued(), balances=Balances(cash=120_00, water=49_99)) == (D.MORE_THAN_SERVER,)
    waiting = {Role.WATER: (1, 0)}
    assert await told(issued(), loads=waiting) == (D.MORE_THAN_SERVER,), "a load has been written twice"


@pytest.mark.parametrize(
    ("fen", "expected"), [(0, ()), (-30_00, (D.LESS_THAN_SERVER,)), (1, (D.CLONED, D.MORE_THAN_SERVER))]
)
async def test_value_blocks_only_go_down(fen: int, expected: tuple[Difference, ...]) -> None:
    chip = issued(layout=VALUES.layout)
    put(chip, 8, Value(120_00 + fen, value_profile.stamp_of(CASH)).encode() * 2)
    assert await told(chip, chosen=VALUES) == expected


async def test_a_desk_record_of_value_blocks_that_no_desk_wrote() -> None:
    chip = issued(held=records(cash=replace(CASH, counter=8)), layout=VALUES.layout)
    assert await told(chip, chosen=VALUES) == (D.CLONED,)


async def test_several_at_once_are_in_order() -> None:
    chip = issued(held=records(cash=replace(CASH, counter=8, cash_fen=500_00)))
    found = await told(chip, row=replace(ROW, state="lost"))
    assert found == (D.CLONED, D.LOST, D.MORE_THAN_SERVER)
