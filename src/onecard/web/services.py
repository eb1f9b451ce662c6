"""What the web process works with, put together once at its start."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from onecard.base.bus import Bus
from onecard.base.db import Database
from onecard.base.vault import Vault
from onecard.web.kit.assets import Assets
from onecard.web.kit.hub import Hub


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Doors and tools of one web process.

    Attributes:
        db: the application's door to the database.
        vault: seals personal data.
        bus: None where nothing happens outside of this process (tests of single pages).
        hub: events to browsers.
        assets: names of the built files.
        version: of the program.
        schema: number of the newest migration in the database.
        public_url: how browsers reach this process, for links and passkeys; empty: taken from the request.
    """

    db: Database
    vault: Vault
    hub: Hub
    assets: Assets
    version: str
    schema: str
    bus: Bus | None = None
    public_url: str = ""
    setup_code: str = ""
    started: datetime = field(default_factory=_now)
