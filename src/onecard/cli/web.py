"""`onecard web`, and the console inside of `onecard serve` and the demo."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from onecard.base.bus import Bus
from onecard.base.db import Actor, Database
from onecard.base.migrate import migrations
from onecard.base.settings import Settings
from onecard.base.texts import say
from onecard.base.vault import open_vault
from onecard.cli.links import sign_in_link
from onecard.cli.worker_process import working
from onecard.tenants import service as tenants
from onecard.tenants import sessions
from onecard.tenants.operators import roles, rules
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import EVERYTHING, OperatorDraft
from onecard.web.kit.assets import load_assets
from onecard.web.kit.hub import Hub
from onecard.web.server import Listen, serving
from onecard.web.services import Services

ACTOR = Actor("command", "web", "shell")

LINK_MINUTES = 60


@asynccontextmanager
async def console(settings: Settings, db: Database, bus: Bus, *, setup_code: str = "") -> AsyncIterator[str]:
    """The console and a worker for its jobs for the length of the block; gives its address.

    `setup_code` opens the first run's wizard while nobody can sign in.

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
        setup_code=setup_code,
    )
    listen = Listen(
        host=settings.web_host,
        port=settings.web_port,
        or_next=True,
        certificate=settings.web_certificate,
        key=settings.web_key,
        proxies=settings.web_proxies,
    )
    async with serving(services, listen) as address, working(settings):
        yield address


async def administrators_link(db: Database, code: str, address: str) -> str:
    """A link that signs a tenant's first operator in once; an administrator is made when there is none."""
    route = await tenants.route(db, code, ACTOR)
    async with db.tenant_tx(route.tenant_id, ACTOR) as tx:
        tenant = await tenants.get(tx)
        account = rules.account_number(tenant.code, 1)
        operator = await operators.find(tx, account)
        if operator is None:
            role = await roles.open_operators(tx)
            name = say("Administrator of the demo").read(tenant.language)
            draft = OperatorDraft(name=name, all_departments=True)
            made = await operators.create(tx, draft, by=EVERYTHING)
            await roles.set_roles(tx, made.id, [role], by=EVERYTHING)
            operator = await operators.get(tx, made.id)
        secret = await sessions.make_link(tx, operator.id, LINK_MINUTES, by=EVERYTHING)
    return sign_in_link(address, secret)
