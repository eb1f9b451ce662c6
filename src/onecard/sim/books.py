"""The fleet's own book beside the ledger's: what terminals believe they sold must be what merchants have."""

from collections.abc import Mapping
from dataclasses import dataclass

from onecard.base.db import Actor, Database
from onecard.consumption import service as consumption
from onecard.ledger.service import merchant_balances, merchant_takings
from onecard.sim.campus import Campus
from onecard.sim.fleet import Tally


@dataclass(frozen=True, slots=True)
class MealTaking:
    """What a merchant took in one meal, as the ledger has it. `meal` is its name, empty outside meals."""

    merchant: str
    name: str
    meal: str
    sales: int
    amount_fen: int


async def takings(db: Database, actor: Actor, campus: Campus) -> list[MealTaking]:
    """Takings by merchant and meal, from the ledger."""
    async with db.tenant_tx(campus.tenant_id, actor, snapshot=True) as tx:
        meals = {meal.number: meal.name for meal in await consumption.meals(tx)}
        merchants = {merchant.book_id: merchant for merchant in campus.merchants.values()}
        return [
            MealTaking(
                merchants[row.book].code,
                merchants[row.book].name,
                meals.get(row.meal, ""),
                row.sales,
                row.amount_fen,
            )
            for row in await merchant_takings(tx)
        ]


async def ledger_by_merchant(db: Database, actor: Actor, campus: Campus) -> dict[str, int]:
    """What stands in each merchant's book, by the merchant's code."""
    async with db.tenant_tx(campus.tenant_id, actor) as tx:
        balances = await merchant_balances(tx)
    return {code: balances.get(merchant.book_id, 0) for code, merchant in campus.merchants.items()}


def compare(tally: Tally, ledger_fen: Mapping[str, int]) -> str | None:
    """The first difference between the fleet's book and the ledger's, in words; None when they agree."""
    for merchant in sorted({*tally.sold_fen, *ledger_fen}):
        sold, booked = tally.sold_fen[merchant], ledger_fen.get(merchant, 0)
        if sold != booked:
            return f"merchant {merchant}: terminals sold {sold} fen, the ledger has {booked}"
    return None
