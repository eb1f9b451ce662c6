"""`onecard card` as a program: contracts that others rely on."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from cast import issued

from shell import onecard

MASTERS = (
    *("--ma", "00112233445566778899AABBCCDDEEFF"),
    *("--mb", "FFEEDDCCBBAA99887766554433221100"),
    *("--mm", "0F1E2D3C4B5A69788796A5B4C3D2E1F0"),
    *("--pin", "4821", "--site", "00C0FFEE"),
)
LIFE = ("--key-version", "1", "--generation", "1")
K_MAC = ("--k-mac", "C68777A9996925284B93FBD3209EF736")
PURSE = "11000002003A980009C400015678EAAC"


def run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return onecard("card", *arguments, env=os.environ, cwd=Path.cwd(), text=text)


def answer(*arguments: str, text: str = "") -> dict[str, object]:
    done = run(*arguments, "--json", text=text)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_derive() -> None:
    place = ("--sector", "2", "--role", "1")
    assert answer("derive", "--uid", "01A062BD", *MASTERS, *LIFE, *place) == {
        "key_a": "69645B10FEEE",
        "key_b": "133ED713B34B",
        "k_mac": K_MAC[1],
        "ma_role": "6B23D319861FA43AABF8FBA65C662BCF",
        "mm_role": "0A4330B5D19DF699D4A404D8BF3B09E2",
    }


def test_a_record_there_and_back() -> None:
    fields = {"counter": 2, "cash_fen": 15000, "subsidy_fen": 2500, "flags": 0, "desk_seq": 1}
    place = ("--role", "1", "--slot", "1", *K_MAC)
    assert answer("record", *place, text=json.dumps(fields)) == {"hex": PURSE}
    expected = {"kind_of_record": "purse", **fields, "mac_ok": True}
    assert answer("record", *place, "--hex", PURSE) == expected
    assert answer("record", *place, "--hex", text=PURSE + "\n") == expected


def test_a_wrong_mac_is_shown_with_the_fields() -> None:
    found = answer("record", "--role", "1", "--slot", "1", *K_MAC, "--hex", PURSE[:-1] + "D")
    assert (found["mac_ok"], found["cash_fen"]) == (False, 15000)


@pytest.mark.parametrize(
    ("arguments", "text", "sentence"),
    [
        (("derive", "--uid", "01A0", *MASTERS, "--sector", "2", "--role", "1"), "", "--uid is 8 or 14 hex"),
        (("record", "--role", "1", "--slot", "1", "--k-mac", "zz"), "{}", "--k-mac is 32 hex digits."),
        (("record", "--role", "1", "--slot", "1", *K_MAC), "[", "one JSON object"),
        (("record", "--role", "1", "--slot", "1", *K_MAC, "--hex", "12"), "", "A record is 32 hex digits."),
        (("record", "--role", "0", "--slot", "2", *K_MAC, "--hex", PURSE), "", "holds no record"),
        (
            ("record", "--role", "1", "--slot", "1", *K_MAC),
            '{"counter":-1,"cash":1}',
            "The record cannot be encoded: three bytes hold 0 to 16777215, not -1.",
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(arguments: tuple[str, ...], text: str, sentence: str) -> None:
    done = run(*arguments, text=text)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def apdus(*lines: str, arguments: tuple[str, ...] = ()) -> list[str]:
    done = run("apdu", "--virtual", "classic1k", "--json", *arguments, text="\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return [answer["response"] + answer["sw"] for answer in answers]


OPEN = ("FF82000006FFFFFFFFFFFF", "FF860000050100046000")


def test_a_virtual_card_answers_line_by_line(tmp_path: Path) -> None:
    data, dump = "11" * 16, tmp_path / "card.mfd"
    assert apdus(
        "# a new card", "ff ca 00 00 00", *OPEN, f"FFD6000410{data}", arguments=("--save", str(dump))
    ) == [*("01A062BD9000", "9000", "9000", "9000")]
    assert dump.stat().st_mode & 0o777 == 0o600, "a dump holds keys"
    again = ("--dump", str(dump))
    assert apdus(*OPEN, "FFB0000410", arguments=again)[2] == data + "9000"


def test_a_virtual_card_is_torn_and_comes_back() -> None:
    lines = (*OPEN, "tear half", "FFD6000410" + "11" * 16, "FFB0000410", "insert", OPEN[1], "FFB0000410")
    assert apdus(*lines) == ["9000", "9000", "", "", "9000", "11" * 8 + "00" * 8 + "9000"]


def test_lines_that_are_no_apdus(tmp_path: Path) -> None:
    done = run("apdu", text="FFCA000000\nhello\n")
    assert (done.returncode, done.stdout) == (1, "01A062BD 9000\n")
    assert "Line 2 is no APDU" in done.stderr
    small = tmp_path / "small.bin"
    small.write_bytes(bytes(1000))
    for arguments, sentence in (
        (("--dump", str(small)), "has 1000 bytes; a 1K card has 1024, a 4K card 4096."),
        (("--dump", str(tmp_path / "none")), "cannot be read: No such file or directory."),
    ):
        done = run("apdu", *arguments)
        assert done.returncode == 1
        assert sentence in done.stderr


def test_a_dump_is_explained(tmp_path: Path) -> None:
    dump = tmp_path / "card.mfd"
    dump.write_bytes(issued())
    found = answer("decode", str(dump), *MASTERS)
    assert (found["uid"], found["whose"], found["generation"]) == ("01A062BD", "a card of this tenant", 1)
    text = run("decode", str(dump)).stdout
    assert "Sector 2: consumption (by its looks)" in text
    assert "purse, MAC not checked: counter 2, cash_fen 15000" in text


def test_half_of_the_masters_is_no_use(tmp_path: Path) -> None:
    done = run("decode", str(tmp_path / "card.mfd"), *MASTERS[:2])
    assert done.returncode == 1
    assert "Masters are given whole" in done.stderr
