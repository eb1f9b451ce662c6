"""Use cases of a tenant's settings and logo."""

import asyncio
import json
from typing import Any

from onecard.base.db import Tx, load_queries
from onecard.tenants import audit
from onecard.tenants import service as tenants
from onecard.tenants.functions import F, Function
from onecard.tenants.settings import rules
from onecard.tenants.settings.logo import logo_of
from onecard.tenants.settings.model import Logo, SecondFactor, Settings

_sql: Any = load_queries("onecard.tenants.settings")
_KNOWN = frozenset(Function)


async def get(tx: Tx) -> Settings:
    """The tenant's settings; the defaults before it ever changed one."""
    row = await _sql.settings(tx.connection, tenant_id=tx.tenant_id)
    if row is None:
        return Settings()
    # a function that this version no longer has needs no approval
    approvals = frozenset(Function(name) for name in row["approvals"] if name in _KNOWN)
    values = dict(row) | {"approvals": approvals, "second_factor": SecondFactor(row["second_factor"])}
    return Settings(**values)


async def change(tx: Tx, draft: Settings) -> Settings:
    """Save settings; returns them as stored. What does not differ is not written.

    Raises:
        OneCardError: a setting is not possible; says what is.
    """
    new = rules.checked(draft)
    before, after = audit.differing(rules.as_plain(await get(tx)), rules.as_plain(new))
    if after:
        await _sql.save(tx.connection, tenant_id=tx.tenant_id, settings=json.dumps(rules.as_plain(new)))
        await _note(tx, "settings", before, after)
    return new


async def get_logo(tx: Tx) -> Logo | None:
    """The tenant's logo, if it has one."""
    row = await _sql.logo(tx.connection, tenant_id=tx.tenant_id)
    return Logo(**row) if row else None


async def logo_digest(tx: Tx) -> str | None:
    """What changes with the logo, for its address; None without a logo."""
    found = await _sql.logo_digest(tx.connection, tenant_id=tx.tenant_id)
    return None if found is None else str(found)


async def change_logo(tx: Tx, upload: bytes | None) -> Logo | None:
    """Make an uploaded picture the tenant's logo, or take the logo away (None).

    Raises:
        OneCardError: it is too large, or not a PNG or JPEG picture.
    """
    old = await logo_digest(tx)
    new = None if upload is None else await asyncio.to_thread(logo_of, upload)
    if new and new.digest != old:
        await _sql.save_logo(
            tx.connection, tenant_id=tx.tenant_id, png=new.png, width=new.width, height=new.height,
            digest=new.digest,
        )  # fmt: skip
    elif new is None and old:
        await _sql.remove_logo(tx.connection, tenant_id=tx.tenant_id)
    else:
        return new
    before, after = ({"logo": digest} for digest in (old, new.digest if new else None))
    await _note(tx, "logo", before, after)
    return new


async def _note(tx: Tx, thing: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    tenant = await tenants.get(tx)
    subject = f"{tenant.code} {tenant.name}"
    await audit.write(tx, audit.Entry(F.SYSTEM_ENTERPRISE_CHANGE, thing, subject, before, after))
