"""The reference page of OT/1, made from the messages themselves."""

import inspect
import json
from typing import Any

import msgspec

from onecard.devices.drivers.ot1.model import (
    PAYLOAD_MOST,
    RECORDS_MOST,
    Ack,
    Batch,
    Delta,
    Grant,
    Have,
    Hello,
    Op,
    Problem,
    Record,
    Request,
    Response,
    State,
    Want,
)

_DELTA: dict[str, Any] = {
    "ds": "black",
    "base": 5,
    "to": 7,
    "full": False,
    "ops": [{"o": "+", "key": "A1B2C3D4", "row": {"gen": 1, "no": 1001}}, {"o": "-", "key": "0BADCAFE"}],
    "hash": "867912f9a82708b5",
}

# message, topic, quality of service, example
_MESSAGES: tuple[tuple[type[msgspec.Struct], str, str, dict[str, Any]], ...] = (
    (
        State,
        "P/up/state",
        "1, retained, also the last will",
        {"on": 1, "boot": 12, "ep": 83110217, "fw": "1.4.0", "model": "T-1", "proto": "ot1", "clk": 0}
        | {"last": 41},
    ),
    (
        Request,
        "P/up/req",
        "0",
        {"rid": "12-7", "boot": 12, "n": 7, "t": 1795219200123, "op": "pay", "ep": 83110217, "seq": 41}
        | {"cred": {"t": "uid", "v": "A1B2C3D4"}, "amt": 1250, "mode": "manual"},
    ),
    (
        Response,
        "P/dn/rsp",
        "0",
        {"ok": True, "code": "ok", "rid": "12-7", "txn": "00000000-0000-8a27-8109-80000a480000", "amt": 1250}
        | {"balances": {"cash": 8750, "sub": 0, "gift": 0, "water": 0}, "name": "王*明"}
        | {"show": ["王*明", "消费 12.50 元", "余额 87.50 元"], "voice": "成功"},
    ),
    (
        Batch,
        "P/up/rec",
        "0 or 1",
        {"ep": 83110217, "from": 41, "recs": [{"seq": 41, "k": "sale", "t": 1795219200123}], "last": 41},
    ),
    (
        Record,
        "an element of `recs`",
        "",
        {"seq": 41, "k": "sale", "t": 1795219200123, "clk": 0, "cred": {"t": "uid", "v": "A1B2C3D4"}}
        | {"amt": 1250, "res": "sold", "off": 0},
    ),
    (Ack, "P/dn/rec", "0", {"ep": 83110217, "ack": 41}),
    (Want, "P/dn/want", "0", {"wv": 7, "ds": {"black": 7}, "delta": _DELTA}),
    (Delta, "`delta` of a Want, or the fields of a Response", "", _DELTA),
    (Op, "an element of `ops`", "", _DELTA["ops"][0]),
    (Have, "P/up/have", "0", {"ds": {"black": [7, 1, "867912f9a82708b5"]}, "clk": 0}),
    (Problem, "an element of `err`", "", {"ds": "black", "code": "no_room"}),
    (
        Hello,
        "ot1/_join/<sn>/up/hello",
        "0 or 1",
        {
            "sn": "POS-1",
            "model": "T-1",
            "fw": "1.4.0",
            "pubkey": "mN…=",
            "claim": "canteen, left of the door",
        },
    ),
    (
        Grant,
        "ot1/_join/<sn>/dn/grant",
        "0",
        {"state": "ok", "device": "pos-1", "tenant": "8672", "secret": "Zk…="},
    ),
)

_CONNECTION = f"""\
MQTT 3.1.1, TLS 1.2 or newer outside a lab, `TCP_NODELAY`, clean session, keep-alive 30 s. JSON in
UTF-8, unknown fields ignored, money as integers in the minor unit, instants in milliseconds since
1970 UTC, at most {PAYLOAD_MOST // 1024} KB a message.

User name `<tenant>/<device>`, client id `<device>`, password the device's secret. Below, P stands
for `ot1/<tenant>/<device>`. A device may publish below `P/up` and subscribe to `P/dn` and `P/dn/#`
with QoS 0; nothing else. A device without a secret signs in as `_join` with its serial number as
client id and may only say hello. Connections are refused with a plain “not authorized”; the reason
is in the server's counters. After a lost connection: again after 0.5 s, doubling to 60 s, with
jitter."""

_PAYING = """\
The record's number is stored before anything is asked. The request goes out again, unchanged, after
0.8 s and 1.6 s; at 2.5 s the terminal decides alone by its offline rule. `(device, ep, seq)` is the
key of the sale: the same sale under the same key takes money once, however often and by whichever
of request and record it arrives; another card, amount or merchant under it is `key_reused`. `busy`
means: ask again, with the same `rid`.

`n` may arrive out of order within 64; further behind, or seen before under another `rid`, is
`replayed`. A `rid` again brings the first answer again. A request that was held back for more than
a minute is `expired`."""

