"""Use cases of tenants."""

from collections.abc import Awaitable, Callable
from dataclasses import fields
from datetime import time
from typing import Any, TypeAlias

import asyncpg

from onecard.base.db import Actor, Database, Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say
from onecard.tenants import audit, rules
from onecard.tenants.functions import F
from onecard.tenants.model import Profile, Route, Tenant

_sql = load_queries("onecard.tenants")

CREATE, SUSPEND, RESUME = "platform:tenant:create", "platform:tenant:suspend", "platform:tenant:resume"
"""In the audit: what only an administrator of the platform does, in a shell."""

MoneyMoved: TypeAlias = Callable[[Tx], Awaitable[bool]]


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
        name: of the institution, and what follows: as in `Profile`.
        currency: see `Profile`.
        time_zone: see `Profile`.
        day_cutoff: see `Profile`.
        language: see `Profile`.
        furnish: what belongs to a new tenant besides itself; in the same transaction.

    Raises:
        OneCardError: code, name, currency, language or time zone is malformed.
        ConflictError: the code is taken.
    """
    rules.check_code(code)
    profile = rules.checked(
        Profile(name=name, currency=currency, time_zone=time_zone, day_cutoff=day_cutoff, language=language)
    )
    async with db.platform_tx(actor) as tx:
        tenant_id = int(await _sql.next_id(tx.connection))
    try:
        async with db.tenant_tx(tenant_id, actor) as tx:
            await _sql.insert_route(tx.connection, code=code, tenant_id=tenant_id)
            await _sql.insert_tenant(tx.connection, tenant_id=tenant_id, code=code, **_plain(profile))
            entry = audit.Entry(CREATE, "tenant", f"{code} {profile.name}", None, _plain(profile))
            await audit.write(tx, entry)
            if furnish is not None:
                await furnish(tx)
    except asyncpg.UniqueViolationError:
        raise ConflictError(say("The tenant code {code} is taken.", code=code)) from None
    return tenant_id


async def change(tx: Tx, draft: Profile, *, money_moved: MoneyMoved) -> Tenant:
    """Change what the institution may change about itself; returns it as stored.

    Business days that have begun keep their date; a new time zone or cut-off counts for what comes after.

    Args:
        tx: the tenant's transaction.
        draft: everything, also what stays.
        money_moved: asked when the currency differs: whether any amount was ever booked.

    Raises:
        OneCardError: name, currency, time zone, cut-off or language is malformed.
        ConflictError: the currency cannot be changed any more.
    """
    old, new = await get(tx), rules.checked(draft)
    before, after = audit.differing(_plain(old), _plain(new))
    if not after:
        return old
    if new.currency != old.currency and await money_moved(tx):
        raise ConflictError(
            say(
                "Money was booked in {currency} already; the currency cannot be changed any more.",
                currency=old.currency,
            )
        )
    await _sql.update_tenant(tx.connection, tenant_id=tx.tenant_id, **_plain(new))
    subject = f"{old.code} {new.name}"
    await audit.write(tx, audit.Entry(F.SYSTEM_ENTERPRISE_CHANGE, "tenant", subject, before, after))
    return await get(tx)


def _plain(profile: Profile) -> dict[str, Any]:
    return {field.name: getattr(profile, field.name) for field in fields(Profile)}


async def route(db: Database, code: str, actor: Actor) -> Route:
    """The route of a tenant code.

    Raises:
        NotFoundError: no such tenant.
    """
    async with db.platform_tx(actor) as tx:
        row = await _sql.route(tx.connection, code=code)
    if row is None:
        raise NotFoundError(say("There is no tenant {code}.", code=code))
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
        raise NotFoundError(say("There is no tenant with id {tenant_id}.", tenant_id=tx.tenant_id))
    return Tenant(**row)


async def set_suspended(tx: Tx, *, suspended: bool) -> None:
    """Suspend or resume the transaction's tenant: operators and terminals are refused, data stays."""
    state = "suspended" if suspended else "active"
    tenant = await get(tx)
    await _sql.set_state(tx.connection, tenant_id=tx.tenant_id, state=state)
    await _sql.set_route_suspended(tx.connection, tenant_id=tx.tenant_id, suspended=suspended)
    if tenant.state != state:
        subject = f"{tenant.code} {tenant.name}"
        entry = audit.Entry(
            SUSPEND if suspended else RESUME, "tenant", subject, {"state": tenant.state}, {"state": state}
        )
        await audit.write(tx, entry)


async def next_number(tx: Tx, name: str) -> int:
    """The next human number of a kind in this tenant, from 1; gapless while no transaction rolls back."""
    return int(await _sql.next_number(tx.connection, tenant_id=tx.tenant_id, name=name))
