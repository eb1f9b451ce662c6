"""What the parts of a gateway share."""

from dataclasses import dataclass

from onecard.base.bus import Bus
from onecard.base.db import Database
from onecard.gateway.counters import Counters
from onecard.gateway.directory import Directory
from onecard.gateway.sessions import Sessions
from onecard.ledger.service import Ledger


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
