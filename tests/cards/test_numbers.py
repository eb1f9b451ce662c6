"""Numbers of keyboard readers and printed numbers, there and back."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecard.base.errors import OneCardError
from onecard.cards.numbers import (
    ByteOrder,
    KnownBytes,
    NumberFormat,
    ReaderNumbers,
    known_uid,
    spellings,
)

CARD = bytes.fromhex("17E8A27F")
LONG = bytes.fromhex("04782E21801D80")
# from published tables of makers (EM cards print the same forms of their last four bytes)
PUBLISHED = [
    ("17E8A27F", "decimal", "as-read", "401121919"),
    ("17E8A27F", "decimal", "reversed", "2141382679"),
    ("17E8A27F", "8H10D", "as-read", "0401121919"),
    ("17E8A27F", "8H10D", "reversed", "2141382679"),
    ("17E8A27F", "3+5", "as-read", "232,41599"),
    ("026F6C3A", "8H10D", "as-read", "0040856634"),
    ("026F6C3A", "6H8D", "as-read", "07302202"),
    ("026F6C3A", "3+5", "as-read", "111,27706"),
    ("026F6C3A", "2H4H", "as-read", "11127706"),
    ("026F6C3A", "4H4H", "as-read", "00623,27706"),
    ("02B775D2", "6H8D", "as-read", "12023250"),
    ("2A83155E", "8H10D", "as-read", "0713233758"),
    ("2A83155E", "decimal", "reversed", "1578468138"),
    ("2A83155E", "hex", "reversed", "5E15832A"),
]
uids = st.one_of(
    st.binary(min_size=4, max_size=4),
    # the first byte of seven is the maker's, and there is no maker 0; the last is not 0 here because a
    # decimal number of reversed bytes drops zeros, and with three of them seven bytes look like four
    st.tuples(st.integers(1, 255), st.binary(min_size=5, max_size=5), st.integers(1, 255)).map(
        lambda three: bytes([three[0]]) + three[1] + bytes([three[2]])
    ),
)
readers = st.builds(ReaderNumbers, st.sampled_from(NumberFormat), st.sampled_from(ByteOrder))


@pytest.mark.parametrize(("uid", "form", "order", "number"), PUBLISHED)
def test_published_numbers(uid: str, form: str, order: str, number: str) -> None:
    reader = ReaderNumbers(NumberFormat(form), ByteOrder(order))
    assert reader.spell(known_uid(bytes.fromhex(uid))) == number
    assert reader.parse(number).matches(uid)


@given(uid=uids, reader=readers)
def test_what_a_reader_types_finds_the_card_again(uid: bytes, reader: ReaderNumbers) -> None:
    number = reader.spell(known_uid(uid))
    assert number is not None
    found = reader.parse(number)
    assert found.matches(uid.hex().upper())
    assert reader.spell(found) == number


@given(uid=uids, other=uids, reader=readers)
def test_a_number_finds_no_card_with_another_number(uid: bytes, other: bytes, reader: ReaderNumbers) -> None:
    found = reader.parse(reader.spell(known_uid(uid)) or "")
    same = reader.spell(known_uid(uid)) == reader.spell(known_uid(other))
    assert found.matches(other.hex().upper()) is same


@given(uid=uids, order=st.sampled_from(ByteOrder), form=st.sampled_from(["hex", "decimal"]))
def test_whole_numbers_are_turned_back(uid: bytes, order: ByteOrder, form: str) -> None:
    reader = ReaderNumbers(NumberFormat(form), order)
    assert reader.parse(reader.spell(known_uid(uid)) or "").uid == uid.hex().upper()


def test_what_three_bytes_leave_open() -> None:
    found = ReaderNumbers(NumberFormat.THREE_FIVE).parse("232,41599")
    assert found.uid is None
    assert found.masks == ("??E8A27F", "????????E8A27F")
    assert found.like == ("__E8A27F", "________E8A27F")
    backwards = ReaderNumbers(NumberFormat.H6D8, ByteOrder.REVERSED).parse("10676247")
    assert backwards == KnownBytes(bytes.fromhex("17E8A2"), at_end=False)
    assert backwards.masks == ("17E8A2??", "17E8A2????????")
    assert not backwards.matches("E8A217FF")


def test_four_bytes_may_be_the_end_of_seven() -> None:
    number = ReaderNumbers(NumberFormat.H8D10).spell(known_uid(LONG))
    found = ReaderNumbers(NumberFormat.H8D10).parse(number or "")
    assert found.uid == "21801D80"
    assert found.matches("04782E21801D80")


@pytest.mark.parametrize(
    ("form", "typed"),
    [
        ("8H10D", " 401121919\r\n"),
        ("8H10D", "０４０１１２１９１９"),
        ("hex", "17:e8:a2:7f"),
        ("4H4H", "6120 41599"),
        ("4H4H", "0612041599"),
        ("3+5", "232，41599"),
        ("2H4H", "232,41599"),
    ],
)
def test_as_people_and_keyboards_type_it(form: str, typed: str) -> None:
    assert ReaderNumbers(NumberFormat(form)).parse(typed).matches("17E8A27F")


@pytest.mark.parametrize(
    ("form", "typed", "why"),
    [
        ("8H10D", "4294967296", "at most 4294967295"),
        ("8H10D", "04011219190", "10 digits"),
        ("6H8D", "16777216", "at most 16777215"),
        ("3+5", "256,41599", "at most 255"),
        ("3+5", "232,65536", "at most 65535"),
        ("3+5", "1,2,3", "3 digits and 5 digits"),
        ("4H4H", "", "5 digits and 5 digits"),
        ("decimal", "72057594037927936", "up to 72057594037927935"),
        ("decimal", "-1", "decimal number"),
        ("decimal", "9" * 5000, "decimal number"),
        ("decimal", "٣", "decimal number"),
        ("hex", "17E8A2", "8 or 14 hexadecimal digits"),
        ("hex", "GG", "8 or 14"),
    ],
)
def test_other_numbers_are_refused_in_words(form: str, typed: str, why: str) -> None:
    with pytest.raises(OneCardError, match=why):
        ReaderNumbers(NumberFormat(form)).parse(typed)


def test_a_part_is_spelled_as_far_as_it_goes() -> None:
    part = spellings(ReaderNumbers(NumberFormat.H6D8).parse("15245951"))
    assert part == {"as-read": {"6H8D": "15245951", "2H4H": "23241599", "3+5": "232,41599"}, "reversed": {}}
    whole = spellings(known_uid(CARD))
    assert set(whole["as-read"]) == set(whole["reversed"]) == {form.value for form in NumberFormat}


def test_the_command(tmp_path: Path) -> None:
    onecard = Path(sys.executable).with_name("onecard")
    command = [str(onecard), "card", "number", "401121919", "--format", "8H10D"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True, cwd=tmp_path)
    told = json.loads(done.stdout)
    assert told["uid"] == "17E8A27F"
    assert told["spellings"]["reversed"]["8H10D"] == "2141382679"
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert "232,41599" in shown
