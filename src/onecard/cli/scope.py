"""The transaction of the tenant whose code a command was given."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from onecard.base.db import Actor, Tx
from onecard.base.settings import load_settings
from onecard.cli.runtime import open_runtime
from onecard.tenants import service as tenants

TenantCode = Annotated[str, typer.Option("--tenant", help="Code of the tenant, four digits.")]


@asynccontextmanager
async def tenant_scope(code: str, actor: Actor) -> AsyncIterator[Tx]:
    """A transaction of the tenant, with whatever servers it needs around it.

    Raises:
        NotFoundError: no such tenant.
    """
    async with open_runtime(load_settings()) as runtime:
        route = await tenants.route(runtime.db, code, actor)
        async with runtime.db.tenant_tx(route.tenant_id, actor) as tx:
            yield tx
