"""Dumps explained: ours, torn, edited, of other tenants, foreign, and hostile."""

from dataclasses import asdict, replace
from random import Random

import pytest
from cast import AFTER, CARD, IDENTITY, MAC_KEYS, MASTERS, SITE, issued, put, written
from hypothesis import given, settings
from hypothesis import strategies as st

from onecard.cards.classic import mad
from onecard.cards.classic.access import TRANSPORT_ACCESS, Trailer
from onecard.cards.classic.geometry import Size
from onecard.cards.classic.values import Value
from onecard.cards.explain import BlockView, CardView, explain
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import Masters, Role
from onecard.cards.oc1.layout import Layout
from onecard.cards.oc1.records import EMPTY, encode
from onecard.cards.oc1.value_profile import encode_desk_record
from onecard.cards.virtual.chip import new_chip
from onecard.cards.virtual.tear import Torn
from onecard.cli.card_explain import lines

STRANGERS = Masters(field=bytes(16), issuer=bytes(16), mac=bytes(16))
RING = KeyRing(SITE, {2: STRANGERS, 1: MASTERS})
FOREIGN = KeyRing(SITE, {1: STRANGERS})


def block(view: CardView, number: int) -> BlockView:
    return next(one for sector in view.sectors for one in sector.blocks if one.block == number)


def state(view: CardView, number: int) -> tuple[object, object, object]:
    details = block(view, number).details
    return details.get("kind_of_record"), details.get("mac"), details.get("current")


@pytest.mark.parametrize("size", Size)
def test_a_card_of_ours(size: Size) -> None:
    view = explain(bytes(issued(size)), RING)
    assert (view.technology, view.uid) == (f"MIFARE Classic {size.label}", "01A062BD")
    assert (view.whose, view.generation, view.key_version) == ("a card of this tenant", 1, 1)
    assert [sector.role for sector in view.sectors[:5]] == [None, "identity", "consumption", "water", None]
    assert view.sectors[2].key_a == "derived for consumption, key A, version 1"
    assert [state(view, number) for number in (5, 8, 9, 12)] == [
        ("identity", "right", True),
        ("purse", "right", False),
        ("purse", "right", True),
        ("purse", "right", True),
    ]
    assert block(view, 9).details["cash_fen"] == 15000
    assert view.remarks == ()


def test_without_masters_it_only_looks_like_ours() -> None:
    view = explain(bytes(issued()))
    assert view.whose == "looks like OC1; whose it is needs the masters"
    assert state(view, 9) == ("purse", "not checked", None)
    assert (view.sectors[2].role, view.sectors[2].sure) == ("consumption", False)
    assert "unknown; " in view.sectors[2].key_a


def test_a_card_of_another_tenant() -> None:
    view = explain(bytes(issued()), FOREIGN)
    assert view.whose == "looks like OC1, but not of this tenant"
    assert view.generation is None


def test_an_edited_balance_is_not_genuine() -> None:
    memory = issued()
    memory[9 * 16 + 4] ^= 0x40
    view = explain(bytes(memory), RING)
    assert [state(view, 8), state(view, 9)] == [("purse", "right", True), ("purse", "wrong", False)]


def test_a_dump_on_another_card_is_not_genuine() -> None:
    stranger = new_chip(bytes.fromhex("DEADBEEF"))
    stranger.restore_dump(bytes(issued()))
    view = explain(stranger.dump(), RING)
    assert (view.uid, view.whose) == ("DEADBEEF", "looks like OC1, but not of this tenant")


def test_a_later_life_of_the_card() -> None:
    memory = issued()
    card = replace(CARD, generation=7)
    key = MASTERS.of(Role.IDENTITY).mac_key(card, SITE)
    memory[4 * 16 : 6 * 16] = EMPTY * 2
    assert explain(bytes(memory), RING).generation == 1, "the purses still tell"
    later = encode(replace(IDENTITY, generation=7), role=Role.IDENTITY, slot=0, mac_key=key)
    put(memory, 4, later)
    view = explain(bytes(memory), RING)
    assert view.generation == 7
    assert state(view, 9)[1] == "wrong"


