"""Account classes (账户类型): the rules people's accounts live under."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from onecard.base.db import Row, Tx
from onecard.base.texts import Text, say, say_in
from onecard.people import classes
from onecard.people.model import ClassDraft
from onecard.people.tables import CLASSES
from onecard.tenants.functions import F
from onecard.web.kit.columns import Column
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Cell, Look, Tone
from onecard.web.kit.visit import Visit
from onecard.web.pages.people.class_form import ClassForm
from onecard.web.pages.people.class_places import places


def limited(name: str, title: Text) -> Column:
    """A column of a limit; 0 is none."""

    def show(visit: Visit, row: Row) -> Cell:
        text = visit.money(row[name]) if row[name] else visit.say(say("no limit"))
        return Cell(text, Look.MONEY, Tone.PLAIN if row[name] else Tone.MUTED)

    return Column(name=name, title=title, phone="hide", show=show)


async def load(tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
    """Values of the form."""
    found, where = await classes.get(tx, key), await places(tx)
    return asdict(found) | {
        "purses": list(found.purses),
        "drawing": ",".join(found.drawing),
        "rates": where.rate_lines(found.rates),
        "exclusions": where.exclusion_lines(found.exclusions),
    }


async def _draft(tx: Tx, form: ClassForm) -> ClassDraft:
    where = await places(tx)
    values = form.model_dump(exclude={"version"}) | {
        "purses": tuple(form.purses),
        "drawing": tuple(form.drawing.split(",")),
        "rates": where.rates(form.rates),
        "exclusions": where.exclusions(form.exclusions),
    }
    return ClassDraft(**values)


async def create(tx: Tx, visit: Visit, form: ClassForm) -> int:
    """Make a class."""
    return await classes.create(tx, await _draft(tx, form))


async def save(tx: Tx, visit: Visit, key: int, form: ClassForm) -> None:
    """Change a class; terminals get the new rules by themselves."""
    await classes.change(tx, key, await _draft(tx, form), version=form.version)


async def remove(tx: Tx, visit: Visit, key: int) -> None:
    """Delete a class nobody lives under."""
    await classes.delete(tx, key)


SCREEN = Screen(
    path="/people/classes", area="people", title=say("Account classes"), icon="wallet", api="account-classes",
    view=F.PEOPLE_CLASS_VIEW, change=F.PEOPLE_CLASS_CHANGE, listing=CLASSES, form=ClassForm,
    load=load, create=create, save=save, remove=remove,
    new=say("New class"), edit=say("Change class"), search_hint=say("Number or name of a class"),
    columns=(
        Column(name="number", title=say("Class number"), look=Look.CODE),
        Column(name="name", title=say_in("class", "Name"), look=Look.STRONG, phone="title"),
        Column(name="people", title=say_in("count", "People")),
        Column(name="card_fee_fen", title=say("Card fee")),
        Column(name="deposit_fen", title=say("Deposit")),
        Column(name="floor_fen", title=say("Floor"), phone="hide"),
        limited("transaction_limit_fen", say("One sale, at most")),
        limited("meal_limit_fen", say("One meal, at most")),
        limited("day_limit_fen", say("One day, at most")),
        Column(name="overdraft_fen", title=say("Overdraft, at most"), shown=False),
        Column(name="pin_above_fen", title=say("PIN for a sale above"), shown=False),
        Column(name="valid_days", title=say("Days"), shown=False),
        Column(name="valid_until", title=say("Last day"), shown=False),
        Column(name="cards_most", title=say("Cards of one person, at most"), shown=False),
        Column(name="version", title=say("Version"), shown=False),
    ),
)  # fmt: skip
