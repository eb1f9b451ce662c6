"""The standing cast of personnel: a school with a tree, two classes, and whoever a test needs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from onecard.base.db import Actor, Database, Tx
from onecard.base.listing import Wish
from onecard.base.vault import Vault
from onecard.people import departments, persons
from onecard.people import service as people
from onecard.people.lists import PERSONS
from onecard.people.model import ClassDraft, FileDraft
from onecard.tenants.audit.lists import ENTRIES

ANNA = Actor("operator", "86720001", "10.0.0.7")


@dataclass(frozen=True, slots=True)
class School:
    """青松学校 with 初中部/七年级/1班, 初中部/七年级/2班, 初中部/八年级/1班 and 教职工; pupils and staff."""

    db: Database
    vault: Vault
    tenant_id: int
    places: dict[str, int]
    pupils: int
    staff: int

    @asynccontextmanager
    async def tx(self) -> AsyncIterator[Tx]:
        """A transaction of an operator of this school."""
        async with self.db.tenant_tx(self.tenant_id, ANNA) as tx:
            yield tx

    def draft(self, number: str, name: str, place: str = "七年级/1班", **values: Any) -> FileDraft:
        """A pupil's file before it is saved."""
        values = {"department_id": self.places[place], "class_id": self.pupils} | values
        return FileDraft(number=number, name=name, **values)

    async def add(self, number: str, name: str, place: str = "七年级/1班", **values: Any) -> int:
        """Save a pupil."""
        async with self.tx() as tx:
            return await persons.create(tx, self.vault, self.draft(number, name, place, **values))

    async def below(self, place: str) -> list[int]:
        """A part of the tree, as an operator's scope."""
        async with self.tx() as tx:
            return await departments.subtree(tx, self.places[place])

    async def numbers(self, **arguments: Any) -> list[str]:
        """Numbers of the people a list shows."""
        async with self.tx() as tx:
            page = await PERSONS.page(tx, Wish(arguments=arguments))
            return [row["number"] for row in page.rows]

    async def audit(self, thing: str) -> list[tuple[str, str, Any, Any]]:
        """Function, subject, before and after of the entries about a kind of thing, oldest first."""
        async with self.tx() as tx:
            rows = (await ENTRIES.page(tx, Wish(most=500))).rows
        return [
            (row["function"], row["subject"], _read(row["before"]), _read(row["after"]))
            for row in reversed(rows)
            if row["thing"] == thing
        ]


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)


async def open_school(db: Database, vault: Vault, tenant_id: int) -> School:
    """Make the school in a tenant that has nothing yet."""
    async with db.tenant_tx(tenant_id, ANNA) as tx:
        places = {"": await people.ensure_department(tx, "青松学校")}
        for path in ("七年级", "七年级/1班", "七年级/2班", "八年级", "八年级/1班"):
            places[path] = await people.ensure_department(tx, f"青松学校/初中部/{path}")
        places["初中部"] = await people.ensure_department(tx, "青松学校/初中部")
        places["教职工"] = await people.ensure_department(tx, "青松学校/教职工")
        pupils = await people.create_class(tx, ClassDraft(number=1, name="学生"))
        staff = await people.create_class(tx, ClassDraft(number=2, name="教师"))
    return School(db, vault, tenant_id, places, pupils, staff)
