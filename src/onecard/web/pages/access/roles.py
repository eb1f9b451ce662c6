"""Roles: named sets of functions. Also the neighbour to copy for a plain screen."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from onecard.base.db import Row, Tx
from onecard.base.listing import Wish
from onecard.base.texts import say, say_in
from onecard.tenants.functions import F, Function
from onecard.tenants.operators import roles
from onecard.tenants.operators.lists import ROLES
from onecard.tenants.operators.model import RoleDraft
from onecard.web.kit import search
from onecard.web.kit.columns import Column
from onecard.web.kit.fields import Ui
from onecard.web.kit.grants import grant_tree
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Cell, Found, GrantArea, Look
from onecard.web.kit.visit import Visit


class RoleForm(BaseModel):
    """A role."""

    name: Annotated[str, Field(min_length=1, max_length=64), Ui(say_in("role", "Name"))]
    remark: Annotated[str, Field(max_length=500), Ui(say("Remark"))] = ""
    functions: Annotated[list[Function], Ui(say("Functions"), kind="functions")] = Field(default_factory=list)


def functions(visit: Visit, row: Row) -> Cell:
    """How many; of the built-in role all there will ever be."""
    return Cell(visit.say(say("All")) if row["built_in"] else str(row["functions"]), Look.NUMBER)


async def load(tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
    """Values of the form."""
    role = await roles.role(tx, key)
    return {"name": role.name, "remark": role.remark, "functions": sorted(role.functions)}


async def trees(tx: Tx, visit: Visit, key: int | None) -> Mapping[str, Sequence[GrantArea]]:
    """The tree of functions, with those of the role ticked."""
    role = await roles.role(tx, key) if key is not None else None
    return {"functions": grant_tree(visit, role.functions if role else ())}


def _draft(form: RoleForm) -> RoleDraft:
    return RoleDraft(name=form.name, remark=form.remark, functions=frozenset(form.functions))


async def create(tx: Tx, visit: Visit, form: RoleForm) -> int:
    """Make a role."""
    return await roles.create_role(tx, _draft(form), by=visit.authority)


async def save(tx: Tx, visit: Visit, key: int, form: RoleForm) -> None:
    """Change a role."""
    await roles.change_role(tx, key, _draft(form), by=visit.authority)


async def remove(tx: Tx, visit: Visit, key: int) -> None:
    """Delete a role nobody has."""
    await roles.delete_role(tx, key, by=visit.authority)


async def _find(tx: Tx, visit: Visit, query: str) -> Sequence[Found]:
    rows = (await ROLES.page(tx, Wish(arguments={"search": query}, most=5))).rows
    return [Found(row["name"], f"/access/roles/{row['id']}", "users-group", row["remark"]) for row in rows]


search.add(search.Finder(say("Roles"), F.ACCESS_ROLE_VIEW, _find))

SCREEN = Screen(
    path="/access/roles", area="access", title=say("Roles"), icon="users-group", api="roles",
    view=F.ACCESS_ROLE_VIEW, change=F.ACCESS_ROLE_CHANGE, listing=ROLES, form=RoleForm,
    load=load, create=create, save=save, remove=remove, trees=trees,
    new=say("New role"), edit=say("Change role"), search_hint=say("Name of a role"),
    columns=(
        Column(name="name", title=say_in("role", "Name"), look=Look.STRONG, phone="title"),
        Column(name="remark", title=say("Remark"), phone="sub"),
        Column(name="functions", title=say("Functions"), show=functions),
        Column(name="operators", title=say("Operators")),
        Column(name="built_in", title=say("Built in")),
    ),
)  # fmt: skip
