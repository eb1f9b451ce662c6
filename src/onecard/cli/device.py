"""`onecard device …`: certify, list, refuse, disable, retire; what the gateways counted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from onecard.base.db import Actor, Tx
from onecard.base.errors import NotFoundError, UnavailableError
from onecard.base.settings import load_settings
from onecard.cli import device_black, device_stores, output
from onecard.cli.output import Json
from onecard.cli.runtime import Runtime, open_runtime, run_async
from onecard.cli.scope import TenantCode
from onecard.consumption import service as consumption
from onecard.devices import records, service
from onecard.devices.drivers.ot1 import codec
from onecard.devices.drivers.ot1.model import Grant
from onecard.devices.model import Credentials
from onecard.gateway.counters import STATS_SUBJECT, add_up
from onecard.gateway.presence import grant_of
from onecard.tenants import service as tenants

app = typer.Typer(no_args_is_help=True, help="Terminals: certify, list, disable, and what they sent.")
app.add_typer(device_black.app, name="black")
app.command()(device_stores.behind)
app.command()(device_stores.write_off)

ACTOR = Actor("command", "device")
_GATHER_S = 0.5

Sn = Annotated[str, typer.Argument(metavar="SN", help="Serial number of the device.")]
MerchantCode = Annotated[
    str, typer.Option("--merchant", metavar="M", help="Code of the merchant it sells for.")
]
Name = Annotated[str, typer.Option("--name", help="What people call it.")]
Place = Annotated[str, typer.Option("--place", help="Where it stands.")]


@app.command()
def certify(
    sn: Sn,
    *,
    tenant: TenantCode,
    merchant: MerchantCode,
    name: Name = "",
    place: Place = "",
    as_json: Json = False,
) -> None:
    """Make a device one of the institution's; prints user name and secret, which is shown only now."""
    result = run_async(_certify(sn, tenant, merchant, name, place))
    shown = {
        "user": result.user,
        "secret": result.secret,
        "client_id": result.client_id,
        "topic_prefix": result.topic_prefix,
    }
    output.show(shown, as_json=as_json)


async def _certify(sn: str, tenant: str, merchant: str, name: str, place: str) -> Credentials:
    async with open_runtime(load_settings()) as runtime:
        async with _tenant(runtime, tenant) as tx:
            found = [each.id for each in await consumption.merchants(tx) if each.code == merchant]
            if not found:
                message = f"There is no merchant {merchant}."
                raise NotFoundError(message)
            result = await service.certify(
                tx, tenant_code=tenant, sn=sn, merchant_id=found[0], name=name, place=place
            )
        await _tell(runtime, sn)
    return result


async def _tell(runtime: Runtime, sn: str) -> None:
    """Tell a waiting candidate at once; without a bus it learns with its next hello."""
    if runtime.bus is None:
        return
    async with runtime.db.platform_tx(ACTOR) as tx:
        reply = await service.reply_to(tx, sn)
    if reply is not None:
        await runtime.bus.publish(f"ot1._join.{sn}.dn.grant", codec.encode(grant_of(reply)))
        await runtime.bus.flush()


@app.command("list")
def list_(*, tenant: TenantCode, as_json: Json = False) -> None:
    """The institution's devices, whether they are online, and how far their records are here."""
    rows = run_async(_list(tenant))
    output.show_rows("devices", rows, as_json=as_json, empty="No devices yet.")


async def _list(tenant: str) -> list[dict[str, object]]:
    async with open_runtime(load_settings()) as runtime, _tenant(runtime, tenant) as tx:
        codes = {each.id: each.code for each in await consumption.merchants(tx)}
        return [
            {
                "sn": each.sn,
                "name": each.name,
                "place": each.place,
                "merchant": codes.get(each.merchant_id or 0, ""),
            }
            | {"state": each.state, "online": each.online, "last_seen": each.last_seen, "model": each.model}
            | {"firmware": each.firmware, "epoch": each.epoch, "watermark": each.watermark}
            for each in await service.devices(tx)
        ]


