"""MIFARE Classic as bytes: sectors, access conditions, trailers, value blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecard.cards.classic.access import (
    DATA_RIGHTS,
    TRAILER_RIGHTS,
    TRANSPORT,
    Access,
    Right,
    Trailer,
    describe,
)
from onecard.cards.classic.geometry import (
    Size,
    access_group,
    blocks_in,
    data_blocks,
    first_block,
    is_trailer,
    sector_of,
    trailer_of,
)
from onecard.cards.classic.values import Value
from onecard.cards.oc1.value_profile import ValuePurse, read

ACCESSES = st.builds(Access, *[st.integers(0, 7)] * 4)
KEYS = st.binary(min_size=6, max_size=6)


@pytest.mark.parametrize("size", Size)
def test_every_block_lies_in_one_sector(size: Size) -> None:
    seen = []
    for sector in range(size.sectors):
        blocks = [*data_blocks(sector), trailer_of(sector)]
        assert {sector_of(block) for block in blocks} == {sector}
        assert len(blocks) == blocks_in(sector)
        assert [is_trailer(block) for block in blocks] == [False] * (len(blocks) - 1) + [True]
        seen += blocks
    assert seen == list(range(size.blocks))


def test_groups_of_large_sectors() -> None:
    groups = [access_group(first_block(32) + block) for block in range(16)]
    assert groups == [0] * 5 + [1] * 5 + [2] * 5 + [3]
    assert [access_group(block) for block in range(4)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (Access(0, 0, 0, 0b001), "FF0780"),
        (Access(0b100, 0b100, 0b100, 0b011), "787788"),
        (Access(0, 0, 0, 0b011), "7F0788"),
        (Access(0b110, 0b110, 0b110, 0b011), "08778F"),
        (Access(0b110, 0b110, 0b100, 0b011), "48778B"),
    ],
)
def test_published_access_bytes(access: Access, expected: str) -> None:
    assert access.encode().hex().upper() == expected
    assert Access.decode(bytes.fromhex(expected)) == access


@given(ACCESSES)
def test_access_round_trip(access: Access) -> None:
    assert Access.decode(access.encode()) == access


@given(ACCESSES, st.integers(0, 23))
def test_one_wrong_bit_is_a_dead_sector(access: Access, bit: int) -> None:
    raw = bytearray(access.encode())
    raw[bit // 8] ^= 1 << bit % 8
    assert Access.decode(bytes(raw)) is None


@given(KEYS, ACCESSES, st.integers(0, 255), KEYS)
def test_trailer_round_trip(key_a: bytes, access: Access, general: int, key_b: bytes) -> None:
    trailer = Trailer(key_a, access, general, key_b)
    assert Trailer.decode(trailer.encode()) == trailer


def test_the_trailer_of_a_new_card() -> None:
    assert TRANSPORT.encode().hex().upper() == "FFFFFFFFFFFFFF078069FFFFFFFFFFFF"
    assert TRANSPORT.access.key_b_is_data


def test_a_malformed_trailer_is_never_made() -> None:
    with pytest.raises(ValueError, match="trailer"):
        Trailer(bytes(5), Access(0, 0, 0, 0b011), 0, bytes(7)).encode()
    with pytest.raises(ValueError, match="three bits"):
        Access(0, 0, 0, 8)


# the tables of the chip's data sheet as text: who may read, write, increment, spend; and of the trailer who
# may write A, read and write the access bits, read and write B (x: A or B, -: nobody)
DATA_TABLE = "000 xxxx, 010 x---, 100 xB--, 110 xBBx, 001 x--x, 011 BB--, 101 B---, 111 ----"
TRAILER_TABLE = "000 AA-AA, 010 -A-A-, 100 Bx--B, 110 -x---, 001 AAAAA, 011 BxB-B, 101 -xB--, 111 -x---"
LETTERS = {"x": Right.ANY, "-": Right.NEVER, "A": Right.A, "B": Right.B}


@pytest.mark.parametrize(("table", "rights"), [(DATA_TABLE, DATA_RIGHTS), (TRAILER_TABLE, TRAILER_RIGHTS)])
def test_rights_are_the_data_sheets(table: str, rights: dict[int, object]) -> None:
    rows = dict(row.split() for row in table.split(", "))
    assert {int(bits, 2) for bits in rows} == set(rights)
    for bits, letters in rows.items():
        found = rights[int(bits, 2)]
        values = [getattr(found, name) for name in found.__slots__]  # type: ignore[attr-defined]
        assert values == [LETTERS[letter] for letter in letters], bits


def test_conditions_in_words() -> None:
    ours = Access(0b100, 0, 0b110, 0b011)
    assert describe(ours, 0) == "key A or B: read; key B: write; never: increment, decrement"
    assert describe(ours, 1) == "key A or B: read, write, increment, decrement"
    assert describe(ours, 2) == "key A or B: read, decrement; key B: write, increment"
    assert describe(ours, 3) == (
        "key B: write key A, write access bits, write key B; key A or B: read access bits; never: read key B"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Value(100, 0x05), "640000009BFFFFFF6400000005FA05FA"),
        (Value(1234567, 0x11), "87D612007829EDFF87D6120011EE11EE"),
        (Value(1000, 0x00), "E803000017FCFFFFE803000000FF00FF"),
        (Value(-1, 0x00), "FFFFFFFF00000000FFFFFFFF00FF00FF"),
    ],
)
def test_published_value_blocks(value: Value, expected: str) -> None:
    assert value.encode().hex().upper() == expected
    assert Value.decode(bytes.fromhex(expected)) == value


@given(st.integers(-(1 << 31), (1 << 31) - 1), st.integers(0, 255), st.integers(0, 127))
def test_value_blocks(number: int, address: int, bit: int) -> None:
    raw = bytearray(Value(number, address).encode())
    assert Value.decode(bytes(raw)) == Value(number, address)
    raw[bit // 8] ^= 1 << bit % 8
    assert Value.decode(bytes(raw)) is None


@pytest.mark.parametrize("value", [Value(1 << 31, 0), Value(0, 256)])
def test_values_that_do_not_fit(value: Value) -> None:
    with pytest.raises(ValueError, match="no value block"):
        value.encode()


SEVEN, NINE = Value(700, 8).encode(), Value(900, 8).encode()
TORN = bytes(16)


@pytest.mark.parametrize(
    ("main", "copy", "expected"),
    [
        (
            SEVEN,
            SEVEN,
            ValuePurse(700, 8, copy_is_current=True, main_is_valid=True),
        ),
        (
            SEVEN,
            NINE,
            ValuePurse(700, 8, copy_is_current=False, main_is_valid=True),
        ),
        (SEVEN, TORN, ValuePurse(700, 8, copy_is_current=False, main_is_valid=True)),
        (TORN, NINE, ValuePurse(900, 8, copy_is_current=False, main_is_valid=False)),
        (TORN, TORN, None),
        (Value(-1, 8).encode(), NINE, None),
    ],
)
def test_the_main_block_or_its_copy(main: bytes, copy: bytes, expected: ValuePurse | None) -> None:
    assert read(main, copy) == expected
