"""How hard a password is to guess, in bits: what it is made of, taken as an attacker would take it apart.

A list of the three thousand commonest passwords refuses `school123` and lets `school1234!` pass. Here the
password is split into the parts that cost an attacker least: common words, repeats, sequences, walks on the
keyboard, years and dates, and single characters for the rest (docs/adr/0041).
"""

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TypeAlias

EASY_BITS = 26
"""Below this a password is refused: eight random digits are, eight random letters hardly ever."""

_WORD, _RUN, _REPEATED, _YEAR, _DATE, _DAY = 8, 5, 3, 7, 11, 8
_WALK = 5  # and a bit for each key of it
_PERSONAL = 2
_DIGIT, _LETTER, _SIGN, _FOREIGN = 3, 5, 4, 8
_SHORTEST_PART, _SHORTEST_PERSONAL = 3, 2

_UNSHIFTED = str.maketrans('!@#$%^&*()_+{}|:"<>?~', "1234567890-=[]\\;',./`")
_LEET = str.maketrans("013457@$!", "oieastasi")
_LEET_L = str.maketrans("013457@$!", "oleastasl")
_YEARS = re.compile(r"(19[3-9]|20[0-4])\d", re.ASCII)
_MONTH, _DAY_OF_MONTH = r"(0[1-9]|1[0-2])", r"(0[1-9]|[12]\d|3[01])"
_YEAR_OF_DATE = r"(19[3-9]\d|20[0-4]\d)"
_DATES = re.compile(
    rf"{_YEAR_OF_DATE}{_MONTH}{_DAY_OF_MONTH}|{_DAY_OF_MONTH}{_MONTH}{_YEAR_OF_DATE}"
    rf"|{_MONTH}{_DAY_OF_MONTH}{_YEAR_OF_DATE}|\d\d{_MONTH}{_DAY_OF_MONTH}",
    re.ASCII,
)
_DAYS = re.compile(rf"{_MONTH}{_DAY_OF_MONTH}", re.ASCII)
_ROWS = ("`1234567890-=", "\0qwertyuiop[]\\", "\0asdfghjkl;'", "\0zxcvbnm,./")
_ORDERS = ("abcdefghijklmnopqrstuvwxyz", "01234567890")
_KEYPAD = ("789", "456", "123", "\x000\0")


_Step: TypeAlias = Callable[[str, str], bool]


def _one_of(pairs: Iterable[tuple[str, str]]) -> _Step:
    known = frozenset(pairs)
    return lambda one, other: (one, other) in known


def _neighbours() -> Iterator[tuple[str, str]]:
    for rows in (_ROWS, _KEYPAD):
        places = {key: (y, x) for y, row in enumerate(rows) for x, key in enumerate(row) if key != "\0"}
        for one, (y, x) in places.items():
            for other, (below, beside) in places.items():
                if one != other and abs(y - below) <= 1 and abs(x - beside) <= 1:
                    yield one, other


_same: _Step = operator.eq
_up = _one_of(pair for order in _ORDERS for pair in pairwise(order))
_down = _one_of((other, one) for order in _ORDERS for one, other in pairwise(order))
_beside = _one_of(_neighbours())


def bits(password: str, personal: Iterable[str] = ()) -> int:
    """The fewest bits of choice that make this password.

    Args:
        password: as typed.
        personal: what everybody knows of its owner: account, names; these cost next to nothing.
    """
    text = password.lower()
    words = dict.fromkeys(_common_words(), _WORD)
    words |= {word.lower(): _PERSONAL for word in personal if len(word) >= _SHORTEST_PERSONAL}
    return _whole(text, words)


def _whole(text: str, words: dict[str, int]) -> int:
    """Doubled letters and repeated blocks cost hardly more than what is repeated."""
    best = _in_parts(text, words)
    if len(text) > 1 and len(text) % 2 == 0 and text[::2] == text[1::2]:
        best = min(best, _whole(text[::2], words) + _REPEATED)
    period = (text + text).find(text, 1)
    if 0 < period < len(text):
        best = min(best, _in_parts(text[:period], words) + _REPEATED)
    return best


def _in_parts(text: str, words: dict[str, int]) -> int:
    readings = {text, text.translate(_UNSHIFTED), text.translate(_LEET), text.translate(_LEET_L)}
    longest = max(map(len, words), default=0)
    cheapest = [0]  # of the first n characters
    parts = [_parts(reading, words, longest) for reading in readings]
    for end, character in enumerate(text, 1):
        single = cheapest[-1] + _single(character)
        others = (cheapest[start] + cost for reading in parts for start, cost in reading.get(end, {}).items())
        cheapest.append(min(single, *others, single))
    return cheapest[-1]


def _parts(text: str, words: dict[str, int], longest: int) -> dict[int, dict[int, int]]:
    """Every part found in one reading: end → start → bits."""
    found: dict[int, dict[int, int]] = {}

    def note(start: int, end: int, cost: int) -> None:
        starts = found.setdefault(end, {})
        starts[start] = min(cost, starts.get(start, cost))

    for start in range(len(text)):
        for end in range(start + _SHORTEST_PERSONAL, min(len(text), start + longest) + 1):
            if (cost := words.get(text[start:end])) is not None:
                note(start, end, cost)
        for end in range(start + _SHORTEST_PART, start + _run(text, start) + 1):
            note(start, end, _RUN)
        for end in range(start + _SHORTEST_PART, start + _length(text, start, _beside) + 1):
            note(start, end, _WALK + end - start)
        for pattern, cost in ((_YEARS, _YEAR), (_DATES, _DATE), (_DAYS, _DAY)):
            if match := pattern.match(text, start):
                note(start, match.end(), cost)
    return found


def _run(text: str, start: int) -> int:
    """How long the repeat or sequence is that begins here."""
    return max(_length(text, start, step) for step in (_same, _up, _down))


def _length(text: str, start: int, step: _Step) -> int:
    end = start + 1
    while end < len(text) and step(text[end - 1], text[end]):
        end += 1
    return end - start


def _single(character: str) -> int:
    if not character.isascii():
        return _FOREIGN
    if character.isdigit():
        return _DIGIT
    return _LETTER if character.isalpha() else _SIGN


@cache
def _common_words() -> frozenset[str]:
    text = (files(__package__) / "common_words.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(word for line in lines for word in line.split() if len(word) >= _SHORTEST_PART)
