"""Choices that several screens offer."""

from onecard.base.db import Tx
from onecard.people import departments
from onecard.web.kit.views import Option
from onecard.web.kit.visit import Visit


async def department_options(tx: Tx, visit: Visit) -> list[Option]:
    """The departments this operator sees, as a tree-select shows them."""
    lines = await departments.outline(tx, departments=visit.who.department_ids)
    return [
        Option(str(each.department.id), each.department.name, depth=each.depth, hint=each.path)
        for each in lines
    ]
