"""`onecard demo`: a school, its people, twenty terminals, a compressed lunch, the proofs; then it stays."""

import contextlib
import logging
import random
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from onecard.base.db import Actor
from onecard.base.errors import OneCardError, UnavailableError
from onecard.base.natsserver import EmbeddedNats
from onecard.base.pgserver import EmbeddedPostgres, directory_lock
from onecard.base.settings import Settings, load_settings
from onecard.base.vault import open_vault
from onecard.cli import output
from onecard.cli.demo_pcsc import demo_pcsc
from onecard.cli.demo_screen import Stages, show_summary, show_what_next
from onecard.cli.output import Json
from onecard.cli.runtime import run_async
from onecard.cli.serve import Product, running_product
from onecard.cli.signals import until_signal
from onecard.cli.web import administrators_link, console
from onecard.desk import proofs
from onecard.sim.books import compare, ledger_by_merchant, takings
from onecard.sim.campus import Campus, raise_campus
from onecard.sim.fleet import Fleet, Lunch, Tally

app = typer.Typer()

ACTOR = Actor("command", "demo")
TENANT = "8672"
_MARK = "demo.onecard"
LOCK_FILE = "onecard.lock"


@app.command()
def demo(
    *,
    data: Annotated[
        Path, typer.Option("--data", help="Its directory; an earlier demo's is replaced.")
    ] = Path("data/demo"),
    seed: Annotated[int, typer.Option(help="The same seed gives the same lunch.")] = 1,
    terminals: Annotated[int, typer.Option(min=1, max=500, help="How many terminals sell.")] = 20,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long the queue is open.")] = 12.0,
    rate: Annotated[float, typer.Option(min=1, max=5000, help="Taps per second of all terminals.")] = 100.0,
    pcsc: Annotated[
        bool, typer.Option("--pcsc", help="Instead: one card at a desk, through a real pcscd.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the whole thread: an Excel list becomes people, people pay for lunch, the books are proven.

    Exit code 0 only if every proof holds. Without --json the product stays up until Ctrl-C.
    """
    settings = load_settings().model_copy(
        update={"data_dir": data.expanduser().absolute(), "database_url": None, "nats_url": None}
    )
    if pcsc:
        if not run_async(_demo_pcsc(settings, as_json=as_json)):
            raise typer.Exit(1)
        return
    lunch = Lunch(seconds=seconds, taps_per_second=rate)
    ok = run_async(_demo(settings, lunch, terminals=terminals, seed=seed, as_json=as_json))
    if not ok:
        raise typer.Exit(1)


async def _demo_pcsc(settings: Settings, *, as_json: bool) -> bool:
    fresh_directory(settings.data_dir)
    return await demo_pcsc(settings, as_json=as_json)


async def _demo(settings: Settings, lunch: Lunch, *, terminals: int, seed: int, as_json: bool) -> bool:
    since = time.perf_counter()
    # what services note in passing would tear the bars apart
    logging.getLogger("onecard").setLevel(logging.WARNING)
    # entered when the lunch is over, left when everything has ended: until then a signal cancels the work
    with contextlib.ExitStack() as signals:
        fresh_directory(settings.data_dir)
        async with running_product(settings) as product:
            with Stages(hidden=as_json) as stages:
                summary, _, _ = await hold_lunch(
                    product, settings, lunch, terminals=terminals, seed=seed, stages=stages
                )
            summary |= {"data": str(settings.data_dir), "seconds": round(time.perf_counter() - since, 1)}
            if as_json:
                output.print_json(summary)
            else:
                show_summary(summary)
                async with console(settings, product.db, product.bus) as address:
                    link = await administrators_link(product.db, TENANT, address)
                    ended = signals.enter_context(until_signal())
                    show_what_next(summary, link)
                    await ended.wait()
    return bool(summary["ok"])


async def hold_lunch(
    product: Product, settings: Settings, lunch: Lunch, *, terminals: int, seed: int, stages: Stages
) -> tuple[dict[str, Any], Campus, Tally]:
    """Raise the campus, serve one lunch, prove the books; the summary as `--json` prints it comes first."""
    chance = random.Random(seed)  # noqa: S311  a simulation, not a secret
    campus = await raise_campus(
        product.db, product.ledger, open_vault(settings),
        actor=ACTOR, code=TENANT, terminals=terminals, chance=chance, progress=stages.progress,
    )  # fmt: skip
    expected = round(lunch.seconds * lunch.taps_per_second)
    fleet = Fleet(
        (product.mqtt_host, product.mqtt_port), campus.placed, campus.cards, seed=seed,
        on_outcome=lambda _: stages.progress("taps", min(fleet.tally.taps, expected), expected),
    )  # fmt: skip
    try:
        await fleet.start()
        took = await fleet.serve(lunch)
    finally:
        await fleet.stop()
    stages.progress("taps", expected, expected)
    proven = await prove(product, campus, fleet.tally)
    summary = {
        "tenant": campus.code,
        "seed": seed,
        "mqtt": {"host": product.mqtt_host, "port": product.mqtt_port},
        "people": campus.people,
        "terminals": len(campus.placed),
        "paid_in_fen": campus.paid_in_fen,
        "granted_fen": campus.granted_fen,
        "taps": fleet.tally.taps,
        "taps_per_second": round(fleet.tally.taps / took, 1),
        "sales": fleet.tally.sales.total(),
        "sold_fen": fleet.tally.sold_fen.total(),
        "offline_sales": fleet.tally.offline_sales,
        "resent": fleet.tally.resent,
        "faults": dict(fleet.tally.faults),
        "latency_ms": fleet.tally.latency_ms(),
        "takings": [asdict(row) for row in await takings(product.db, ACTOR, campus)],
        "refusals": dict(fleet.tally.refusals.most_common()),
        "proofs": proven,
        "ok": all(proof["ok"] for proof in proven),
    }
    return summary, campus, fleet.tally


async def prove(product: Product, campus: Campus, tally: Tally) -> list[dict[str, Any]]:
    """All proofs of the ledger, and one of the demo's own: the terminals' book is the ledger's."""
    found = await proofs.check(product.db, product.urls.engine, [campus.tenant_id])
    difference = compare(tally, await ledger_by_merchant(product.db, ACTOR, campus))
    ours = {
        "name": "terminals_equal_ledger",
        "ok": difference is None,
        "checked": len(campus.merchants),
        "detail": difference or "",
    }
    return [
        *(
            {"name": proof.name, "ok": proof.ok, "checked": proof.checked, "detail": proof.detail}
            for proof in found
        ),
        ours,
    ]


def fresh_directory(directory: Path) -> None:
    """An empty directory for a demo; an earlier demo's is emptied first.

    Raises:
        OneCardError: there is something in it that no demo made.
        UnavailableError: a demo is running on it, or it cannot be written.
    """
    try:
        if directory.exists() and not (directory / _MARK).exists() and any(directory.iterdir()):
            message = f"{directory} is not empty and no demo made it; choose another directory with --data."
            raise OneCardError(message)
        with directory_lock(directory):
            # a demo that was killed may have left its servers running
            EmbeddedPostgres(directory).stop()
            EmbeddedNats(directory).stop()
            for entry in directory.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                elif entry.name != LOCK_FILE:
                    entry.unlink()
            (directory / _MARK).write_text("Made by `onecard demo`, which replaces it when it runs again.\n")
    except OSError as error:
        message = f"The directory {directory} cannot be used: {error.strerror or error}."
        raise UnavailableError(message) from error
