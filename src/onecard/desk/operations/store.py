"""Operations in the database."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.cards.keys import CardIdentity, Role
from onecard.cards.oc1.records import Purse
from onecard.desk.operations.model import After, Draft, Kind, Load, Operation, Part, PartState, State, Step
from onecard.desk.operations.sighting import CardRow, Known
from onecard.ledger.model import BookKind
from onecard.ledger.service import open_book

LEASE_S = 15
GRACE_S = 3  # for a posting that was on its way when a lease ended
sql = load_queries("onecard.desk.operations")
_part = msgspec.json.Decoder(Part)
_WORDS = {
    State.PREPARED: "is at work",
    State.WRITING: "is at work",
    State.IN_DOUBT: "was interrupted",
}


class BusyError(ConflictError):
    """Another desk acts on this card or account, or an interrupted operation waits for its card.

    Attributes:
        operation_id: which.
    """

    def __init__(self, sentence: str, operation_id: int | None) -> None:
        super().__init__(sentence)
        self.operation_id = operation_id


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a part, and the posting that made it so."""

    n: int
    state: PartState
    posting_key: UUID | None = None


async def insert(tx: Tx, draft: Draft, *, desk: str, lease_s: int) -> Operation:
    """Write an operation down.

    Raises:
        asyncpg.UniqueViolationError: its card or account has an open one; the transaction is lost, and
            `explain_busy` in another says more.
    """
    identity = draft.identity
    row = await sql.insert(
        tx.connection, tenant_id=tx.tenant_id, kind=draft.kind.value, account_id=draft.account_id,
        card_id=draft.card_id, uid=_name(draft),
        life=[identity.generation, identity.key_version] if identity else [None, None],
        clerk=[desk, str(tx.actor), draft.reason], amount_fen=draft.amount_fen,
        words=[msgspec.json.encode(each).decode() for each in (draft.before, draft.after)],
        follows=draft.follows, lease_s=lease_s,
    )  # fmt: skip
    await sql.insert_parts(
        tx.connection, tenant_id=tx.tenant_id, operation_id=row["id"],
        kinds=[type(each).__struct_config__.tag for each in draft.parts],
        bodies=[msgspec.json.encode(each).decode() for each in draft.parts],
        moneys=[Step(0, each).money is not None for each in draft.parts],
    )  # fmt: skip
    return Operation(
        id=row["id"], kind=draft.kind, state=State.PREPARED, account_id=draft.account_id,
        card_id=draft.card_id, identity=identity, desk=desk, actor=str(tx.actor), reason=draft.reason,
        amount_fen=draft.amount_fen, before=draft.before, after=draft.after, follows=draft.follows,
        trouble="", lease_until_us=_us(row["lease_until"]), created_at_us=_us(row["created_at"]),
        steps=tuple(Step(n, part) for n, part in enumerate(draft.parts)),
    )  # fmt: skip


def _name(draft: Draft) -> str | None:
    uid = draft.identity.uid if draft.identity else draft.uid
    return uid.hex().upper() if uid else None


async def explain_busy(tx: Tx, draft: Draft) -> BusyError:
    """Who is at work on the card or the account of a draft that could not be written down."""
    uid, account_id = _name(draft), draft.account_id
    others = [
        row
        async for row in sql.open_of(
            tx.connection, tenant_id=tx.tenant_id, uid=uid, account_id=account_id, grace_s=GRACE_S
        )
    ]
    if not others:
        message = "Another desk was just at work on this card or account; try again."
        return BusyError(message, None)
    other = others[0]
    what = other["kind"].replace("_", " ")
    words = _WORDS[State(other["state"])] if other["is_leased"] else "was interrupted"
    whose = "this card" if uid and other["uid"] == uid else "this account"
    message = f"Operation {other['id']} ({what}) {words} on {whose} at desk {other['desk']}."
    return BusyError(message, other["id"])


