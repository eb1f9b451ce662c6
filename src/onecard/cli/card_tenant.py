"""`onecard card setup`, `format`, `rotate-keys`: what a tenant's cards are like, and its keys."""

from enum import Enum
from typing import Annotated

import typer

from onecard.base.db import Actor
from onecard.base.errors import NotFoundError
from onecard.base.settings import load_settings
from onecard.cards import setup as cards
from onecard.cards.keyring import KeyRing
from onecard.cards.technology import TECHNOLOGIES, CardFormat, Mode
from onecard.cards.wrapping import open_wrapper
from onecard.cli import output
from onecard.cli.output import Json
from onecard.cli.runtime import run_async
from onecard.cli.scope import TenantCode, tenant_scope

ACTOR = Actor("command", "card")
TechnologyName = Enum("TechnologyName", {name.upper(): name for name in TECHNOLOGIES})  # type: ignore[misc]


def setup(
    tenant: TenantCode,
    *,
    pin: Annotated[str, typer.Option("--pin", help="System secondary encryption, four digits.")] = "",
    technology: Annotated[TechnologyName, typer.Option()] = TechnologyName.CLASSIC,  # type: ignore[attr-defined]
    mode: Annotated[Mode, typer.Option(help="Purse at the server or on the card.")] = Mode.STORED,
    size: Annotated[str, typer.Option(help="1K or 4K.")] = "1K",
    first_sector: Annotated[int, typer.Option(help="Sector of identity; the others follow.")] = 1,
    lift_groups: Annotated[int, typer.Option(help="Lift sectors.")] = 0,
    value_blocks: Annotated[bool, typer.Option(help="Purses for terminals that only decrement.")] = False,
    number_digits: Annotated[int, typer.Option(help="Longest card number.")] = 6,
    as_json: Json = False,
) -> None:
    """Choose what the tenant's cards are like; with --pin make its keys, or change the PIN.

    Sectors and PIN are locked for ever once a card has been issued with them.
    """
    chosen = CardFormat.of(
        technology=technology.value,
        mode=mode.value,
        size=size,
        first_sector=first_sector,
        lift_groups=lift_groups,
        value_blocks=value_blocks,
        number_digits=number_digits,
    )

    async def work() -> None:
        async with tenant_scope(tenant, ACTOR) as tx:
            await cards.set_card_format(tx, chosen)
            if pin and await cards.has_keys(tx):
                await cards.set_pin(tx, pin)
            elif pin:
                await cards.create_keys(tx, open_wrapper(load_settings()), pin=pin)

    run_async(work())
    output.show(chosen.columns, as_json=as_json)


def show_format(tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """Show what the tenant's cards are like and which key versions there are."""

    async def work() -> dict[str, object]:
        async with tenant_scope(tenant, ACTOR) as tx:
            chosen = await cards.card_format(tx)
            versions = await cards.key_versions(tx)
        if chosen is None:
            message = "Nobody has chosen this tenant's cards yet; `onecard card setup` does."
            raise NotFoundError(message)
        sectors = {str(place.sector): place.role.name.lower() for place in chosen.layout.places}
        return {
            **chosen.columns,
            "number_most": chosen.number_most,
            "sectors": sectors,
            "key_versions": versions,
        }

    output.show(run_async(work()), as_json=as_json)


def rotate_keys(tenant: TenantCode, as_json: Json = False) -> None:  # noqa: FBT002
    """Make new masters; cards are re-keyed when they are next on a reader at a desk."""

    async def work() -> int:
        async with tenant_scope(tenant, ACTOR) as tx:
            return await cards.rotate_keys(tx, open_wrapper(load_settings()))

    version = run_async(work())
    output.show({"key_version": version}, as_json=as_json, sentence=f"Key version {version} is made.")


def ring_of(tenant: str) -> KeyRing:
    """The masters of a tenant."""

    async def work() -> KeyRing:
        async with tenant_scope(tenant, ACTOR) as tx:
            return await cards.key_ring(tx, open_wrapper(load_settings()))

    return run_async(work())
