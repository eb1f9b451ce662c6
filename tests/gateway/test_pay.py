"""Online requests of a terminal, over a real bus to a real ledger and back."""

import asyncio

import pytest
from pos import POOR, RICH, Certify, Pos, School, now_ms

from onecard.base.db import SYSTEM
from onecard.consumption import service as consumption
from onecard.gateway.directory import OLD_S
from onecard.gateway.worker import Gateway
from onecard.tenants import service as tenants


async def test_a_lunch_is_paid(pos: Pos, school: School) -> None:
    answer = await pos.pay(RICH, 12_50, seq=1)
    assert answer["ok"]
    assert answer["code"] == "ok"
    assert answer["amt"] == 12_50
    assert answer["balances"] == {"cash": 87_50, "sub": 0, "gift": 0, "water": 0}
    assert answer["name"] == "王*明"
    assert answer["show"] == ["王*明", "消费 12.50 元", "余额 87.50 元"]
    assert answer["voice"] == "成功"
    assert (await school.balance(RICH)).cash == 87_50
    assert await school.takings() == 12_50


async def test_too_little_money_is_refused_with_the_numbers(pos: Pos, school: School) -> None:
    answer = await pos.pay(POOR, 12_50, seq=1)
    assert not answer["ok"]
    assert (answer["code"], answer["need"], answer["have"]) == ("balance_too_low", 12_50, 1_00)
    assert await school.takings() == 0


async def test_the_same_request_again_gets_the_same_answer_and_takes_nothing(
    pos: Pos, school: School
) -> None:
    request = pos.pay_request(RICH, 5_00, seq=1)
    first, second = await pos.ask(request), await pos.ask(request)
    assert first["ok"]
    assert first == second
    assert await school.takings() == 5_00


async def test_the_same_sale_asked_anew_takes_nothing(pos: Pos, school: School) -> None:
    first, second = await pos.pay(RICH, 5_00, seq=1), await pos.pay(RICH, 5_00, seq=1)
    assert first["ok"] and second["ok"]  # noqa: PT018  they belong together
    assert first["txn"] == second["txn"]
    assert await school.takings() == 5_00


async def test_another_amount_under_the_same_number_is_a_conflict(pos: Pos, school: School) -> None:
    assert (await pos.pay(RICH, 5_00, seq=1))["ok"]
    assert (await pos.pay(RICH, 6_00, seq=1))["code"] == "key_reused"
    assert await school.takings() == 5_00


async def test_the_same_rid_with_other_content_is_a_conflict(pos: Pos, school: School) -> None:
    request = pos.pay_request(RICH, 5_00, seq=1)
    assert (await pos.ask(request))["ok"]
    assert (await pos.ask(request | {"seq": 2}))["code"] == "key_reused"
    assert await school.takings() == 5_00


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"op": "teleport"}, "operation_unknown"),
        ({"ep": 99}, "epoch_unknown"),
        ({"seq": None}, "malformed"),
        ({"seq": 0}, "malformed"),
        ({"seq": 1 << 40}, "malformed"),
        ({"amt": "12"}, "malformed"),
        ({"amt": 12.5}, "malformed"),
        ({"amt": 1 << 70}, "malformed"),
        ({"amt": 0}, "amount_not_positive"),
        ({"amt": -500}, "amount_not_positive"),
        ({"amt": 1 << 50}, "amount_too_large"),
        ({"cred": {"t": "qr", "v": "x"}}, "credential_unsupported"),
        ({"cred": {"t": "uid", "v": "FFFFFFFF"}}, "card_unknown"),
        ({"cred": {"t": "uid", "v": "' or 1=1"}}, "card_unknown"),
    ],
)
async def test_refusals_have_names(pos: Pos, school: School, change: dict[str, object], code: str) -> None:
    request = pos.pay_request(RICH, 1_00, seq=1) | change
    if change == {"seq": None}:
        del request["seq"]
    answer = await pos.ask(request)
    assert not answer["ok"]
    assert answer["code"] == code
    assert answer["rid"] == request["rid"]
    assert await school.takings() == 0


async def test_cards_that_may_not_be_used(pos: Pos, school: School) -> None:
    for state, code in (("lost", "card_lost"), ("returned", "card_not_valid")):
        await school.fetch(f"update cards.card set state = '{state}' returning 1")  # noqa: S608  two literals
        assert (await pos.pay(RICH, 1_00, seq=1))["code"] == code
    await school.fetch("update people.person set state = 'suspended' returning 1")
    assert (await pos.pay(POOR, 1_00, seq=1))["code"] == "card_not_valid"


async def test_a_closed_merchant_sells_nothing(pos: Pos, school: School) -> None:
    assert (await pos.pay(RICH, 1_00, seq=1))["ok"]
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await consumption.set_closed(tx, "C1", closed=True)
    await asyncio.sleep(OLD_S + 0.1)  # nothing is decided on what was known longer ago
    assert (await pos.pay(RICH, 1_00, seq=2))["code"] == "merchant_closed"
    assert await school.takings() == 1_00


async def test_a_terminal_without_merchant_sells_nothing(
    certify: Certify, gateway: Gateway, school: School
) -> None:
    pos = await certify("POS-2", merchant=False)
    await pos.arrive(school)
    assert (await pos.pay(RICH, 1_00, seq=1))["code"] == "merchant_unknown"


async def test_query_tells_balances_and_takes_nothing(pos: Pos, school: School) -> None:
    answer = await pos.ask(pos.request("query", cred={"t": "uid", "v": RICH}))
    assert answer["balances"]["cash"] == 100_00
    assert answer["show"] == ["王*明", "余额 100.00 元"]
    assert await school.takings() == 0


async def test_time_tells_three_instants(pos: Pos) -> None:
    before = now_ms()
    answer = await pos.ask(pos.request("time", t=123))
    assert answer["t0"] == 123
    assert before <= answer["t1"] <= answer["t2"] <= now_ms()


async def test_old_request_numbers_are_replays(pos: Pos, school: School) -> None:
    assert (await pos.ask(pos.request("time", n=100)))["ok"]
    assert (await pos.pay(RICH, 1_00, seq=1, n=100))["code"] == "replayed"
    assert (await pos.pay(RICH, 1_00, seq=1, n=36))["code"] == "replayed"
    assert (await pos.pay(RICH, 1_00, seq=1, n=37))["ok"]
    assert (await pos.pay(RICH, 1_00, seq=2, n=101, boot=0))["code"] == "replayed"
    assert await school.takings() == 1_00


async def test_a_request_held_back_for_a_minute_is_expired(pos: Pos, school: School) -> None:
    request = pos.pay_request(RICH, 1_00, seq=1)
    assert (await pos.ask(pos.request("query", cred={"t": "uid", "v": RICH})))["ok"]
    assert (await pos.ask(request | {"t": request["t"] - 61_000}))["code"] == "expired"
    assert await school.takings() == 0


async def test_a_wrong_clock_is_no_obstacle(pos: Pos, school: School) -> None:
    for seq in (1, 2):
        answer = await pos.ask(pos.pay_request(RICH, 1_00, seq=seq) | {"t": 1000 * seq})
        assert answer["ok"]
    assert await school.takings() == 2_00


async def test_a_suspended_tenant_sells_nothing(pos: Pos, school: School) -> None:
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await tenants.set_suspended(tx, suspended=True)
    assert await pos.is_disconnected()
    assert await school.takings() == 0
