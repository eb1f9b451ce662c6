"""Postings of a part: straight when the card said yes at once, by way of suspense when it was in doubt.

Each of them has a key of its own that is kept with the part, so that whoever takes an operation up asks for
the same posting again and gets the same answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from onecard.desk.operations.model import Captured, Money, Operation
from onecard.ledger.model import (
    AnyRequest,
    Capture,
    Journal,
    Leg,
    Place,
    PostingKind,
    Release,
    Source,
)


@dataclass(frozen=True, slots=True)
class Postings:
    """Makes the postings of an operation.

    Attributes:
        tenant_id: whose.
        operation: what they belong to; their memo names it.
        business_day: of the operation's beginning.
        suspense: the tenant's book for money in doubt.
    """

    tenant_id: int
    operation: Operation
    business_day: date
    suspense: int

    def direct(self, money: Money) -> AnyRequest:
        """The posting of a part that is confirmed without ever having been in doubt.

        It is refused after the operation's lease, when others may have taken the operation up.
        """
        deadline = self.operation.lease_until_us
        if isinstance(money, Captured):
            return self._capture(money, deadline)
        return self._journal(money.keys.direct, money.kind, money.legs, deadline)

    def doubt(self, money: Money) -> AnyRequest | None:
        """Into suspense; None when the money is aside already."""
        if isinstance(money, Captured):
            return None
        legs = [Leg(leg.debit, self._suspense, leg.amount_fen) for leg in money.legs]
        return self._moved(money.keys.doubt, PostingKind.ADJUSTMENT, legs)

    def settle(self, money: Money) -> AnyRequest | None:
        """Out of suspense to where it was meant to go; None when it was meant to stay there."""
        if isinstance(money, Captured):
            return self._capture(money, None)
        legs = [Leg(self._suspense, leg.credit, leg.amount_fen) for leg in money.legs]
        return self._moved(money.keys.settle, money.kind, legs)

    def undo(self, money: Money, *, doubted: bool) -> AnyRequest | None:
        """Out of suspense to where it came from; None when nothing moved."""
        if isinstance(money, Captured):
            return Release(**self._common(), key=money.keys.undo, hold=money.hold)
        if not doubted:
            return None
        legs = [Leg(self._suspense, leg.debit, leg.amount_fen) for leg in money.legs]
        return self._moved(money.keys.undo, PostingKind.ADJUSTMENT, legs)

    @property
    def _suspense(self) -> Place:
        return Place(self.suspense)

    def _capture(self, money: Captured, deadline_us: int | None) -> Capture:
        # one key for both ways: a hold can be captured only once
        return Capture(
            **self._common() | {"meal": money.meal},
            key=money.keys.direct if deadline_us else money.keys.settle,
            hold=money.hold,
            merchant_book=money.merchant_book,
            amount_fen=money.amount_fen,
            deadline_us=deadline_us,
        )

    def _moved(self, key: UUID, kind: int, legs: Iterable[Leg]) -> Journal | None:
        """What begins or ends in suspense anyhow has no way to go."""
        away = [leg for leg in legs if leg.debit != leg.credit]
        return self._journal(key, kind, away) if away else None

    def _journal(self, key: UUID, kind: int, legs: Iterable[Leg], deadline_us: int | None = None) -> Journal:
        return Journal(**self._common(), key=key, kind=kind, legs=tuple(legs), deadline_us=deadline_us)

    def _common(self) -> dict[str, Any]:
        operation = self.operation
        return {
            "tenant_id": self.tenant_id,
            "business_day": self.business_day,
            "occurred_at_us": operation.created_at_us,
            "source": Source.OPERATOR,
            "source_id": operation.id,
            "card_id": operation.card_id,
            "memo": f"{operation.kind.value} {operation.id}",
        }