async def operation(tx: Tx, operation_id: int) -> Operation:
    """An operation with its parts.

    Raises:
        NotFoundError: there is none.
    """
    row = await sql.operation(tx.connection, tenant_id=tx.tenant_id, id=operation_id)
    if row is None:
        message = f"There is no operation {operation_id}."
        raise NotFoundError(message)
    parts = sql.parts(tx.connection, tenant_id=tx.tenant_id, operation_id=operation_id)
    steps = [
        Step(each["n"], _part.decode(each["body"].encode()), PartState(each["state"])) async for each in parts
    ]
    return _operation(row, steps)


def _us(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000)


def _operation(row: Mapping[str, Any], steps: Sequence[Step]) -> Operation:
    identity = None
    if row["uid"] and row["generation"] is not None:
        identity = CardIdentity(
            uid=bytes.fromhex(row["uid"]), generation=row["generation"], key_version=row["key_version"]
        )
    return Operation(
        id=row["id"],
        kind=Kind(row["kind"]),
        state=State(row["state"]),
        account_id=row["account_id"],
        card_id=row["card_id"],
        identity=identity,
        desk=row["desk"],
        actor=row["actor"],
        reason=row["reason"],
        amount_fen=row["amount_fen"],
        before=msgspec.json.decode(row["before"]),
        after=msgspec.json.decode(row["after"], type=After),
        follows=row["follows"],
        trouble=row["trouble"],
        lease_until_us=_us(row["lease_until"]),
        created_at_us=_us(row["created_at"]),
        steps=tuple(steps),
    )


