"""Custom fields of personnel files."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError
from onecard.base.texts import Text, say, say_in
from onecard.people import fields
from onecard.people.model import FieldDraft, FieldKind
from onecard.people.tables import FIELDS
from onecard.tenants.functions import F
from onecard.web.kit.columns import Column
from onecard.web.kit.fields import Ui
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Look
from onecard.web.kit.visit import Visit

KINDS: dict[str, Text] = {
    FieldKind.TEXT: say("Text"),
    FieldKind.NUMBER: say("Number"),
    FieldKind.DATE: say("Date"),
    FieldKind.CHOICE: say("Choice"),
    FieldKind.YES: say("Yes or no"),
}


class FieldForm(BaseModel):
    """A custom field."""

    name: Annotated[str, Field(min_length=1, max_length=64), Ui(say_in("field", "Name"))]
    kind: Annotated[FieldKind, Ui(say("Kind"), words=KINDS, fixed=True)] = FieldKind.TEXT
    choices: Annotated[
        str, Field(max_length=2000), Ui(say("Choices"), kind="textarea", help=say("One in each line."))
    ] = ""
    required: Annotated[bool, Ui(say("Must be filled in"))] = False
    position: Annotated[int, Field(ge=0, le=999_999), Ui(say("Order"))] = 0


def _draft(form: FieldForm) -> FieldDraft:
    choices = tuple(line.strip() for line in form.choices.splitlines() if line.strip())
    return FieldDraft(
        name=form.name, kind=form.kind, choices=choices, required=form.required, position=form.position
    )


async def load(tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
    """Values of the form."""
    for each in await fields.fields(tx):
        if each.id == key:
            return {
                "name": each.name, "kind": each.kind, "choices": "\n".join(each.choices),
                "required": each.required, "position": each.position,
            }  # fmt: skip
    raise NotFoundError(say("There is no such custom field."))


async def create(tx: Tx, visit: Visit, form: FieldForm) -> int:
    """Add a field."""
    return await fields.create(tx, _draft(form))


async def save(tx: Tx, visit: Visit, key: int, form: FieldForm) -> None:
    """Change a field."""
    await fields.change(tx, key, _draft(form))


async def remove(tx: Tx, visit: Visit, key: int) -> None:
    """Delete a field nobody has anything in."""
    await fields.delete(tx, key)


SCREEN = Screen(
    path="/people/fields", area="people", title=say("Custom fields"), icon="forms", api="custom-fields",
    view=F.PEOPLE_FIELD_VIEW, change=F.PEOPLE_FIELD_CHANGE, listing=FIELDS, form=FieldForm,
    load=load, create=create, save=save, remove=remove,
    new=say("New field"), edit=say("Change field"), search_hint=say("Name of a field"),
    note=say("What personnel files hold besides the usual, e.g. a locker number or a bus line."),
    columns=(
        Column(name="name", title=say_in("field", "Name"), look=Look.STRONG, phone="title"),
        Column(name="kind", title=say("Kind"), words=dict(KINDS)),
        Column(name="choices", title=say("Choices")),
        Column(name="required", title=say("Must be filled in")),
    ),
)  # fmt: skip
