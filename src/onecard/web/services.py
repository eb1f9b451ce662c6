"""What the web process works with, put together once at its start."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from onecard.base.bus import Bus
from onecard.base.db import Database
from onecard.base.vault import Vault
from onecard.tenants.oidc import Providers
from onecard.web.kit.assets import Assets
from onecard.web.kit.first_run import FirstRun
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
        setup_code: what the first run's wizard is opened with; empty: it is not offered.
        providers: institutions' own sign-in.
        first_run: whether nobody can sign in yet.
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
    providers: Providers = field(default_factory=Providers)
    first_run: FirstRun = field(default_factory=FirstRun)
    started: datetime = field(default_factory=_now)
