"""`onecard bench`: ledger beside pgbench, taps, desk and console end to end; figures, ratios, proofs."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from rich.table import Table

from onecard.base.vault import open_vault
from onecard.bench import desk as desk_bench
from onecard.bench import ledger as ledger_bench
from onecard.bench import tap as tap_bench
from onecard.bench.desk_office import Target as DeskTarget
from onecard.cli import bench_web, output
from onecard.cli.bench_parts import Rounds, Seed, console, goals_table, holds, product, teller, verdict
from onecard.cli.output import Json
from onecard.cli.runtime import run_async

app = typer.Typer(help="Benchmarks; every figure comes with a proof of the books.", no_args_is_help=True)

_Seconds = Annotated[float, typer.Option(min=0.5, help="Length of each measurement.")]


@app.command()
def ledger(
    *,
    rounds: Rounds = 3,
    seconds: _Seconds = 4.0,
    seed: Seed = 1,
    accounts: Annotated[int, typer.Option(min=100, help="Cardholders.")] = 100_000,
    scale: Annotated[int, typer.Option(min=1, help="pgbench's scale factor.")] = 50,
    as_json: Json = False,
) -> None:
    """The ledger's engine and pgbench TPC-B-like on one server, interleaved."""
    options = ledger_bench.Options(rounds=rounds, seconds=seconds, accounts=accounts, scale=scale, seed=seed)
    result = run_async(ledger_bench.run(options, teller(hidden=as_json)))
    if as_json:
        output.print_json(result)
    else:
        console.print(_ledger_figures(result))
        console.print(_ledger_goals(result))
    if not result["check_ok"]:
        raise typer.Exit(1)


@app.command()
def tap(
    *,
    rounds: Rounds = 3,
    seconds: _Seconds = 6.0,
    seed: Seed = 1,
    terminals: Annotated[int, typer.Option(min=1, help="Simulated terminals.")] = 200,
    people: Annotated[int, typer.Option(min=1, help="Cardholders.")] = 5_000,
    rate_most: Annotated[int, typer.Option(min=1, help="Highest rate to try.")] = 10_000,
    as_json: Json = False,
) -> None:
    """Sales over MQTT against a product in its own process: latency at 200/s, then the highest rate held."""
    options = tap_bench.Options(
        rounds=rounds, seconds=seconds, terminals=terminals, people=people, seed=seed, rate_most=rate_most
    )
    result = run_async(_tap(options, teller(hidden=as_json)))
    if as_json:
        output.print_json(result)
    else:
        console.print(_tap_figures(result))
    if not result["check_ok"]:
        raise typer.Exit(1)


@app.command()
def desk(
    *,
    rounds: Rounds = 5,
    seed: Seed = 1,
    cards: Annotated[int, typer.Option(min=1, help="Cards in each round, each issued and used.")] = 40,
    batch: Annotated[
        int, typer.Option(min=1, help="Cards issued one after the other, with radio times.")
    ] = 20,
    as_json: Json = False,
) -> None:
    """A desk and its agent in another process: round trips, the desk's own time, cards a minute."""
    options = desk_bench.Options(rounds=rounds, cards=cards, batch=batch, seed=seed)
    result = run_async(_desk(options, teller(hidden=as_json)))
    if as_json:
        output.print_json(result)
    else:
        console.print(_desk_figures(result))
        console.print(_desk_goals(result))
    if not result["check_ok"]:
        raise typer.Exit(1)


async def _tap(options: tap_bench.Options, progress: Callable[[str], None]) -> dict[str, Any]:
    async with product() as (runtime, address):
        target = tap_bench.Target(
            runtime.db, runtime.ledger, open_vault(runtime.settings), runtime.urls.engine, address
        )
        return await tap_bench.run(target, options, progress)


async def _desk(options: desk_bench.Options, progress: Callable[[str], None]) -> dict[str, Any]:
    async with product() as (runtime, _):
        assert runtime.bus and runtime.address  # noqa: S101, PT018  a running product has a bus
        target = DeskTarget(
            runtime.db, runtime.ledger, open_vault(runtime.settings), runtime.urls.engine, runtime.bus,
            runtime.address.agents_url,
        )  # fmt: skip
        return await desk_bench.run(target, runtime.settings.data_dir, options, progress)


