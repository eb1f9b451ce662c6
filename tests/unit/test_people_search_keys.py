"""How names are read, and by what they are found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecard.people.search_keys import KEY_MAX, keys, normal, spelling


@pytest.mark.parametrize(
    ("name", "pinyin"),
    [
        ("李小明", "lixiaoming"),
        ("单田芳", "shantianfang"),
        ("曾国藩", "zengguofan"),
        ("仇英", "qiuying"),
        ("解缙", "xiejin"),
        ("区小明", "ouxiaoming"),
        ("查良镛", "zhaliangyong"),
        ("尉迟恭", "yuchigong"),
        ("欧阳修", "ouyangxiu"),
        ("吕布", "lvbu"),
        ("任重", "renzhong"),
        ("Anna Smith", "annasmith"),
        ("古丽·买买提", "gulimaimaiti"),
    ],
)
def test_names_are_read_as_people_say_them(name: str, pinyin: str) -> None:
    assert spelling(name) == pinyin
    assert pinyin in keys(name)


@pytest.mark.parametrize("typed", ["李小明", "小明", "明", "lxm", "lixiaoming"])
def test_a_name_is_found_from_each_character_on(typed: str) -> None:
    assert typed in keys("李小明")


def test_who_does_not_know_how_a_surname_is_read_finds_it_too() -> None:
    assert {"stf", "dtf", "shantianfang", "dantianfang"} <= keys("单田芳")


def test_what_is_typed_is_folded() -> None:
    assert normal("ＬＸ m·小明 ") == "lxm小明"
    assert normal("Lǜ Müller") == normal("lǜ mvller")


@given(st.text(max_size=80))
def test_any_name_has_usable_keys(name: str) -> None:
    found = keys(name)
    assert all(0 < len(key) <= KEY_MAX for key in found)
    assert not any("\0" in key for key in found)
    assert normal(name) in found or not normal(name)
    assert len(spelling(name)) <= KEY_MAX
