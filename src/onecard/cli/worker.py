"""`onecard worker`: does the jobs that operators ask for, in a process of its own: nothing waits for it."""

import asyncio
import sys
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from onecard.base.errors import UnavailableError
from onecard.base.jobs.worker import Worker, over_bus, silent
from onecard.base.settings import Settings, load_settings
from onecard.base.texts import say
from onecard.base.vault import open_vault
from onecard.cli import output
from onecard.cli.runtime import open_runtime, read_servers, run_async
from onecard.cli.signals import until_signal
from onecard.web.job_kinds import job_kinds

app = typer.Typer()


@app.command()
def worker(
    at_once: Annotated[int, typer.Option(min=1, max=16, help="Jobs side by side.")] = 3,
    with_parent: Annotated[  # noqa: FBT002  a flag
        bool, typer.Option("--with-parent", hidden=True, help="End when standard input ends.")
    ] = False,
) -> None:
    """Run one more worker of jobs (imports, exports) beside a running `serve`; they share the work."""
    run_async(_worker(load_settings(), at_once=at_once, with_parent=with_parent))


async def _worker(settings: Settings, *, at_once: int, with_parent: bool) -> None:
    if not settings.database_url and read_servers(settings.data_dir) is None:
        raise UnavailableError(
            say("No `onecard serve` runs on {directory}; start it first.", directory=settings.data_dir)
        )
    with until_signal() as ended:
        async with AsyncExitStack() as stack:
            runtime = await stack.enter_async_context(open_runtime(settings, bus=True))
            one = Worker(
                db=runtime.db,
                vault=open_vault(settings),
                url=runtime.urls.application,
                kinds=job_kinds(),
                announce=over_bus(runtime.bus) if runtime.bus else silent,
                at_once=at_once,
            )
            await one.start()
            stack.push_async_callback(one.stop)
            if with_parent:
                parent = asyncio.create_task(_end_with_parent(ended))
                stack.callback(parent.cancel)
            else:
                output.say("A worker of jobs is running; Ctrl-C ends it.")
            await ended.wait()


async def _end_with_parent(ended: asyncio.Event) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()
    ended.set()
