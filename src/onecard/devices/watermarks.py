"""Use cases of watermarks: which record stores may hold records that are not here, and giving one up."""

import asyncpg

from onecard.base.db import Actor, Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.devices.model import StoreState, WriteOff
from onecard.devices.rules import uncollected

_sql = load_queries("onecard.devices")


async def behind(tx: Tx) -> list[StoreState]:
    """Every record store that was not written off, by serial number; whether it holds more than is here.

    Asked before a card's balance is believed without its chip (spec money.md, “Offline money”). A device that
    was certified and never came has one row without a store.
    """
    rows = _sql.store_states(tx.connection, tenant_id=tx.tenant_id)
    return [_state(row) async for row in rows]


def _state(row: asyncpg.Record) -> StoreState:
    known = {name: row[name] for name in ("watermark", "said", "current", "online")}
    return StoreState(**row, uncollected=uncollected(**known))


async def write_off(tx: Tx, device_id: int, epoch: int, reason: str, actors: tuple[Actor, Actor]) -> None:
    """Give up what a destroyed terminal may hold: its store stops being waited for.

    Should records of it arrive after all, they are taken and posted as ever.

    Args:
        tx: the tenant's transaction.
        device_id: the terminal.
        epoch: its record store.
        reason: why; kept with what was known of the store.
        actors: the two who decided.

    Raises:
        OneCardError: no reason, or the two are one.
        NotFoundError: the terminal has no such store.
        ConflictError: it was written off before.
    """
    first, second = actors
    if not reason.strip():
        message = "A record store is written off for a reason; say which."
        raise OneCardError(message)
    if first == second:
        message = f"It takes two to write off a record store; {first} is one."
        raise OneCardError(message)
    try:
        found = await _sql.insert_write_off(
            tx.connection, tenant_id=tx.tenant_id, device_id=device_id, epoch=epoch, reason=reason.strip(),
            first_actor=str(first), second_actor=str(second),
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        message = f"The record store {epoch} of device {device_id} was written off before."
        raise ConflictError(message) from None
    if found is None:
        message = f"The device {device_id} has no record store {epoch}."
        raise NotFoundError(message)


async def write_offs(tx: Tx) -> list[WriteOff]:
    """Every record store that was given up, oldest first."""
    return [WriteOff(**row) async for row in _sql.write_offs(tx.connection, tenant_id=tx.tenant_id)]
