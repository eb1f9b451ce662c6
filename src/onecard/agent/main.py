"""The command `onecard-agent`: enrol, run, status, readers, virtual."""

import argparse
import asyncio
import contextlib
import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import msgspec

from onecard import __version__
from onecard.agent import program
from onecard.agent.enrolment import enrol
from onecard.agent.home import Home, default_home
from onecard.agent.receipts import Printer
from onecard.agent.sources import PcscSource, Source
from onecard.agent.virtual import CardOnReader, VirtualSource
from onecard.base.errors import OneCardError
from onecard.cards.classic.geometry import Size
from onecard.cards.steps import Dialect
from onecard.cards.virtual.chip import new_chip
from onecard.cards.virtual.dumps import write_dump

_LOG_BYTES = 1024 * 1024


def run(arguments: list[str] | None = None) -> None:
    """Run a command; exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 ended by Ctrl-C."""
    given = _parser().parse_args(arguments)
    home = Home(given.home or default_home())
    try:
        given.command(home, given)
    except KeyboardInterrupt:
        sys.exit(130)
    except OneCardError as error:
        _say(str(error))
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="onecard-agent",
        description="The program beside a desk's card reader: it dials the server, which drives the card.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--home", type=Path, help="directory of the agent's files, instead of this user's own"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("enrol", help="become a workstation, with the one-time code the server shows")
    one.add_argument("--server", required=True, metavar="URL", help="tls://host:port")
    one.add_argument("--code", required=True, help="as shown by `onecard workstation create`")
    one.add_argument("--ca", metavar="FILE", help="certificates to trust instead of the system's")
    one.add_argument("--tls-first", action="store_true", help="the server's proxy encrypts at once")
    one.set_defaults(command=_enrol)

    one = commands.add_parser("run", help="connect, and stay connected, until Ctrl-C")
    one.add_argument(
        "--virtual",
        nargs="?",
        const=Dialect.ACS.value,
        choices=[dialect.value for dialect in Dialect],
        help="a virtual reader instead of the computer's, of the family ACS or as named",
    )
    one.add_argument(
        "--radio",
        action="store_true",
        help="the virtual reader takes as long as a real one by the data sheet",
    )
    one.add_argument("--log-level", choices=["debug", "info", "warning"], default="info")
    one.set_defaults(command=_run)

    one = commands.add_parser("status", help="what the agent is doing, as JSON; fails when it does not run")
    one.set_defaults(command=_status)

    one = commands.add_parser("readers", help="the card readers of this computer")
    one.set_defaults(command=_readers)

    _add_printer(commands.add_parser("printer", help="name the receipt printer, before `run`"))
    _add_virtual(commands.add_parser("virtual", help="cards of the virtual reader"))
    return parser


def _add_printer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "where", help="tcp:HOST[:PORT], file:PATH, usb:VENDOR:PRODUCT in hexadecimal, or dummy"
    )
    parser.add_argument("--paper", type=int, choices=[58, 80], default=80, help="width in millimetres")
    parser.add_argument("--no-chinese", action="store_true", help="it has no Chinese characters")
    parser.add_argument("--drawer", action="store_true", help="a cash drawer hangs on it")
    parser.add_argument("--no-cut", action="store_true", help="it does not cut the paper")
    parser.set_defaults(command=_set_printer)


def _set_printer(home: Home, given: argparse.Namespace) -> None:
    home.set_printer(
        Printer(
            where=given.where,
            paper=given.paper,
            chinese=not given.no_chinese,
            drawer=given.drawer,
            cut=not given.no_cut,
        )
    )


def _add_virtual(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    one = actions.add_parser("new", help="make a blank card")
    one.add_argument("file", type=Path)
    one.add_argument("--uid", required=True, type=_uid, help="8 or 14 hex digits")
    one.add_argument("--size", choices=["1K", "4K"], default="1K")
    one.set_defaults(command=_new_card)
    one = actions.add_parser("insert", help="lay a card on the reader")
    one.add_argument("file", type=Path)
    one.set_defaults(command=lambda home, given: CardOnReader(home.virtual).insert(given.file))
    one = actions.add_parser("remove", help="take the card away")
    one.set_defaults(command=lambda home, given: CardOnReader(home.virtual).remove())


def _uid(text: str) -> bytes:
    uid = bytes.fromhex(text)
    if len(uid) not in {4, 7}:
        message = "a UID has 4 or 7 bytes"
        raise argparse.ArgumentTypeError(message)
    return uid


def _enrol(home: Home, given: argparse.Namespace) -> None:
    with home.only_one():
        ca_file = str(Path(given.ca).resolve()) if given.ca else None
        configuration = asyncio.run(
            enrol(home, server=given.server, code=given.code, ca_file=ca_file, tls_first=given.tls_first)
        )
    _say(
        f"This is now workstation {configuration.name} ({configuration.tenant}/{configuration.workstation})."
    )


def _run(home: Home, given: argparse.Namespace) -> None:
    home.configuration()
    _no_core_dumps()
    _log(home, given.log_level)
    source: Source
    if given.virtual:
        source = VirtualSource(home.virtual, Dialect(given.virtual), radio=given.radio)
    else:
        source = PcscSource()
    asyncio.run(program.run(home, source, _say))


def _status(home: Home, given: argparse.Namespace) -> None:
    status = home.status()
    running = home.running()
    shown = msgspec.to_builtins(status) if status else {"version": __version__}
    shown |= {"running": running, "connected": running and shown.get("connected", False)}
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(shown)) + b"\n")
    if not running:
        sys.exit(1)


def _readers(home: Home, given: argparse.Namespace) -> None:
    source = PcscSource()
    for name in source.readers():
        sys.stdout.write(name + "\n")
    if source.fault:
        raise OneCardError(source.fault)


def _new_card(home: Home, given: argparse.Namespace) -> None:
    if given.file.exists():
        message = f"{given.file} exists already."
        raise OneCardError(message)
    write_dump(given.file, new_chip(given.uid, Size.K1 if given.size == "1K" else Size.K4).dump())


def _log(home: Home, level: str) -> None:
    """Log to the terminal and to a file that does not grow beyond 4 MB; no log holds data of cards."""
    file = RotatingFileHandler(home.log_file, maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8")
    logging.basicConfig(
        level=level.upper(),
        handlers=[logging.StreamHandler(), file],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def _no_core_dumps() -> None:
    """Keys of the card on the reader pass through this process's memory."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  not on Windows

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
