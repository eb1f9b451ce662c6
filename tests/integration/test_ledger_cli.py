"""`onecard ledger` and `onecard check`: what they print, what they return, and that they notice."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from onecard.base.db import SYSTEM, database
from onecard.base.embedded import Logins
from onecard.base.pgserver import EmbeddedPostgres
from onecard.desk.examples import WORKBOOK, prepare_example_tenant
from shell import onecard, settings

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(urls: Logins, tmp_path: Path) -> Run:
    """Runs a command on this test's database, which holds the example school."""

    async def prepare() -> None:
        async with database(urls.application, size=2) as db:
            await prepare_example_tenant(db, SYSTEM)

    asyncio.run(prepare())
    environment = settings(urls, tmp_path)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return onecard(*arguments, env=environment, cwd=tmp_path)

    imported = command("people", "import", str(WORKBOOK), "--tenant", "8672", "--json")
    assert imported.returncode == 0, imported.stderr
    return command


def test_a_top_up_shows_in_balance_and_statement_with_its_memo(run: Run) -> None:
    topped = json.loads(run("ledger", "top-up", "20260000", "12.5", "--tenant", "8672", "--json").stdout)
    assert topped["ok"] is True
    assert topped["parts"] == [{"purse": "cash", "amount_fen": 1250, "balance_fen": 1250}]
    balance = json.loads(run("ledger", "balance", "20260000", "--tenant", "8672", "--json").stdout)
    assert balance["cash_fen"] == 1250
    lines = json.loads(run("ledger", "statement", "20260000", "--tenant", "8672", "--json").stdout)["lines"]
    assert [(line["kind"], line["amount_fen"], line["memo"]) for line in lines] == [
        ("top_up", 1250, "command:ledger")
    ]


def test_a_frozen_account_refuses_a_top_up_in_words(run: Run) -> None:
    assert run("ledger", "set-status", "20260000", "freeze", "--tenant", "8672").returncode == 0
    refused = run("ledger", "top-up", "20260000", "1", "--tenant", "8672")
    assert refused.returncode == 1
    assert refused.stderr.strip() == "Refused: this account is frozen (账户已冻结)."
    told = run("ledger", "top-up", "20260000", "1", "--tenant", "8672", "--json")
    assert (told.returncode, json.loads(told.stdout)["status"]) == (1, "account_frozen")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("top-up", "nobody", "1"), "Nobody has the number nobody."),
        (("top-up", "20260000", "1.234"), "'1.234' has more than 2 decimals."),
        (("top-up", "20260000", "-1"), None),
        (("top-up", "20260000", "1", "--purse", "gold"), "There is no purse 'gold' or no source 'bank'."),
        (("set-status", "20260000", "melt"), "'melt' is none of freeze, open, close."),
    ],
)
def test_wrong_input_is_a_sentence(run: Run, arguments: tuple[str, ...], sentence: str | None) -> None:
    done = run("ledger", *arguments, "--tenant", "8672")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    if sentence is not None:
        assert done.stderr.strip().splitlines()[-1] == sentence


def test_check_holds_and_then_names_what_was_changed(
    run: Run, urls: Logins, postgres: EmbeddedPostgres
) -> None:
    run("ledger", "top-up", "20260000", "12.5", "--tenant", "8672")
    sound = run("check", "--json")
    assert sound.returncode == 0, sound.stderr
    proofs = json.loads(sound.stdout)
    assert proofs["ok"] is True
    assert all(set(proof) == {"name", "ok", "checked", "detail"} for proof in proofs["proofs"])

    async def tamper() -> None:
        name = urls.owner.split("/")[3].split("?")[0]
        connection = await asyncpg.connect(postgres.url(database=name))
        await connection.execute("update ledger.line set amount_fen = 1 where leg = 1")
        await connection.close()

    asyncio.run(tamper())
    found = run("check", "--json")
    assert found.returncode == 1
    wrong = {
        proof["name"]: proof["detail"] for proof in json.loads(found.stdout)["proofs"] if not proof["ok"]
    }
    assert "chain_holds" in wrong
    assert "its lines add up to" in wrong["balances_are_sums"]
