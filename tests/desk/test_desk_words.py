"""Each failure has its own message and next step, in both languages."""

import re
from collections.abc import Mapping
from enum import StrEnum

import pytest

from onecard.cards.reader import Trouble
from onecard.desk.operations.care_words import CARE_WORDS, CareRefusal
from onecard.desk.operations.issue_words import ISSUE_WORDS, IssueRefusal
from onecard.desk.operations.sighting import Difference
from onecard.desk.operations.words import REFUSAL_WORDS, TROUBLE_WORDS, WORDS, Refusal, Words

EVERY = (WORDS, TROUBLE_WORDS, REFUSAL_WORDS, ISSUE_WORDS, CARE_WORDS)
_CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (Difference, WORDS),
        (Trouble, TROUBLE_WORDS),
        (Refusal, REFUSAL_WORDS),
        (IssueRefusal, ISSUE_WORDS),
        (CareRefusal, CARE_WORDS),
    ],
)
def test_every_failure_speaks(kinds: type[StrEnum], words: Mapping[StrEnum, Words]) -> None:
    assert set(words) == set(kinds)
    for said in words.values():
        assert said.en.endswith(".")
        assert said.next_en.endswith(".")
        assert said.zh.endswith("。")
        assert said.next_zh.endswith("。")
        assert not _CHINESE.search(said.en + said.next_en)
        assert _CHINESE.search(said.zh)
        assert _CHINESE.search(said.next_zh)
        assert not re.search("[,;:]", said.zh + said.next_zh), "punctuation of Chinese"


def test_no_two_failures_say_the_same() -> None:
    said = [words.en for one in EVERY for words in set(one.values())]
    chinese = [words.zh for one in EVERY for words in set(one.values())]
    twice = {WORDS[Difference.TWO_CARDS].en, WORDS[Difference.TWO_CARDS].zh}
    assert {one for one in said + chinese if (said + chinese).count(one) > 1} == twice
