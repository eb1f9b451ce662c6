"""What the writer remembers of keys: it may doubt a new key, but never calls a decided one new."""

from uuid import UUID

import pytest
from hypothesis import example, given, strategies

from onecard.base.ids import key_time_ms, record_key, uuid7
from onecard.ledger.judge import KEY_AHEAD_MS
from onecard.ledger.memory import KeyMemory

START_MS = 1_790_000_000_000
# (by how much the clock moves, how far the key's own clock is away from it)
STEPS = strategies.lists(
    strategies.tuples(strategies.integers(-3_000, 9_000), strategies.integers(-20_000, KEY_AHEAD_MS)),
    max_size=60,
)


def key_of(made_ms: int, number: int) -> UUID:
    """A version 7 key made at a time."""
    return UUID(int=made_ms << 80 | 7 << 76 | 2 << 62 | number)


def add(memory: KeyMemory, key: tuple[int, UUID], now_ms: int) -> None:
    memory.add(key, key_time_ms(key[1]), now_ms)


def is_new(memory: KeyMemory, key: tuple[int, UUID]) -> bool:
    return memory.is_new(key, key_time_ms(key[1]))


@given(STEPS)
@example([(0, KEY_AHEAD_MS), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)])
@example([(100, KEY_AHEAD_MS), (-2_000, 0), (0, 0), (0, 0), (0, 0), (0, 0)])
def test_a_decided_key_is_never_called_new(steps: list[tuple[int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("onecard.ledger.memory._KEYS", 3)
        memory, now_ms, decided = KeyMemory(START_MS), START_MS, []
        for number, (passed, ahead) in enumerate(steps):
            now_ms += passed
            key = (1, key_of(now_ms + ahead, number))
            add(memory, key, now_ms)
            decided.append(key)
            assert [old for old in decided if is_new(memory, old)] == []


def test_keys_from_before_its_time_are_doubted() -> None:
    memory = KeyMemory(START_MS)
    assert not is_new(memory, (1, key_of(START_MS - 1, 1)))
    # the writer before this one may have taken a key that was made by a clock ahead
    assert not is_new(memory, (1, key_of(START_MS + KEY_AHEAD_MS, 1)))
    assert is_new(memory, (1, key_of(START_MS + KEY_AHEAD_MS + 1, 1)))


def test_keys_without_a_time_are_always_doubted() -> None:
    memory = KeyMemory(0)
    assert is_new(memory, (1, uuid7()))
    assert not is_new(memory, (1, record_key(device_id=1, epoch=1, seq=1)))


def test_tenants_do_not_share_keys() -> None:
    memory, key = KeyMemory(0), uuid7()
    add(memory, (1, key), 0)
    assert not is_new(memory, (1, key))
    assert is_new(memory, (2, key))


def test_keys_of_clocks_far_ahead_do_not_fill_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onecard.ledger.memory._KEYS", 10)
    memory = KeyMemory(START_MS)
    for number in range(1_000):
        add(memory, (1, key_of(START_MS + number * 1_000_000, number)), START_MS)
    assert memory._count <= 2 * 10
