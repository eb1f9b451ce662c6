"""A school with an administrator and a clerk who sign in, at a time the test says."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from onecard.base.db import SYSTEM, Database
from onecard.base.listing import Wish
from onecard.tenants import sessions
from onecard.tenants.audit.lists import ENTRIES
from onecard.tenants.functions import Function
from onecard.tenants.operators import roles, service
from onecard.tenants.operators.model import EVERYTHING, OperatorDraft
from onecard.tenants.sessions import Refused, Session, SignedIn

ADMINISTRATOR, CLERK = "86729000", "86729001"
PASSWORD, OTHER = "liang teng gua", "correct horse battery"
WRONG = "not this one"
HOME, ABROAD = "10.0.0.7", "203.0.113.9"


@dataclass
class Door:
    """The way in, for one operator of the school unless told otherwise."""

    db: Database
    tenant_id: int
    ids: dict[str, int]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def later(self, **much: float) -> None:
        self.now += timedelta(**much)

    async def try_in(self, password: str = PASSWORD, **other: Any) -> sessions.Outcome:
        given = {"account": ADMINISTRATOR, "where": HOME, "agent": "Firefox", "now": self.now} | other
        return await sessions.sign_in(self.db, password=password, **given)

    async def sign_in(self, **other: Any) -> SignedIn:
        outcome = await self.try_in(**other)
        assert isinstance(outcome, SignedIn), outcome
        return outcome

    async def resume(self, cookie: str, where: str = HOME) -> Session | None:
        return await sessions.resume(self.db, cookie, where, now=self.now)

    async def session(self, **other: Any) -> Session:
        found = await self.resume((await self.sign_in(**other)).cookie)
        assert found is not None
        return found

    async def refused(self, password: str = WRONG, **other: Any) -> str:
        outcome = await self.try_in(password, **other)
        assert isinstance(outcome, Refused), outcome
        return str(outcome.text)

    async def trail(self, function: str) -> list[Any]:
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            rows = (await ENTRIES.page(tx, Wish(most=200))).rows
        return [row for row in rows if row["function"] == function]


async def open_door(db: Database, tenant_id: int, *functions: Function) -> Door:
    """An administrator, and a clerk with these functions."""
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        administrator = await roles.create_first_administrator(tx, "王芳", PASSWORD)
        clerk = await service.create(tx, OperatorDraft(name="李强", all_departments=True), by=EVERYTHING)
        operator = await service.get(tx, clerk.id)
        await service.keep_password(tx, operator, PASSWORD, by_other=False)
        await roles.set_grants(tx, clerk.id, functions, by=EVERYTHING)
    return Door(db, tenant_id, {ADMINISTRATOR: administrator.id, CLERK: clerk.id})
