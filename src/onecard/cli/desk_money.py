"""`onecard desk top-up`, `withdraw`, `sale`, `bring`, `loads`: money of people."""

from typing import Annotated

import typer

from onecard.base.errors import NotFoundError
from onecard.cards.keys import Role
from onecard.cli.desk_amounts import fen
from onecard.cli.desk_result import result
from onecard.cli.desk_show import Rows, Shown
from onecard.cli.desk_visit import PersonOption, Reason, UidOption, Visit, desk_command
from onecard.cli.desk_words import say_in
from onecard.consumption import service as consumption
from onecard.desk.operations import purses, store
from onecard.desk.operations.purses import Amounts

app = typer.Typer()

Amount = Annotated[str, typer.Argument(help="For the consumption purse, as 50 or 12.50; 0 for none.")]
Water = Annotated[str, typer.Option("--water", metavar="AMOUNT", help="For the water purse.")]


@desk_command(app, "top-up")
async def top_up(
    visit: Visit,
    amount: Amount = "0",
    *,
    water: Water = "0",
    source: Annotated[str, typer.Option("--source", help="cash, bank or provider.")] = "cash",
    person: PersonOption = None,
    uid: UidOption = None,
    reason: Reason = "",
) -> Shown:
    """Put money into one purse or both; what waits for the card comes with it.

    Without a reader the money stands at the server, and on stored cards waits for the card.
    """
    amounts = Amounts(fen(amount), fen(water))
    row, sighting = await visit.chosen(person, uid)
    done = await purses.top_up(visit.place, row, amounts, sighting=sighting, source=source, reason=reason)
    return await result(visit, done)


@desk_command(app, "withdraw")
async def withdraw(
    visit: Visit,
    amount: Amount = "0",
    *,
    water: Water = "0",
    person: PersonOption = None,
    uid: UidOption = None,
    reason: Reason = "",
) -> Shown:
    """Give own money back in cash; a stored card has to be on the reader."""
    amounts = Amounts(fen(amount), fen(water))
    row, sighting = await visit.chosen(person, uid)
    done = await purses.withdraw(
        visit.place, row, amounts, sighting=sighting, cardless=sighting is None, reason=reason
    )
    return await result(visit, done)


@desk_command(app, "sale")
async def sale(
    visit: Visit,
    amount: Annotated[str, typer.Argument(help="What is paid, as 50 or 12.50.")],
    *,
    merchant: Annotated[str, typer.Option("--merchant", metavar="M", help="Code of the merchant.")],
    reason: Reason = "",
) -> Shown:
    """Charge the card on the reader, by the rules of a terminal."""
    async with visit.place.desk.tx() as tx:
        found = [each.id for each in await consumption.merchants(tx) if each.code == merchant]
    if not found:
        message = f"There is no merchant {merchant}."
        raise NotFoundError(message)
    done = await purses.sell(
        visit.place, await visit.look(), merchant_id=found[0], amount_fen=fen(amount), reason=reason
    )
    return await result(visit, done)


@desk_command(app, "bring")
async def bring(visit: Visit) -> Shown:
    """Write to the card what stands at the server and waits for it."""
    return await result(visit, await purses.bring(visit.place, await visit.look()))


@desk_command(app, "loads", reader=False)
async def loads(visit: Visit) -> Rows:
    """Money that waits for cards, oldest first."""
    async with visit.place.desk.tx() as tx:
        rows = store.sql.waiting_loads(tx.connection, tenant_id=tx.tenant_id)
        found = [dict(row) async for row in rows]
    for row in found:
        row["role"] = Role(row["role"]).name.lower()
    columns = ("person_number", "person_name", "role", "cash_fen", "subsidy_fen", "reason", "created_at")
    return Rows("loads", found, columns, empty=say_in(visit.lang, "Nothing waits.", "没有待写入的款项。"))
