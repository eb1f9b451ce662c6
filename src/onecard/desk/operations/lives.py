"""The lives of plastic: who may begin one, under which number and generation, and the row it is."""

from dataclasses import dataclass
from datetime import date

from onecard.base.db import Tx, load_queries
from onecard.base.errors import OneCardError
from onecard.base.status import Status
from onecard.cards.technology import CardFormat, check_number
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.words import Refusal
from onecard.devices import black
from onecard.ledger.service import open_accounts
from onecard.people import classes
from onecard.people.model import ClassDraft
from onecard.tenants import service as tenants

GENERATIONS = 255
_COUNTER = "card"
_CLASS_NUMBER_MOST = 255  # one byte of the identity record
_ACCOUNT_REFUSALS = {"frozen": Status.ACCOUNT_FROZEN, "closed": Status.ACCOUNT_CLOSED}
sql = load_queries("onecard.desk.operations", "issuing.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who may have another card.

    Attributes:
        rules: of the account class, as they are in this transaction.
        other_cards: how many the person has already.
    """

    person_id: int
    rules: ClassDraft
    other_cards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A life that begins: what its row says.

    Attributes:
        uid: upper-case hex.
        generation: None for technologies without keys, as are the next two.
    """

    uid: str
    technology: str
    person_id: int
    number: int
    valid_until: date | None
    generation: int | None = None
    key_version: int | None = None
    pin: str | None = None
    fee_fen: int = 0
    deposit_fen: int = 0


async def admit(tx: Tx, person_id: int) -> Holder:
    """Somebody who is to get a card; the person's row is locked until the transaction ends.

    Raises:
        RefusedError: there is no such person, or state, class or account allow no card.
    """
    row = await sql.candidate(tx.connection, tenant_id=tx.tenant_id, person_id=person_id)
    if row is None:
        raise RefusedError(IssueRefusal.PERSON_UNKNOWN)
    if row["state"] != "active":
        raise RefusedError(IssueRefusal.PERSON_NOT_ACTIVE)
    rules = await classes.get(tx, row["class_id"])
    if rules.number > _CLASS_NUMBER_MOST:
        raise RefusedError(IssueRefusal.CLASS_NUMBER_TOO_LARGE)
    others = await sql.living_cards(tx.connection, tenant_id=tx.tenant_id, person_id=person_id)
    if others >= rules.cards_most:
        raise RefusedError(IssueRefusal.TOO_MANY_CARDS)
    status = await sql.account_status(tx.connection, tenant_id=tx.tenant_id, account_id=person_id)
    if status in _ACCOUNT_REFUSALS:
        raise RefusedError(_ACCOUNT_REFUSALS[status].code)
    if status is None:
        await open_accounts(tx, [person_id])
    return Holder(person_id=person_id, rules=rules, other_cards=others)


async def choose_number(tx: Tx, chosen: CardFormat, wanted: int | None) -> int:
    """The number that was asked for, or the next one; numbers are taken again only when all were used.

    Raises:
        RefusedError: it is out of range or in use, or there is none left.
    """
    if wanted is not None:
        try:
            check_number(chosen, wanted)
        except OneCardError as error:
            raise RefusedError(IssueRefusal.NUMBER_OUT_OF_RANGE, str(error)) from None
        if await sql.is_number_taken(tx.connection, tenant_id=tx.tenant_id, number=wanted):
            raise RefusedError(Refusal.NUMBER_USED)
        return wanted
    # the counter's row is locked from here on: two desks never choose the same
    number = await tenants.next_number(tx, _COUNTER)
    if number <= chosen.number_most and not await sql.is_number_taken(
        tx.connection, tenant_id=tx.tenant_id, number=number
    ):
        return number
    lowest = await sql.lowest_free_number(tx.connection, tenant_id=tx.tenant_id, most=chosen.number_most)
    if lowest is None:
        raise RefusedError(Refusal.NUMBERS_USED_UP)
    return int(lowest)


async def next_generation(tx: Tx, uid: str) -> int:
    """Which life of the plastic comes next.

    Raises:
        RefusedError: the byte on the card counts no further.
    """
    last = await sql.last_generation(tx.connection, tenant_id=tx.tenant_id, uid=uid)
    if last >= GENERATIONS:
        raise RefusedError(IssueRefusal.PLASTIC_WORN_OUT)
    return int(last) + 1


async def begin(tx: Tx, life: Life) -> int:
    """Write down that a life begins (state `issuing`) and where the UID lives; returns the card's id.

    A number without a generation is the same in every life: one that was lost is taken off the black list.
    """
    if life.generation is None and await sql.was_voided(tx.connection, tenant_id=tx.tenant_id, uid=life.uid):
        await black.cancel(tx, life.uid, "the card was given out again")
    card_id = await sql.insert_life(
        tx.connection, tenant_id=tx.tenant_id, uid=life.uid, technology=life.technology,
        person_id=life.person_id, number=life.number, valid_until=life.valid_until,
        keys=[life.generation, life.key_version], pin=life.pin, amounts=[life.fee_fen, life.deposit_fen],
    )  # fmt: skip
    await sql.insert_route(tx.connection, uid=life.uid, tenant_id=tx.tenant_id)
    return int(card_id)
