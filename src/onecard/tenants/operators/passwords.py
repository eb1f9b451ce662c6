"""Passwords of operators: which are refused, how they are kept, how they are compared.

Kept as Argon2id with the parameters OWASP's cheat sheet on password storage gives (19 MiB, two passes, one
lane). Which are refused follows OWASP ASVS 5.0, 6.2: a length, nothing that is easy to guess, nothing made of
what everybody knows of the operator; no rules about kinds of characters, no change after so many days.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pypinyin import lazy_pinyin

from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say
from onecard.tenants.operators import guessing

LENGTH_LEAST, LENGTH_MOST, LENGTH_ADVISED = 8, 128, 15
ONE_TIME_LASTS = timedelta(days=7)
"""How long a password that somebody else set may be used for the first sign-in."""

_ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_ONE_TIME_GROUPS, _ONE_TIME_GROUP = 3, 4

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# compared against when there is no password, so that an unknown account takes as long as a known one
_DECOY = _hasher.hash(secrets.token_urlsafe())


def refusal(password: str, *, personal: Iterable[str] = ()) -> Text | None:
    """Why a password cannot be taken; None: it can.

    Args:
        password: as typed.
        personal: account, name, tenant's code and name; a password may not be made of these.
    """
    password = _normal(password)
    if not LENGTH_LEAST <= len(password) <= LENGTH_MOST:
        return say(
            "A password has {least} to {most} characters, better {advised} or more; this one has {length}.",
            least=LENGTH_LEAST, most=LENGTH_MOST, advised=LENGTH_ADVISED, length=len(password),
        )  # fmt: skip
    if guessing.bits(password) < guessing.EASY_BITS:
        return say(
            "This password is easy to guess: it is made of common words, repeats, sequences, years or"
            " neighbouring keys. Put several unrelated words together instead."
        )
    if guessing.bits(password, _personal(personal)) < guessing.EASY_BITS:
        return say(
            "This password is made of your account, your name or the name of the institution, which everybody"
            " knows. Put several unrelated words together instead."
        )
    return None


def refuse_weak(password: str, *, personal: Iterable[str] = ()) -> None:
    """`refusal` as an exception.

    Raises:
        OneCardError: the password cannot be taken.
    """
    if (reason := refusal(password, personal=personal)) is not None:
        raise OneCardError(reason)


def one_time() -> str:
    """A random password to hand to somebody, easy to read out: `h7kq-2mwx-9tfd` (59 bits)."""
    groups = (
        "".join(secrets.choice(_ONE_TIME_LETTERS) for _ in range(_ONE_TIME_GROUP))
        for _ in range(_ONE_TIME_GROUPS)
    )
    return "-".join(groups)


async def hashed(password: str) -> str:
    """The hash to keep; takes some 30 ms of another thread."""
    return await asyncio.to_thread(_hasher.hash, _normal(password))


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether a password is the one that was kept; takes as long when there is none."""
    return await asyncio.to_thread(_matches, password_hash, _normal(password))


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters, and should be made anew at the next sign-in."""
    return _hasher.check_needs_rehash(password_hash)


def _matches(password_hash: str | None, password: str) -> bool:
    # a password longer than can be set costs time and matches nothing
    usable = password_hash is not None and len(password) <= LENGTH_MOST
    try:
        _hasher.verify(password_hash if usable and password_hash else _DECOY, password[:LENGTH_MOST])
    except (VerificationError, InvalidHashError):
        return False
    return usable


def _normal(password: str) -> str:
    """The same characters however a keyboard composes them."""
    return unicodedata.normalize("NFC", password)


def _personal(words: Iterable[str]) -> set[str]:
    """Each word, its parts, and how they are written in pinyin: whole, and by initials."""
    found = set()
    for word in words:
        syllables = lazy_pinyin(word)
        found |= {word, "".join(syllables), "".join(each[:1] for each in syllables), *word.split()}
    return {each for each in found if each}
