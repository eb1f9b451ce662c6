"""`onecard desk initialise`, `erase`, `issue`, `bind` …: cards of nobody become somebody's."""

from dataclasses import asdict
from typing import Annotated

import typer

from onecard.cards.numbers import ByteOrder, NumberFormat, ReaderNumbers
from onecard.cli.desk_amounts import fen, last_day, said_fen
from onecard.cli.desk_result import result
from onecard.cli.desk_show import Rows, Shown
from onecard.cli.desk_visit import Reason, Visit, desk_command
from onecard.cli.desk_words import say_in
from onecard.desk.operations import bind as binding
from onecard.desk.operations import blank
from onecard.desk.operations import issue as issuing

app = typer.Typer()

PersonNumber = Annotated[str, typer.Argument(metavar="PERSON", help="Number of the person.")]
CardNumber = Annotated[int | None, typer.Option("--number", help="Card number; the next one when left out.")]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="DAY",
        help="Last day, as 2027-07-31, or `never`; by the account class when left out.",
    ),
]
Opening = Annotated[str, typer.Option("--opening", metavar="AMOUNT", help="Paid in with it, own money.")]
OpeningWater = Annotated[str, typer.Option("--water", metavar="AMOUNT", help="The same for water.")]
Fee = Annotated[
    str | None,
    typer.Option("--fee", metavar="AMOUNT", help="Card fee, for good; by the account class when left out."),
]
Deposit = Annotated[
    str | None,
    typer.Option(
        "--deposit", metavar="AMOUNT", help="Given back with the card; by the account class when left out."
    ),
]
AnyStock = Annotated[bool, typer.Option("--any-stock", help="Take a card that is in no registered box.")]


@desk_command(app, "initialise")
async def initialise(
    visit: Visit,
    *,
    box: Annotated[str | None, typer.Option("--box", help="Name of the box it was taken from.")] = None,
) -> Shown:
    """Check that the card on the reader is new and genuine, and register it as stock."""
    return await result(visit, await blank.initialise(visit.place, await visit.look(), box=box))


@desk_command(app, "erase")
async def erase(visit: Visit, *, reason: Reason = "") -> Shown:
    """Make a card whose life is over blank; somebody's live card is refused."""
    return await result(visit, await blank.erase(visit.place, await visit.look(), reason=reason))


@desk_command(app, "issue")
async def issue(
    visit: Visit,
    person: PersonNumber,
    *,
    number: CardNumber = None,
    until: Until = None,
    opening: Opening = "",
    water: OpeningWater = "",
    fee: Fee = None,
    deposit: Deposit = None,
    any_stock: AnyStock = False,
    reason: Reason = "",
) -> Shown:
    """Make the blank card on the reader somebody's."""
    found = await visit.person(person)
    done = await issuing.issue(
        visit.place,
        await visit.look(),
        found.id,
        number=number,
        valid_until=last_day(until),
        opening_fen=fen(opening),
        water_fen=fen(water),
        fee_fen=said_fen(fee),
        deposit_fen=said_fen(deposit),
        reason=reason,
        any_stock=any_stock,
    )
    return await result(visit, done)


@desk_command(app, "bind", reader=False)
async def bind(
    visit: Visit,
    text: Annotated[str, typer.Argument(metavar="CARD", help="The card's number as typed or scanned.")],
    person: PersonNumber,
    *,
    form: Annotated[
        NumberFormat, typer.Option("--format", help="How the reader writes numbers.")
    ] = NumberFormat.HEX,
    order: Annotated[
        ByteOrder, typer.Option("--order", help="Which end of the UID comes first.")
    ] = ByteOrder.AS_READ,
    number: CardNumber = None,
    until: Until = None,
    fee: Fee = None,
    deposit: Deposit = None,
    reason: Reason = "",
) -> Shown:
    """Make a card somebody's by its number; nothing is written to the card."""
    found = await visit.person(person)
    done = await binding.bind(
        visit.place, text, found.id, form=ReaderNumbers(form, order), number=number,
        valid_until=last_day(until), fee_fen=said_fen(fee), deposit_fen=said_fen(deposit), reason=reason,
    )  # fmt: skip
    return await result(visit, done)


@desk_command(app, "unknown", reader=False)
async def unknown(
    visit: Visit, most: Annotated[int, typer.Option("--most", min=1, max=500, help="How many.")] = 20
) -> Rows:
    """The latest cards of nobody that were held to terminals, newest first."""
    async with visit.place.desk.tx() as tx:
        found = await binding.latest_unknown(tx, most)
    return Rows(
        "swipes",
        [asdict(one) for one in found],
        empty=say_in(visit.lang, "No unknown card was held to a terminal.", "没有未登记的刷卡。"),
    )


@desk_command(app, "continue")
async def carry_on(visit: Visit) -> Shown:
    """Bring to its end what was interrupted on the card on the reader."""
    return await result(visit, await issuing.carry_on(visit.place, await visit.look()))


@desk_command(app, "abandon", reader=False)
async def abandon(
    visit: Visit, operation: Annotated[int, typer.Argument(help="Number of the operation.")]
) -> Shown:
    """Give up an issue or an erasure that was interrupted: its money goes back, the card needs erasing."""
    done = await issuing.give_up(visit.place, operation)
    found = await result(visit, done)
    return Shown(found.fields, found.lines)
