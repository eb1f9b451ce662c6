"""Use cases of merchants and meals, and the snapshot of a tenant's rules."""

import re
from collections.abc import Iterable

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.texts import say
from onecard.consumption.model import Meal, MealDraft, Merchant, Rules
from onecard.consumption.rules import narrower_terms, number_meals, terms_of
from onecard.ledger.model import BookKind
from onecard.ledger.service import open_book
from onecard.people import service as people
from onecard.tenants import service as tenants

_sql = load_queries("onecard.consumption")


async def create_merchant(tx: Tx, *, code: str, name: str) -> Merchant:
    """Create a merchant with its book of takings.

    Raises:
        OneCardError: code or name is malformed.
        ConflictError: code or name is taken.
    """
    name = name.strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,16}", code):
        message = (
            f"A merchant's code has 1 to 16 letters, digits, hyphens or underscores; {code!r} is not one."
        )
        raise OneCardError(message)
    if not name:
        message = f"The merchant {code} needs a name."
        raise OneCardError(message)
    try:
        book_id = await open_book(tx, BookKind.MERCHANT)
        merchant_id = await _sql.insert_merchant(
            tx.connection, tenant_id=tx.tenant_id, code=code, name=name, book_id=book_id
        )
    except asyncpg.UniqueViolationError:
        message = f"There is a merchant with the code {code} or the name {name} already."
        raise ConflictError(message) from None
    return Merchant(int(merchant_id), code, name, book_id, "open")


async def merchants(tx: Tx) -> list[Merchant]:
    """The tenant's merchants by code."""
    return [Merchant(**row) async for row in _sql.merchants(tx.connection, tenant_id=tx.tenant_id)]


async def set_closed(tx: Tx, code: str, *, closed: bool) -> None:
    """Close a merchant (its terminals are refused) or open it again.

    Raises:
        NotFoundError: no such merchant.
    """
    state = "closed" if closed else "open"
    if await _sql.set_merchant_state(tx.connection, tenant_id=tx.tenant_id, code=code, state=state) is None:
        message = f"There is no merchant {code}."
        raise NotFoundError(message)


async def meals(tx: Tx) -> tuple[Meal, ...]:
    """The tenant's meals in the order of the business day."""
    return tuple([Meal(**row) async for row in _sql.meals(tx.connection, tenant_id=tx.tenant_id)])


async def set_meals(tx: Tx, drafts: Iterable[MealDraft]) -> tuple[Meal, ...]:
    """Replace all meals; returns them with the numbers they got.

    Raises:
        OneCardError: meals overlap, share a name, or run over the end of the business day.
        ConflictError: discounts of account classes name a meal that would be gone.
    """
    tenant = await tenants.get(tx)
    numbered = number_meals(drafts, tenant.day_cutoff)
    await _sql.delete_meals(tx.connection, tenant_id=tx.tenant_id)
    await _sql.insert_meals(
        tx.connection, tenant_id=tx.tenant_id, numbers=[meal.number for meal in numbered],
        names=[meal.name for meal in numbered], starts=[meal.starts for meal in numbered],
        ends=[meal.ends for meal in numbered],
    )  # fmt: skip
    try:
        await _sql.check_meals(tx.connection)
    except asyncpg.ForeignKeyViolationError:
        message = say("A meal that discounts of account classes name would be gone; change those first.")
        raise ConflictError(message) from None
    return numbered


async def load_rules(tx: Tx) -> Rules:
    """What sales of the transaction's tenant are decided with; open `tx` as a snapshot for one view."""
    tenant, classes = await tenants.get(tx), await people.classes(tx)
    return Rules(
        tenant_id=tenant.tenant_id,
        suspended=tenant.state == "suspended",
        language=tenant.language,
        business_day=tenant.business_day,
        meals=await meals(tx),
        terms={each.id: terms_of(each) for each in classes},
        merchants={merchant.id: merchant for merchant in await merchants(tx)},
        narrower={place: terms for each in classes for place, terms in narrower_terms(each).items()},
    )
