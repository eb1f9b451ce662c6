"""`onecard desk`: cards in files live, are pulled and torn, and refused in words."""

import json
from pathlib import Path
from typing import Any

import pytest
from desk_shell import TENANT, Shell, open_school

from onecard.base.embedded import Logins
from onecard.cli.desk import app
from onecard.cli.desk_words import KINDS
from onecard.desk.operations.model import Kind

GIVEN = ("--password-file", "password")


@pytest.fixture
def shell(urls: Logins, tmp_path: Path) -> Shell:
    return open_school(Shell(urls, tmp_path), urls)


def _purses(shell: Shell, reader: str) -> tuple[int, int]:
    purses = shell.desk("read", reader=reader)["on_card"]["purses"]
    return purses["consumption"]["cash_fen"], purses["water"]["cash_fen"]


def test_money_comes_to_a_card_and_leaves_it(shell: Shell) -> None:
    card = shell.card("a.bin", "01A062BD")
    paid = ("--opening", "50", "--water", "20", "--fee", "15", "--deposit", "20")
    assert shell.desk("issue", "0017", *paid, reader=card)["cash_to_take_fen"] == 105_00
    assert shell.desk("top-up", "30", "--water", "5.5", reader=card)["cash_to_take_fen"] == 35_50
    shell.desk("sale", "12", "--merchant", "1", reader=card)
    assert shell.desk("withdraw", "8", reader=card)["cash_to_take_fen"] == -8_00
    assert _purses(shell, card) == (60_00, 25_50)
    assert shell.desk("top-up", "1", "--person", "0017")["waiting_fen"] == {"consumption": 1_00}
    assert [row["cash_fen"] for row in shell.desk("loads")["loads"]] == [1_00]
    assert shell.desk("bring", reader=card)["balances_fen"]["cash"] == 61_00
    assert [row["kind"] for row in shell.desk("operations", "--most", "2")["operations"]] == [
        "load",
        "top_up",
    ]
    assert shell.run("check").returncode == 0


def test_a_confirmed_operation_goes_on_paper_and_no_other(shell: Shell, tmp_path: Path) -> None:
    card = shell.card("a.bin", "01A062BD")
    shell.desk("issue", "0017", "--opening", "50", reader=card)
    done = shell.desk("top-up", "30", "--water", "5.5", reader=card)["operation"]["id"]
    (tmp_path / "printer").touch()
    shell.desk("receipt", str(done), "--printer", "file:printer", "--lang", "zh")
    paper = (tmp_path / "printer").read_bytes()
    assert [each.encode("gb18030") in paper for each in ("充值", "实收", "Wang Xiaoming", "35.50")] == [
        True
    ] * 4
    assert "30.00 → 80.00".encode("gb18030") in paper
    torn = shell.desk("top-up", "30", "--tear", "1:half", reader=card, code="in_doubt")["operation"]["id"]
    (tmp_path / "printer").write_bytes(b"")
    shell.desk("receipt", str(torn), "--printer", "file:printer", code="wrong_input")
    assert (tmp_path / "printer").read_bytes() == b""


def test_a_torn_top_up_is_in_doubt_until_the_card_is_read(shell: Shell) -> None:
    card = shell.card("a.bin", "01A062BD")
    shell.desk("issue", "0017", "--opening", "50", reader=card)
    torn = shell.desk("top-up", "30", "--tear", "1:full", reader=card, code="in_doubt")
    assert "onecard desk read" in torn["next"]
    assert [row["id"] for row in shell.desk("repair-list")["operations"]] == [torn["operation"]["id"]]
    settled = shell.desk("read", reader=card)
    ended = {each["id"]: each["state"] for each in settled["settled"]}[torn["operation"]["id"]]
    assert ended in {"confirmed", "void"}
    assert shell.desk("repair-list")["operations"] == []
    assert _purses(shell, card)[0] == (80_00 if ended == "confirmed" else 50_00)
    assert settled["balances_fen"]["cash"] == _purses(shell, card)[0]
    assert shell.run("check").returncode == 0


