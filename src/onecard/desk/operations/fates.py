"""What becomes of each purse when a card ends: what the holder's class says, unless the operator says other.

Who has left is settled by what the class says of leaving, everybody else by what it says of refunds. What is
forfeited returns to the fund it came from; own money and water come from no fund and are written off.
"""

from collections.abc import Mapping
from typing import TypeAlias

from onecard.base.amounts import format_amount
from onecard.base.db import Tx
from onecard.base.errors import NotFoundError
from onecard.desk.operations import care, store
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.purse_parts import Target
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import Balances, BookKind, Place
from onecard.ledger.service import system_books
from onecard.people import class_rules, classes
from onecard.people.model import Fate, PersonState

_NAMES = {
    "cash": BookKind.CASH,
    "subsidy": BookKind.SUBSIDY,
    "bonus": BookKind.BONUS,
    "water": BookKind.WATER,
}
_FORFEITED = {
    BookKind.CASH: BookKind.WRITE_OFF,
    BookKind.SUBSIDY: BookKind.SUBSIDY_FUND,
    BookKind.BONUS: BookKind.BONUS_FUND,
    BookKind.WATER: BookKind.WRITE_OFF,
}

Fates: TypeAlias = Mapping[str, Fate]
"""By name of the purse."""


async def decided(tx: Tx, person_id: int, said: Fates) -> Fates:
    """The fate of every purse of a person.

    Args:
        tx: the transaction in which the end of the card is planned.
        person_id: the holder.
        said: what the operator says otherwise.

    Raises:
        NotFoundError: there is no such person.
    """
    row = await care.sql.holder(tx.connection, tenant_id=tx.tenant_id, person_id=person_id)
    if row is None:
        message = f"There is no person with id {person_id}."
        raise NotFoundError(message)
    rules = await classes.get(tx, row["class_id"])
    return class_rules.fates(rules, leaving=row["state"] == PersonState.LEFT) | dict(said)


async def target(tx: Tx, place: Workplace, fates: Fates) -> Target:
    """Where the money of each purse goes; None: nowhere, it stays in the account."""
    books = await system_books(tx)
    drawer = await store.drawer(tx, place.desk.name)
    where = {
        _NAMES[name]: Place(drawer if fate is Fate.PAY_OUT else books[_FORFEITED[_NAMES[name]]])
        for name, fate in fates.items()
        if fate is not Fate.KEEP
    }
    return where.get


def refuse_kept(found: Balances, fates: Fates) -> None:
    """Whether nothing is to stay in an account that is going to be closed.

    Raises:
        RefusedError: something is; the sentence says what.
    """
    kept = [name for name, fate in fates.items() if fate is Fate.KEEP and getattr(found, name)]
    if kept:
        amounts = ", ".join(f"{name} {format_amount(getattr(found, name))}" for name in kept)
        message = f"By the account class this stays in the account, which can then not be closed: {amounts}."
        raise RefusedError(CareRefusal.KEPT_MONEY, message)