_RECORDS = f"""\
One log for each record store, numbered from 1 without gaps. Send from `ack` + 1, at most
{RECORDS_MOST} records a batch, numbers rising by one; again after 1 s, doubling to 30 s, until the
acknowledgement. Only records up to `ack` may be overwritten; `ack` comes after the server's
database has committed.

| the record says | the server does |
|---|---|
| `res` sold, posted online before | nothing more |
| `res` sold, not posted | posts it for the day of `t`; of the server if `clk` is 2 or `t` beyond belief |
| `res` sold, refused online before | posts what was handed out all the same, as owed if need be |
| `res` cancelled or unknown, posted before | gives it back, once |
| `res` cancelled or unknown, not posted | nothing, and a late request with this number is refused |
| a card that is not of the tenant | posts it to suspense |
| a number again, same content | acknowledges it again |
| a number again, other content | sets it aside for a person, raises an alarm, acknowledges |
| something malformed that has a number | sets it aside, acknowledges |
| another kind than a sale | stores it |

`epoch_unknown` in an acknowledgement: publish `P/up/state` again, then the batch. A batch with gaps
inside, without numbers or with more than {RECORDS_MOST} records is `malformed` and nothing of it is
taken."""


_LISTS = """\
A terminal keeps lists by itself so that it can decide without the server. Each has a version that only grows.

`black`: cards to refuse when deciding alone, with `card_lost`. The key is the card's UID in upper-case hex;
`no` is its card number and `gen` its generation, where it has them.

After connecting, after each change and every five minutes a terminal says `P/up/have`. Whoever has less, or
other things, than is meant for it is sent `P/dn/want` with a delta; so is everybody who is connected when a
list changes, again after 2 s, doubling to 5 min, until `P/up/have` confirms.

A delta from `base` to `to` applies to every version from `base` up to but not including `to`; a `full` one to
any. With a version below `base` ask `sync`; at `to` or above say `P/up/have` and do nothing else. Build the
new list aside. While there is `more`, ask for it: `sync` with `page`, with the same `have`; lost answers are
asked for again. At the end compare the hash, keep the list through a power cut, use it, say `P/up/have`. If
the hash differs, ask `sync` with `have` 0; if it differs then as well, keep the old list and say so in `err`.

The hash is the sum of the rows' digests modulo 2^64, as 16 lower-case hex digits. A row's digest is the first
8 bytes, big-endian, of the SHA-256 of its key followed by `,name=value` for each field in the order of names:
`A1B2C3D4,gen=1,no=1001` gives `867912f9a82708b5`. An empty list has the hash `0000000000000000`."""


def markdown(made: str = "") -> str:
    """The page `docs/reference/ot1.md`; `made` says where it comes from."""
    parts = ["# OT/1: the open terminal protocol", "", made, "", "## Connection", "", _CONNECTION]
    parts += ["", "## Paying", "", _PAYING, "", "## Records", "", _RECORDS]
    parts += ["", "## Lists", "", _LISTS, "", "## Messages"]
    for kind, topic, quality, example in _MESSAGES:
        parts += ["", f"### {kind.__name__}", "", _topic(topic, quality), "", _summary(kind), ""]
        parts += [*_fields(kind), "", "```json", _json(example), "```"]
    parts += ["", "## JSON schema", "", "```json", _json(schema(), indent=1), "```", ""]
    return "\n".join(parts)


def schema() -> dict[str, Any]:
    """JSON schemas of all messages (draft 2020-12)."""
    kinds = [kind for kind, *_ in _MESSAGES]
    _, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    for component in components.values():
        # Python 3.13 takes the indentation out of docstrings, older ones leave it
        component["description"] = inspect.cleandoc(component["description"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": components}


def examples() -> dict[type[msgspec.Struct], dict[str, Any]]:
    """The example of each message on the page."""
    return {kind: example for kind, _, _, example in _MESSAGES}


def _topic(topic: str, quality: str) -> str:
    name = topic if " " in topic else f"`{topic}`"
    return f"{name[0].upper()}{name[1:]}, QoS {quality}." if quality else f"{name[0].upper()}{name[1:]}."


def _summary(kind: type[msgspec.Struct]) -> str:
    lines = [line.strip() for line in (kind.__doc__ or "").strip().splitlines()]
    return "\n".join(lines)


def _fields(kind: type[msgspec.Struct]) -> list[str]:
    properties = schema()["$defs"][kind.__name__]
    required = set(properties.get("required", ()))
    lines = ["| field | type | needed |", "|---|---|---|"]
    for name, described in properties["properties"].items():
        lines.append(f"| `{name}` | {_type(described)} | {'yes' if name in required else ''} |")
    return lines


def _type(described: dict[str, Any]) -> str:
    if "$ref" in described:
        return str(described["$ref"].rsplit("/", 1)[1])
    if "anyOf" in described:
        return " or ".join(_type(each) for each in described["anyOf"] if each != {"type": "null"})
    if "enum" in described:
        return " or ".join(json.dumps(each) for each in described["enum"])
    text = str(described.get("type", "anything"))
    low, high = described.get("minimum"), described.get("maximum")
    if low is not None or high is not None:
        text += f" {low}…{high}"
    if "maxLength" in described:
        text += f", at most {described['maxLength']} characters"
    if "pattern" in described:
        text += f" `{described['pattern'].replace('|', chr(92) + '|')}`"
    return text


def _json(value: dict[str, Any], indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
