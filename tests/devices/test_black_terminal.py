"""How a simulated terminal takes its black list, without sockets: messages in, messages out."""

from typing import Any

import pytest

from onecard.devices.model import Row
from onecard.devices.rules import row_digest
from onecard.sim.lists import HAVE_EVERY_MS, SYNC_RESEND_MS, digest_of
from onecard.sim.store import new_store
from onecard.sim.terminal import Limits, Terminal

T0 = 1_800_000_000_000.0
LOST, OTHER = "A1B2C3D4", "0BADCAFE"
ROWS = {LOST: {"no": 1001, "gen": 1}, OTHER: {}}


def connected(**limits: int) -> Terminal:
    pos = Terminal(new_store(), Limits(**limits))
    pos.connected(T0)
    pos.outbox.clear()
    return pos


def said(pos: Terminal, topic: str) -> list[dict[str, Any]]:
    """What it said on a topic since the last look."""
    found = [message.body for message in pos.outbox if message.topic == topic]
    pos.outbox.clear()
    return found


def delta(base: int, to: int, *ops: dict[str, Any], after: dict[str, Any], **more: Any) -> dict[str, Any]:
    common = {"ds": "black", "base": base, "to": to, "full": base == 0, "ops": list(ops)}
    return common | {"hash": digest_of(after)} | more


def put(uid: str) -> dict[str, Any]:
    return {"o": "+", "key": uid, "row": ROWS[uid]}


def want(pos: Terminal, change: dict[str, Any]) -> None:
    pos.receive(T0, "dn/want", {"wv": change["to"], "ds": {"black": change["to"]}, "delta": change})


def version(pos: Terminal) -> int:
    return pos.store.black.version


def test_both_sides_compute_the_same_hash() -> None:
    total = sum(row_digest(Row(key, row)) for key, row in ROWS.items())
    assert digest_of(ROWS) == f"{total % (1 << 64):016x}"


def test_it_takes_a_delta_and_says_what_it_has() -> None:
    pos = connected()
    want(pos, delta(0, 3, put(LOST), after={LOST: ROWS[LOST]}))
    assert said(pos, "up/have") == [{"ds": {"black": [3, 1, digest_of({LOST: ROWS[LOST]})]}}]
    want(pos, delta(3, 5, {"o": "-", "key": LOST}, put(OTHER), after={OTHER: {}}))
    assert (version(pos), list(pos.store.black.rows)) == (5, [OTHER])


def test_a_delta_that_comes_again_changes_nothing_and_is_confirmed_again() -> None:
    pos = connected()
    late, new = delta(0, 3, put(LOST), after={LOST: ROWS[LOST]}), delta(3, 4, put(OTHER), after=ROWS)
    for change in (late, new, new):
        want(pos, change)
    assert [body["ds"]["black"][0] for body in said(pos, "up/have")] == [3, 4, 4]
    assert pos.store.black.rows == ROWS


def test_it_asks_for_what_it_missed() -> None:
    pos = connected()
    want(pos, delta(4, 5, put(LOST), after=ROWS))
    (asked,) = said(pos, "up/req")
    assert (asked["op"], asked["ds"], asked["have"], asked["page"]) == ("sync", "black", 0, None)
    pos.lists.tick(T0 + SYNC_RESEND_MS)
    (again,) = said(pos, "up/req")
    answer = delta(0, 5, put(LOST), put(OTHER), after=ROWS)
    pos.receive(T0, "dn/rsp", answer | {"rid": again["rid"], "ok": True})
    assert (version(pos), pos.store.black.rows) == (5, ROWS)


def test_a_list_in_parts_is_switched_at_the_end() -> None:
    pos = connected()
    want(pos, delta(0, 5, put(OTHER), after=ROWS, more="5:0:0BADCAFE"))
    assert version(pos) == 0
    (asked,) = said(pos, "up/req")
    assert asked["page"] == "5:0:0BADCAFE"
    answer = delta(0, 5, put(LOST), after=ROWS)
    pos.receive(T0, "dn/rsp", answer | {"rid": asked["rid"], "ok": True})
    assert (version(pos), pos.store.black.rows) == (5, ROWS)


def test_a_part_of_a_list_that_is_no_longer_wanted_is_ignored() -> None:
    pos = connected()
    want(pos, delta(0, 5, put(OTHER), after=ROWS, more="5:0:0BADCAFE"))
    (asked,) = said(pos, "up/req")
    want(pos, delta(0, 6, put(LOST), after={LOST: ROWS[LOST]}))
    pos.receive(T0, "dn/rsp", delta(0, 5, put(LOST), after=ROWS) | {"rid": asked["rid"], "ok": True})
    assert (version(pos), list(pos.store.black.rows)) == (6, [LOST])


def test_a_wrong_hash_brings_the_whole_list_and_twice_wrong_a_complaint() -> None:
    pos = connected()
    want(pos, delta(0, 3, put(LOST), after={LOST: ROWS[LOST]}))
    pos.outbox.clear()
    want(pos, delta(3, 4, put(OTHER), after={}))
    (asked,) = said(pos, "up/req")
    assert asked["have"] == 0
    answer = delta(0, 4, put(OTHER), after={})
    pos.receive(T0, "dn/rsp", answer | {"rid": asked["rid"], "ok": True})
    (complaint,) = said(pos, "up/have")
    assert complaint["err"] == [{"ds": "black", "code": "hash"}]
    assert (version(pos), list(pos.store.black.rows)) == (3, [LOST])


def test_a_list_without_room_is_not_taken() -> None:
    pos = connected(black=1)
    want(pos, delta(0, 3, put(LOST), put(OTHER), after=ROWS))
    (complaint,) = said(pos, "up/have")
    assert complaint["err"] == [{"ds": "black", "code": "no_room"}]
    assert (version(pos), complaint["ds"]["black"][0]) == (0, 0)


def test_it_repeats_every_five_minutes_what_it_has() -> None:
    pos = connected()
    pos.tick(T0 + HAVE_EVERY_MS - 1)
    assert said(pos, "up/have") == []
    pos.tick(T0 + HAVE_EVERY_MS)
    assert said(pos, "up/have") == [{"ds": {"black": [0, 0, "0" * 16]}}]


@pytest.mark.parametrize("silent_server", [True, False])
def test_a_listed_card_is_refused_when_nobody_can_be_asked(*, silent_server: bool) -> None:
    pos = connected()
    want(pos, delta(0, 3, put(LOST), after={LOST: ROWS[LOST]}))
    if not silent_server:
        pos.disconnected(T0)
    for card in (LOST, OTHER):
        assert pos.swipe(T0, card, 100)
        for _ in range(3):
            pos.tick(T0 + 2500)
    refused, sold = pos.outcomes
    assert (refused.card, refused.sold, refused.code) == (LOST, False, "card_lost")
    assert sold.sold


def test_an_unlisted_card_is_left_to_the_server_to_judge() -> None:
    pos = connected()
    want(pos, delta(0, 3, put(LOST), after={LOST: ROWS[LOST]}))
    assert pos.swipe(T0, LOST, 100)
    assert [body["op"] for body in said(pos, "up/req")] == ["pay"]