def _ledger_figures(result: Mapping[str, Any]) -> Table:
    table = Table(title="Postings and transactions (medians)", title_justify="left", box=None)
    table.add_column("in flight")
    for heading in ("per second", "p50 ms", "p99 ms", "of pgbench's best"):
        table.add_column(heading, justify="right")
    best = max(result["pgbench"].values())
    for group in ("engine", "pgbench"):
        for size, rate in result[group].items():
            latency = result["latency_ms"][group][size]
            table.add_row(
                f"{group} {size}", f"{rate:,.0f}", f"{latency['p50']:.2f}", f"{latency['p99']:.2f}",
                f"{rate / best:.2f} ×",
            )  # fmt: skip
    return table


def _ledger_goals(result: Mapping[str, Any]) -> Table:
    table = goals_table()
    goals = ledger_bench.GOALS
    for what, goal, measured, met in (
        (
            "engine 512 ÷ pgbench's best",
            f"≥ {goals['ratio_best']}",
            result["ratio_best"],
            _at_least("ratio_best"),
        ),
        (
            "engine 2048 ÷ pgbench's best",
            f"≥ {goals['ratio_2048']}",
            result["ratio_2048"],
            _at_least("ratio_2048"),
        ),
        (
            "p50 of one post ÷ pgbench's single client",
            f"≤ {goals['ratio_1']}",
            result["latency_ms"]["ratio_1"],
            lambda value: value <= goals["ratio_1"],
        ),
    ):
        table.add_row(what, goal, str(measured), verdict(met(measured) if measured is not None else None))
    table.add_row("every proof after every round", "holds", holds(result), verdict(result["check_ok"]))
    return table


def _at_least(name: str) -> Callable[[float], bool]:
    return lambda value: value >= ledger_bench.GOALS[name]


def _tap_figures(result: Mapping[str, Any]) -> Table:
    table = goals_table()
    base = result[f"at_{tap_bench.BASE_RATE}"]
    table.add_row("p50 ms at 200 taps/s", "", f"{base['p50']}", "")
    table.add_row("p95 ms at 200 taps/s", "", f"{base['p95']}", "")
    met = base["p99"] <= tap_bench.GOAL_P99_MS
    table.add_row("p99 ms at 200 taps/s", f"≤ {tap_bench.GOAL_P99_MS:g}", f"{base['p99']}", verdict(met))
    table.add_row(
        f"highest rate with p99 ≤ {tap_bench.HELD_P99_MS:g} ms", "", f"{result['highest_rate']:,}/s", ""
    )
    table.add_row("every proof after every round", "holds", holds(result), verdict(result["check_ok"]))
    return table


def _desk_figures(result: Mapping[str, Any]) -> Table:
    table = Table(
        title="At the desk: p50 and p95 in ms; ratio: whole ÷ its scripts without a desk",
        title_justify="left",
        box=None,
    )
    table.add_column("what", no_wrap=True)
    for heading in ("trips", "whole", "desk alone", "scripts", "ratio", "local", "radio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for act, ratios in result["ratios"].items():
        table.add_row(
            act, str(result["round_trips"][act]), _both(result["total_ms"][act]),
            _both(result["overhead_ms"][act]), f"{result['scripts_ms'][act]['p50']:.1f}",
            f"{ratios['desk_to_scripts']} ×", f"{result['in_process_ms'][act]['p50']:.1f}",
            f"{result['radio']['radio_ms'][act]:.0f}",
        )  # fmt: skip
    return table


def _both(figures: Mapping[str, float]) -> str:
    return f"{figures['p50']:.1f} {figures['p95']:6.1f}"


def _desk_goals(result: Mapping[str, Any]) -> Table:
    table = goals_table()
    for goal in result["goals"]:
        table.add_row(goal["what"], goal["goal"], f"{goal['measured']:g}", verdict(goal["met"]))
    table.add_row("every proof after every round", "holds", holds(result), verdict(result["check_ok"]))
    return table


app.command()(bench_web.web)
