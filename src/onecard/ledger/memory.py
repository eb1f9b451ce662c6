"""What the writer decided lately, so that it asks the database only about keys that may be old."""

from uuid import UUID

from onecard.ledger.judge import KEY_AHEAD_MS
from onecard.ledger.model import Answer, AnyRequest

_SPAN_MS = 1_000
_KEYS = 100_000
# However many keys come, those made so lately stay: if a second's keys were forgotten within what clocks and
# networks differ, every key would be doubted
_RECENT_MS = 3 * KEY_AHEAD_MS
_ANSWERS = 25_000  # of a generation of answers, which is smaller

Key = tuple[int, UUID]


class KeyMemory:
    """Remembers every decided key that was made after `horizon_ms`, by its own time.

    A key of a later time that is not remembered was never decided; all other keys may have been. Together
    with whatever was made in the same second it is found without touching what is older: of hundreds of
    thousands only the newest few are in the processor's cache.
    """

    def __init__(self, now_ms: int) -> None:
        # the writer before this one may have decided what a clock ahead had made
        self.horizon_ms = now_ms + KEY_AHEAD_MS
        self._latest_ms = now_ms
        self._spans: dict[int, set[Key]] = {}
        self._count = 0
        self._tidy_at = _KEYS
        self._answers: dict[Key, tuple[AnyRequest, Answer]] = {}
        self._old_answers: dict[Key, tuple[AnyRequest, Answer]] = {}

    def add(self, key: Key, made_ms: int | None, now_ms: int) -> None:
        """Remember a decided key and when it says that it was made (`key_time_ms`)."""
        self._latest_ms = max(self._latest_ms, now_ms)  # clocks are set back now and then
        if made_ms is None or made_ms <= self.horizon_ms:
            return  # doubted in any case
        span = made_ms // _SPAN_MS
        keys = self._spans.get(span)
        if keys is None:
            keys = self._spans[span] = set()
        keys.add(key)
        self._count += 1
        if self._count >= self._tidy_at:
            self._tidy()

    def _tidy(self) -> None:
        """Forget the older half, but nothing recent; and what was refused because its clock was ahead."""
        recent = (self._latest_ms - _RECENT_MS) // _SPAN_MS
        ahead = (self._latest_ms + KEY_AHEAD_MS) // _SPAN_MS
        for span in [span for span in self._spans if span > ahead]:
            self._count -= len(self._spans.pop(span))
        for span in sorted(self._spans):
            if span >= recent or self._count <= _KEYS // 2:
                break
            self._count -= len(self._spans.pop(span))
            self.horizon_ms = (span + 1) * _SPAN_MS - 1
        self._tidy_at = max(_KEYS, 2 * self._count)

    def keep(self, key: Key, request: AnyRequest, answer: Answer) -> None:
        """Keep a durable answer for those who ask again soon; old ones make room."""
        self._answers[key] = (request, answer)
        if len(self._answers) >= _ANSWERS:
            self._old_answers, self._answers = self._answers, {}

    def answer(self, key: Key) -> tuple[AnyRequest, Answer] | None:
        """A kept answer and the request it was given to."""
        return self._answers.get(key) or self._old_answers.get(key)

    def is_new(self, key: Key, made_ms: int | None) -> bool:
        """Whether a key that says that it was made then was certainly never decided."""
        if made_ms is None or made_ms <= self.horizon_ms:
            return False
        keys = self._spans.get(made_ms // _SPAN_MS)
        return keys is None or key not in keys
