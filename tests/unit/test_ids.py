"""Request keys that carry their time: they grow, and no two processes make the same."""

import os
from itertools import pairwise
from uuid import RFC_4122, UUID

from onecard.base.ids import key_time_ms, uuid7

MANY = 3_000  # more than is asked of the system at once
RANDOM = (1 << 62) - 1


def test_keys_are_of_version_7_and_grow() -> None:
    keys = [UUID(bytes=uuid7().bytes) for _ in range(MANY)]
    assert {(key.version, key.variant) for key in keys} == {(7, RFC_4122)}
    assert all(one < next_ for one, next_ in pairwise(keys))
    assert len({key.int & RANDOM for key in keys}) == MANY
    made = [key_time_ms(key) for key in keys]
    assert made == sorted(made)  # type: ignore[type-var]


def test_a_forked_process_makes_keys_of_its_own() -> None:
    uuid7()  # some of what was asked of the system is left
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, b"".join(uuid7().bytes for _ in range(100)))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    theirs = {int.from_bytes(told[start : start + 16]) & RANDOM for start in range(0, len(told), 16)}
    ours = {uuid7().int & RANDOM for _ in range(600)}
    assert len(theirs) == 100
    assert theirs & ours == set()
