"""`onecard check`: proves that every fen is where the ledger says it is."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from onecard.base.db import Actor
from onecard.base.settings import load_settings
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import open_runtime, run_async
from onecard.desk.proofs import check as prove
from onecard.ledger.proofs import Proof
from onecard.tenants import service as tenants

app = typer.Typer()

ACTOR = Actor("command", "check")


@app.command()
def check(
    tenant: Annotated[str | None, typer.Option(help="Code of one tenant; all when left out.")] = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Prove the books; exit code 1 when a proof does not hold, naming the first wrong row."""

    async def work() -> list[Proof]:
        async with open_runtime(load_settings()) as runtime:
            if tenant is None:
                routes = await tenants.routes(runtime.db, ACTOR)
            else:
                routes = [await tenants.route(runtime.db, tenant, ACTOR)]
            return await prove(runtime.db, runtime.urls.engine, [route.tenant_id for route in routes])

    proofs = run_async(work())
    ok = all(proof.ok for proof in proofs)
    if as_json:
        output.print_json({"ok": ok, "proofs": [asdict(proof) for proof in proofs]})
    else:
        rows = [
            {"": "✓" if one.ok else "✗", "proof": one.name, "checked": one.checked, "first fault": one.detail}
            for one in proofs
        ]
        output.show_rows("proofs", rows, as_json=False)
    sys.exit(0 if ok else 1)
