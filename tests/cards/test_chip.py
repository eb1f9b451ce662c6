"""The virtual chip: rights for every combination of access bits, torn writes, imitations, dumps."""

from collections.abc import Callable
from itertools import product

import pytest

from onecard.cards.classic.access import DATA_RIGHTS, TRAILER_RIGHTS, Access, Trailer
from onecard.cards.classic.geometry import TRANSPORT_KEY, Size, first_block, trailer_of
from onecard.cards.classic.values import Value
from onecard.cards.keys import KeyType
from onecard.cards.virtual.chip import Chip, Make, RefusedError, new_chip
from onecard.cards.virtual.tear import PulledError, Tear, Torn

UID = bytes.fromhex("01A062BD")
KEY_A, KEY_B = b"A" * 6, b"B" * 6
KEYS = {KeyType.A: KEY_A, KeyType.B: KEY_B}
OLD, NEW = Value(100, 4).encode(), Value(7, 4).encode()


def refused(step: Callable[[], object]) -> bool:
    try:
        step()
    except RefusedError:
        return True
    return False


def keyed(access: Access, size: Size = Size.K1, sector: int = 1, data: bytes = OLD) -> Chip:
    """A chip one of whose sectors has our keys, conditions and value blocks."""
    chip = new_chip(UID, size)
    memory, start = bytearray(chip.dump()), first_block(sector) * 16
    end = trailer_of(sector) * 16
    memory[start:end] = data * ((end - start) // 16)
    memory[end : end + 16] = Trailer(KEY_A, access, 0x42, KEY_B).encode()
    chip.restore_dump(bytes(memory))
    return chip


def opened(chip: Chip, key: KeyType, block: int = 4) -> Chip:
    chip.select()
    chip.authenticate(block, key, KEYS[key])
    return chip


def attempt(chip: Chip, block: int, what: str) -> None:
    if what == "read":
        chip.read(block)
    elif what == "write":
        chip.write(block, NEW)
    elif what == "increment":
        chip.increment(block, 1)
    else:
        chip.restore(block)
        chip.decrement(block, 1)
        chip.transfer(block)


@pytest.mark.parametrize(("size", "sector"), [(Size.K1, 1), (Size.K4, 5), (Size.K4, 33)])
@pytest.mark.parametrize("key", KeyType)
@pytest.mark.parametrize("trailer", TRAILER_RIGHTS)
def test_data_blocks(size: Size, sector: int, key: KeyType, trailer: int) -> None:
    width = 1 if sector < 32 else 5
    for bits, group in product(DATA_RIGHTS, range(3)):
        conditions = [0b111] * 3
        conditions[group] = bits
        access = Access(*conditions, trailer)
        usable = key is KeyType.A or not access.key_b_is_data
        block = first_block(sector) + group * width + width - 1
        for what in ("read", "write", "increment", "spend"):
            chip = opened(keyed(access, size, sector), key, block)
            may = usable and getattr(DATA_RIGHTS[bits], what).holds(key)
            assert refused(lambda: attempt(chip, block, what)) is not may, (bits, group, what)  # noqa: B023  called at once


@pytest.mark.parametrize("key", KeyType)
@pytest.mark.parametrize("bits", TRAILER_RIGHTS)
def test_trailers(bits: int, key: KeyType) -> None:
    access = Access(0, 0, 0, bits)
    rights = TRAILER_RIGHTS[bits]
    chip = opened(keyed(access), key)
    if key is KeyType.B and access.key_b_is_data:
        assert refused(lambda: chip.read(7))
        return
    seen = access.encode() + b"\x42" if rights.read_access.holds(key) else bytes(4)
    assert chip.read(7) == bytes(6) + seen + (KEY_B if rights.read_b.holds(key) else bytes(6))
    new = Trailer(b"a" * 6, Access(0, 0, 0, 0b111), 0x24, b"b" * 6).encode()
    may = [right.holds(key) for right in (rights.write_a, rights.write_access, rights.write_b)]
    assert refused(lambda: chip.write(7, new)) is not any(may)
    raw = chip.dump()[7 * 16 : 8 * 16]
    assert [raw[:6] == new[:6], raw[6:10] == new[6:10], raw[10:] == new[10:]] == may


def test_another_key_halts_the_chip_until_it_is_selected() -> None:
    chip = new_chip(UID)
    chip.select()
    assert refused(lambda: chip.authenticate(4, KeyType.A, KEY_A))
    assert refused(lambda: chip.authenticate(4, KeyType.A, TRANSPORT_KEY))
    chip.select()
    chip.authenticate(4, KeyType.A, TRANSPORT_KEY)
    assert chip.read(4) == bytes(16)


@pytest.mark.parametrize("halts", [False, True])
def test_another_refusal_may_halt_the_chip(halts: bool) -> None:  # noqa: FBT001
    chip = new_chip(UID, halts_on_refusal=halts)
    chip.select()
    chip.authenticate(0, KeyType.A, TRANSPORT_KEY)
    assert refused(lambda: chip.read(4)), "another sector"
    assert refused(lambda: chip.read(1)) is halts


def test_nothing_works_without_authentication_or_power() -> None:
    chip = new_chip(UID)
    assert refused(lambda: chip.authenticate(4, KeyType.A, TRANSPORT_KEY))
    chip.select()
    assert refused(lambda: chip.read(4))
    chip.authenticate(4, KeyType.A, TRANSPORT_KEY)
    chip.select()
    assert refused(lambda: chip.write(4, OLD)), "selecting ends the session"
    assert refused(lambda: chip.authenticate(64, KeyType.A, TRANSPORT_KEY))


def test_key_b_of_a_new_chip_authenticates_and_is_useless() -> None:
    chip = new_chip(UID)
    chip.select()
    chip.authenticate(4, KeyType.B, TRANSPORT_KEY)
    assert refused(lambda: chip.read(4))
    assert refused(lambda: chip.write(4, OLD))


def test_values_wait_in_the_buffer_and_go_below_zero() -> None:
    chip = opened(keyed(Access(0b110, 0b110, 0b110, 0b011), data=Value(999, 4).encode()), KeyType.A)
    chip.decrement(4, 1000)
    assert Value.decode(chip.read(4)) == Value(999, 4)
    chip.transfer(4)
    assert Value.decode(chip.read(4)) == Value(-1, 4)
    chip.restore(4)
    chip.transfer(6)
    assert Value.decode(chip.read(6)) == Value(-1, 4), "the address comes along"
    assert refused(lambda: chip.increment(4, 1)), "key A does not charge"
    assert refused(lambda: chip.transfer(7))


def test_only_value_blocks_can_be_calculated_with() -> None:
    chip = opened(keyed(Access(0, 0, 0, 0b011), data=bytes(16)), KeyType.A)
    assert refused(lambda: chip.decrement(4, 1))
    assert refused(lambda: chip.transfer(4)), "nothing is in the buffer"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (Torn.NONE, b"\x0f" * 16),
        (Torn.FULL, b"\xf0" * 16),
        (Torn.ZERO, bytes(16)),
        (Torn.HALF, b"\xf0" * 8 + b"\x0f" * 8),
        (Torn.MIXED, b"\xa5" * 16),
    ],
)
def test_a_torn_write_leaves_what_the_model_says(how: Torn, expected: bytes) -> None:
    chip = opened(keyed(Access(0, 0, 0, 0b011), data=b"\x0f" * 16), KeyType.A)
    chip.tear = Tear(write=1, how=how)
    chip.write(4, b"\xf0" * 16)
    with pytest.raises(PulledError):
        chip.write(5, b"\xf0" * 16)
    assert refused(lambda: chip.read(5)), "the card is gone"
    opened(chip, KeyType.A)
    assert [chip.read(block) for block in (4, 5, 6)] == [b"\xf0" * 16, expected, b"\x0f" * 16]


