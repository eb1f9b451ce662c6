"""`onecard card` as a program: contracts that others rely on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("onecard")
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
    return subprocess.run(
        [COMMAND, "card", *arguments], input=text, capture_output=True, text=True, check=False, timeout=60
    )


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
