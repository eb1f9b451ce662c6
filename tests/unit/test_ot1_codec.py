"""OT/1 between bytes and messages: bytes in, expected fields out, and back."""

import json
import re
from typing import Any

import pytest

from onecard.base.status import Status
from onecard.devices.drivers.ot1 import codec, reference
from onecard.devices.drivers.ot1.model import (
    Ack,
    Balances,
    Batch,
    Clock,
    Credential,
    Grant,
    Hello,
    Record,
    Request,
    Response,
    State,
)

REQUEST: dict[str, Any] = {"rid": "a", "boot": 1, "n": 2, "t": 3, "op": "pay"}
RECORD: dict[str, Any] = {"seq": 1, "k": "sale", "t": 5}


def wire(message: object) -> bytes:
    return json.dumps(message).encode()


def entries(*records: object) -> list[codec.Entry]:
    batch = codec.decode(Batch, wire({"ep": 1, "recs": records}))
    assert isinstance(batch, Batch)
    found = codec.entries(batch)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("kind", "sent", "expected"),
    [
        (State, {"on": 0}, State(0)),
        (State, {"on": 1, "boot": 2, "ep": 3, "clk": 1}, State(1, boot=2, ep=3, clk=Clock.DRIFTING)),
        (Request, REQUEST | {"new": {"field": []}}, Request("a", 1, 2, 3, "pay")),
        (
            Request,
            REQUEST | {"seq": 9, "ep": 8, "cred": {"t": "uid", "v": "00"}, "amt": -1},
            Request("a", 1, 2, 3, "pay", 8, 9, Credential("uid", "00"), -1),
        ),
        (Hello, {"sn": "A-1"}, Hello("A-1")),
    ],
)
def test_messages_from_bytes(kind: Any, sent: object, expected: object) -> None:
    assert codec.decode(kind, wire(sent)) == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            Response(ok=True, code="ok", rid="a", txn="k", amt=5),
            {"ok": True, "code": "ok", "rid": "a", "txn": "k", "amt": 5},
        ),
        (Response(ok=False, code="busy", balances=Balances(1, 2, 3, 4)),
         {"ok": False, "code": "busy", "balances": {"cash": 1, "sub": 2, "gift": 3, "water": 4}}),
        (Ack(ep=1, ack=0), {"ep": 1, "ack": 0}),
        (Ack(ep=1, code="epoch_unknown"), {"ep": 1, "code": "epoch_unknown"}),
        (Grant("wait"), {"state": "wait"}),
    ],
)  # fmt: skip
def test_messages_to_bytes(message: Any, expected: object) -> None:
    assert json.loads(codec.encode(message)) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"rid": ""}, {"rid": "x" * 65}, {"rid": 1}, {"boot": -1}, {"n": 1.5}, {"t": -1}, {"t": 1 << 60},
        {"op": None}, {"seq": 0}, {"seq": 1 << 40}, {"ep": 0}, {"ep": 1 << 31}, {"amt": "5"}, {"amt": 5.0001},
        {"amt": True}, {"amt": 1 << 60}, {"cred": "A1B2C3D4"}, {"cred": {"t": "uid"}},
        {"cred": {"t": "uid", "v": "x" * 513}},
    ],
)  # fmt: skip
def test_values_out_of_range_are_malformed(change: dict[str, object]) -> None:
    assert codec.decode(Request, wire(REQUEST | change)) is Status.MALFORMED


def test_size_is_checked_first() -> None:
    assert codec.decode(Request, b"x" * 65_537) is Status.TOO_LARGE
    padded = wire(REQUEST | {"pad": ""})
    assert isinstance(codec.decode(Request, padded + b" " * (65_536 - len(padded))), Request)


@pytest.mark.parametrize(("sent", "rid"), [({"rid": "r", "n": "x"}, "r"), ({"rid": 5}, None), ({}, None)])
def test_a_malformed_request_can_still_be_named(sent: object, rid: str | None) -> None:
    assert codec.request_id(wire(sent)) == rid


def test_the_digest_ignores_the_order_of_keys_and_nothing_else() -> None:
    same = [
        entries(RECORD | {"d": {"a": 1, "b": 2}})[0].digest,
        entries({"d": {"b": 2, "a": 1}} | RECORD)[0].digest,
    ]
    assert same[0] == same[1]
    for other in ({"d": {"a": 1, "b": 3}}, {"d": {"a": 1, "b": 2}, "x": 1}, {"d": {"a": 1, "b": "2"}}):
        assert entries(RECORD | other)[0].digest != same[0]


@pytest.mark.parametrize(
    "change",
    [
        {"d": {"text": "\0"}}, {"d": {"\0": 1}}, {"d": {"n": 1 << 64}}, {"d": {"a": [[[[[[[[1]]]]]]]]}},
        {"k": ""}, {"t": None}, {"off": 2}, {"clk": 3}, {"res": "perhaps"}, {"lv": {"black": "new"}},
    ],
)  # fmt: skip
def test_a_malformed_record_keeps_its_number_and_what_it_said(change: dict[str, object]) -> None:
    (entry,) = entries(RECORD | change)
    assert (entry.seq, entry.record) == (1, None)
    assert "\\u0000" not in entry.content.decode().replace("\\\\u0000", "")
    assert json.loads(entry.content)


def test_records_of_a_batch_follow_each_other() -> None:
    batch = codec.decode(
        Batch, wire({"ep": 1, "from": 4, "recs": [RECORD | {"seq": 4}, RECORD | {"seq": 5}]})
    )
    assert isinstance(batch, Batch)
    assert [entry.seq for entry in codec.entries(batch)] == [4, 5]  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", list(reference.examples()))
def test_the_examples_on_the_page_are_messages(kind: Any) -> None:
    example = reference.examples()[kind]
    if kind in {State, Request, Batch, Hello}:
        assert isinstance(codec.decode(kind, wire(example)), kind)
    elif kind is Record:
        assert entries(example)[0].record is not None
    else:
        fields = set(kind.__struct_fields__)
        assert set(example) <= fields


def test_every_field_of_every_message_is_on_the_page() -> None:
    page = reference.markdown()
    for kind in reference.examples():
        section = page.split(f"\n### {kind.__name__}\n")[1].split("\n### ")[0]
        names = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
        assert names == set(reference.schema()["$defs"][kind.__name__]["properties"])
