"""Use cases of the black list: the cards that terminals refuse on their own (spec cards.md, loss report).

Each runs inside the caller's transaction: the card's state and the list change together. The server itself
goes by the card's state and needs no list.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from onecard.base.db import Tx, load_queries
from onecard.base.errors import NotFoundError
from onecard.devices import datasets
from onecard.devices.model import BlackEntry, Change, Delivery, ListState, Row
from onecard.devices.rules import delivered, newest_for, replaced

DATASET = "black"
_sql = load_queries("onecard.devices")


async def report(
    tx: Tx,
    uid: str,
    number: int | None,
    reason: str,
    devices: Sequence[int] | None,
    *,
    generation: int | None = None,
) -> int | None:
    """Have terminals refuse a card; the list's new version, None when that changes nothing.

    Args:
        tx: the tenant's transaction.
        uid: upper-case hex.
        number: card number, if it has one.
        reason: why, for people.
        devices: ids of the terminals that are to refuse it; None for all, now and later; empty for none, so
            that only the server refuses it. Reported again, the card stays with those named last.
        generation: which life of the card; the next one may be in use.

    Raises:
        NotFoundError: one of the devices is not the tenant's.
    """
    chosen = None if devices is None else tuple(sorted(set(devices)))
    if chosen:
        known = {each.device_id for each in await datasets.states(tx, DATASET)}
        for stranger in sorted(set(chosen) - known):
            message = f"There is no device with id {stranger}."
            raise NotFoundError(message)
    await datasets.hold(tx)
    fields = {"no": number, "gen": generation}
    row = Row(uid, {name: value for name, value in fields.items() if value is not None})
    new = Change(row, added=True, devices=chosen)
    return await datasets.change(tx, DATASET, replaced(await _last(tx, uid), new), reason)


async def cancel(tx: Tx, uid: str, reason: str = "") -> int | None:
    """Take a card off the list of the terminals that were told; None when it is on none."""
    await datasets.hold(tx)
    old = await _last(tx, uid)
    if old is None:
        return None
    taken = Change(old.row, added=False, devices=old.devices)
    return await datasets.change(tx, DATASET, replaced(old, taken), reason)


async def delivery(tx: Tx, uid: str) -> list[Delivery]:
    """Terminal by terminal: does it have the newest word about a card, and why not; by serial number.

    Empty for a card that no terminal was ever told about.
    """
    changes = [(entry["version"], _change(entry)) for entry in await _history(tx, uid)]
    found = []
    for device in await datasets.states(tx, DATASET):
        meant = newest_for(changes, device.device_id)
        if meant is not None:
            version, newest = meant
            outcome = delivered(device, version)
            found.append(Delivery(device, newest.added, version, outcome, device.error))
    return found


async def resend(tx: Tx, uid: str, devices: Sequence[int] | None = None) -> list[int]:
    """Send the whole list again to terminals that a card concerns; the ids of those it goes to.

    Args:
        tx: the tenant's transaction.
        uid: the card.
        devices: which of them; None for all that do not have it.
    """
    concerned = await delivery(tx, uid)
    if devices is None:
        chosen = [each.device.device_id for each in concerned if each.device.version < each.wanted]
    else:
        chosen = [each.device.device_id for each in concerned if each.device.device_id in set(devices)]
    if chosen:
        await datasets.ask_again(tx, DATASET, chosen)
    return chosen


async def entries(tx: Tx) -> list[BlackEntry]:
    """Every card that is to be refused by some terminal or by the server alone, by UID."""
    rows = _sql.entries(tx.connection, tenant_id=tx.tenant_id, dataset=DATASET)
    return [_entry(row) async for row in rows]


async def overview(tx: Tx) -> list[tuple[BlackEntry, int, int]]:
    """Every card on the list, how many terminals have it there, and how many should; by UID."""
    devices = await datasets.states(tx, DATASET)
    found = []
    for entry in await entries(tx):
        meant = [each for each in devices if entry.devices is None or each.device_id in entry.devices]
        found.append((entry, sum(each.version >= entry.version for each in meant), len(meant)))
    return found


async def states(tx: Tx) -> list[ListState]:
    """Every terminal and the version of the list it has and should have, by serial number."""
    return await datasets.states(tx, DATASET)


async def _last(tx: Tx, uid: str) -> Change | None:
    history = await _history(tx, uid)
    return _change(history[-1]) if history else None


async def _history(tx: Tx, uid: str) -> list[Mapping[str, Any]]:
    rows = _sql.changes_of(tx.connection, tenant_id=tx.tenant_id, dataset=DATASET, key=uid)
    return [row async for row in rows]


def _change(row: Mapping[str, Any]) -> Change:
    content = msgspec.json.decode(row["content"], type=dict[str, int])
    devices = None if row["devices"] is None else tuple(row["devices"])
    return Change(Row(row["key"], content), added=row["op"] == "+", devices=devices)


def _entry(row: Mapping[str, Any]) -> BlackEntry:
    change = _change(row)
    return BlackEntry(
        uid=row["key"],
        number=change.row.content.get("no"),
        generation=change.row.content.get("gen"),
        reason=row["reason"],
        devices=change.devices,
        version=row["version"],
        actor=row["actor"],
        reported_at=row["changed_at"],
    )
