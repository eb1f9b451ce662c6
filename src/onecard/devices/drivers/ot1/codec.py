"""OT/1 between bytes and messages. Pure; whatever arrives gives a message or a status, never an exception.

The same codec serves the gateway, the simulated terminals and the command line.
"""

import hashlib
import math
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from onecard.base.status import Status
from onecard.devices.drivers.ot1.model import PAYLOAD_MOST, Batch, Have, Hello, Record, Request, State

Message = TypeVar("Message", State, Request, Batch, Have, Hello)

_DEPTH_MOST = 8
_NUMBER_MOST = (1 << 63) - 1
_encoder = msgspec.json.Encoder()
_sorted = msgspec.json.Encoder(order="sorted")
_decoders: dict[type, msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind) for kind in (State, Request, Batch, Have, Hello)
}
_anything = msgspec.json.Decoder()


class _RequestId(Struct):
    rid: str


_rid = msgspec.json.Decoder(_RequestId)


class Entry(Struct, frozen=True):
    """One record of a batch.

    Attributes:
        seq: its number.
        digest: SHA-256 of the content with its keys in order; equal for the same content.
        content: the record as it came, for the archive.
        record: None when it is malformed beyond its number.
    """

    seq: int
    digest: bytes
    content: bytes
    record: Record | None


def encode(message: Struct) -> bytes:
    """The bytes of a message."""
    return _encoder.encode(message)


def decode(kind: type[Message], payload: bytes) -> Message | Status:
    """A message of a kind; `TOO_LARGE` or `MALFORMED` when it is none."""
    if len(payload) > PAYLOAD_MOST:
        return Status.TOO_LARGE
    try:
        message: Message = _decoders[kind].decode(payload)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return Status.MALFORMED
    return message


def request_id(payload: bytes) -> str | None:
    """The `rid` of a request that is malformed otherwise, so that its sender can tell what was refused."""
    try:
        rid = _rid.decode(payload[:PAYLOAD_MOST]).rid
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    return rid if 0 < len(rid) <= 64 else None  # noqa: PLR2004  the bound of model.RequestId


def entries(batch: Batch) -> list[Entry] | Status:
    """The records of a batch in their order; `MALFORMED` when one has no number or the numbers have gaps."""
    found: list[Entry] = []
    for raw in batch.recs:
        entry = _entry(bytes(raw))
        if entry is None or (found and entry.seq != found[-1].seq + 1):
            return Status.MALFORMED
        found.append(entry)
    if batch.from_ is not None and found and found[0].seq != batch.from_:
        return Status.MALFORMED
    return found


def _entry(raw: bytes) -> Entry | None:
    try:
        content = _anything.decode(raw)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    seq = content.get("seq")
    if type(seq) is not int or not 0 < seq < 1 << 40:
        return None
    if not _storable(content, _DEPTH_MOST):
        # kept as text: what the archive cannot hold as a document must not stop the records behind it
        content = {"seq": seq, "raw": raw.decode("utf-8", "replace")}
        record = None
    else:
        record = _record(raw)
    stored = _sorted.encode(content)
    return Entry(seq, hashlib.sha256(stored).digest(), stored, record)


def _record(raw: bytes) -> Record | None:
    try:
        return msgspec.json.decode(raw, type=Record)
    except (msgspec.MsgspecError, ValueError):
        return None


def _storable(value: object, depth: int) -> bool:
    """Whether a JSON document can hold it: bounded depth and numbers, no NUL in texts."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, int):
        return -_NUMBER_MOST <= value <= _NUMBER_MOST
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return depth > 0 and all(
            _storable(key, 0) and _storable(each, depth - 1) for key, each in value.items()
        )
    if isinstance(value, list):
        return depth > 0 and all(_storable(each, depth - 1) for each in value)
    return value is None