@pytest.mark.parametrize("how", [Torn.ZERO, Torn.HALF])
def test_a_torn_trailer_is_a_dead_sector(how: Torn) -> None:
    memory, blank = issued(), new_chip(CARD.uid).dump()[11 * 16 : 12 * 16]
    put(memory, 11, how.apply(blank, bytes(memory[11 * 16 : 12 * 16])))
    view = explain(bytes(memory), RING)
    assert view.sectors[2].dead
    assert "Sector 2 is dead: its access bits contradict each other." in view.remarks
    assert block(view, 8).rights == "nobody can do anything"


def test_two_slots_with_one_counter_are_noticed() -> None:
    memory = issued()
    put(memory, 8, written(Role.CONSUMPTION, 0, AFTER))
    assert explain(bytes(memory), RING).remarks == ("Both slots of sector 2 have the same counter.",)


@pytest.mark.parametrize("ring", [RING, None])
def test_value_blocks(ring: KeyRing | None) -> None:
    memory = issued(layout=Layout(value_blocks=True))
    for number in (8, 9):
        put(memory, number, Value(700, 8).encode())
    put(memory, 10, encode_desk_record(AFTER, role=Role.CONSUMPTION, mac_key=MAC_KEYS[Role.CONSUMPTION]))
    view = explain(bytes(memory), ring)
    assert block(view, 8).details == {"value": 700, "address": 8}
    assert state(view, 10) == ("purse", "right" if ring else "not checked", None)
    assert view.sectors[2].role == "consumption"


def test_a_foreign_card() -> None:
    memory = bytearray(new_chip(CARD.uid).dump())
    directory = bytearray(32)
    directory[2:4] = bytes.fromhex("03E1")
    directory[0] = mad.crc(directory[1:])
    memory[16:48] = directory
    put(memory, 3, Trailer(bytes.fromhex("A0A1A2A3A4A5"), TRANSPORT_ACCESS, 0xC1, b"secret").encode())
    put(memory, 4, b"HELLO WORLD".ljust(16, b"\0"))
    put(memory, 5, Value(-5, 9).encode())
    put(memory, 6, bytes(range(128, 144)))
    view = explain(bytes(memory), RING)
    assert view.whose == "not a card of this tenant"
    assert view.sectors[1].application == "E103 (NDEF)"
    assert view.sectors[0].key_a == "public key of application directories"
    assert [block(view, number).content for number in (0, 1, 4, 5, 6, 8)] == [
        *("manufacturer", "directory", "text", "value", "data", "empty")
    ]
    memory[17] ^= 1
    wrong = "Sector 0 says that there is an application directory, but the checksum"
    assert explain(bytes(memory)).remarks[0].startswith(wrong)


def test_the_published_directory_checksum() -> None:
    directory = "01 0108 0108 0108 0000 0000 0000 0400 0310 0310 0210 0210 0000 0000 0000 1130"
    assert mad.crc(bytes.fromhex(directory)) == 0x89


def test_a_uid_written_by_hand_is_noticed() -> None:
    memory = issued()
    memory[4] ^= 1
    assert "block 0 was written by hand" in explain(bytes(memory)).remarks[0]


def test_no_key_is_repeated() -> None:
    memory = issued()
    text = "\n".join(lines(explain(bytes(memory), RING))) + str(asdict(explain(bytes(memory), RING)))
    for sector in (1, 2, 3):
        keys = memory[(sector * 4 + 3) * 16 :][:16]
        assert keys[:6].hex().upper() not in text
        assert keys[10:].hex().upper() not in text


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(Size), st.sampled_from([RING, None]))
def test_hostile_dumps_are_explained_too(random: Random, size: Size, ring: KeyRing | None) -> None:
    memory = issued(size)
    for _ in range(random.randrange(600)):
        memory[random.randrange(len(memory))] = random.randrange(256)
    view = explain(bytes(memory), ring)
    assert sum(len(sector.blocks) for sector in view.sectors) == size.blocks
    assert "\n".join(lines(view))


@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=1024, max_size=1024))
def test_noise_is_explained_too(memory: bytes) -> None:
    assert len(explain(memory, RING).sectors) == 16
