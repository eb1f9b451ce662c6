"""The command `onecard`: gathers the commands, turns what went wrong into a sentence."""

import asyncio
import logging
import sys
import tempfile
import traceback
from importlib import import_module
from typing import Annotated

import typer
import uvloop

from onecard import __version__
from onecard.base.errors import OneCardError
from onecard.base.settings import load_settings

# in the order of `onecard --help`: modules with commands of their own, and those that are groups of commands
COMMANDS = {
    "serve": ("serve", "gateway"),
    "worker": ("worker",),
    "demo": ("demo",),
    "check": ("check",),
    "sim": ("sim",),
}
GROUPS = (
    "tenant",
    "operator",
    "people",
    "merchant",
    "card",
    "desk",
    "device",
    "workstation",
    "ledger",
    "audit",
    "bench",
)


def _version(value: bool) -> None:  # noqa: FBT001  typer calls it so
    if value:
        typer.echo(__version__)
        raise typer.Exit


def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,  # noqa: FBT002
) -> None:
    """One-card platform: canteen, water, doors and attendance on one card and one provable ledger."""


def gather(wanted: str | None = None) -> typer.Typer:
    """The commands; only the one that is wanted is loaded, so that it need not wait for all others.

    Args:
        wanted: the first word after `onecard`; None, or a word that is no command, gathers all.
    """
    app = typer.Typer(
        name="onecard",
        help="One-card platform: canteen, water, doors and attendance on one card and one provable ledger.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(options)
    modules = [name for name, own in COMMANDS.items() if wanted in own]
    groups = [name for name in GROUPS if name == wanted]
    if not modules and not groups:
        modules, groups = list(COMMANDS), list(GROUPS)
    for name in modules:
        app.add_typer(import_module(f"onecard.cli.{name}").app)
    for name in groups:
        app.add_typer(import_module(f"onecard.cli.{name}").app, name=name)
    return app


def run() -> None:
    """Run a command; exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 ended by Ctrl-C."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    try:
        _log_to_stderr()
        gather(sys.argv[1] if len(sys.argv) > 1 else None)()
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
    # its library notes each start and end of a worker, which says nothing to whoever runs the product
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
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
