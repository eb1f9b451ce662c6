"""`onecard device behind` and `write-off`: what terminals may still hold, and giving it up."""

from typing import Annotated

import typer

from onecard.base.db import Actor
from onecard.base.errors import NotFoundError
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import run_async
from onecard.cli.scope import TenantCode, tenant_scope
from onecard.devices import service, watermarks
from onecard.devices.model import Uncollected

ACTOR = Actor("command", "device")


def behind(
    *,
    tenant: TenantCode,
    every: Annotated[bool, typer.Option("--all", help="Stores that are complete as well.")] = False,
    as_json: Json = False,
) -> None:
    """Record stores that hold, or may hold, records that are not here."""
    rows = run_async(_behind(tenant, every=every))
    output.show_rows("stores", rows, as_json=as_json, empty="Every record is here.")


async def _behind(tenant: str, *, every: bool) -> list[dict[str, object]]:
    async with tenant_scope(tenant, ACTOR) as tx:
        return [
            {
                "sn": each.sn,
                "name": each.name,
                "place": each.place,
                "state": each.state,
                "epoch": each.epoch,
                "current": each.current,
                "online": each.online,
                "watermark": each.watermark,
                "said": each.said,
                "offline_since": each.offline_since,
                "uncollected": each.uncollected.value,
            }
            for each in await watermarks.behind(tx)
            if every or each.uncollected is not Uncollected.NO
        ]


def write_off(
    sn: Annotated[str, typer.Argument(metavar="SN", help="Serial number of the device.")],
    *,
    tenant: TenantCode,
    epoch: Annotated[int, typer.Option(help="Its record store.")],
    reason: Annotated[str, typer.Option(help="What happened to it.")],
    first: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides.")],
    second: Annotated[str, typer.Option("--and", metavar="NAME", help="Who else does.")],
    as_json: Json = False,
) -> None:
    """Give up the records of a destroyed terminal; it takes two. What arrives all the same is posted."""
    run_async(_write_off(tenant, sn, epoch, reason, (first, second)))
    sentence = f"The store {epoch} of {sn} is not waited for any longer."
    output.show({"sn": sn, "epoch": epoch, "reason": reason}, as_json=as_json, sentence=sentence)


async def _write_off(tenant: str, sn: str, epoch: int, reason: str, names: tuple[str, str]) -> None:
    async with tenant_scope(tenant, ACTOR) as tx:
        device_id = next((each.id for each in await service.devices(tx) if each.sn == sn), None)
        if device_id is None:
            message = f"There is no device {sn}."
            raise NotFoundError(message)
        actors = Actor("operator", names[0]), Actor("operator", names[1])
        await watermarks.write_off(tx, device_id, epoch, reason, actors)
