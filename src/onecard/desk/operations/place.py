"""Where operations are carried out."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from onecard.base.db import Actor, Database, Tx
from onecard.cards.keyring import KeyRing
from onecard.cards.technology import CardFormat
from onecard.desk.operations import store
from onecard.desk.operations.model import Operation
from onecard.desk.operations.scripts import Scribe
from onecard.ledger.service import Ledger


@dataclass(frozen=True, slots=True)
class Desk:
    """Where operations are carried out: the doors used, in whose name, at which desk.

    Attributes:
        name: of the desk; two desks have two names.
        chosen: what the tenant's cards are like.
        ring: the tenant's card keys; None for a tenant whose cards hold nothing.
        lease_s: how long nobody else takes up what this desk began.
    """

    db: Database
    ledger: Ledger
    tenant_id: int
    actor: Actor
    name: str
    chosen: CardFormat
    ring: KeyRing | None
    lease_s: int = store.LEASE_S

    def tx(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction of the desk's tenant in its clerk's name."""
        return self.db.tenant_tx(self.tenant_id, self.actor)

    def scribe(self, operation: Operation) -> Scribe:
        """Who spells the operation out for its card."""
        assert self.ring and operation.identity  # noqa: S101, PT018  only cards with keys are written to
        return Scribe(self.ring, operation.identity, self.chosen.layout)
