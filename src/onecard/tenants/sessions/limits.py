"""How long sessions of a tenant last, how they may begin, and for whom a second factor is a must."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from onecard.base.db import Tx, load_queries
from onecard.tenants.functions import DANGEROUS, Function
from onecard.tenants.settings import service as settings
from onecard.tenants.settings.model import SecondFactor

_sql: Any = load_queries("onecard.tenants.sessions")


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds for a session from its beginning.

    Attributes:
        idle: how long it lives without a request.
        absolute: how long it lives at most.
        by_password: passwords are accepted; False only while the tenant's provider serves.
    """

    idle: timedelta
    absolute: timedelta
    by_password: bool


async def limits(tx: Tx) -> Limits:
    """The limits of the transaction's tenant."""
    found = await settings.get(tx)
    by_password = found.password_sign_in or not await _sql.provider_serves(
        tx.connection, tenant_id=tx.tenant_id
    )
    idle, absolute = timedelta(minutes=found.idle_minutes), timedelta(minutes=found.absolute_minutes)
    return Limits(idle, absolute, by_password)


def withheld(granted: frozenset[Function], demand: str) -> frozenset[Function]:
    """The functions a session without a second factor has to do without."""
    return granted & DANGEROUS if demand != SecondFactor.NOBODY else frozenset()