@app.command()
def candidates(*, as_json: Json = False) -> None:
    """Devices that asked to join and wait to be certified."""
    rows = run_async(_candidates())
    output.show_rows("candidates", rows, as_json=as_json, empty="No device waits.")


async def _candidates() -> list[dict[str, object]]:
    async with open_runtime(load_settings()) as runtime, runtime.db.platform_tx(ACTOR) as tx:
        return [asdict(each) for each in await service.candidates(tx)]


@app.command()
def refuse(sn: Sn, *, as_json: Json = False) -> None:
    """Tell a device that asked to join: no."""
    run_async(_refuse(sn))
    output.show({"sn": sn, "state": "no"}, as_json=as_json, sentence=f"The device {sn} is refused.")


async def _refuse(sn: str) -> None:
    async with open_runtime(load_settings()) as runtime:
        async with runtime.db.platform_tx(ACTOR) as tx:
            await service.refuse_candidate(tx, sn)
        if runtime.bus is not None:
            await runtime.bus.publish(f"ot1._join.{sn}.dn.grant", codec.encode(Grant("no")))
            await runtime.bus.flush()


@app.command()
def disable(sn: Sn, *, tenant: TenantCode, as_json: Json = False) -> None:
    """Refuse a device from now on; it is disconnected within a second."""
    run_async(_set_state(sn, tenant, "disabled"))
    output.show({"sn": sn, "state": "disabled"}, as_json=as_json, sentence=f"The device {sn} is disabled.")


@app.command()
def enable(sn: Sn, *, tenant: TenantCode, as_json: Json = False) -> None:
    """Welcome a disabled device again."""
    run_async(_set_state(sn, tenant, "certified"))
    output.show(
        {"sn": sn, "state": "certified"}, as_json=as_json, sentence=f"The device {sn} is welcome again."
    )


@app.command()
def retire(sn: Sn, *, tenant: TenantCode, as_json: Json = False) -> None:
    """End a device's membership; its records stay, and it may be certified anew."""
    run_async(_set_state(sn, tenant, "retired"))
    output.show({"sn": sn, "state": "retired"}, as_json=as_json, sentence=f"The device {sn} is retired.")


async def _set_state(sn: str, tenant: str, state: str) -> None:
    async with open_runtime(load_settings()) as runtime, _tenant(runtime, tenant) as tx:
        if state == "retired":
            await service.retire(tx, sn)
        else:
            await service.set_disabled(tx, sn, disabled=state == "disabled")


@app.command()
def quarantine(*, tenant: TenantCode, as_json: Json = False) -> None:
    """Records that contradict what is stored, for a person to look at."""
    rows = run_async(_quarantine(tenant))
    output.show_rows("records", rows, as_json=as_json, empty="Nothing is quarantined.")


async def _quarantine(tenant: str) -> list[dict[str, object]]:
    async with open_runtime(load_settings()) as runtime, _tenant(runtime, tenant) as tx:
        return await records.quarantined(tx)


@app.command()
def counters(*, as_json: Json = False) -> None:
    """What the running gateways received and answered, by status, since they were started."""
    output.show(run_async(_counters()), as_json=as_json)


async def _counters() -> dict[str, int]:
    settings = load_settings()
    async with open_runtime(settings, bus=True) as runtime:
        answers = await runtime.bus.gather(STATS_SUBJECT, b"", _GATHER_S) if runtime.bus else []
    if not answers:
        message = f"No gateway runs on {settings.data_dir}; start `onecard serve`."
        raise UnavailableError(message)
    return dict(add_up(answers))


@asynccontextmanager
async def _tenant(runtime: Runtime, code: str) -> AsyncIterator[Tx]:
    route = await tenants.route(runtime.db, code, ACTOR)
    async with runtime.db.tenant_tx(route.tenant_id, ACTOR) as tx:
        yield tx
