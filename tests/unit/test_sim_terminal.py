"""The simulated terminal's decisions, without sockets or clocks: times are given, messages are looked at."""

import json
from pathlib import Path
from typing import Any

import pytest

from onecard.sim.lists import HAVE_EVERY_MS
from onecard.sim.messages import Message
from onecard.sim.store import load_store, new_store, save_store
from onecard.sim.terminal import GIVE_UP_MS, Limits, Terminal

T0 = 1_800_000_000_000.0
CARD = "04A1B2C3"


def terminal(limits: Limits | None = None) -> Terminal:
    return Terminal(new_store(), limits)


def online(*, skew_ms: int = 0) -> Terminal:
    """Connected and its clock set; what it said so far is forgotten."""
    made = Terminal(new_store(clock_skew_ms=skew_ms))
    connect(made)
    made.outbox.clear()
    return made


def connect(pos: Terminal) -> None:
    """Let it in and tell it the time."""
    pos.connected(T0)
    asked = sent(pos, "up/req")[-1]
    pos.receive(T0, "dn/rsp", {"rid": asked["rid"], "ok": True, "t0": asked["t0"], "t1": T0, "t2": T0})


def sent(pos: Terminal, topic: str) -> list[dict[str, Any]]:
    return [message.body for message in pos.outbox if message.topic == topic]


def answer(pos: Terminal, now_ms: float, **fields: Any) -> None:
    request = sent(pos, "up/req")[-1]
    pos.receive(now_ms, "dn/rsp", {"rid": request["rid"], "ok": True, "code": "ok", **fields})


def acknowledge(pos: Terminal, seq: int) -> None:
    pos.receive(T0, "dn/rec", {"ep": pos.store.epoch, "ack": seq})


def test_a_sale_the_server_allows_is_recorded_as_sold_with_the_amount_taken() -> None:
    pos = online()
    assert pos.swipe(T0, CARD, 900)
    answer(pos, T0 + 12, amt=850)
    (outcome,) = pos.outcomes
    assert (outcome.sold, outcome.offline, outcome.code, outcome.amount_fen, outcome.took_ms) == (
        True, False, "ok", 850, 12,
    )  # fmt: skip
    (batch,) = sent(pos, "up/rec")
    (record,) = batch["recs"]
    assert (batch["from"], batch["last"]) == (1, 1)
    assert (record["seq"], record["res"], record["off"], record["amt"]) == (1, "sold", 0, 850)


def test_the_record_has_the_number_the_request_announced() -> None:
    pos = online()
    pos.swipe(T0, CARD, 900)
    request = sent(pos, "up/req")[-1]
    assert (request["seq"], request["ep"], request["op"]) == (1, pos.store.epoch, "pay")
    answer(pos, T0, ok=False, code="balance_too_low")
    pos.swipe(T0, CARD, 300)
    assert sent(pos, "up/req")[-1]["seq"] == 2


def test_a_refused_sale_leaves_a_cancelled_record_because_its_number_is_used() -> None:
    pos = online()
    pos.swipe(T0, CARD, 900)
    answer(pos, T0, ok=False, code="balance_too_low")
    assert pos.outcomes[0].code == "balance_too_low"
    assert [record["res"] for record in sent(pos, "up/rec")[0]["recs"]] == ["cancelled"]


def test_one_person_at_a_time() -> None:
    pos = online()
    assert pos.swipe(T0, CARD, 900)
    assert not pos.swipe(T0, "04FFFFFF", 100)


def test_it_asks_again_after_800_and_1600_ms_and_sells_alone_after_2500_ms() -> None:
    pos = online()
    pos.swipe(T0, CARD, 900)
    for late_ms, requests in ((799, 1), (800, 2), (1599, 2), (1600, 3), (2499, 3)):
        pos.tick(T0 + late_ms)
        assert len(sent(pos, "up/req")) == requests
    assert len({request["rid"] for request in sent(pos, "up/req")}) == 1
    assert not pos.outcomes
    pos.tick(T0 + GIVE_UP_MS)
    (outcome,) = pos.outcomes
    assert (outcome.sold, outcome.offline, outcome.sent) == (True, True, 3)


def test_an_answer_after_it_gave_up_changes_nothing() -> None:
    pos = online()
    pos.swipe(T0, CARD, 900)
    request = sent(pos, "up/req")[-1]
    pos.tick(T0 + GIVE_UP_MS)
    pos.receive(T0 + 2600, "dn/rsp", {"rid": request["rid"], "ok": False, "code": "balance_too_low"})
    assert pos.late_answers == 1
    assert [record["res"] for record in pos.store.records] == ["sold"]


