"""What is read from real virtual cards, and how often the desk has to ask."""

from dataclasses import replace
from random import Random

import pytest
from cast_desk import (
    CARD,
    CASH,
    IDENTITY,
    KEYS,
    LAYOUT,
    NEIGHBOUR,
    OLD,
    RING,
    ROW,
    STORED,
    UID,
    VALUES,
    WATER,
    desk_with,
    issued,
    keys_of,
    play,
    put,
    records,
    seen,
)

from onecard.cards.classic.access import TRANSPORT, Access
from onecard.cards.classic.geometry import Size, trailer_of
from onecard.cards.classic.values import Value
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import CardIdentity, Role
from onecard.cards.oc1 import value_profile
from onecard.cards.oc1.layout import Layout, block_of
from onecard.cards.oc1.scripts import rekey_sector
from onecard.cards.reader import ReaderError, Trouble
from onecard.cards.steps import Dialect
from onecard.cards.technology import UID as UID_ONLY
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.cards.virtual.reader import VirtualReader
from onecard.desk.operations.reading import read_card
from onecard.desk.operations.sighting import CardRow, Reading, SectorState


def states(reading: Reading) -> list[str]:
    return [sector.state.value for sector in reading.sectors.values()]


@pytest.mark.parametrize("dialect", Dialect)
async def test_a_card_the_server_knows_is_read_with_one_script(dialect: Dialect) -> None:
    reader = desk_with(issued(), dialect=VirtualReader(dialect))
    presence = await reader.present()
    assert presence
    reading = await read_card(reader, presence, STORED, RING, ROW)
    assert reader.round_trips == 2, "one for the presence, one for everything else"
    assert reading.identity == CARD
    assert reading.holder
    assert reading.holder.record == IDENTITY
    purses = {role: found.record for role, found in reading.purses.items() if found}
    assert purses == {Role.CONSUMPTION: CASH, Role.WATER: WATER}
    assert states(reading) == ["ours"] * 3


async def test_a_blank_card_is_told_with_one_script() -> None:
    _, reading, scripts = await seen(new_chip(UID), None)
    assert (scripts, reading.is_blank, reading.identity) == (1, True, None)
    _, reading, scripts = await seen(new_chip(UID), replace(ROW, state="returned"))
    assert (scripts, reading.is_blank) == (1, True)


@pytest.mark.parametrize(("version", "masters", "most"), [(2, RING.masters[2], 2), (1, OLD, 3)])
async def test_a_card_without_a_row_is_opened_by_every_version(
    version: int, masters: object, most: int
) -> None:
    card = CardIdentity(uid=UID, generation=5, key_version=version)
    held = records(replace(IDENTITY, generation=5))
    _, reading, scripts = await seen(issued(keys_of(card, RING.masters[version]), held), None)
    assert reading.identity == card
    assert reading.holder
    assert reading.purses[Role.CONSUMPTION]
    assert scripts == most


async def test_a_card_of_another_tenant_opens_with_nothing() -> None:
    _, reading, scripts = await seen(issued(keys_of(CARD, NEIGHBOUR)), None)
    assert states(reading) == ["foreign"] * 3
    assert reading.identity is None
    assert scripts <= 2 * 3 + 1


async def test_a_foreign_card_with_many_sectors_is_not_asked_for_all_of_them() -> None:
    layout = Layout(lift_groups=12)
    chosen = replace(STORED, layout=layout)
    _, reading, scripts = await seen(issued(keys_of(CARD, NEIGHBOUR), layout=layout), None, chosen)
    assert states(reading) == ["foreign"] * 3 + ["unread"] * 12
    assert scripts <= 2 * 3 + 1


async def test_lift_sectors_come_with_the_others() -> None:
    layout = Layout(lift_groups=2)
    _, reading, scripts = await seen(issued(layout=layout), chosen=replace(STORED, layout=layout))
    assert (states(reading), scripts) == (["ours"] * 5, 1)


@pytest.mark.parametrize(("row", "most"), [(replace(ROW, key_version=1), 4), (None, 6)])
async def test_a_half_rekeyed_card_is_read_with_both_versions(row: CardRow | None, most: int) -> None:
    old = keys_of(replace(CARD, key_version=1), OLD)
    chip, place, after = issued(old), LAYOUT.places[1], replace(CASH, counter=CASH.counter + 1)
    play(chip, list(rekey_sector(old, KEYS, LAYOUT, place, {0: KEYS.record(place.role, 0, after)})))
    _, reading, scripts = await seen(chip, row)
    assert [sector.key_version for sector in reading.sectors.values()] == [1, 2, 1]
    purse = reading.purses[Role.CONSUMPTION]
    assert purse
    assert purse.record == after
    assert scripts <= most


@pytest.mark.parametrize("silent", [False, True])
async def test_a_sector_with_broken_access_bits_is_dead(*, silent: bool) -> None:
    chip = issued()
    put(chip, trailer_of(2), KEYS.sector(LAYOUT.places[1]).a + bytes(4))
    chip = Chip(chip.dump(), halts_on_refusal=silent)
    _, reading, scripts = await seen(chip)
    assert (states(reading), scripts) == (["ours", "dead", "ours"], 2)
    assert reading.holder
    assert reading.purses[Role.WATER]
    assert reading.purses[Role.CONSUMPTION] is None


