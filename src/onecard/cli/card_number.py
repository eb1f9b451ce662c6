"""`onecard card number`: what a typed or printed number says of a card, and its other spellings."""

from typing import Annotated

import typer

from onecard.cards.numbers import ByteOrder, NumberFormat, ReaderNumbers, spellings
from onecard.cli import output
from onecard.cli.output import Json


def number(
    text: Annotated[str, typer.Argument(help="As the reader types it, or as it is printed on the card.")],
    *,
    form: Annotated[NumberFormat, typer.Option("--format", help="Form of the number.")],
    order: Annotated[ByteOrder, typer.Option(help="From which end the reader begins.")] = ByteOrder.AS_READ,
    as_json: Json = False,
) -> None:
    """Turn a reader's number into the card's UID, and show how other readers write the same card.

    6H8D, 2H4H and 3+5 leave bytes out: `uid` is null then, and `masks` shows what is known of it.
    """
    card = ReaderNumbers(form, order).parse(text)
    found = spellings(card)
    lines = [f"UID       {card.uid or ' or '.join(card.masks)}"]
    for name, numbers in found.items():
        lines += [f"{name:<9} {spelling:<8} {number}" for spelling, number in numbers.items()]
    result = {"uid": card.uid, "masks": card.masks, "spellings": found}
    output.show(result, as_json=as_json, sentence="\n".join(lines))
