"""`onecard sim`: terminals with people at them, against a running `serve`."""

import logging
from typing import Annotated, Any

import typer

from onecard.base.db import Actor
from onecard.base.errors import NotFoundError, UnavailableError
from onecard.base.settings import Settings, load_settings
from onecard.cards import service as cards
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import Runtime, open_runtime, run_async
from onecard.cli.scope import TenantCode
from onecard.sim.campus import certify_terminals
from onecard.sim.fleet import Faults, Fleet, Lunch
from onecard.tenants import service as tenants

app = typer.Typer()

ACTOR = Actor("command", "sim")
_NO_FAULTS = Faults(offline=0, reboot=0, echo=0, send_again=0, slow=0)


@app.command()
def sim(
    tenant: TenantCode,
    *,
    terminals: Annotated[int, typer.Option(min=1, max=5000, help="How many, in turn at all merchants.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, help="How long people come.")] = 30.0,
    rate: Annotated[float, typer.Option(min=0.1, help="Taps per second of all terminals.")] = 20.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people and faults.")] = 1,
    faults: Annotated[bool, typer.Option(help="Let terminals go offline, reboot, repeat.")] = True,
    as_json: Json = False,
) -> None:
    """Let simulated terminals sell to the tenant's cardholders, over the real protocol.

    The terminals are certified as SIM-001, SIM-002 …; those of an earlier run are replaced.
    """
    logging.getLogger("onecard").setLevel(logging.WARNING)
    lunch = Lunch(seconds=seconds, taps_per_second=rate, faults=Faults() if faults else _NO_FAULTS)
    result = run_async(_sim(load_settings(), tenant, lunch, terminals=terminals, seed=seed, quiet=as_json))
    output.show(result, as_json=as_json)


async def _sim(
    settings: Settings, code: str, lunch: Lunch, *, terminals: int, seed: int, quiet: bool
) -> dict[str, Any]:
    async with open_runtime(settings, bus=True) as runtime:
        if runtime.owner or runtime.address is None:
            message = f"No `onecard serve` runs on {settings.data_dir}; start it first."
            raise UnavailableError(message)
        fleet = await _fleet(
            runtime, (runtime.address.mqtt_host, runtime.address.mqtt_port), code, terminals, seed
        )
        if not quiet:
            output.say(f"seed {seed}: {terminals} terminals, {lunch.seconds:g} seconds")
        try:
            await fleet.start()
            took = await fleet.serve(lunch)
        finally:
            await fleet.stop()
    tally = fleet.tally
    return {
        "seed": seed,
        "terminals": terminals,
        "taps": tally.taps,
        "taps_per_second": round(tally.taps / took, 1),
        "sales": tally.sales.total(),
        "sold_fen": tally.sold_fen.total(),
        "by_merchant": {
            code: {"sales": tally.sales[code], "sold_fen": sold}
            for code, sold in sorted(tally.sold_fen.items())
        },
        "refusals": dict(tally.refusals.most_common()),
        "offline_sales": tally.offline_sales,
        "resent": tally.resent,
        "latency_ms": tally.latency_ms(),
    }


async def _fleet(runtime: Runtime, address: tuple[str, int], code: str, terminals: int, seed: int) -> Fleet:
    route = await tenants.route(runtime.db, code, ACTOR)
    async with runtime.db.tenant_tx(route.tenant_id, ACTOR) as tx:
        uids = await cards.active_uids(tx)
    if not uids:
        message = f"Nobody in tenant {code} has a card; import people first."
        raise NotFoundError(message)
    placed = await certify_terminals(
        runtime.db, ACTOR, tenant_id=route.tenant_id, code=code, count=terminals, prefix="SIM",
        progress=lambda stage, done, total: None,
    )  # fmt: skip
    return Fleet(address, placed, uids, seed=seed)