async def test_a_sector_that_shows_only_some_blocks_is_foreign() -> None:
    chip = new_chip(UID)
    put(chip, trailer_of(1), replace(TRANSPORT, access=Access(0b000, 0b111, 0b000, 0b001)).encode())
    _, reading, _ = await seen(chip, None)
    assert states(reading) == ["foreign", "blank", "blank"]


async def test_a_half_issued_card_names_its_life_by_its_purses() -> None:
    card = replace(CARD, generation=9)
    chip = issued(keys_of(card), sectors=2)
    for row in (None, replace(ROW, state="issuing")):
        _, reading, _ = await seen(chip, row)
        assert states(reading) == ["blank", "ours", "ours"]
        assert (reading.identity, reading.holder) == (card, None)


async def test_a_card_without_one_right_record_is_of_the_life_in_the_row() -> None:
    chip = issued()
    for sector in (1, 2, 3):
        for slot in (0, 1):
            put(chip, block_of(sector, slot), b"\x11" * 16)
    _, reading, _ = await seen(chip)
    assert reading.identity == CARD
    assert set(reading.purses.values()) == {None}
    _, reading, _ = await seen(chip, None)
    assert reading.identity is None


async def test_a_longer_uid_and_a_larger_card() -> None:
    card = replace(CARD, uid=bytes.fromhex("04A1B2C3D4E5F6"))
    chip = issued(keys_of(card), size=Size.K4)
    _, reading, scripts = await seen(chip)
    assert (reading.identity, scripts) == (card, 1)


@pytest.mark.parametrize(
    ("spent", "cash", "subsidy"), [(0, 10000, 2000), (500, 10000, 1500), (2500, 9500, 0), (-100, 10100, 2000)]
)
async def test_value_blocks_give_the_amount_and_the_desk_record_the_rest(
    spent: int, cash: int, subsidy: int
) -> None:
    chip = issued(layout=VALUES.layout)
    left = Value(12000 - spent, value_profile.stamp_of(CASH)).encode()
    put(chip, 8, left + left)
    _, reading, scripts = await seen(chip, chosen=VALUES)
    purse = reading.purses[Role.CONSUMPTION]
    assert purse
    assert (purse.record, purse.slots) == (replace(CASH, cash_fen=cash, subsidy_fen=subsidy), (left, left))
    put(chip, 8, bytes(16))
    purse = (await seen(chip, chosen=VALUES))[1].purses[Role.CONSUMPTION]
    assert purse
    assert (purse.record.cash_fen, purse.slot, scripts) == (cash, 1, 1)
    put(chip, 10, b"\x12")
    assert (await seen(chip, chosen=VALUES))[1].purses[Role.CONSUMPTION] is None


async def test_nothing_is_sent_to_a_card_that_holds_nothing_of_ours() -> None:
    _, reading, scripts = await seen(new_chip(UID), chosen=replace(STORED, technology=UID_ONLY.name))
    assert (scripts, reading.sectors, reading.identity) == (0, {}, None)
    large = replace(STORED, layout=Layout(size=Size.K4))
    assert (await seen(new_chip(UID), chosen=large))[2] == 0


@pytest.mark.parametrize("number", range(1, 17))
async def test_a_card_pulled_while_it_is_read_is_gone(number: int) -> None:
    reader = desk_with(issued())
    presence = await reader.present()
    assert presence
    reader.slot.reader.pull_before = number
    with pytest.raises(ReaderError) as caught:
        await read_card(reader, presence, STORED, RING, ROW)
    assert caught.value.trouble is Trouble.PULLED


async def test_a_card_swapped_before_it_is_read_is_not_taken_for_the_other() -> None:
    reader = desk_with(issued())
    presence = await reader.present()
    assert presence
    reader.slot.reader.insert(issued(keys_of(replace(CARD, uid=bytes.fromhex("DEADBEEF")))))
    with pytest.raises(ReaderError) as caught:
        await read_card(reader, presence, STORED, RING, ROW)
    assert caught.value.trouble is Trouble.STALE


@pytest.mark.parametrize("seed", range(60))
async def test_no_memory_makes_reading_fail(seed: int) -> None:
    random = Random(seed)
    chip, chosen = issued(), STORED if seed % 3 else VALUES
    for _ in range(random.randrange(1, 12)):
        block = random.randrange(4, 16)
        keep = trailer_of(block // 4) == block and random.random() < 0.7
        put(chip, block, chip.dump()[block * 16 : block * 16 + 6] if keep else random.randbytes(16))
    for row in (ROW, None, replace(ROW, key_version=None, generation=None)):
        _, reading, scripts = await seen(chip, row, chosen)
        assert len(reading.sectors) == 3
        assert all(
            (len(one.blocks) == 3) is (one.key_version is not None) or one.state is SectorState.BLANK
            for one in reading.sectors.values()
        )
        assert scripts <= 10
    assert await seen(chip, ROW, chosen, KeyRing(RING.site, {}))
