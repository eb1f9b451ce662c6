"""`onecard audit`: show it, prove that nobody changed it, note its heads outside of the database."""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from onecard.base.db import Actor, Database
from onecard.base.errors import OneCardError, UnavailableError
from onecard.base.listing import Condition, Op, Wish
from onecard.base.settings import load_settings
from onecard.base.texts import say
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import open_runtime, run_async
from onecard.cli.scope import TenantCode, tenant_scope
from onecard.tenants import service as tenants
from onecard.tenants.audit.lists import ENTRIES
from onecard.tenants.audit.proofs import Anchor, Verdict, head, verify
from onecard.tenants.model import Route

app = typer.Typer(help="Who did what, when and from where.", no_args_is_help=True)

ACTOR = Actor("command", "audit", "shell")
OneTenant = Annotated[str | None, typer.Option("--tenant", help="Code of one tenant; all when left out.")]


@app.command("verify")
def verify_command(
    tenant: OneTenant = None,
    *,
    anchor: Annotated[Path | None, typer.Option(help="File that `onecard audit anchor` wrote.")] = None,
    as_json: Json = False,
) -> None:
    """Prove that no entry was changed, removed, inserted or moved; exit code 1 when one was."""
    anchors = _read_anchors(anchor) if anchor else {}
    verdicts = run_async(_verify(tenant, anchors))
    ok = all(verdict.ok for verdict in verdicts.values())
    rows = [_verdict_row(code, verdict) for code, verdict in verdicts.items()]
    if as_json:
        output.print_json({"ok": ok, "tenants": rows})
    else:
        table = [
            {
                "": "✓" if row["ok"] else "✗",
                "tenant": row["tenant"],
                "entries": row["entries"],
                "wrong": "\n".join(row["faults"]),
            }
            for row in rows
        ]
        output.show_rows("tenants", table, as_json=False, empty="There is no tenant.")
    sys.exit(0 if ok else 1)


async def _verify(code: str | None, anchors: dict[str, list[Anchor]]) -> dict[str, Verdict]:
    async with open_runtime(load_settings()) as runtime:
        routes = await _routes(runtime.db, code)
        for unknown in set(anchors) - {route.code for route in routes}:
            if code is None:
                raise OneCardError(say("The anchor names tenant {code}, which does not exist.", code=unknown))
        verdicts = {}
        with output.progress() as bars:
            for route in routes:
                bar = bars.add_task(route.code, total=None)
                async with runtime.db.tenant_tx(route.tenant_id, ACTOR, snapshot=True) as tx:
                    verdicts[route.code] = await verify(
                        tx,
                        anchors.get(route.code, ()),
                        progress=lambda done, of, bar=bar: bars.update(bar, completed=done, total=of),  # type: ignore[misc]
                    )
        return verdicts


async def _routes(db: Database, code: str | None) -> list[Route]:
    return await tenants.routes(db, ACTOR) if code is None else [await tenants.route(db, code, ACTOR)]


def _verdict_row(code: str, verdict: Verdict) -> dict[str, Any]:
    return {
        "tenant": code,
        "ok": verdict.ok,
        "entries": verdict.entries,
        "head": verdict.head.as_dict() if verdict.head else None,
        "faults": [str(fault.text) for fault in verdict.faults],
    }


@app.command("anchor")
def anchor_command(
    tenant: OneTenant = None,
    *,
    file: Annotated[Path | None, typer.Option(help="Append to this file instead of printing.")] = None,
) -> None:
    """Note the newest entries' numbers and hashes, one JSON line for each tenant.

    Keep them where nobody who can write to the database can write: another machine, a mailbox, paper.
    """

    async def work() -> list[str]:
        async with open_runtime(load_settings()) as runtime:
            lines = []
            for route in await _routes(runtime.db, tenant):
                async with runtime.db.tenant_tx(route.tenant_id, ACTOR) as tx:
                    newest = await head(tx)
                if newest:
                    lines.append(json.dumps({"tenant": route.code} | newest.as_dict()))
            return lines

    lines = run_async(work())
    if file is None:
        sys.stdout.writelines(line + "\n" for line in lines)
        return
    try:
        with file.open("a", encoding="utf-8") as notes:
            notes.writelines(line + "\n" for line in lines)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UnavailableError(
            say("The file {file} cannot be written: {reason}.", file=file, reason=reason)
        ) from None
    output.say(f"{len(lines)} anchors appended to {file}.")


def _read_anchors(file: Path) -> dict[str, list[Anchor]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnavailableError(
            say("The file {file} cannot be read: {reason}.", file=file, reason=reason)
        ) from None
    found: dict[str, list[Anchor]] = {}
    for number, line in enumerate(lines, 1):
        try:
            said = json.loads(line)
            anchor = Anchor(int(said["number"]), str(said["hash"]), datetime.fromisoformat(said["at"]))
            found.setdefault(str(said["tenant"]), []).append(anchor)
        except (ValueError, KeyError, TypeError):
            raise OneCardError(
                say("Line {number} of {file} is not an anchor.", number=number, file=file)
            ) from None
    return found


@app.command("show")
def show(
    tenant: TenantCode,
    *,
    since: Annotated[str | None, typer.Option("--from", help="Date or instant, e.g. 2026-09-01.")] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="Up to this date, it included, or instant.")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Who, e.g. operator:86729001.")] = None,
    area: Annotated[str | None, typer.Option(help="people, access, system …")] = None,
    function: Annotated[str | None, typer.Option(help="For example people:person:change.")] = None,
    search: Annotated[str | None, typer.Option(help="How the subject's number or name begins.")] = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="How many entries, the newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """List entries, the newest first."""
    conditions = [
        *([Condition("at", Op.FROM, (_instant(since),))] if since else ()),
        *([Condition("at", Op.TO, (_instant(until, whole_day=True),))] if until else ()),
        *([Condition("actor", Op.IS, (actor,))] if actor else ()),
        *([Condition("area", Op.IS, (area,))] if area else ()),
        *([Condition("function", Op.IS, (function,))] if function else ()),
    ]

    async def work() -> list[dict[str, Any]]:
        async with tenant_scope(tenant, ACTOR) as tx:
            wish = Wish(arguments={"search": search}, conditions=conditions, most=most)
            return [dict(row) for row in (await ENTRIES.page(tx, wish)).rows]

    entries = run_async(work())
    if as_json:
        for entry in entries:
            entry |= {side: json.loads(entry[side]) if entry[side] else None for side in ("before", "after")}
        output.print_json({"entries": entries})
    else:
        sentence = "\n".join(_lines(entry) for entry in entries) or "No entries."
        output.show({}, as_json=False, sentence=sentence)


def _lines(entry: dict[str, Any]) -> str:
    before, after = (json.loads(entry[side] or "{}") for side in ("before", "after"))
    changes = (
        f"{name}: {before.get(name, '')} → {after.get(name, '')}" for name in dict.fromkeys([*before, *after])
    )
    at = entry["at"].astimezone().strftime("%Y-%m-%d %H:%M:%S")
    first = f"{entry['number']}  {at}  {entry['actor']}  {entry['origin']}  {entry['function']}"
    details = (f"{entry['thing']} {entry['subject']}", *changes, entry["note"])
    return "\n    ".join(filter(None, (first, *details)))


def _instant(text: str, *, whole_day: bool = False) -> datetime:
    try:
        instant = datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise OneCardError(
            say("{text} is not a date or an instant; write it as 2026-09-01 or 2026-09-01T08:00.", text=text)
        ) from None
    is_date = len(text) == len("2026-09-01")
    return instant + timedelta(days=1, microseconds=-1) if whole_day and is_date else instant
