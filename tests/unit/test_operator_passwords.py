"""Which passwords are refused and why, and how they are kept."""

from collections.abc import Iterator
from itertools import product

import pytest
from argon2 import PasswordHasher

from onecard.base.errors import OneCardError
from onecard.tenants.operators import passwords
from onecard.tenants.operators.guessing import EASY_BITS, bits

PERSONAL = ("86729001", "王芳", "8672", "青松学校")
_STARTS = """
school student canteen card admin password welcome huawei xuexiao fanka woaini zhangwei monkey dragon letmein
qwerty asdfgh abc hikvision mima teacher yikatong liverpool football sunshine princess michael jordan shadow
master computer internet beijing nihao caonima wangwei zhongguo baobao onecard terminal
"""
_ENDS = """
12 123 1234 12345 123456 ! 123! @123 888 8888 666 520 1314 2023 2024 2025 @2024 2024! 1990 01 0101 19900101 #1
1 .. aaa abc qwe
"""
CASES = (str.lower, str.title, str.upper)
LEET = str.maketrans("aeiost", "431057")


def commonest() -> Iterator[str]:
    """What lists of the commonest passwords are full of: some thousands, all long enough."""
    for start, end, case in product(_STARTS.split(), ["", *_ENDS.split()], CASES):
        for password in (case(start) + end, case(start).translate(LEET) + end):
            if len(password) >= passwords.LENGTH_LEAST:
                yield password


def test_the_three_thousand_commonest_are_refused() -> None:
    tried = set(commonest())
    assert len(tried) > 3000
    assert [each for each in tried if passwords.refusal(each) is None] == []


@pytest.mark.parametrize(
    "password",
    [
        *("12345678", "88888888", "87654321", "123123123", "11223344", "147258369", "1q2w3e4r", "1qaz2wsx"),
        *("qwertyuiop", "!QAZ2wsx", "zaq12wsx", "a123456789", "aa123456", "5201314520", "woaini1314"),
        *(
            "P@ssw0rd",
            "iloveyou1",
            "trustno1",
            "19950312",
            "abcabcabc",
            "Zhang@1995",
            "onecard123",
            "yikatong8",
        ),
        *("wangfang520", "Admin@123", "Huawei@123", "Welcome@2024!", "aaaaaaaaaaaaaaaaaaaaaaaa", "48207315"),
    ],
)
def test_easy_passwords_are_refused(password: str) -> None:
    assert "easy to guess" in str(passwords.refusal(password))


@pytest.mark.parametrize(
    "password",
    [
        "86729001",
        "86729001!!",
        "qingsong2024",
        "QingsongXuexiao",
        "wf86729001",
        "青松学校8672",
        "王芳王芳王芳86729001",
    ],
)
def test_what_everybody_knows_is_refused(password: str) -> None:
    assert passwords.refusal(password, personal=PERSONAL) is not None


@pytest.mark.parametrize(
    "password",
    [
        "liang teng gua",
        "correct horse battery",
        "kxvu-wqtz",
        "Xk9#mQ2v",
        "天上有三只红色小鸟",
        "z" + "k9!" * 42,
    ],
)
def test_good_passwords_need_no_kinds_of_characters(password: str) -> None:
    assert passwords.refusal(password, personal=PERSONAL) is None


@pytest.mark.parametrize(("password", "length"), [("", 0), ("kxvuwqt", 7), ("kxvu-wqtz" * 15, 135)])
def test_lengths(password: str, length: int) -> None:
    assert str(passwords.refusal(password)).endswith(
        f"8 to 128 characters, better 15 or more; this one has {length}."
    )
    with pytest.raises(OneCardError, match="8 to 128"):
        passwords.refuse_weak(password)


def test_refusals_are_read_in_chinese() -> None:
    assert "容易被猜到" in getattr(passwords.refusal("12345678"), "read", str)("zh-CN")


def test_more_characters_never_make_it_easier_than_their_repetition() -> None:
    assert bits("kxvuwqtz") == bits("KXVUWQTZ") >= EASY_BITS
    assert bits("kxvuwqtzkxvuwqtz") < bits("kxvuwqtz") + 8


def test_one_time_passwords_are_their_own_and_pass() -> None:
    made = {passwords.one_time() for _ in range(100)}
    assert len(made) == 100
    assert all(passwords.refusal(each, personal=PERSONAL) is None for each in made)


async def test_hashes_are_salted_and_compared() -> None:
    first, second = await passwords.hashed("liang teng gua"), await passwords.hashed("liang teng gua")
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await passwords.matches(first, "liang teng gua")
    assert not await passwords.matches(first, "liang teng gub")
    assert not await passwords.matches(None, "liang teng gua")
    assert not await passwords.matches("not a hash", "liang teng gua")


async def test_composed_and_decomposed_characters_are_the_same() -> None:
    kept = await passwords.hashed("caf\u00e9 liang teng")
    assert await passwords.matches(kept, "cafe\u0301 liang teng")


async def test_other_parameters_are_noticed() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("liang teng gua")
    assert passwords.is_outdated(old)
    assert await passwords.matches(old, "liang teng gua")
    assert not passwords.is_outdated(await passwords.hashed("liang teng gua"))
