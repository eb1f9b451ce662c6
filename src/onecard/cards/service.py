"""Use cases of cards."""

from collections.abc import Mapping, Sequence

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.cards.model import Binding, CardHolder, CardState, HeldCard

_sql = load_queries("onecard.cards")


async def resolve(tx: Tx, uids: Sequence[str]) -> dict[str, CardHolder]:
    """Cards and holders by UID in one statement; unknown UIDs are absent.

    Args:
        tx: the tenant's transaction.
        uids: upper-case hex, as `parse_uid` gives them.
    """
    rows = _sql.resolve(tx.connection, tenant_id=tx.tenant_id, uids=list(uids))
    return {row["uid"]: CardHolder(**row) async for row in rows}


async def bindings(tx: Tx, *, uids: Sequence[str], persons: Sequence[int]) -> list[Binding]:
    """Cards in any state that have one of the UIDs, and the active cards of the persons."""
    rows = _sql.bindings(tx.connection, tenant_id=tx.tenant_id, uids=list(uids), persons=list(persons))
    return [Binding(**row) async for row in rows]


async def cards_of(tx: Tx, person_id: int) -> list[HeldCard]:
    """All cards of a person, those whose life is over too, newest first."""
    rows = _sql.cards_of(tx.connection, tenant_id=tx.tenant_id, person_id=person_id)
    return [HeldCard(**(dict(row) | {"state": CardState(row["state"])})) async for row in rows]


async def bind(tx: Tx, cards: Mapping[str, int]) -> None:
    """Give persons their cards; the active card a person had before becomes returned.

    Args:
        tx: the tenant's transaction.
        cards: person id by UID (upper-case hex); each person once.

    Raises:
        ConflictError: a UID is another person's card, or was reported lost.
        NotFoundError: a person does not exist.
    """
    arrays = {"uids": list(cards), "persons": list(cards.values())}
    await _sql.return_others(tx.connection, tenant_id=tx.tenant_id, **arrays)
    try:
        rows = _sql.bind(tx.connection, tenant_id=tx.tenant_id, **arrays)
        bound = {row["uid"] async for row in rows}
    except asyncpg.ForeignKeyViolationError:
        message = "A card was to be given to a person who does not exist."
        raise NotFoundError(message) from None
    if len(bound) < len(cards):
        message = f"The card {min(set(cards) - bound)} is another person's or was reported lost."
        raise ConflictError(message)


async def active_uids(tx: Tx) -> list[str]:
    """UIDs of all cards in use, oldest first."""
    return [row["uid"] async for row in _sql.active_uids(tx.connection, tenant_id=tx.tenant_id)]
