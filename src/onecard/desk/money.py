"""Money that people at a desk move: top-up, grant, account state, reversal; and what an account shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from onecard.base.clock import now_us
from onecard.base.db import Actor, Database, Tx
from onecard.base.errors import NotFoundError, OneCardError
from onecard.base.ids import uuid7
from onecard.ledger.model import (
    Answer,
    BookKind,
    Journal,
    Leg,
    Place,
    PostingKind,
    Reversal,
    SetStatus,
    Source,
)
from onecard.ledger.service import Ledger, system_books
from onecard.people import service as people
from onecard.people.model import Person
from onecard.tenants import service as tenants

# where the money of a top-up or grant comes from
SOURCES: Mapping[str, BookKind] = {
    "bank": BookKind.BANK,
    "provider": BookKind.PROVIDER,
    "subsidy": BookKind.SUBSIDY_FUND,
    "bonus": BookKind.BONUS_FUND,
}
_PURSES: Mapping[str, BookKind] = {
    "cash": BookKind.CASH,
    "subsidy": BookKind.SUBSIDY,
    "bonus": BookKind.BONUS,
    "water": BookKind.WATER,
}


@dataclass(frozen=True, slots=True)
class Counter:
    """Whoever stands at the counter: the doors used, and in whose name."""

    db: Database
    ledger: Ledger
    tenant_id: int
    actor: Actor

    async def person(self, number: str) -> Person:
        """The person with this number.

        Raises:
            NotFoundError: nobody has it.
        """
        async with self.db.tenant_tx(self.tenant_id, self.actor) as tx:
            return await person_numbered(tx, number)

    async def top_up(
        self, person: Person, amount_fen: int, *, purse: str = "cash", source: str = "bank"
    ) -> Answer:
        """Money into a purse; what the account owes is collected from cash."""
        kind = PostingKind.TOP_UP if purse in {"cash", "water"} else PostingKind.GRANT
        async with self.db.tenant_tx(self.tenant_id, self.actor) as tx:
            books = await system_books(tx)
            common = await self._common(tx)
        if source not in SOURCES or purse not in _PURSES:
            message = f"There is no purse {purse!r} or no source {source!r}."
            raise OneCardError(message)
        leg = Leg(Place(books[SOURCES[source]]), Place(_PURSES[purse], person.id), amount_fen)
        return await self.ledger.post(Journal(**common, kind=kind, legs=(leg,)))

    async def set_status(self, person: Person, status: str) -> Answer:
        """Freeze, open or close the account."""
        async with self.db.tenant_tx(self.tenant_id, self.actor) as tx:
            common = await self._common(tx)
        return await self.ledger.post(SetStatus(**common, account_id=person.id, status=status))

    async def reverse(self, original: UUID, amount_fen: int | None, reason: str) -> Answer:
        """Give a sale back, wholly or in part, to the purses it came from."""
        async with self.db.tenant_tx(self.tenant_id, self.actor) as tx:
            common = await self._common(tx)
        request = Reversal(**common | {"memo": reason}, original=original, amount_fen=amount_fen)
        return await self.ledger.post(request)

    async def _common(self, tx: Tx) -> dict[str, Any]:
        tenant, now = await tenants.get(tx), now_us()
        return {
            "tenant_id": self.tenant_id,
            "key": uuid7(),
            "business_day": tenant.business_day.of(now),
            "occurred_at_us": now,
            "source": Source.COMMAND,
            "source_id": 0,
            "memo": str(self.actor),
        }


async def person_numbered(tx: Tx, number: str) -> Person:
    """The person with this number.

    Raises:
        NotFoundError: nobody has it.
    """
    found = await people.persons_named(tx, numbers=[number], phones=[])
    if not found:
        message = f"Nobody has the number {number}."
        raise NotFoundError(message)
    return found[0]
