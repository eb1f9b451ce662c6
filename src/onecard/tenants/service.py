"""Use cases of tenants."""

import re
from collections.abc import Awaitable, Callable
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import asyncpg

from onecard.base.db import Actor, Database, Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.tenants.model import Route, Tenant

_sql = load_queries("onecard.tenants")


async def create(
    db: Database,
    actor: Actor,
    *,
    code: str,
    name: str,
    currency: str = "CNY",
    time_zone: str = "Asia/Shanghai",
    day_cutoff: time = time(3),
    language: str = "zh-CN",
    furnish: Callable[[Tx], Awaitable[None]] | None = None,
) -> int:
    """Create a tenant; returns its id.

    Args:
        db: the application's door.
        actor: who creates it.
        code: four digits, unique in the installation.
        name: of the institution.
        currency: three letters (ISO 4217).
        time_zone: name in the IANA database.
        day_cutoff: when its business day ends, by its own wall clock.
        language: `zh-CN` or `en`.
        furnish: what belongs to a new tenant besides itself; in the same transaction.

    Raises:
        OneCardError: code, name, language or time zone is malformed.
        ConflictError: the code is taken.
    """
    if not re.fullmatch(r"\d{4}", code, re.ASCII):
        message = f"A tenant code has exactly four digits; {code!r} has not."
        raise OneCardError(message)
    if not name.strip():
        message = "A tenant needs a name."
        raise OneCardError(message)
    if language not in {"zh-CN", "en"}:
        message = f"The language {language!r} is not supported; choose zh-CN or en."
        raise OneCardError(message)
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        message = f"The time zone {time_zone!r} is not known."
        raise OneCardError(message) from None
    async with db.platform_tx(actor) as tx:
        tenant_id = int(await _sql.next_id(tx.connection))
    try:
        async with db.tenant_tx(tenant_id, actor) as tx:
            await _sql.insert_route(tx.connection, code=code, tenant_id=tenant_id)
            await _sql.insert_tenant(
                tx.connection, tenant_id=tenant_id, code=code, name=name.strip(), currency=currency,
                time_zone=time_zone, day_cutoff=day_cutoff, language=language,
            )  # fmt: skip
            if furnish is not None:
                await furnish(tx)
    except asyncpg.UniqueViolationError:
        message = f"The tenant code {code} is taken."
        raise ConflictError(message) from None
    return tenant_id


async def route(db: Database, code: str, actor: Actor) -> Route:
    """The route of a tenant code.

    Raises:
        NotFoundError: no such tenant.
    """
    async with db.platform_tx(actor) as tx:
        row = await _sql.route(tx.connection, code=code)
    if row is None:
        message = f"There is no tenant {code}."
        raise NotFoundError(message)
    return Route(**row)


async def routes(db: Database, actor: Actor) -> list[Route]:
    """The routes of all tenants, by code."""
    async with db.platform_tx(actor) as tx:
        return [Route(**row) async for row in _sql.routes(tx.connection)]


async def get(tx: Tx) -> Tenant:
    """The transaction's tenant.

    Raises:
        NotFoundError: it does not exist.
    """
    row = await _sql.tenant(tx.connection, tenant_id=tx.tenant_id)
    if row is None:
        message = f"There is no tenant with id {tx.tenant_id}."
        raise NotFoundError(message)
    return Tenant(**row)


async def set_suspended(tx: Tx, *, suspended: bool) -> None:
    """Suspend or resume the transaction's tenant: operators and terminals are refused, data stays."""
    state = "suspended" if suspended else "active"
    if await _sql.set_state(tx.connection, tenant_id=tx.tenant_id, state=state) is None:
        message = f"There is no tenant with id {tx.tenant_id}."
        raise NotFoundError(message)
    await _sql.set_route_suspended(tx.connection, tenant_id=tx.tenant_id, suspended=suspended)


async def next_number(tx: Tx, name: str) -> int:
    """The next human number of a kind in this tenant, from 1; gapless while no transaction rolls back."""
    return int(await _sql.next_number(tx.connection, tenant_id=tx.tenant_id, name=name))
