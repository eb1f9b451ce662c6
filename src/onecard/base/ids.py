"""Identifiers: time-ordered request keys, and keys that follow from a device's own record number."""

import os
import threading
import time
from uuid import UUID

from asyncpg.pgproto import pgproto

_VERSION_7 = 0x7 << 76
_VERSION_8 = 0x8 << 76
_VARIANT = 0x2 << 62
_MS_SHIFT = 80
_COUNTER_MAX = 0xFFF
_VERSION_OF_TIME = 7
_lock = threading.Lock()
_last_ms = 0
_counter = 0
# asked of the system for many keys at once: asking takes longer than all the rest of a key
_STOCK = 512 * 8
_random = b""
_taken = 0

DEVICE_MAX = (1 << 43) - 1
EPOCH_MAX = (1 << 31) - 1
SEQ_MAX = (1 << 40) - 1


def uuid7() -> UUID:
    """A UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, a 12-bit counter, 62 random bits.

    Keys made by one process grow strictly, which keeps their index hot and small.
    """
    global _last_ms, _counter, _random, _taken  # noqa: PLW0603  one counter per process makes keys grow
    with _lock:
        ms = time.time_ns() // 1_000_000
        if ms > _last_ms:
            _last_ms, _counter = ms, 0
        else:
            _counter += 1
            if _counter > _COUNTER_MAX:
                _last_ms, _counter = _last_ms + 1, 0
        high = (_last_ms << 16) | 0x7000 | _counter
        if _taken == len(_random):
            _random, _taken = os.urandom(_STOCK), 0
        random = _random[_taken : _taken + 8]
        _taken += 8
    low = (int.from_bytes(random) & ((1 << 62) - 1)) | _VARIANT
    key: UUID = pgproto.UUID(((high << 64) | low).to_bytes(16))
    return key


def _forget_stock() -> None:
    global _random, _taken
    _random, _taken = b"", 0


# two processes must not make keys of the same random bits
os.register_at_fork(after_in_child=_forget_stock)


def key_time_ms(key: UUID) -> int | None:
    """Milliseconds since 1970 at which a version 7 key was made; None for keys that carry no time."""
    octets = key.bytes
    if octets[6] >> 4 != _VERSION_OF_TIME:
        return None
    return int.from_bytes(octets[:6])


def record_key(*, device_id: int, epoch: int, seq: int, insist: bool = False) -> UUID:
    """The request key of a device's record: a UUID version 8 (RFC 9562 §5.8) of device, epoch and number.

    The online request and the record of the same sale have the same key, so they can never both be posted.
    `insist` gives the sibling key, for goods handed out although the online request had been refused.
    """
    for name, value, most in (
        ("device_id", device_id, DEVICE_MAX),
        ("epoch", epoch, EPOCH_MAX),
        ("seq", seq, SEQ_MAX),
    ):
        if not 0 <= value <= most:
            message = f"{name} {value} is outside 0..{most}"
            raise ValueError(message)
    # 48 bits | version | 12 bits | variant | 62 bits  =  device 43, epoch 31 and seq 40 (+1 insist, 7 spare)
    payload = (((device_id << 31 | epoch) << 40 | seq) << 1 | insist) << 7
    high, middle, low = payload >> 74, (payload >> 62) & 0xFFF, payload & ((1 << 62) - 1)
    value = high << _MS_SHIFT | _VERSION_8 | middle << 64 | _VARIANT | low
    key: UUID = pgproto.UUID(value.to_bytes(16))
    return key
