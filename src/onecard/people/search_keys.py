"""What a person's name is found by: itself from each character on, its pinyin, and the initials of that.

Characters with several readings: a surname is read as surnames are (单 shan, 曾 zeng), and also as the
character is read elsewhere, because whoever searches may not know better; the rest is read as phrases are.
"""

import unicodedata
from itertools import product

from pypinyin import Style, lazy_pinyin, pinyin

VERSION = 1
"""Of these rules; people whose keys were made by older ones are indexed again (`search.reindex`)."""

KEY_MAX = 64
_READINGS_MOST = 8

_SURNAMES = {
    "万俟": ("mo", "qi"), "尉迟": ("yu", "chi"), "单于": ("chan", "yu"), "澹台": ("tan", "tai"),
    "长孙": ("zhang", "sun"), "令狐": ("ling", "hu"), "鲜于": ("xian", "yu"), "宰父": ("zai", "fu"),
    "单": ("shan",), "曾": ("zeng",), "仇": ("qiu",), "解": ("xie",), "区": ("ou",), "查": ("zha",),
    "朴": ("piao",), "盖": ("ge",), "任": ("ren",), "华": ("hua",), "缪": ("miao",), "洗": ("xian",),
    "冼": ("xian",), "员": ("yun",), "黑": ("he",), "折": ("she",), "秘": ("bi",), "种": ("chong",),
    "乐": ("yue",), "繁": ("po",), "翟": ("zhai",), "覃": ("qin",), "尉": ("wei",), "宁": ("ning",),
    "召": ("shao",), "祭": ("zhai",), "能": ("nai",), "逄": ("pang",), "隗": ("wei",), "晟": ("cheng",),
    "訾": ("zi",), "哈": ("ha",), "那": ("na",), "俞": ("yu",), "车": ("che",), "葛": ("ge",),
    "燕": ("yan",), "应": ("ying",), "於": ("yu",), "过": ("guo",), "褚": ("chu",), "沈": ("shen",),
    "贾": ("jia",), "石": ("shi",), "谌": ("chen",), "郗": ("xi",), "牟": ("mou",), "幺": ("yao",),
    "要": ("yao",), "适": ("kuo",), "相": ("xiang",), "重": ("chong",), "曲": ("qu",), "卜": ("bu",),
}  # fmt: skip
"""How surnames are read; those of two characters come first."""


def normal(text: str) -> str:
    """Text as keys are kept and searched: full-width forms made plain, no case, blanks or dots, v for ü."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("ü", "v")
    return "".join(one for one in folded if one.isalnum())[:KEY_MAX]


def spelling(name: str) -> str:
    """A name's pinyin, which orders lists: 李小明 is `lixiaoming`; other scripts stay as they are."""
    return "".join(_readings(name)[0])[:KEY_MAX] or name[:KEY_MAX]


def keys(name: str) -> set[str]:
    """All keys of a name; a search finds it when it is how one of them begins."""
    plain = normal(name)
    # single letters at the end of foreign names would be found by everybody's first key
    found = {
        plain[start:] for start in range(len(plain)) if start == 0 or plain[start:][1:] or _is_han(plain[-1])
    }
    for syllables in _readings(name):
        found.add("".join(syllables)[:KEY_MAX])
        found.add("".join(syllable[0] for syllable in syllables)[:KEY_MAX])
    return found - {""}


def _readings(name: str) -> list[tuple[str, ...]]:
    """Each way to read a name, as syllables or words; the likeliest first."""
    words = unicodedata.normalize("NFKC", name).split()
    if not any(_is_han(one) for one in name):
        return [tuple(filter(None, map(normal, words)))]
    plain = "".join(words)
    surname = _surname(plain)
    rest = _syllables(plain[len(surname) :])
    first = _SURNAMES.get(surname) or _syllables(surname)
    others = [
        dict.fromkeys(normal(one) for one in found)
        for found in pinyin(surname, style=Style.NORMAL, heteronym=True)
    ]
    everything = dict.fromkeys([tuple(first), *product(*others)])
    return [(*filter(None, each), *rest) for each in list(everything)[:_READINGS_MOST]]


def _surname(plain: str) -> str:
    return plain[:2] if plain[:2] in _SURNAMES and len(plain) > len("单于") else plain[:1]


def _syllables(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(normal, lazy_pinyin(text, style=Style.NORMAL))))


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u9fff" or "\U00020000" <= character <= "\U0003ffff"
