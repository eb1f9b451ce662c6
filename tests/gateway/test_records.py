"""Records: contiguous, posted once, acknowledged after the commit."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import repeat

import pytest
from pos import EPOCH, POOR, RICH, Certify, Pos, School, StartGateway, now_ms, sale

from onecard.base.db import SYSTEM
from onecard.gateway.worker import Gateway

DAY_MS = 24 * 3600 * 1000


async def test_offline_sales_are_posted_and_acknowledged(pos: Pos, school: School) -> None:
    ack = await pos.deliver(sale(1, RICH, 5_00), sale(2, RICH, 6_00))
    assert ack == {"ep": EPOCH, "ack": 2}
    assert (await school.balance(RICH)).cash == 89_00
    assert await school.takings() == 11_00
    rows = await school.fetch("select seq, kind, status from devices.record order by seq")
    assert rows == [(1, "sale", 0), (2, "sale", 0)]


async def test_records_again_are_ignored(pos: Pos, school: School) -> None:
    records = [sale(1, RICH, 5_00), sale(2, RICH, 6_00)]
    await pos.deliver(*records)
    assert (await pos.deliver(*records))["ack"] == 2
    assert (await pos.deliver(*records, sale(3, RICH, 1_00)))["ack"] == 3
    assert await school.takings() == 12_00
    assert await school.fetch("select 1 from devices.quarantine") == []


async def test_a_gap_waits_for_what_is_missing(pos: Pos, school: School) -> None:
    assert (await pos.deliver(sale(2, RICH, 6_00)))["ack"] == 0
    assert await school.takings() == 0
    assert (await pos.deliver(sale(1, RICH, 5_00), sale(2, RICH, 6_00)))["ack"] == 2
    assert await school.takings() == 11_00


async def test_another_content_under_a_used_number_is_quarantined(pos: Pos, school: School) -> None:
    await pos.deliver(sale(1, RICH, 5_00))
    forged = sale(1, RICH, 9_00)
    for _ in range(2):
        assert (await pos.deliver(forged, sale(2, RICH, 1_00, t=forged["t"])))["ack"] == 2
    assert await school.takings() == 6_00
    assert await school.fetch("select seq, reason from devices.quarantine") == [(1, "other_content")]


async def test_an_online_sale_and_its_record_are_one(pos: Pos, school: School) -> None:
    assert (await pos.pay(RICH, 5_00, seq=1))["ok"]
    assert (await pos.deliver(sale(1, RICH, 5_00, off=0)))["ack"] == 1
    assert await school.takings() == 5_00


async def test_an_unanswered_sale_that_was_booked_and_then_decided_alone_is_one(
    pos: Pos, school: School
) -> None:
    assert (await pos.pay(RICH, 5_00, seq=1))["ok"]
    assert (await pos.deliver(sale(1, RICH, 5_00, off=1)))["ack"] == 1
    assert await school.takings() == 5_00


@pytest.mark.parametrize("result", ["cancelled", "unknown"])
@pytest.mark.parametrize("off", [0, 1])
async def test_a_booked_sale_that_was_cancelled_is_given_back(
    pos: Pos, school: School, result: str, off: int
) -> None:
    assert (await pos.pay(RICH, 5_00, seq=1))["ok"]
    record = sale(1, RICH, 5_00, off=off, res=result)
    for _ in range(2):
        assert (await pos.deliver(record))["ack"] == 1
    assert await school.takings() == 0
    assert (await school.balance(RICH)).cash == 100_00


async def test_a_cancelled_number_cannot_be_paid_later(
    start_gateway: StartGateway, pos: Pos, school: School
) -> None:
    assert (await pos.deliver(sale(1, RICH, 5_00, off=0, res="cancelled")))["ack"] == 1
    assert (await pos.pay(RICH, 5_00, seq=1))["code"] == "sequence_out_of_range"
    await start_gateway()  # a gateway that knows nothing of this
    codes = {(await pos.pay(RICH, 5_00, seq=1))["code"] for _ in range(8)}
    assert codes <= {"sequence_out_of_range", "expired"}
    assert await school.takings() == 0


async def test_goods_handed_out_after_a_refusal_are_owed(pos: Pos, school: School) -> None:
    assert (await pos.pay(POOR, 5_00, seq=1))["code"] == "balance_too_low"
    assert (await pos.deliver(sale(1, POOR, 5_00, off=1)))["ack"] == 1
    assert await school.takings() == 5_00
    balance = await school.balance(POOR)
    assert (balance.cash, balance.shortfall) == (0, -4_00)


async def test_an_unknown_card_goes_to_suspense(pos: Pos, school: School) -> None:
    assert (await pos.deliver(sale(1, "DEADBEEF", 5_00)))["ack"] == 1
    assert await school.takings() == 5_00
    assert await school.fetch("select balance_fen from ledger.book where kind = 23") == [(-5_00,)]


async def test_a_late_sale_counts_for_its_own_day(pos: Pos, school: School) -> None:
    await pos.deliver(sale(1, RICH, 5_00, t=now_ms() - 3 * DAY_MS))
    await pos.deliver(sale(2, RICH, 5_00, t=now_ms() - 3 * DAY_MS, clk=2), sale(3, RICH, 5_00, t=0))
    await pos.deliver(sale(4, RICH, 5_00, t=now_ms() + 2 * DAY_MS))
    rows = await school.fetch(
        "select (max(business_day) over () - business_day)::int from ledger.line"
        " where kind = 1 order by occurred_at"
    )
    assert [row[0] for row in rows] == [3, 0, 0, 0]


async def test_the_same_number_for_another_card_is_quarantined(pos: Pos, school: School) -> None:
    assert (await pos.pay(RICH, 5_00, seq=1))["ok"]
    assert (await pos.deliver(sale(1, POOR, 5_00)))["ack"] == 1
    assert await school.takings() == 5_00
    assert await school.fetch("select reason from devices.quarantine") == [("key_reused",)]


async def test_a_new_store_begins_anew_and_the_old_stays_open(pos: Pos, school: School) -> None:
    await pos.deliver(sale(1, RICH, 1_00))
    unknown = await pos.deliver(sale(1, RICH, 2_00), epoch=EPOCH + 1)
    assert unknown == {"ep": EPOCH + 1, "code": "epoch_unknown"}
    pos.epoch = EPOCH + 1
    pos.announce()
    await school.knows(pos)
    assert (await pos.deliver(sale(1, RICH, 2_00)))["ack"] == 1
    assert (await pos.deliver(sale(2, RICH, 4_00), epoch=EPOCH))["ack"] == 2
    assert await school.takings() == 7_00
    assert (await pos.pay(RICH, 1_00, seq=2))["ok"]


async def test_records_that_overtake_the_announcement_of_their_store_wait_for_it(
    pos: Pos, school: School, monkeypatch: pytest.MonkeyPatch, blocked: Callable[[], Awaitable[None]]
) -> None:
    looked = asyncio.Event()

    def patience() -> Iterator[float]:
        yield 0.0
        looked.set()  # once, and found nothing
        yield from repeat(0.02, 1500)

    assert (await pos.deliver(sale(1, RICH, 1_00)))["ack"] == 1
    monkeypatch.setattr("onecard.gateway.records._STORE_PATIENCE_S", patience())
    pos.epoch = EPOCH + 1
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("select from devices.presence for update")
        pos.announce()
        await blocked()
        pos.send_records(sale(1, RICH, 2_00))
        await looked.wait()
    assert (await pos.answer("dn/rec"))["ack"] == 1
    assert await school.takings() == 3_00


async def test_other_kinds_are_stored(pos: Pos, school: School) -> None:
    kinds = ["deny", "door", "admin", "anything"]
    records = [{"seq": n, "k": kind, "t": now_ms(), "d": {"why": "x"}} for n, kind in enumerate(kinds, 1)]
    assert (await pos.deliver(*records))["ack"] == 4
    assert await school.fetch("select kind from devices.record order by seq") == [(kind,) for kind in kinds]
    assert await school.takings() == 0


@pytest.mark.parametrize(
    "record",
    [
        {"seq": 1, "k": "sale", "t": "yesterday"},
        {"seq": 1, "k": "sale", "t": 1, "amt": 1.5},
        {"seq": 1, "k": "sale", "t": 1},
        {"seq": 1, "k": "sale", "t": 1, "res": "maybe", "amt": 1},
        {"seq": 1, "k": "note", "t": 1, "d": {"text": "a\0b"}},
        {"seq": 1, "k": "note", "t": 1, "d": {"n": 10**40}},
        {"seq": 1, "k": "x" * 17, "t": 1},
    ],
)
async def test_a_malformed_record_is_set_aside_and_blocks_nothing(
    pos: Pos, school: School, record: dict[str, object]
) -> None:
    assert (await pos.deliver(record, sale(2, RICH, 1_00)))["ack"] == 2
    assert await school.fetch("select seq, reason from devices.quarantine") == [(1, "malformed")]
    assert await school.takings() == 1_00


@pytest.mark.parametrize(
    "batch",
    [
        {"ep": EPOCH, "from": 1, "recs": [{"seq": 1, "k": "a", "t": 1}, {"seq": 3, "k": "a", "t": 1}]},
        {"ep": EPOCH, "from": 2, "recs": [{"seq": 1, "k": "a", "t": 1}]},
        {"ep": EPOCH, "from": 1, "recs": [{"k": "a", "t": 1}]},
        {"ep": EPOCH, "from": 1, "recs": [7]},
        {"ep": EPOCH, "from": 1, "recs": [{"seq": n, "k": "a", "t": 1} for n in range(1, 52)]},
        {"ep": 0, "from": 1, "recs": []},
    ],
)
async def test_a_malformed_batch_is_refused_whole(pos: Pos, school: School, batch: dict[str, object]) -> None:
    pos.send("up/rec", batch)
    ack = await pos.answer("dn/rec")
    assert ack["code"] == "malformed"
    assert "ack" not in ack
    assert await school.fetch("select 1 from devices.record") == []


async def test_a_sale_of_a_terminal_without_merchant_is_set_aside(
    certify: Certify, gateway: Gateway, school: School
) -> None:
    pos = await certify("POS-2", merchant=False)
    await pos.arrive(school)
    assert (await pos.deliver(sale(1, RICH, 1_00)))["ack"] == 1
    assert await school.fetch("select reason from devices.quarantine") == [("merchant_unknown",)]


async def test_the_same_batch_at_two_gateways_is_posted_once(
    start_gateway: StartGateway, gateway: Gateway, pos: Pos, school: School
) -> None:
    gateways = [gateway, await start_gateway()]
    records = [sale(seq, RICH, 10) for seq in range(1, 51)]
    # by chance one of them may get ten in a row
    async with asyncio.timeout(60):
        while not all(map(took, gateways)):
            for _ in range(10):
                pos.send_records(*records)
            acks = [await pos.answer("dn/rec") for _ in range(10)]
            assert {ack["ack"] for ack in acks} == {50}
    assert await school.takings() == 5_00


def took(gateway: Gateway) -> bool:
    """Whether a gateway has had records."""
    return not {"rec.repeated.ok", "rec.sale.ok"}.isdisjoint(gateway.counters.snapshot())
