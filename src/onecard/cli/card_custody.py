"""`onecard card custody` and `rewrap`: card keys kept by two people, and another key-encryption key."""

import os
import pwd
import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from onecard.base.db import Actor
from onecard.base.errors import OneCardError, UnavailableError
from onecard.base.keyfile import read_secret
from onecard.base.settings import load_settings
from onecard.cards import custody, custody_file
from onecard.cards.custody_file import LEAST_CHARACTERS, Custody, Keeper
from onecard.cards.wrapping import open_wrapper
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import open_runtime, run_async
from onecard.cli.scope import TenantCode, tenant_scope
from onecard.tenants import service as tenants

app = typer.Typer(help="Card keys kept outside the system; two people open them.", no_args_is_help=True)

CustodyFile = Annotated[Path, typer.Argument(metavar="FILE", help="The custody file.")]
FirstFile = Annotated[
    Path | None, typer.Option(help="File with the first person's passphrase, instead of a prompt.")
]
SecondFile = Annotated[
    Path | None, typer.Option(help="File with the second person's passphrase, instead of a prompt.")
]


@app.command()
def export(
    file: CustodyFile,
    tenant: TenantCode,
    *,
    first_person: Annotated[str, typer.Option(help="Name of one keeper.")],
    second_person: Annotated[str, typer.Option(help="Name of the other keeper.")],
    first_file: FirstFile = None,
    second_file: SecondFile = None,
    as_json: Json = False,
) -> None:
    """Write all versions of a tenant's card keys to a file that the two keepers open together.

    Each chooses a passphrase of at least 12 characters that the other does not know. Who exported what is
    recorded.
    """
    if file.exists():
        message = f"{file} exists; a custody file is never written over."
        raise OneCardError(message)
    keepers = [
        Keeper(name, _passphrase(name, path, new=True))
        for name, path in ((first_person, first_file), (second_person, second_file))
    ]

    async def work() -> bytes:
        async with tenant_scope(tenant, _actor()) as tx:
            wrapper = open_wrapper(load_settings())
            return await custody.export_keys(tx, wrapper, first=keepers[0], second=keepers[1])

    data = run_async(work())
    _write(file, data)
    header = custody_file.read_header(data)
    output.show(
        _told(header), as_json=as_json, sentence=f"Written to {file}; keep it apart from this machine."
    )


@app.command()
def verify(
    file: CustodyFile,
    *,
    tenant: Annotated[str, typer.Option(help="Also compare with the present keys of this tenant.")] = "",
    first_file: FirstFile = None,
    second_file: SecondFile = None,
    as_json: Json = False,
) -> None:
    """Open a custody file and check the masters in it; nothing is written."""
    opened = _opened(file, first_file, second_file)
    told = _told(opened.header)
    if tenant:
        told["present"] = run_async(_is_present(tenant, opened))
    output.show(told, as_json=as_json)
    if tenant and not told["present"]:
        message = f"The keys of tenant {tenant} are not those in the file; a newer file is needed."
        raise OneCardError(message)


@app.command()
def restore(
    file: CustodyFile,
    tenant: TenantCode,
    *,
    first_file: FirstFile = None,
    second_file: SecondFile = None,
    as_json: Json = False,
) -> None:
    """Put the keys of a custody file back, wrapped with the present card key.

    The tenant has no keys, or it has these and they no longer open because the card key was lost.
    """
    opened = _opened(file, first_file, second_file)

    async def work() -> list[int]:
        async with tenant_scope(tenant, _actor()) as tx:
            return await custody.restore_keys(tx, open_wrapper(load_settings()), opened)

    versions = run_async(work())
    sentence = f"Restored key versions {', '.join(str(version) for version in sorted(versions))}."
    output.show({**_told(opened.header), "key_versions": versions}, as_json=as_json, sentence=sentence)


@app.command()
def history(tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """Show who exported, restored and rewrapped a tenant's card keys."""

    async def work() -> list[custody.CustodyEvent]:
        async with tenant_scope(tenant, _actor()) as tx:
            return await custody.events(tx)

    rows = [
        {
            "at": event.at,
            "who": event.actor,
            "what": event.what,
            "people": ", ".join(name for name in event.people if name),
            "fingerprint": event.fingerprint,
        }
        for event in run_async(work())
    ]
    output.show_rows("events", rows, as_json=as_json)


def rewrap(
    to: Annotated[
        str, typer.Option(help="file:PATH, pkcs11:TOKEN/LABEL (made if missing) or kms:CLIENT/KEY.")
    ],
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Wrap the card keys of all tenants with another card key; afterwards the settings must name it.

    Interrupted, it is simply run again with the same settings.
    """
    settings = load_settings()
    old, new = open_wrapper(settings), open_wrapper(settings, to)

    async def work() -> int:
        async with open_runtime(settings) as runtime:
            changed = 0
            for route in await tenants.routes(runtime.db, _actor()):
                async with runtime.db.tenant_tx(route.tenant_id, _actor()) as tx:
                    changed += await custody.rewrap(tx, old, new)
            return changed

    changed = run_async(work())
    kind, _, where = to.partition(":")
    setting = f"ONECARD_CARD_KEY={where}" if kind == "file" else f"ONECARD_CARD_KEY_IN={to}"
    sentence = f"Rewrapped {changed} key versions. Start every process with {setting} from now on."
    output.show({"rewrapped": changed, "setting": setting}, as_json=as_json, sentence=sentence)


async def _is_present(tenant: str, opened: Custody) -> bool:
    async with tenant_scope(tenant, _actor()) as tx:
        return await custody.is_present(tx, open_wrapper(load_settings()), opened)


def _opened(file: Path, first_file: Path | None, second_file: Path | None) -> Custody:
    try:
        with file.open("rb") as stream:
            data = stream.read(custody_file.LARGEST_FILE)
    except OSError as error:
        message = f"{file} cannot be read: {error.strerror}."
        raise UnavailableError(message) from None
    first, second = custody_file.read_header(data).people
    return custody_file.open_file(
        data, _passphrase(first, first_file, new=False), _passphrase(second, second_file, new=False)
    )


def _passphrase(person: str, path: Path | None, *, new: bool) -> str:
    """From the file, or typed by the person, who sees nothing of it; a new one is typed twice."""
    if path is not None:
        return read_secret(path, "passphrase file")
    if not sys.stdin.isatty():
        message = "Passphrases are typed on a terminal, or read with --first-file and --second-file."
        raise OneCardError(message)
    wanted = f" (at least {LEAST_CHARACTERS} characters)" if new else ""
    typed = getpass(f"Passphrase of {person}{wanted}: ")
    if new and getpass("The same again: ") != typed:
        message = f"The two passphrases that {person} typed are not the same."
        raise OneCardError(message)
    return typed


def _told(header: custody_file.Header) -> dict[str, object]:
    return {
        "tenant": header.tenant,
        "made_at": header.made_at,
        "people": ", ".join(header.people),
        "fingerprint": custody.fingerprint(header.check_values),
    }


def _write(file: Path, data: bytes) -> None:
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise UnavailableError(message) from None


def _actor() -> Actor:
    """Who runs the command, as the system knows it; the trace names a person, not a program."""
    try:
        return Actor("command", pwd.getpwuid(os.getuid()).pw_name)
    except KeyError:
        return Actor("command", f"uid {os.getuid()}")
