"""The life of one card: the real commands, a real pcscd with a virtual PC/SC reader, then the proofs."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk_shell import ONECARD, Shell, open_school

from onecard.base.embedded import Logins
from onecard.cards.keys import Role
from onecard.cards.oc1.layout import Layout, block_of
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.sim.pcscd.daemon import VirtualPcscd, missing

OLD, NEW = "00 00", "00 01"  # the reader's two slots
GIVEN = ("--password-file", "password")


@pytest.fixture
def installed() -> None:
    reason = missing()
    if reason is not None and "CI" in os.environ:
        pytest.fail(reason)
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture
def pcscd(installed: None) -> Iterator[VirtualPcscd]:
    with VirtualPcscd() as daemon:
        yield daemon


@pytest.fixture
def shell(urls: Logins, tmp_path: Path, pcscd: VirtualPcscd) -> Shell:
    return open_school(Shell(urls, tmp_path, **pcscd.environment), urls)


def test_from_stock_to_somebody_else(shell: Shell, pcscd: VirtualPcscd) -> None:
    first, second = new_chip(bytes.fromhex("01A062BD")), new_chip(bytes.fromhex("01A062BE"))
    pcscd.cradles[0].insert(first)
    pcscd.cradles[1].insert(second)
    shell.desk("stock-add", "box 1", "01A06000", "01A06FFF")
    _at(shell, "initialise", "--box", "box 1")
    paid = _at(shell, "issue", "0017", "--opening", "20", "--fee", "15", "--deposit", "10")
    assert paid["cash_to_take_fen"] == 45_00
    assert _at(shell, "top-up", "30", "--water", "12.5")["balances_fen"]["water"] == 12_50
    _at(shell, "sale", "8", "--merchant", "1")
    shell.desk("loss", "--person", "0017", "--reason", "not found")
    assert [each["code"] for each in _at(shell, "read")["differences"]] == ["lost"]
    shell.desk("cancel-loss", "--person", "0017")
    _damage(first)
    assert "edited" in [each["code"] for each in _at(shell, "read")["differences"]]
    _at(shell, "repair", *GIVEN)
    replaced = _at(shell, "replace", "--new-reader", f"pcsc:{NEW}")
    assert (replaced["card"]["uid"], replaced["balances_fen"]["cash"]) == ("01A062BE", 42_00)
    assert _at(shell, "read", slot=NEW)["differences"] == []
    returned = _at(shell, "return", "--erase", slot=NEW)
    assert returned["cash_to_take_fen"] == -(42_00 + 12_50 + 10_00)
    _at(shell, "issue", "0018", "--opening", "5", slot=NEW)
    assert _at(shell, "read", slot=NEW)["at_server"]["person_number"] == "0018"
    _prove(shell)


def _at(shell: Shell, *words: str, slot: str = OLD) -> dict[str, object]:
    return shell.at_a_prompt(*words, reader=f"pcsc:{slot}")


def _damage(chip: Chip) -> None:
    """Both records of the consumption purse are lost, as when a field is too strong."""
    memory, block = bytearray(chip.dump()), block_of(Layout().sector(Role.CONSUMPTION), 0)
    memory[block * 16 : block * 16 + 32] = bytes(32)
    chip.restore_dump(bytes(memory))


def _prove(shell: Shell) -> None:
    done = shell.run("check", "--json")
    proofs = json.loads(done.stdout)["proofs"]
    assert [each for each in proofs if not each["ok"]] == []
    assert done.returncode == 0
    assert shell.desk("repair-list")["operations"] == shell.desk("loads")["loads"] == []


def test_the_demo_shows_a_card_through_pcscd(installed: None, tmp_path: Path) -> None:
    line = [str(ONECARD), "demo", "--pcsc", "--data", str(tmp_path / "demo"), "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    shown = json.loads(done.stdout)
    assert (done.returncode, shown["ok"], shown["open_operation"]) == (0, True, None), done.stderr
    assert shown["on_card"]["purses"]["consumption"]["cash_fen"] == shown["balances_fen"]["cash"] == 50_00
    assert [each["state"] for each in shown["settled"]] == ["void"]
