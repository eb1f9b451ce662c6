"""What the writer decided lately, so that it asks the database only about keys that may be old."""

from collections import OrderedDict
from uuid import UUID

from onecard.base.ids import key_time_ms
from onecard.ledger.judge import KEY_AHEAD_MS
from onecard.ledger.model import Answer, AnyRequest

_GENERATION = 100_000
# A generation lives at least so long however many keys come: were it shorter than what clocks may differ,
# every key would be doubted
_GENERATION_MS = 3 * KEY_AHEAD_MS
_ANSWERS = 50_000

Key = tuple[int, UUID]


class KeyMemory:
    """Remembers every key decided since `horizon_ms`, in two generations.

    A key whose own time lies after the horizon (plus what clocks may differ) and which is not remembered was
    never decided. All other keys may have been.
    """

    def __init__(self, now_ms: int) -> None:
        self.horizon_ms = self._began_ms = self._latest_ms = now_ms
        self._young: set[Key] = set()
        self._old: set[Key] = set()
        self._answers: OrderedDict[Key, tuple[AnyRequest, Answer]] = OrderedDict()

    def add(self, key: Key, now_ms: int) -> None:
        """Remember a decided key."""
        self._young.add(key)
        self._latest_ms = max(self._latest_ms, now_ms)  # clocks are set back now and then
        if len(self._young) >= _GENERATION and self._latest_ms - self._began_ms >= _GENERATION_MS:
            self.horizon_ms, self._began_ms = self._began_ms, self._latest_ms
            self._old, self._young = self._young, set()

    def keep(self, key: Key, request: AnyRequest, answer: Answer) -> None:
        """Keep a durable answer for those who ask again soon; the oldest ones make room."""
        self._answers[key] = (request, answer)
        if len(self._answers) > _ANSWERS:
            self._answers.popitem(last=False)

    def answer(self, key: Key) -> tuple[AnyRequest, Answer] | None:
        """A kept answer and the request it was given to."""
        return self._answers.get(key)

    def is_new(self, key: Key) -> bool:
        """Whether the key was certainly never decided."""
        made_ms = key_time_ms(key[1])
        if made_ms is None or made_ms <= self.horizon_ms + KEY_AHEAD_MS:
            return False
        return key not in self._young and key not in self._old
