"""Amounts, days and passwords as they are given to desk commands, and the cash that follows."""

import getpass
import hmac
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from onecard.base.amounts import parse_amount
from onecard.base.errors import OneCardError, UnavailableError
from onecard.base.settings import Settings
from onecard.desk.operations.care import Verify
from onecard.desk.operations.model import Moves, PartState, Step

PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="File with the operator password; asked for when left out."),
]
_PASSWORD_MOST = 1024


def fen(text: str) -> int:
    """Minor units of an amount; nothing is nothing."""
    return parse_amount(text) if text else 0


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


def cash_to_take_fen(steps: Sequence[Step], drawer: int) -> int:
    """What the clerk takes from the person; below zero: pays out."""
    total = 0
    for step in steps:
        if step.state is PartState.CONFIRMED and isinstance(step.money, Moves):
            for leg in step.money.legs:
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
