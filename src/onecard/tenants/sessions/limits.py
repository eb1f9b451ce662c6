"""How long sessions of a tenant last, and for whom a second factor is a must."""

from dataclasses import dataclass
from datetime import timedelta

from onecard.base.db import Tx
from onecard.tenants.functions import Function
from onecard.tenants.sessions import rules


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives without a request, and at most."""

    idle: timedelta = rules.IDLE
    absolute: timedelta = rules.ABSOLUTE


@dataclass(frozen=True, slots=True)
class Demands:
    """Who needs a second factor: everybody, or whoever uses one of some functions."""

    everybody: bool = False
    functions: frozenset[Function] = frozenset()


async def limits(tx: Tx) -> Limits:
    """The limits of the transaction's tenant."""
    return Limits()


async def demands(tx: Tx) -> Demands:
    """What the transaction's tenant demands."""
    return Demands()