async def advance(
    tx: Tx, operation_id: int, before: Iterable[State], state: State, *, lease_s: int, trouble: str = ""
) -> int | None:
    """Take an operation from one of the states `before` to another, with a new lease.

    Returns:
        When the lease ends, in microseconds since 1970; None when it was in none of those states.

    Raises:
        BusyError: its account has another one under way.
    """
    try:
        found = await sql.advance(
            tx.connection, tenant_id=tx.tenant_id, id=operation_id, before=[each.value for each in before],
            state=state.value, lease_s=lease_s, trouble=trouble,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        message = "Another operation is under way on this account; try again when it has ended."
        raise BusyError(message, None) from None
    return None if found is None else _us(found)


async def decide(tx: Tx, operation_id: int, decided: Sequence[Decided]) -> None:
    """Note what became of parts."""
    await sql.set_parts(
        tx.connection, tenant_id=tx.tenant_id, operation_id=operation_id,
        ns=[each.n for each in decided], states=[each.state.value for each in decided],
        posting_keys=[each.posting_key for each in decided],
    )  # fmt: skip


async def posted(tx: Tx, keys: Iterable[UUID]) -> frozenset[UUID]:
    """Those of the keys that are postings."""
    return frozenset(
        [row["key"] async for row in sql.posted(tx.connection, tenant_id=tx.tenant_id, keys=list(keys))]
    )


async def card_row(tx: Tx, uid: bytes) -> CardRow | None:
    """The server's words about the card with a UID."""
    row = await sql.card_of_uid(tx.connection, tenant_id=tx.tenant_id, uid=uid.hex().upper())
    return CardRow(**row) if row else None


async def cards_of(tx: Tx, person_id: int) -> list[CardRow]:
    """A person's cards that are not ended, newest first."""
    rows = sql.cards_of_person(tx.connection, tenant_id=tx.tenant_id, person_id=person_id)
    return [CardRow(**row) async for row in rows]


async def known(tx: Tx, card_id: int) -> dict[Role, Known]:
    """What desks last knew of a card's purses."""
    rows = sql.known_purses(tx.connection, tenant_id=tx.tenant_id, card_id=card_id)
    return {
        Role(row["role"]): Known(**{name: value for name, value in row.items() if name != "role"})
        async for row in rows
    }


async def know(tx: Tx, card_id: int, purses: Mapping[Role, Purse]) -> None:
    """Remember what a card holds."""
    if purses:
        await sql.know_purses(
            tx.connection, tenant_id=tx.tenant_id, card_id=card_id, roles=list(purses),
            counters=[each.counter for each in purses.values()],
            desk_seqs=[each.desk_seq for each in purses.values()],
            cashes=[each.cash_fen for each in purses.values()],
            subsidies=[each.subsidy_fen for each in purses.values()],
        )  # fmt: skip


async def take_loads(tx: Tx, loads: Sequence[int], operation_id: int | None) -> None:
    """Let an operation take loads along; None gives them back."""
    if loads:
        await sql.take_loads(
            tx.connection, tenant_id=tx.tenant_id, ids=list(loads), operation_id=operation_id
        )


async def set_amount(tx: Tx, operation_id: int, amount_fen: int) -> None:
    """An operation of which only some happened shows what happened."""
    await sql.set_amount(tx.connection, tenant_id=tx.tenant_id, id=operation_id, amount_fen=amount_fen)


async def stale(tx: Tx) -> list[int]:
    """Operations whose desk has not been heard of since its lease ended, oldest first."""
    rows = sql.stale(tx.connection, tenant_id=tx.tenant_id, grace_s=GRACE_S)
    return [row["id"] async for row in rows]


async def apply(tx: Tx, operation: Operation) -> None:
    """What a confirmed operation makes of the card's row, the plastic and the holder."""
    after = operation.after
    if after == After():
        return
    if operation.card_id is not None:
        await sql.change_card(
            tx.connection, tenant_id=tx.tenant_id, card_id=operation.card_id, state=after.state,
            valid_until=after.valid_until, key_version=after.key_version, number=after.number,
        )  # fmt: skip
    if after.stock and operation.identity:
        await sql.change_stock(
            tx.connection, tenant_id=tx.tenant_id, uid=operation.identity.uid.hex().upper(), state=after.stock
        )
    if after.class_id is not None and operation.account_id is not None:
        await sql.change_class(
            tx.connection, tenant_id=tx.tenant_id, person_id=operation.account_id, class_id=after.class_id
        )


async def end_life(tx: Tx, operation: Operation) -> None:
    """The life that an issue had begun is over before it was one."""
    await sql.change_card(
        tx.connection, tenant_id=tx.tenant_id, card_id=operation.card_id, state="void", valid_until=None,
        key_version=None, number=None,
    )  # fmt: skip


async def open_operation(tx: Tx, uid: str) -> tuple[Operation | None, bool]:
    """What is under way with a card, and whether its desk has not been heard of since its lease ended."""
    rows = sql.open_of(tx.connection, tenant_id=tx.tenant_id, uid=uid, account_id=None, grace_s=GRACE_S)
    found = [row async for row in rows]
    if not found:
        return None, False
    return await operation(tx, found[0]["id"]), found[0]["is_left_behind"]


async def is_elsewhere(tx: Tx, uid: str) -> bool:
    """Whether another tenant of this installation knows the UID."""
    return bool(await sql.is_elsewhere(tx.connection, tenant_id=tx.tenant_id, uid=uid))


async def loads(tx: Tx, account_id: int) -> dict[Role, tuple[tuple[int, ...], int, int]]:
    """What waits for the card of an account, by purse: ids, cash and subsidy in fen."""
    rows = sql.loads(tx.connection, tenant_id=tx.tenant_id, account_id=account_id)
    found: dict[Role, tuple[tuple[int, ...], int, int]] = {}
    async for row in rows:
        ids, cash, subsidy = found.get(Role(row["role"]), ((), 0, 0))
        found[Role(row["role"])] = ((*ids, row["id"]), cash + row["cash_fen"], subsidy + row["subsidy_fen"])
    return dict(sorted(found.items()))


async def add_load(tx: Tx, account_id: int, load: Load, *, reason: str) -> None:
    """Let money that stands at the server wait for the card."""
    await sql.insert_load(
        tx.connection, tenant_id=tx.tenant_id, account_id=account_id, role=load.role, cash_fen=load.cash_fen,
        subsidy_fen=load.subsidy_fen, reason=reason,
    )  # fmt: skip


async def drawer(tx: Tx, desk: str) -> int:
    """The book of a desk's cash drawer, opened when it has none."""
    book = await sql.drawer(tx.connection, tenant_id=tx.tenant_id, desk=desk)
    if book is None:
        fresh = await open_book(tx, BookKind.DRAWER)
        book = await sql.insert_drawer(tx.connection, tenant_id=tx.tenant_id, desk=desk, book_id=fresh)
        book = book or await sql.drawer(tx.connection, tenant_id=tx.tenant_id, desk=desk)
    return int(book)
