"""A tenant that can be worked with: itself, its system books, the administrators' role, a root department."""

from collections.abc import Awaitable, Callable
from typing import Any

from onecard.base.db import Actor, Database, Tx
from onecard.ledger.service import open_system_books
from onecard.people import service as people
from onecard.tenants import service as tenants
from onecard.tenants.operators.roles import open_operators


async def open_tenant(
    db: Database,
    actor: Actor,
    *,
    code: str,
    name: str,
    also: Callable[[Tx], Awaitable[None]] | None = None,
    **settings: Any,
) -> int:
    """Create a tenant with its books, the role of administrators and its root department; returns its id.

    Args:
        db: the database.
        actor: who creates it.
        code: four digits.
        name: of the institution, and so of the root department.
        also: what else is done in the same transaction, e.g. its first administrator.
        settings: as `tenants.create` takes them.

    Raises:
        OneCardError: something is malformed.
        ConflictError: the code is taken.
    """

    async def furnish(tx: Tx) -> None:
        await open_system_books(tx)
        await open_operators(tx)
        await people.create_department(tx, name=name.replace("/", "\uff0f"))
        if also is not None:
            await also(tx)

    return await tenants.create(db, actor, code=code, name=name, furnish=furnish, **settings)
