"""`onecard bench web`: the console with years of data behind it, over HTTP and in a real browser."""

import asyncio
import http.client
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from onecard.base.errors import UnavailableError
from onecard.base.vault import open_vault
from onecard.bench import web as web_bench
from onecard.bench.web_seed import Seeded, kept, seed
from onecard.bench.web_site import Site, Size
from onecard.cli import output
from onecard.cli.bench_parts import (
    Rounds,
    Seed,
    console,
    goals_table,
    holds,
    serving,
    settings_of,
    teller,
    throw_away,
    verdict,
)
from onecard.cli.output import Json
from onecard.cli.runtime import open_runtime, run_async
from onecard.web.kit.assets import load_assets
from onecard.web.kit.hub import Hub
from onecard.web.services import Services

_START_S = 60.0
_HOST = "127.0.0.1"
_MISSES_MOST = 20


def web(
    *,
    rounds: Rounds = 5,
    seed: Seed = 1,
    people: Annotated[int, typer.Option(min=100, help="Personnel files.")] = 100_000,
    postings: Annotated[int, typer.Option(min=1, help="Postings in the ledger.")] = 10_000_000,
    jobs: Annotated[int, typer.Option(min=1, help="Jobs in the list of jobs.")] = 1_000,
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Fill this directory, or use what is in it already.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The console with years of data: every list over HTTP beside its bare SQL, and a slow browser."""
    size = Size(people=people, postings=postings, jobs=jobs, seed=seed)
    options = web_bench.Options(rounds=rounds, seed=seed)
    result = run_async(_web(keep, size, options, teller(hidden=False)))
    if as_json:
        output.print_json(result)
    else:
        console.print(_figures(result), _browser(result), _goals(result))
    if not result["check_ok"]:
        raise typer.Exit(1)


async def _web(
    keep: Path | None, size: Size, options: web_bench.Options, progress: Callable[[str], None]
) -> dict[str, Any]:
    directory = keep or Path(tempfile.mkdtemp(prefix="onecard-bench-"))
    try:
        seeded = await _filled(directory, size, progress)
        async with _console_on(directory, seeded) as target:
            return await web_bench.run(target, options, progress)
    finally:
        if keep is None:
            throw_away(directory)


async def _filled(directory: Path, size: Size, progress: Callable[[str], None]) -> Seeded:
    found = kept(directory, size)
    if found is not None:
        progress(f"{directory} is filled already")
        return found
    settings = settings_of(directory)
    async with open_runtime(settings) as runtime:
        vault = open_vault(settings)
        site = Site(runtime.db, runtime.ledger, vault, runtime.urls.application, runtime.urls.owner)
        return await seed(site, directory, size, progress)


@asynccontextmanager
async def _console_on(directory: Path, seeded: Seeded) -> AsyncIterator[web_bench.Target]:
    """`onecard serve` as a process of its own, its console on a port of its own."""
    port, settings = _free_port(), settings_of(directory)
    async with serving(directory, ONECARD_WEB_PORT=str(port)), open_runtime(settings) as runtime:
        await asyncio.to_thread(_wait_for, port)
        services = Services(
            db=runtime.db, vault=open_vault(settings), hub=Hub(), assets=load_assets(),
            version=version("onecard"), schema="",
        )  # fmt: skip
        yield web_bench.Target(services, runtime.urls.engine, f"http://{_HOST}:{port}", seeded)


def _free_port() -> int:
    with socket.socket() as door:
        door.bind((_HOST, 0))
        return int(door.getsockname()[1])


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection(_HOST, port, timeout=5)
        try:
            connection.request("HEAD", "/sign-in")
            connection.getresponse()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    message = "The console did not come up to be measured."
    raise UnavailableError(message)


def _figures(result: Mapping[str, Any]) -> Table:
    table = Table(
        title="The console's lists over HTTP, ms; ratio: to the same page as bare SQL",
        title_justify="left",
        box=None,
    )
    for heading in ("list", "operator, page", "n"):
        table.add_column(heading, no_wrap=True)
    for heading in ("p50", "p95", "most", "sql", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in sorted(result["groups"], key=lambda group: group["screen"]):
        sql, ratio = group["sql_ms"], group["ratio"]
        table.add_row(
            group["screen"], f"{group['caller'][:7]} {group['kind']}", str(group["requests"]),
            *_three(group["ms"]), f"{sql['p50']:.1f}" if sql else "", f"{ratio:.1f} ×" if ratio else "",
        )  # fmt: skip
    table.add_row("a static file", "", "", *_three(result["static_ms"]))
    return table


def _three(ms: Mapping[str, float]) -> tuple[str, str, str]:
    return f"{ms['p50']:.1f}", f"{ms['p95']:.1f}", f"{ms['most']:.1f}"


def _browser(result: Mapping[str, Any]) -> Table:
    table = Table(
        title="The list of people in Chromium: a processor 4 times slower, 10 Mbit/s, 20 ms",
        title_justify="left",
        box=None,
    )
    found = result["browser"]
    if "skipped" in found:
        table.add_column(f"left out: {found['skipped']}")
        return table
    table.add_column("load")
    for heading in next(iter(found.values())):
        table.add_column(heading, justify="right")
    for name, load in found.items():
        table.add_row(name, *(f"{value:g}" for value in load.values()))
    return table


def _goals(result: Mapping[str, Any]) -> Table:
    table = goals_table()
    for goal in result["goals"]:
        table.add_row(goal["what"], goal["goal"], f"{goal['measured']:g}", verdict(goal["met"]))
        for miss in goal["missed"][:_MISSES_MOST]:
            table.add_row(f"  {miss['request']}", "", f"{miss['measured']:g}", "")
    table.add_row("every proof afterwards", "holds", holds(result), verdict(result["check_ok"]))
    return table