def test_of_two_purses_one_may_be_done_and_only_that_is_paid_for(shell: Shell) -> None:
    card = shell.card("a.bin", "01A062BD")
    shell.desk("issue", "0017", reader=card)
    shell.desk("top-up", "3", "--water", "2", "--tear", "2:full", reader=card, code="in_doubt")
    (settled,) = shell.desk("read", reader=card)["settled"]
    assert (settled["state"], settled["amount_fen"], settled["cash_to_take_fen"]) == ("confirmed", 3_00, 3_00)
    assert _purses(shell, card) == (3_00, 0)


def test_an_interrupted_issue_is_carried_on_or_given_up(shell: Shell) -> None:
    card, other = shell.card("a.bin", "01A062BD"), shell.card("b.bin", "01A062BE")
    shell.desk("issue", "0017", "--opening", "50", "--tear", "3:full", reader=card, code="unfinished")
    shell.desk("top-up", "1", reader=card, code="unfinished")
    assert shell.desk("continue", reader=card)["balances_fen"]["cash"] == 50_00
    torn = shell.desk("issue", "0018", "--opening", "50", "--tear", "6:none", reader=other, code="unfinished")
    given_up = shell.desk("abandon", str(torn["operation"]["id"]))
    assert (given_up["operation"]["state"], given_up["balances_fen"]["cash"]) == ("void", 0)
    shell.desk("erase", reader=other)
    shell.desk("issue", "0018", reader=other)


@pytest.mark.parametrize(("lang", "said"), [("en", "This card was reported lost."), ("zh", "此卡已挂失。")])
def test_a_refusal_says_what_to_do_next(shell: Shell, lang: str, said: str) -> None:
    card = shell.card("a.bin", "01A062BD")
    shell.desk("issue", "0017", reader=card)
    shell.desk("loss", "--person", "0017")
    words = ("desk", "top-up", "5", "--reader", card, "--tenant", TENANT, "--lang", lang)
    refused = shell.run(*words)
    message, following = refused.stderr.splitlines()
    assert (refused.returncode, refused.stdout, message) == (1, "", said)
    assert following.startswith("→ ")
    told = json.loads(shell.run(*words, "--json").stdout)
    assert (told["ok"], told["code"], told["message"]) == (False, "lost", said)
    assert f"→ {told['next']}" == following


@pytest.mark.parametrize(
    ("words", "reader", "code"),
    [
        (("read",), "", "no_reader"),
        (("read",), "virtual:missing.bin", "unavailable"),
        (("read",), "workstation:front", "unavailable"),
        (("read",), "nonsense", "wrong_input"),
        (("top-up", "5"), "virtual:new.bin", "nobodys"),
        (("top-up", "0"), "virtual:new.bin", "amount_not_positive"),
        (("top-up", "5"), "", "wrong_input"),
        (("issue", "0017", "--pull", "x"), "virtual:new.bin", None),
        (("issue", "nobody"), "virtual:new.bin", "not_found"),
        (("issue", "0017"), "virtual:fake.bin", "imitation"),
        (("cancel-loss",), "", "no_filter"),
        (("continue",), "virtual:new.bin", "nothing_interrupted"),
    ],
)
def test_what_cannot_be_is_named(shell: Shell, words: tuple[str, ...], reader: str, code: str | None) -> None:
    shell.card("new.bin", "01A062BD")
    shell.card("fake.bin", "01A062BE", "--make", "cuid")
    if code is None:
        assert shell.run("desk", *words, "--reader", reader, "--tenant", TENANT).returncode == 2
    else:
        assert shell.desk(*words, reader=reader, code=code)["message"]


