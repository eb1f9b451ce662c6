"""`onecard desk`: what is left unsaid of a card is as the account class says, and the clerk is told."""

import asyncio
from pathlib import Path

import pytest
from desk_shell import TENANT, Shell, open_school

from onecard.base.db import SYSTEM, database
from onecard.base.embedded import Logins
from onecard.people import classes
from onecard.people.model import ClassDraft, Fate
from onecard.tenants import service as tenants

RULES = ClassDraft(
    number=1, name="Pupils", card_fee_fen=15_00, deposit_fen=20_00, valid_days=1, refund_water=Fate.KEEP
)


@pytest.fixture
def shell(urls: Logins, tmp_path: Path) -> Shell:
    found = open_school(Shell(urls, tmp_path), urls)
    asyncio.run(_rule(urls))
    return found


async def _rule(urls: Logins) -> None:
    async with database(urls.application, size=2) as db:
        tenant = await tenants.route(db, TENANT, SYSTEM)
        async with db.tenant_tx(tenant.tenant_id, SYSTEM) as tx:
            (found,) = await classes.classes(tx)
            await classes.change(tx, found.id, RULES, version=found.version)


def _paper(shell: Shell, operation: object) -> str:
    printer = shell.directory / "printer"
    printer.write_bytes(b"")
    shell.desk("receipt", str(operation), "--printer", "file:printer", "--lang", "zh")
    return printer.read_bytes().decode("gb18030", "replace")


def test_the_class_says_what_a_card_costs_and_zero_is_nothing(shell: Shell) -> None:
    card = shell.card("a.bin", "01A062BD")
    done = shell.desk("issue", "0017", "--opening", "50", reader=card)
    day = done["card"]["valid_until"]
    assert (done["cash_to_take_fen"], done["card"]["fee_fen"], done["card"]["deposit_fen"]) == (
        85_00,
        15_00,
        20_00,
    )
    paper = _paper(shell, done["operation"]["id"])
    assert [each in paper for each in ("工本费", "15.00", "押金", "20.00", "有效期至", day, "85.00")] == [
        True
    ] * 7
    free = ("--fee", "0", "--deposit", "0", "--until", "never")
    done = shell.desk("issue", "0018", *free, reader=shell.card("b.bin", "01A062BE"))
    assert (done["cash_to_take_fen"], done["card"]["valid_until"]) == (0, None)
    assert "工本费" not in _paper(shell, done["operation"]["id"])


def test_a_queue_charges_each_person_by_the_class_and_the_clerk_reads_it(shell: Shell) -> None:
    (shell.directory / "stack").mkdir()
    for n in range(2):
        shell.card(f"stack/{n}.bin", f"01A062B{n}")
    people = ("--person", "0017", "--person", "0018")
    shell.desk("issue-batch", *people, "--deposit", "5", "--most", "2", reader="virtual:stack")
    cards = [shell.desk("read", reader=f"virtual:stack/{n}.bin")["at_server"] for n in range(2)]
    assert [(each["fee_fen"], each["deposit_fen"]) for each in cards] == [(15_00, 5_00)] * 2
    line = ("--reader", shell.card("c.bin", "01A062BF"), "--tenant", TENANT, "--lang", "en")
    told = shell.run("desk", "issue", "0019", "--until", "never", *line).stdout
    assert "card fee 15.00 · deposit 20.00 · no last day" in told
    assert "Take 35.00 from the person." in told


def test_a_return_keeps_to_the_class_unless_a_purse_is_named(shell: Shell) -> None:
    card = shell.card("a.bin", "01A062BD")
    shell.desk("issue", "0017", "--opening", "50", "--water", "8", reader=card)
    refused = shell.desk("cancel", "--password-file", "password", reader=card, code="kept_money")
    assert "water 8.00" in refused["message"]
    shell.desk("return", "--purse", "water=gone", reader=card, code="wrong_input")
    done = shell.desk("return", "--erase", reader=card)
    assert (done["cash_to_take_fen"], done["balances_fen"]["water"]) == (-70_00, 8_00)
    assert done["waiting_fen"] == {"water": 8_00}
    shell.desk("issue", "0017", "--fee", "0", reader=card)
    assert shell.desk("read", reader=card)["on_card"]["purses"]["water"]["cash_fen"] == 8_00
    done = shell.desk("return", "--purse", "water=pay_out", reader=card)
    assert (done["cash_to_take_fen"], done["balances_fen"]["water"]) == (-28_00, 0)
    assert shell.run("check").returncode == 0
