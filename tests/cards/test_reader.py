"""The virtual reader: APDUs in, answers out, in the dialects of three families."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecard.cards.classic.geometry import Size
from onecard.cards.steps import Dialect
from onecard.cards.virtual.chip import new_chip
from onecard.cards.virtual.reader import NoCardError, VirtualReader, atr
from onecard.cards.virtual.tear import Tear, Torn

UID = bytes.fromhex("01A062BD")
LOAD = "FF82000006FFFFFFFFFFFF"
AUTHENTICATE = "FF8600000501000460 00"


def reader_with_card(dialect: Dialect = Dialect.ACS) -> VirtualReader:
    reader = VirtualReader(dialect)
    reader.insert(new_chip(UID))
    return reader


def play(reader: VirtualReader, *commands: str) -> list[str]:
    return [reader.transmit(bytes.fromhex(command)).hex().upper() for command in commands]


def test_the_uid() -> None:
    reader = reader_with_card()
    assert play(reader, "FFCA000000", "FFCA000004", "FFCA000002", "FFCA000007", "FFCA010000") == [
        "01A062BD9000",
        "01A062BD9000",
        "6C04",
        "01A062BD6282",
        "6A81",
    ]


def test_read_and_update() -> None:
    reader = reader_with_card()
    data = "000102030405060708090A0B0C0D0E0F"
    assert play(reader, "FFB0000410")[0] == "6300"
    commands = (LOAD, AUTHENTICATE, "FFB0000410", f"FFD6000410{data}", "FFB0000410", "FFB0000400")
    empty = "00" * 16 + "9000"
    assert play(reader, *commands) == ["9000", "9000", empty, "9000", data + "9000", data + "9000"]
    assert play(reader, "FFB0000420") == [data + "00" * 16 + "9000"]
    assert play(reader, "FFB0000440", "FFB0000405") == ["6C10", "6C10"]


def test_the_published_value_sequence() -> None:
    commands = (
        *(LOAD, AUTHENTICATE, "FFD700050500 00000001", "FFB1000500", "FFD70005020306", "FFB1000604"),
        *("FFD700050501 00000005", "FFB1000500", "FFD700050502 00000007", "FFB1000500", "FFB0000600"),
    )
    assert play(reader_with_card(), *commands)[2:] == [
        *("9000", "000000019000", "9000", "000000019000"),
        *("9000", "000000069000", "9000", "FFFFFFFF9000", "01000000FEFFFFFF0100000005FA05FA9000"),
    ]


def test_a_failed_authentication_fails_everything_until_a_reset() -> None:
    reader = reader_with_card()
    wrong = "FF82000106000000000000"
    assert play(reader, LOAD, wrong, "FF860000050100046001", AUTHENTICATE, "FFB0000410") == [
        *("9000", "9000", "6300", "6300", "6300"),
    ]
    assert play(reader, "FFCA000000") == ["01A062BD9000"]
    reader.reset()
    assert play(reader, AUTHENTICATE, "FFB0000410") == ["9000", "00" * 16 + "9000"]


@pytest.mark.parametrize(
    ("dialect", "load", "authenticate", "wrong_load", "answers"),
    [
        (Dialect.ACS, LOAD, AUTHENTICATE, "FF82200006FFFFFFFFFFFF", ("6300", "6300")),
        (
            Dialect.OMNIKEY,
            "FF82200506FFFFFFFFFFFF",
            "FF860000050100046005",
            "FF82000006FFFFFFFFFFFF",
            ("6986", "6982"),
        ),
        (
            Dialect.IDENTIV,
            "FF82006006FFFFFFFFFFFF",
            "FF860000050100046001",
            "FF82000006FFFFFFFFFFFF",
            ("6988", "6982"),
        ),
    ],
)
def test_dialects(
    dialect: Dialect, load: str, authenticate: str, wrong_load: str, answers: tuple[str, str]
) -> None:
    reader = reader_with_card(dialect)
    assert play(reader, load, authenticate, "FFB0000410") == ["9000", "9000", "00" * 16 + "9000"]
    assert tuple(play(reader, wrong_load, "FFB0000810")) == answers
    reader.disconnect()
    kept = dialect is Dialect.OMNIKEY
    assert (play(reader, authenticate) == ["9000"]) is kept, "volatile keys are forgotten"


def test_value_commands_of_omnikey_count_from_the_other_end() -> None:
    reader = reader_with_card(Dialect.OMNIKEY)
    value = "640000009BFFFFFF6400000005FA05FA"
    play(reader, "FF82200006FFFFFFFFFFFF", AUTHENTICATE, f"FFD6000510{value}")
    assert play(reader, "FFD400050401000000", "FFD800050403000000") == ["9000", "9000"]
    assert play(reader, "FFB0000510")[0].startswith("62000000")


def test_the_obsolete_authentication() -> None:
    assert play(reader_with_card(), LOAD, "FF8800046000", "FFB0000410")[1:] == ["9000", "00" * 16 + "9000"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("00A40000", "6A81"),
        ("FF", "6700"),
        ("FF820000", "6700"),
        ("FF8200000500", "6700"),
        ("FF82000005FFFFFFFFFF", "6700"),
        ("FFD600040F" + "00" * 15, "6700"),
        ("FF000000", "6A81"),
        ("FF8600000501000460", "6700"),
        ("FF860000050100046200", "6300"),
        ("FFD700040509000000 00", "6700"),
    ],
)
def test_malformed_commands(command: str, expected: str) -> None:
    reader = reader_with_card()
    play(reader, LOAD, AUTHENTICATE)
    assert play(reader, command) == [expected]


@given(st.lists(st.binary(max_size=24), max_size=8))
def test_any_bytes_get_an_answer(commands: list[bytes]) -> None:
    reader = reader_with_card()
    play(reader, LOAD, AUTHENTICATE)
    assert all(len(reader.transmit(command)) >= 2 for command in commands)
    assert all(len(reader.transmit(b"\xff" + command)) >= 2 for command in commands)


def test_a_card_pulled_before_a_command() -> None:
    reader = reader_with_card()
    reader.pull_before = 2
    assert play(reader, LOAD, AUTHENTICATE, "FFB0000410") == ["9000", "9000", ""]
    with pytest.raises(NoCardError):
        reader.transmit(bytes.fromhex("FFCA000000"))
    with pytest.raises(NoCardError):
        reader.reset()


@pytest.mark.parametrize("how", Torn)
def test_a_card_pulled_inside_a_write_answers_nothing(how: Torn) -> None:
    reader = reader_with_card()
    chip = reader.chip
    assert chip
    chip.tear = Tear(write=0, how=how)
    assert play(reader, LOAD, AUTHENTICATE, "FFD6000410" + "11" * 16) == ["9000", "9000", ""]
    assert reader.atr is None
    reader.insert(chip)
    expected = {Torn.FULL: "11" * 16, Torn.HALF: "11" * 8 + "00" * 8}.get(how)
    if expected:
        assert play(reader, AUTHENTICATE, "FFB0000410")[1] == expected + "9000"


def test_a_swapped_card_answers_on_the_same_connection() -> None:
    reader = reader_with_card()
    play(reader, LOAD, AUTHENTICATE)
    reader.insert(new_chip(bytes.fromhex("DEADBEEF")))
    assert play(reader, "FFCA000000", "FFB0000410") == ["DEADBEEF9000", "6300"]


def test_answer_to_reset() -> None:
    assert atr(Size.K1).hex().upper() == "3B8F8001804F0CA000000306030001000000006A"
    assert atr(Size.K4).hex().upper() == "3B8F8001804F0CA0000003060300020000000069"
    assert reader_with_card().atr == atr(Size.K1)
