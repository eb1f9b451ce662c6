"""Jobs that were asked for and done: exports of a short list, by the product's own worker."""

import asyncio

from onecard.base.db import SYSTEM, Actor, Database
from onecard.base.jobs import service as jobs
from onecard.base.jobs.lists import JOBS
from onecard.base.jobs.worker import Pace, Worker
from onecard.base.listing import Condition, Op, Wish
from onecard.base.texts import say
from onecard.bench.harness import Progress, portions
from onecard.bench.web_site import Site
from onecard.tenants.functions import Function
from onecard.tenants.operators import service as operators
from onecard.web.job_kinds import job_kinds
from onecard.web.kit.export import LIST_EXPORT
from onecard.web.pages.people import classes

_AT_ONCE = 100
_DONE_EVERY = 10
_LOOK_EVERY_S = 2.0


async def seed_jobs(site: Site, tenant_id: int, operator_id: int, count: int, progress: Progress) -> None:
    """So many exports of the account classes, asked for by an operator; most were cancelled at once."""
    async with site.db.tenant_tx(tenant_id, SYSTEM) as tx:
        account = (await operators.get(tx, operator_id)).account
    actor = Actor("operator", account, "10.0.0.17")
    params = {
        "operator": operator_id, "functions": sorted(Function), "departments": None, "language": "zh-CN",
        "query": "", "screen": classes.SCREEN.path, "kind": "csv",
    }  # fmt: skip
    title = say("Export: {list}", list=classes.SCREEN.title)
    for numbers in portions(range(count), _AT_ONCE):
        async with site.db.tenant_tx(tenant_id, actor) as tx:
            for number in numbers:
                job_id = await jobs.start(tx, site.vault, LIST_EXPORT, title, params)
                if number % _DONE_EVERY:
                    await jobs.cancel(tx, job_id)
    worker = Worker(
        db=site.db, vault=site.vault, url=site.application_url, kinds=job_kinds(), pace=Pace(poll=0.02)
    )
    await worker.start()
    try:
        await _until_done(site.db, tenant_id, progress)
    finally:
        await worker.stop()


async def _until_done(db: Database, tenant_id: int, progress: Progress) -> None:
    waiting = Wish(
        arguments={"asked_by": None}, conditions=[Condition("state", Op.IN, ("queued", "running"))]
    )
    left = 1
    while left:
        await asyncio.sleep(_LOOK_EVERY_S)
        async with db.tenant_tx(tenant_id, SYSTEM) as tx:
            left = await JOBS.count(tx, waiting)
        progress(f"jobs: {left:,} to be done")
