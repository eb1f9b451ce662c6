"""What the benchmarks' commands share: a product of their own, what is told meanwhile, tables of goals."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from onecard.base.errors import UnavailableError
from onecard.base.pgserver import EmbeddedPostgres
from onecard.base.settings import Settings, load_settings
from onecard.bench.processes import program, started
from onecard.cli import output
from onecard.cli.runtime import Runtime, open_runtime, read_servers

Rounds = Annotated[int, typer.Option(min=1, help="More rounds, steadier medians.")]
Seed = Annotated[int, typer.Option(help="Of order and load.")]

_START_S = 30.0
console = Console(highlight=False)


def settings_of(directory: Path) -> Settings:
    """The settings of a product with servers of its own on a directory."""
    return load_settings().model_copy(update={"data_dir": directory, "database_url": None, "nats_url": None})


@asynccontextmanager
async def product() -> AsyncIterator[tuple[Runtime, tuple[str, int]]]:
    """A product in a process of its own, on a directory of its own, and the address terminals use."""
    directory = Path(tempfile.mkdtemp(prefix="onecard-bench-"))
    try:
        async with serving(directory) as address, open_runtime(settings_of(directory)) as runtime:
            yield runtime, address
    finally:
        throw_away(directory)


def throw_away(directory: Path) -> None:
    """Delete a product's directory, and where its database listens."""
    for path in (EmbeddedPostgres(directory).socket_dir, directory):
        shutil.rmtree(path, ignore_errors=True)


@asynccontextmanager
async def serving(directory: Path, **more: str) -> AsyncIterator[tuple[str, int]]:
    """`onecard serve` as its own process, with `more` environment; gives the address terminals use."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
    environment |= {"ONECARD_DATA_DIR": str(directory), "ONECARD_LOG_LEVEL": "warning"} | more
    async with started(program("onecard"), "serve", environment=environment) as process:
        yield await _announced(directory, process)


async def _announced(directory: Path, process: asyncio.subprocess.Process) -> tuple[str, int]:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.returncode is None:
        servers = read_servers(directory)
        if servers is not None:
            return servers.mqtt_host, servers.mqtt_port
        await asyncio.sleep(0.05)
    message = "`onecard serve` did not come up to be measured."
    raise UnavailableError(message)


def teller(*, hidden: bool) -> Callable[[str], None]:
    """Tells what goes on, on standard error; or nobody."""
    return (lambda line: None) if hidden else output.say


def goals_table() -> Table:
    """Empty, with its headings."""
    table = Table(title="Goals", title_justify="left", box=None)
    for heading in ("what", "goal", "measured", ""):
        table.add_column(heading, justify="left" if heading == "what" else "right", overflow="fold")
    return table


def holds(result: Mapping[str, Any]) -> str:
    """Whether every proof does."""
    return "holds" if result["check_ok"] else "DOES NOT HOLD"


def verdict(met: bool | None) -> str:  # noqa: FBT001  the value to be shown
    """A goal's outcome; None: there is none."""
    return "" if met is None else ("met" if met else "missed")
