"""`onecard device black …`: cards that terminals refuse, who has heard of it, telling them again."""

from typing import Annotated

import typer

from onecard.base.db import Actor, Tx
from onecard.base.errors import NotFoundError
from onecard.cards.model import parse_uid
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import run_async
from onecard.cli.scope import TenantCode, tenant_scope
from onecard.devices import black
from onecard.devices.model import Delivery

app = typer.Typer(no_args_is_help=True, help="Cards that terminals refuse, and which terminals know.")

ACTOR = Actor("command", "device")

Uid = Annotated[str, typer.Argument(metavar="UID", help="The card's UID in hex.")]
Chosen = Annotated[
    list[str] | None, typer.Option("--sn", metavar="SN", help="Only this terminal; more than once for more.")
]


@app.command("list")
def list_(*, tenant: TenantCode, as_json: Json = False) -> None:
    """Cards on the list, for whom, and how many terminals have them there."""
    rows = run_async(_list(tenant))
    output.show_rows("cards", rows, as_json=as_json, empty="No card is on the list.")


async def _list(tenant: str) -> list[dict[str, object]]:
    async with tenant_scope(tenant, ACTOR) as tx:
        serials = await _serials(tx)
        return [
            {
                "uid": entry.uid,
                "number": entry.number,
                "generation": entry.generation,
                "reason": entry.reason,
                "for": _scope(entry.devices, serials),
                "has": has,
                "of": of,
                "version": entry.version,
                "by": entry.actor,
                "reported_at": entry.reported_at,
            }
            for entry, has, of in await black.overview(tx)
        ]


async def _serials(tx: Tx) -> dict[int, str]:
    return {each.device_id: each.sn for each in await black.states(tx)}


def _scope(devices: tuple[int, ...] | None, serials: dict[int, str]) -> str:
    if devices is None:
        return "all"
    return ", ".join(serials.get(each, str(each)) for each in devices) or "server only"


@app.command()
def show(uid: Uid, *, tenant: TenantCode, as_json: Json = False) -> None:
    """Terminal by terminal: does it have the newest word about a card, and if not, why."""
    rows = run_async(_show(_parsed(uid), tenant))
    output.show_rows("terminals", rows, as_json=as_json, empty="No terminal was told about this card.")


async def _show(uid: str, tenant: str) -> list[dict[str, object]]:
    async with tenant_scope(tenant, ACTOR) as tx:
        return [delivery_row(each) for each in await black.delivery(tx, uid)]


def delivery_row(each: Delivery) -> dict[str, object]:
    """One terminal of a list of who knows of a card."""
    return {
        "sn": each.device.sn,
        "name": each.device.name,
        "place": each.device.place,
        "listed": each.listed,
        "has": each.delivered.value,
        "version": each.device.version,
        "wanted": each.wanted,
        "confirmed_at": each.device.confirmed_at,
        "sent_at": each.device.sent_at,
        "last_seen": each.device.last_seen,
        "error": each.error,
    }


@app.command()
def resend(uid: Uid, *, tenant: TenantCode, sn: Chosen = None, as_json: Json = False) -> None:
    """Send the list again to terminals that lack a card, or to those named; now, or when they are back."""
    told = run_async(_resend(_parsed(uid), tenant, sn))
    sentence = f"Sent again to {', '.join(told)}." if told else "Every terminal has it."
    output.show({"sent_to": told}, as_json=as_json, sentence=sentence)


async def _resend(uid: str, tenant: str, sn: list[str] | None) -> list[str]:
    async with tenant_scope(tenant, ACTOR) as tx:
        serials = await _serials(tx)
        for stranger in set(sn or ()) - set(serials.values()):
            message = f"There is no device {stranger}."
            raise NotFoundError(message)
        chosen = [device for device, serial in serials.items() if serial in sn] if sn else None
        return [serials[each] for each in await black.resend(tx, uid, chosen)]


def _parsed(uid: str) -> str:
    parsed = parse_uid(uid)
    if parsed is None:
        message = "A UID has 4, 7 or 10 bytes in hex."
        raise typer.BadParameter(message)
    return parsed
