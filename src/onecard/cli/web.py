"""`onecard web`, and the console inside of `onecard serve` and the demo."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from onecard.base.bus import Bus
from onecard.base.db import Database
from onecard.base.migrate import migrations
from onecard.base.settings import Settings
from onecard.base.vault import open_vault
from onecard.web.kit.assets import load_assets
from onecard.web.kit.hub import Hub
from onecard.web.server import Listen, serving
from onecard.web.services import Services


@asynccontextmanager
async def console(settings: Settings, db: Database, bus: Bus) -> AsyncIterator[str]:
    """The console for the length of the block; gives its address.

    Raises:
        UnavailableError: the port cannot be had, or the console's files are not built.
    """
    services = Services(
        db=db,
        vault=open_vault(settings),
        bus=bus,
        hub=Hub(),
        assets=load_assets(),
        version=version("onecard"),
        schema=migrations()[-1].name[:4],
        public_url=settings.web_url,
    )
    listen = Listen(
        host=settings.web_host,
        port=settings.web_port,
        or_next=True,
        certificate=settings.web_certificate,
        key=settings.web_key,
        proxies=settings.web_proxies,
    )
    async with serving(services, listen) as address:
        yield address