@pytest.mark.parametrize("how", Torn)
def test_a_torn_trailer_is_whole_or_dead(how: Torn) -> None:
    chip = new_chip(UID)
    chip.select()
    chip.authenticate(4, KeyType.A, TRANSPORT_KEY)
    chip.tear = Tear(write=0, how=how)
    with pytest.raises(PulledError):
        chip.write(7, Trailer(KEY_A, Access(0, 0, 0, 0b011), 0, KEY_B).encode())
    alive = []
    for kind, key in ((KeyType.A, TRANSPORT_KEY), (KeyType.A, KEY_A), (KeyType.B, KEY_B)):
        chip.select()
        dead = refused(lambda kind=kind, key=key: (chip.authenticate(4, kind, key), chip.read(4)))  # type: ignore[misc]
        alive.append(not dead)
    expected = {Torn.NONE: [True, False, False], Torn.FULL: [False, True, True]}
    assert alive == expected.get(how, [False, False, False])


@pytest.mark.parametrize(("make", "tries"), [(Make.GENUINE, 0), (Make.OTP, 1), (Make.CUID, 2)])
def test_imitations_let_their_uid_be_written(make: Make, tries: int) -> None:
    chip = new_chip(UID, make=make)
    other = new_chip(bytes.fromhex("DEADBEEF")).dump()[:16]
    for number in range(2):
        chip.select()
        chip.authenticate(0, KeyType.A, TRANSPORT_KEY)
        assert refused(lambda: chip.write(0, other)) is (number >= tries)
    assert chip.uid == (other[:4] if tries else UID)


def test_an_imitation_with_a_wrong_check_byte_is_mute() -> None:
    chip = new_chip(UID, make=Make.CUID)
    assert chip.answers
    chip.select()
    chip.authenticate(0, KeyType.A, TRANSPORT_KEY)
    chip.write(0, bytes.fromhex("DEADBEEF00") + bytes(11))
    assert not chip.answers


def test_dumps_clones_and_restored_dumps() -> None:
    chip = opened(keyed(Access(0, 0, 0, 0b011)), KeyType.A)
    dump, clone = chip.dump(), chip.clone()
    chip.write(4, NEW)
    assert clone.dump() == dump != chip.dump()
    assert (clone.uid, clone.make) == (UID, Make.CUID)
    chip.restore_dump(dump)
    assert chip.dump() == dump
    stranger = new_chip(bytes.fromhex("DEADBEEF"))
    stranger.restore_dump(dump)
    assert stranger.uid == bytes.fromhex("DEADBEEF"), "a genuine chip keeps its UID"
    assert stranger.dump()[16:] == dump[16:]


@pytest.mark.parametrize("uid", [UID, bytes.fromhex("04A1B2C3D4E5F6")])
@pytest.mark.parametrize("size", Size)
def test_new_chips(uid: bytes, size: Size) -> None:
    chip = new_chip(uid, size)
    assert (chip.uid, chip.size) == (uid, size)
    for sector in range(size.sectors):
        chip.select()
        chip.authenticate(trailer_of(sector), KeyType.A, TRANSPORT_KEY)
        assert chip.read(trailer_of(sector)).hex().upper() == "000000000000FF078069FFFFFFFFFFFF"


def test_radio_time_is_counted() -> None:
    chip = new_chip(bytes(7))
    chip.select()
    chip.authenticate(4, KeyType.A, TRANSPORT_KEY)
    chip.write(4, Value(1, 4).encode())
    chip.read(4)
    chip.increment(4, 1)
    chip.transfer(4)
    assert chip.radio_us == 3500 + 2000 + 5500 + 2500 + 2500 + 4500
