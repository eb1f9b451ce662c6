"""Departments: the tree as a list, with how many people are where; a changed parent moves a whole subtree."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from onecard.base.db import Row, Tx
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say, say_in
from onecard.people import departments
from onecard.people.tables import DEPARTMENTS
from onecard.tenants.functions import F
from onecard.web.kit.columns import Column
from onecard.web.kit.fields import Ui
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Cell, Look, Option
from onecard.web.kit.visit import Visit
from onecard.web.pages.choices import department_options


class DepartmentForm(BaseModel):
    """A department."""

    name: Annotated[str, Field(min_length=1, max_length=64), Ui(say_in("department", "Name"))]
    parent_id: Annotated[
        int | None,
        Ui(
            say("Belongs to"),
            kind="departments",
            help=say("Another choice moves it with everything below. The institution itself has none."),
        ),
    ] = None
    code: Annotated[str, Field(max_length=32), Ui(say("Code"), help=say("Empty: the next number."))] = ""
    position: Annotated[int, Field(ge=0, le=999_999), Ui(say("Order among its neighbours"))] = 0


def name(visit: Visit, row: Row) -> Cell:
    """The name, as far to the right as it is deep."""
    return Cell(row["name"], Look.STRONG, hint=row["path"], depth=row["depth"])


async def load(tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
    """Values of the form."""
    found = await departments.get(tx, key, departments=visit.who.department_ids)
    return {
        "name": found.name, "parent_id": found.parent_id, "code": found.code, "position": found.position
    }  # fmt: skip


async def choices(tx: Tx, visit: Visit) -> Mapping[str, Sequence[Option]]:
    """Where it may belong."""
    return {"parent_id": await department_options(tx, visit)}


async def fresh(tx: Tx, visit: Visit) -> Mapping[str, Any]:
    """A new one belongs to the highest that is seen, unless somebody chooses otherwise."""
    lines = await departments.outline(tx, departments=visit.who.department_ids)
    return {"parent_id": lines[0].department.id} if lines else {}


async def create(tx: Tx, visit: Visit, form: DepartmentForm) -> int:
    """Make a department."""
    return await departments.create(
        tx, name=form.name, parent_id=form.parent_id, code=form.code or None, position=form.position,
        departments=visit.who.department_ids,
    )  # fmt: skip


async def save(tx: Tx, visit: Visit, key: int, form: DepartmentForm) -> None:
    """Rename it, and move it when its parent is another one."""
    scope = visit.who.department_ids
    old = await departments.get(tx, key, departments=scope)
    # an operator of a part of the tree is not offered what its top belongs to
    if form.parent_id is None and old.parent_id is not None and (scope is None or old.parent_id in scope):
        raise ConflictError(
            say(
                "Choose what {name} belongs to; only the top of the tree has nothing above it.", name=old.name
            )
        )
    if form.parent_id is not None and form.parent_id != old.parent_id:
        if not visit.may(F.PEOPLE_DEPARTMENT_MOVE):
            raise NotFoundError(say("You may not move departments; ask for the function “Move departments”."))
        await departments.move(tx, key, parent_id=form.parent_id, departments=scope)
    await departments.change(
        tx, key, name=form.name, code=form.code or old.code, position=form.position, departments=scope
    )


async def remove(tx: Tx, visit: Visit, key: int) -> None:
    """Delete an empty department."""
    await departments.delete(tx, key, departments=visit.who.department_ids)


SCREEN = Screen(
    path="/people/departments", area="people", title=say("Departments"), icon="sitemap", api="departments",
    view=F.PEOPLE_DEPARTMENT_VIEW, change=F.PEOPLE_DEPARTMENT_CHANGE, listing=DEPARTMENTS,
    form=DepartmentForm, load=load, create=create, save=save, remove=remove, choices=choices, fresh=fresh,
    new=say("New department"), edit=say("Change department"), search_hint=say("Name or code of a department"),
    columns=(
        Column(name="name", title=say_in("department", "Name"), show=name, phone="title"),
        Column(name="code", title=say("Code"), phone="hide"),
        Column(name="people", title=say("People in it")),
        Column(name="people_below", title=say("With sub-departments")),
        Column(name="path", title=say("Path"), shown=False),
    ),
)  # fmt: skip