def test_a_busy_server_is_asked_again() -> None:
    pos = online()
    pos.swipe(T0, CARD, 900)
    answer(pos, T0 + 5, ok=False, code="busy")
    assert pos.selling
    pos.tick(T0 + 800)
    answer(pos, T0 + 810)
    assert pos.outcomes[0].sold


@pytest.mark.parametrize(
    ("limits", "amounts", "code"),
    [
        (Limits(sale_fen=1000), [1001], "offline_limit_sale"),
        (Limits(card_fen=1000), [600, 401], "offline_limit_card"),
        (Limits(card_count=2), [1, 1, 1], "offline_limit_card"),
        (Limits(total_fen=1000), [1000, 1], "offline_limit_total"),
        (Limits(records=2), [1, 1, 1], "store_full"),
    ],
)
def test_offline_it_sells_up_to_its_limits(limits: Limits, amounts: list[int], code: str) -> None:
    pos = terminal(limits)
    for amount in amounts:
        pos.swipe(T0, CARD, amount)
    assert [outcome.sold for outcome in pos.outcomes] == [True] * (len(amounts) - 1) + [False]
    assert pos.outcomes[-1].code == code
    assert len(pos.store.records) == len(amounts) - 1


def test_an_acknowledgement_frees_offline_limits_and_store() -> None:
    pos = terminal(Limits(records=2, card_count=2))
    pos.swipe(T0, CARD, 100)
    pos.swipe(T0, CARD, 100)
    pos.connected(T0)
    acknowledge(pos, 2)
    pos.disconnected(T0)
    pos.swipe(T0, CARD, 100)
    assert pos.outcomes[-1].sold
    assert [record["seq"] for record in pos.store.records] == [2, 3]


def test_a_broken_connection_decides_the_sale_in_progress_at_once() -> None:
    pos = online()
    pos.swipe(T0, CARD, 900)
    pos.disconnected(T0 + 30)
    assert (pos.outcomes[0].sold, pos.outcomes[0].code) == (True, "not_connected")


def test_records_go_in_batches_of_fifty_from_the_first_unacknowledged_one_batch_at_a_time() -> None:
    pos = terminal(Limits(card_count=1000, card_fen=10**9))
    for _ in range(60):
        pos.swipe(T0, CARD, 1)
    pos.connected(T0)
    (batch,) = sent(pos, "up/rec")
    assert [record["seq"] for record in batch["recs"]] == list(range(1, 51))
    acknowledge(pos, 50)
    assert [record["seq"] for record in sent(pos, "up/rec")[1]["recs"]] == list(range(51, 61))
    acknowledge(pos, 60)
    assert pos.upload_complete


def test_an_unacknowledged_batch_is_sent_again_after_1_2_4_up_to_30_seconds() -> None:
    pos = terminal()
    pos.swipe(T0, CARD, 1)
    connect(pos)
    times = []
    for _ in range(7):
        due = pos.due_ms()
        assert due is not None
        pos.tick(due)
        times.append(round((due - T0) / 1000))
    assert times == [1, 3, 7, 15, 31, 61, 91]
    assert len(sent(pos, "up/rec")) == 8


def test_a_partial_acknowledgement_continues_behind_it() -> None:
    pos = terminal(Limits(card_count=9))
    for _ in range(3):
        pos.swipe(T0, CARD, 1)
    connect(pos)
    acknowledge(pos, 2)
    assert [record["seq"] for record in sent(pos, "up/rec")[-1]["recs"]] == [3]


def test_it_goes_back_when_the_server_has_less_than_it_acknowledged() -> None:
    pos = online()
    for _ in range(2):
        pos.swipe(T0, CARD, 100)
        answer(pos, T0)
        acknowledge(pos, pos.store.seq)
    pos.swipe(T0, CARD, 100)
    answer(pos, T0)
    acknowledge(pos, 1)
    assert [record["seq"] for record in sent(pos, "up/rec")[-1]["recs"]] == [2, 3]


def test_stop_ends_the_upload_until_the_next_connection() -> None:
    pos = terminal()
    pos.swipe(T0, CARD, 1)
    connect(pos)
    pos.receive(T0, "dn/rec", {"ep": pos.store.epoch, "ack": 0, "stop": True})
    assert pos.due_ms() == T0 + HAVE_EVERY_MS  # only a word about its lists
    pos.disconnected(T0)
    connect(pos)
    assert len(sent(pos, "up/rec")) == 2