def test_the_operator_password_is_asked_for(shell: Shell) -> None:
    card = shell.card("a.bin", "01A062BD")
    shell.desk("issue", "0017", "--opening", "5", reader=card)
    (shell.directory / "wrong").write_text("another word")
    shell.desk("cancel", "--password-file", "wrong", reader=card, code="not_verified")
    assert "--password-file" in shell.desk("cancel", reader=card, code="wrong_input")["message"]
    del shell.environment["ONECARD_DESK_PASSWORD"]
    unset = shell.desk("cancel", *GIVEN, reader=card, code="wrong_input")
    assert "ONECARD_DESK_PASSWORD" in unset["message"]
    (shell.directory / "password").write_text("")
    shell.environment["ONECARD_DESK_PASSWORD"] = ""
    assert "ONECARD_DESK_PASSWORD" in shell.desk("cancel", *GIVEN, reader=card, code="wrong_input")["message"]


def test_an_account_is_cancelled_and_paid_out_once(shell: Shell) -> None:
    card = shell.card("a.bin", "01A062BD")
    shell.desk("issue", "0017", "--opening", "5", reader=card)
    assert shell.desk("cancel", *GIVEN, reader=card)["cash_to_take_fen"] == -5_00
    assert shell.desk("cancel", *GIVEN, reader=card, code="cancelled")["message"]


def test_a_stack_of_cards_is_issued_one_after_the_other(shell: Shell) -> None:
    (shell.directory / "stack").mkdir()
    for uid in ("01A062B1", "01A062B2", "01A062B3"):
        shell.card(f"stack/{uid}.bin", uid)
    words = ("issue-batch", "--department", "Class 1", "--opening", "2", "--idle", "10")
    done = shell.desk(*words, reader="virtual:stack")
    assert [turn["person"] for turn in done["turns"]] == ["0017", "0018", "0019"]
    assert (done["done"], done["left"], done["failed"]) == (3, 0, 0)
    shell.card("one.bin", "01A062B4")
    shell.desk("issue-auto", "Class 1", "--most", "1", reader="virtual:one.bin")
    assert shell.desk("read", reader="virtual:one.bin")["at_server"]["person_name"] == "4"


def test_a_lost_card_is_replaced_by_what_the_books_say(shell: Shell) -> None:
    shell.desk("issue", "0017", "--opening", "50", reader=shell.card("a.bin", "01A062BD"))
    blank = shell.card("b.bin", "01A062BE")
    shell.desk("reissue", "0017", *GIVEN, reader=blank, code="not_lost")
    shell.desk("loss", "--person", "0017")
    shell.desk("reissue", "0017", *GIVEN, "--tear", "3:full", reader=blank, code="unfinished")
    assert shell.desk("continue", reader=blank)["balances_fen"]["cash"] == 50_00
    old = shell.desk("read", reader="virtual:a.bin")
    assert [each["code"] for each in old["differences"]] == ["old_life"]
    assert shell.run("check").returncode == 0


def test_upkeep_of_a_card(shell: Shell) -> None:
    card = shell.card("a.bin", "01A062BD")
    shell.desk("issue", "0017", reader=card)
    shell.desk("freeze", reader=card)
    shell.desk("sale", "1", "--merchant", "1", reader=card, code="frozen")
    shell.desk("unfreeze", reader=card)
    shell.desk("extend", "2030-07-31", "--uid", "01A062BD")
    shell.desk("align", reader=card)
    assert shell.desk("read", reader=card)["on_card"]["valid_until"] == "2030-07-31"
    shell.desk("lift-write", "1,3-5", "--until", "2030-01-01", reader=card)
    shell.desk("lift-clear", reader=card)
    assert shell.run("card", "rotate-keys", "--tenant", TENANT).returncode == 0
    assert shell.desk("rekey", reader=card)["card"]["key_version"] == 2


def test_every_operation_has_a_command_and_a_name() -> None:
    commands = {each.name for group in app.registered_groups for each in _commands(group.typer_instance)}
    elsewhere = {Kind.COLLECT: "replace", Kind.LOAD: "bring", Kind.LIFT: "lift-write"}
    wanted = {elsewhere.get(kind, kind.value.replace("_", "-")) for kind in Kind}
    assert wanted <= commands
    assert set(KINDS) == set(Kind)


def _commands(group: Any) -> Any:
    return group.registered_commands
