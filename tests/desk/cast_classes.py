"""What tests of class rules need beside the hall: rules that change, and who leaves."""

from dataclasses import asdict
from typing import Any

from hall import Hall

from onecard.base.db import SYSTEM
from onecard.desk import personnel
from onecard.people import classes
from onecard.people.model import ClassDraft


async def ruled(hall: Hall, **rules: Any) -> None:
    """The hall's class has these rules from now on."""
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        found = await classes.get(tx, hall.class_id)
        values = {
            name: value for name, value in asdict(found).items() if name not in {"id", "version", "people"}
        }
        await classes.change(tx, found.id, ClassDraft(**values | rules), version=found.version)


async def leaves(hall: Hall, person_id: int) -> None:
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await personnel.leave(tx, [person_id], on=hall.today)
