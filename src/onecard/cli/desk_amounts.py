"""Amounts, days and passwords as they are given to desk commands, and the cash that follows."""

import getpass
import hmac
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from onecard.base.amounts import parse_amount
from onecard.base.errors import OneCardError, UnavailableError
from onecard.base.settings import Settings
from onecard.desk.operations.care import Verify
from onecard.desk.operations.fates import Fates
from onecard.desk.operations.model import UNSAID, Moves, PartState, Step, Unsaid
from onecard.ledger.model import PostingKind
from onecard.people.model import PURSES, Fate

PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="File with the operator password; asked for when left out."),
]
PRICES = {"card fee": PostingKind.CARD_FEE, "deposit": PostingKind.DEPOSIT}
"""What the card itself costs, by the name of its line."""
_PASSWORD_MOST = 1024
_NEVER = "never"


def fen(text: str) -> int:
    """Minor units of an amount; nothing is nothing."""
    return parse_amount(text) if text else 0


def said_fen(text: str | None) -> int | Unsaid:
    """Minor units of an amount that the rules decide when nobody names it; 0 is an amount."""
    return UNSAID if text is None else parse_amount(text)


def last_day(text: str | None) -> date | Unsaid | None:
    """A last day, `never`, or nothing, and then the rules decide.

    Raises:
        OneCardError: it is none.
    """
    if text is None:
        return UNSAID
    return None if text == _NEVER else day(text)


def fates(texts: Iterable[str]) -> Fates:
    """What becomes of purses, as `water=forfeit`.

    Raises:
        OneCardError: there is no such purse or fate.
    """
    found: dict[str, Fate] = {}
    for text in texts:
        purse, _, fate = text.partition("=")
        if purse not in PURSES or fate not in set(Fate):
            message = f"{text!r} says nothing of a purse; write {'|'.join(PURSES)}={'|'.join(Fate)}."
            raise OneCardError(message)
        found[purse] = Fate(fate)
    return found


def day(text: str | None) -> date | None:
    """A day as YYYY-MM-DD.

    Raises:
        OneCardError: it is none.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no day; write for example 2027-07-31."
        raise OneCardError(message) from None


def cash_to_take_fen(steps: Sequence[Step], drawer: int, kind: PostingKind | None = None) -> int:
    """What the clerk takes from the person, of one kind or in all; below zero: pays out."""
    total = 0
    for step in steps:
        if step.state is PartState.CONFIRMED and isinstance(step.money, Moves):
            for leg in step.money.legs if kind in {None, step.money.kind} else ():
                total += leg.amount_fen * ((leg.debit.book == drawer) - (leg.credit.book == drawer))
    return total


def verifier(settings: Settings, file: Path | None) -> Verify:
    """Asks for the operator password when an operation wants it.

    Args:
        settings: with the password there is until operators have their own.
        file: holds the answer; None: it is typed.
    """

    async def verify() -> bool:
        wanted = settings.desk_password.get_secret_value() if settings.desk_password else ""
        if not wanted:
            message = "This needs the operator password, and none is set: start with ONECARD_DESK_PASSWORD."
            raise OneCardError(message)
        return hmac.compare_digest(_answer(file).encode(), wanted.encode())

    return verify


def _answer(file: Path | None) -> str:
    if file is not None:
        try:
            with file.open("rb") as opened:
                return opened.read(_PASSWORD_MOST).decode("utf-8", "replace").strip("\r\n")
        except OSError as error:
            message = f"The password file {file} cannot be read: {error.strerror}."
            raise UnavailableError(message) from None
    if not sys.stdin.isatty():
        message = "Nobody can type the operator password here; give it with --password-file."
        raise OneCardError(message)
    return getpass.getpass("Operator password: ")
