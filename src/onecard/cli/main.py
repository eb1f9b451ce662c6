"""The command `onecard`: gathers the commands, turns what went wrong into a sentence."""

import asyncio
import importlib
import importlib.util
import logging
import sys
import tempfile
import traceback
from typing import Annotated

import typer
import uvloop

from onecard import __version__
from onecard.base.errors import OneCardError
from onecard.base.settings import load_settings

# in the order of `onecard --help`; a group has commands of its own, the others add theirs to the top
GROUPS = ("tenant", "people", "merchant", "device", "ledger", "bench")
COMMANDS = ("serve", "demo", "check", "sim")

app = typer.Typer(
    name="onecard",
    help="One-card platform: canteen, water, doors and attendance on one card and one provable ledger.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(value: bool) -> None:  # noqa: FBT001  typer calls it so
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,  # noqa: FBT002
) -> None:
    """One-card platform: canteen, water, doors and attendance on one card and one provable ledger."""


def _gather() -> None:
    for name in (*COMMANDS, *GROUPS):
        module = f"onecard.cli.{name}"
        if importlib.util.find_spec(module) is None:
            continue
        try:
            commands = importlib.import_module(module).app
        except ImportError:
            continue
        if name in GROUPS:
            app.add_typer(commands, name=name)
        else:
            app.add_typer(commands)


_gather()


def run() -> None:
    """Run a command; exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 ended by Ctrl-C."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        _log_to_stderr()
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except OneCardError as error:
        _say(str(error))
    except BaseExceptionGroup as group:
        mine, rest = group.split(OneCardError)
        if mine is None or rest is not None:
            _say(_unexpected(group))
        _say(str(_first(mine)))
    except Exception as error:  # noqa: BLE001  nobody should meet a traceback; it is kept in a file
        _say(_unexpected(error))


def _log_to_stderr() -> None:
    level = load_settings().log_level.upper()
    # its pool complains with a traceback each time the database is away; we say so ourselves
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    logging.basicConfig(
        level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.exit(1)


def _first(error: BaseException | None) -> BaseException | None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _unexpected(error: BaseException) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="onecard-fault-", suffix=".txt", delete=False) as file:
        file.write("".join(traceback.format_exception(error)))
    what = f"{type(_first(error)).__name__}: {_first(error)}"
    return f"Something unforeseen happened ({what}); the details are in {file.name}."
