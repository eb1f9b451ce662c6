"""Plastic: which was bought, which is dead, which only pretends to be a genuine chip."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import asyncpg

from onecard.base.db import Tx
from onecard.base.errors import ConflictError, OneCardError
from onecard.cards.classic.geometry import TRANSPORT_KEY
from onecard.cards.keys import UID_LENGTHS, KeyType
from onecard.cards.model import parse_uid
from onecard.cards.oc1.scripts import stock_check
from onecard.cards.reader import Ran, ReaderError, Trouble
from onecard.cards.steps import Authenticate, CheckUid, Read, Step, exchanges
from onecard.cards.technology import UID
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.lives import sql
from onecard.desk.operations.sighting import Difference, Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace

_NO_BOX = "-"
_MANUFACTURER_BLOCK = 0
_OPEN_AND_READ = 4  # UID, key, authentication, block


class StockState(StrEnum):
    """What a piece of plastic is to the tenant."""

    GOOD = "good"
    DEAD = "dead"
    IMITATION = "imitation"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of new cards by its range of UIDs, both ends included.

    Attributes:
        used: cards of it that are somebody's.
        bad: dead ones and imitations.
    """

    name: str
    first_uid: str
    last_uid: str
    used: int = 0
    bad: int = 0

    @property
    def size(self) -> int:
        """How many cards were in it when it was new."""
        return int(self.last_uid, 16) - int(self.first_uid, 16) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StockReport:
    """Numbers of plastic.

    Attributes:
        good: registered, and nobody's.
        used: registered, and somebody's card.
        dead: broken for good.
        imitation: refused.
        unknown: somebody's card, and never registered.
    """

    good: int
    used: int
    dead: int
    imitation: int
    unknown: int


async def register_box(tx: Tx, name: str, first: str, last: str) -> Box:
    """Register a box by its first and last UID.

    Raises:
        OneCardError: these are no UIDs of one length, first before last.
        ConflictError: the name is taken, or a card of it is in another box.
    """
    first_uid, last_uid = _stock_uid(first), _stock_uid(last)
    if len(first_uid) != len(last_uid) or first_uid > last_uid:
        message = f"A box goes from a lower to a higher UID of the same length, not from {first} to {last}."
        raise OneCardError(message)
    if not name.strip() or name.strip() == _NO_BOX:
        message = "A box needs a name."
        raise OneCardError(message)
    ends = {"first_uid": first_uid, "last_uid": last_uid}
    other = await sql.overlapping_box(tx.connection, tenant_id=tx.tenant_id, **ends)
    if other is not None:
        message = f"Cards of this range are in the box {other} already."
        raise ConflictError(message)
    try:
        await sql.insert_box(tx.connection, tenant_id=tx.tenant_id, name=name.strip(), **ends)
    except asyncpg.UniqueViolationError:
        message = f"There is a box {name.strip()} already."
        raise ConflictError(message) from None
    return Box(name=name.strip(), first_uid=first_uid, last_uid=last_uid)


async def boxes(tx: Tx) -> list[Box]:
    """The registered boxes by name."""
    return [Box(**row) async for row in sql.boxes(tx.connection, tenant_id=tx.tenant_id)]


async def stock_state(tx: Tx, uid: str) -> StockState:
    """What is known of a piece of plastic; one that has been somebody's card is known."""
    return _state(await sql.stock(tx.connection, tenant_id=tx.tenant_id, uid=uid))


async def put(tx: Tx, uid: str, state: StockState, *, box: str | None = None) -> None:
    """Note what a piece of plastic is. UIDs of ten bytes belong to no plastic of ours and are left out.

    Args:
        tx: the tenant's transaction.
        uid: upper-case hex.
        state: anything but unknown.
        box: None: as it was, or none.
    """
    if len(uid) // 2 in UID_LENGTHS:
        await sql.put_stock(tx.connection, tenant_id=tx.tenant_id, uid=uid, box=box, state=state.value)


async def report(tx: Tx) -> StockReport:
    """How much there is of what."""
    row = await sql.count_stock(tx.connection, tenant_id=tx.tenant_id)
    registered = row["singles"] + sum(box.size for box in await boxes(tx))
    return StockReport(
        good=registered - row["used"] - row["dead"] - row["imitation"],
        used=row["used"],
        dead=row["dead"],
        imitation=row["imitation"],
        unknown=row["unknown"],
    )


async def check(place: Workplace, sighting: Sighting, *, any_stock: bool = False) -> None:
    """Whether the plastic on the reader may become a card; an imitation is found out and remembered.

    Two exchanges with the reader: block 0 is read, and written back as it is. A genuine chip refuses that.

    Args:
        place: the desk.
        sighting: the card.
        any_stock: take what is in no box, or cannot be checked.

    Raises:
        RefusedError: it may not.
        ReaderError: the card or the reader is gone.
    """
    async with place.desk.tx() as tx:
        row = await sql.stock(tx.connection, tenant_id=tx.tenant_id, uid=sighting.uid)
    state = _state(row)
    if state is StockState.DEAD:
        raise RefusedError(IssueRefusal.PLASTIC_DEAD)
    if state is StockState.IMITATION:
        raise RefusedError(Difference.IMITATION)
    if state is StockState.UNKNOWN and row["counted"] and not any_stock:
        raise RefusedError(IssueRefusal.STOCK_UNKNOWN)
    if place.desk.chosen.technology == UID.name:
        return
    genuine = await _is_genuine(place, sighting)
    if genuine is None and not any_stock:
        raise RefusedError(IssueRefusal.NOT_CHECKABLE)
    if genuine is False:
        async with place.desk.tx() as tx:
            await put(tx, sighting.uid, StockState.IMITATION)
        await place.reader.signal(good=False)
        raise RefusedError(Difference.IMITATION)


async def _is_genuine(place: Workplace, sighting: Sighting) -> bool | None:
    """Whether the chip keeps its manufacturer block; None when its sector is locked."""
    uid = sighting.presence.uid
    opened: list[Step] = [CheckUid(uid), Authenticate(0, KeyType.A, TRANSPORT_KEY), Read(_MANUFACTURER_BLOCK)]
    ran = await _run(place, sighting, opened)
    if not ran.complete:
        return None
    manufacturer = ran.answers[-1][:-2]
    ran = await _run(place, sighting, list(stock_check(uid, manufacturer)))
    if ran.complete:
        return False
    return True if len(ran.answers) > _OPEN_AND_READ else None


async def _run(place: Workplace, sighting: Sighting, steps: Sequence[Step]) -> Ran:
    presence = sighting.presence
    ran = await place.reader.run(presence.session, list(exchanges(steps, presence.dialect)))
    if ran.trouble not in {None, Trouble.MISMATCH}:
        raise ReaderError(ran.trouble or Trouble.MISMATCH)
    if len(ran.answers) <= 1 and not ran.complete:
        raise ReaderError(Trouble.STALE)  # another card answered, or none
    return ran


def _state(row: Any) -> StockState:
    if row["state"] is not None:
        return StockState(row["state"])
    return StockState.GOOD if row["in_box"] or row["has_lived"] else StockState.UNKNOWN


def _stock_uid(text: str) -> str:
    uid = parse_uid(text.strip())
    if uid is None or len(uid) // 2 not in UID_LENGTHS:
        message = f"{text!r} is not a UID: that is 8 or 14 hexadecimal digits."
        raise OneCardError(message)
    return uid
