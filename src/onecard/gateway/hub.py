"""What the parts of a gateway share."""

from dataclasses import dataclass

import asyncpg

from onecard.base.bus import Bus
from onecard.base.db import Database
from onecard.base.errors import OneCardError
from onecard.gateway.counters import Counters
from onecard.gateway.directory import Directory
from onecard.gateway.sessions import Sessions
from onecard.ledger.service import Ledger

# Database, bus or ledger cannot be had right now: whoever asked may ask again, nothing is lost
AWAY = (
    OneCardError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


@dataclass(frozen=True, slots=True)
class Hub:
    """What the parts of a gateway share.

    Attributes:
        db: the application's door.
        bus: where messages of devices come from and answers go.
        ledger: decides and books.
        directory: tenants, rules, devices.
        sessions: what this gateway remembers of devices.
        counters: what went through, by status.
    """

    db: Database
    bus: Bus
    ledger: Ledger
    directory: Directory
    sessions: Sessions
    counters: Counters