def test_the_server_may_ask_for_acknowledged_records_again() -> None:
    pos = terminal()
    pos.swipe(T0, CARD, 1)
    pos.connected(T0)
    pos.receive(T0, "dn/rec", {"ep": pos.store.epoch, "ack": 1, "resend": {"from": 1, "to": 1}})
    assert [record["seq"] for record in sent(pos, "up/rec")[-1]["recs"]] == [1]


def test_a_power_cut_in_the_middle_of_a_sale_cancels_it_and_keeps_the_log() -> None:
    pos = online()
    pos.swipe(T0, CARD, 100)
    answer(pos, T0)
    pos.swipe(T0, CARD, 900)
    boot, epoch = pos.store.boot, pos.store.epoch
    pos.reboot()
    assert [(record["seq"], record["res"]) for record in pos.store.records] == [(1, "sold"), (2, "cancelled")]
    assert (pos.store.boot, pos.store.epoch) == (boot + 1, epoch)
    assert not pos.selling


def test_offline_limits_outlive_a_reboot() -> None:
    pos = terminal(Limits(card_count=1))
    pos.swipe(T0, CARD, 100)
    pos.reboot()
    pos.swipe(T0, CARD, 100)
    assert pos.outcomes[-1].code == "offline_limit_card"


def test_a_factory_reset_begins_a_new_store() -> None:
    pos = terminal()
    pos.swipe(T0, CARD, 100)
    epoch, boot = pos.store.epoch, pos.store.boot
    pos.factory_reset()
    assert pos.store.epoch != epoch
    assert (pos.store.boot, pos.store.seq, pos.store.records) == (boot + 1, 0, [])


def test_it_announces_itself_and_sets_its_clock_when_connected() -> None:
    pos = terminal()
    pos.connected(T0)
    (state,) = sent(pos, "up/state")
    assert (state["on"], state["boot"], state["ep"], state["clk"]) == (1, 1, pos.store.epoch, 2)
    assert Message("up/state", state, retain=True) in pos.outbox


@pytest.mark.parametrize("skew_ms", [90_000, -4_000, 1_900, 0])
def test_a_clock_more_than_two_seconds_off_is_stepped(skew_ms: int) -> None:
    pos = online(skew_ms=skew_ms)
    pos.swipe(T0, CARD, 100)
    off_ms = abs(sent(pos, "up/req")[-1]["t"] - T0)
    assert off_ms <= 2_000
    assert pos.clock == 0


def test_a_repeated_request_is_the_same_request() -> None:
    pos = online()
    pos.echo = 2
    pos.swipe(T0, CARD, 100)
    first, second = sent(pos, "up/req")
    assert first == second


def test_a_forged_record_differs_only_in_its_amount() -> None:
    pos = online()
    pos.swipe(T0, CARD, 100)
    answer(pos, T0)
    acknowledge(pos, 1)
    pos.forge(1, 99_00)
    honest, forged = (batch["recs"][0] for batch in sent(pos, "up/rec"))
    assert forged == {**honest, "amt": 99_00}


def test_its_memory_is_a_readable_file_that_survives(tmp_path: Path) -> None:
    pos = terminal()
    pos.swipe(T0, CARD, 100)
    save_store(tmp_path / "pos.json", pos.store)
    assert json.loads((tmp_path / "pos.json").read_text())["records"][0]["amt"] == 100
    assert load_store(tmp_path / "pos.json") == pos.store
    assert load_store(tmp_path / "none.json") is None


def test_it_asks_for_the_time_until_it_gets_it() -> None:
    pos = terminal()
    pos.connected(T0)
    first = sent(pos, "up/req")[-1]
    pos.receive(T0, "dn/rsp", {"rid": first["rid"], "ok": False, "code": "replayed"})
    pos.tick(T0 + 999)
    assert sent(pos, "up/req") == [first]
    pos.tick(T0 + 1000)
    second = sent(pos, "up/req")[-1]
    assert (second["op"], second["n"]) == ("time", 2)


def test_no_request_number_comes_twice_over_boots_and_resets() -> None:
    pos = terminal()
    seen = set()
    for step in (pos.reboot, pos.reboot, pos.factory_reset, pos.reboot):
        pos.connected(T0)
        seen |= {request["rid"] for request in sent(pos, "up/req")}
        step()
    assert len(seen) == 4
