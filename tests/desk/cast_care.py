"""What tests of cards in use need beside the hall: cards in other states, online ones, terminals, proofs."""

from dataclasses import replace
from datetime import UTC, datetime

from hall import Hall

from onecard.base.clock import now_us
from onecard.base.db import SYSTEM
from onecard.base.embedded import Logins
from onecard.base.ids import uuid7
from onecard.cards.technology import CardFormat, Mode
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.desk import proofs
from onecard.desk.operations import store
from onecard.desk.operations.sighting import CardRow
from onecard.devices import black, datasets, service
from onecard.devices.model import Presence
from onecard.ledger.model import BookKind, Journal, Leg, Place, PostingKind, Sale, Source, Terms
from onecard.ledger.service import system_books


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


def online(hall: Hall) -> Hall:
    """The same school with cards that are numbers only."""
    return replace(hall, chosen=CardFormat(technology="uid", mode=Mode.ONLINE), ring=None)


async def number_card(hall: Hall, **purses: int) -> tuple[Chip, CardRow]:
    """A person's card that is a number only."""
    person_id = await hall.person(**purses)
    return await another_card(hall, person_id)


async def another_card(hall: Hall, person_id: int) -> tuple[Chip, CardRow]:
    uid = (0x20000001 + next(hall.numbers)).to_bytes(4)
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute(
            "insert into cards.card (tenant_id, uid, person_id) values ($1, $2, $3)",
            hall.tenant_id, uid.hex().upper(), person_id,
        )  # fmt: skip
        row = await store.card_row(tx, uid)
    assert row
    return new_chip(uid), row


async def paid(hall: Hall, row: CardRow, *, deposit_fen: int, fee_fen: int = 0) -> None:
    """What was paid when the card was issued."""
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        await tx.connection.execute(
            "update cards.card set deposit_fen = $3, fee_fen = $4 where tenant_id = $1 and id = $2",
            hall.tenant_id, row.card_id, deposit_fen, fee_fen,
        )  # fmt: skip


async def state_of(hall: Hall, row: CardRow) -> str:
    ((state,),) = await hall.fetch("select state from cards.card where id = $1", row.card_id)
    return str(state)


async def terminal(hall: Hall, sn: str = "POS-1") -> int:
    """A certified terminal that came once and has no records."""
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        device = (await service.certify(tx, tenant_code="8672", sn=sn, merchant_id=None)).device_id
        await service.came_online(tx, device, "pos", Presence(1, 70, last=0), at=datetime.now(UTC))
    return device


async def confirms(hall: Hall, device: int) -> None:
    """The terminal says that it has the newest list."""
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        before = await datasets.state(tx, black.DATASET, device)
        assert before
        await datasets.confirm(tx, black.DATASET, before, before.wanted, None)


async def given(hall: Hall, row: CardRow, amount_fen: int) -> None:
    """Money in the account that is not on the card: a sale that the card made and nobody reported."""
    async with hall.desk().tx() as tx:
        bank = Place((await system_books(tx))[BookKind.BANK])
    leg = Leg(bank, Place(BookKind.CASH, row.person_id), amount_fen)
    answer = await hall.ledger.post(
        Journal(
            tenant_id=hall.tenant_id, key=uuid7(), business_day=hall.today, occurred_at_us=now_us(),
            source=Source.COMMAND, source_id=1, kind=PostingKind.ADJUSTMENT, legs=(leg,),
        )
    )  # fmt: skip
    assert answer.ok


async def owes(hall: Hall, row: CardRow, amount_fen: int) -> None:
    """A terminal sold without a network, whatever the account had."""
    answer = await hall.ledger.post(
        Sale(
            tenant_id=hall.tenant_id, key=uuid7(), business_day=hall.today, occurred_at_us=now_us(),
            source=Source.TERMINAL, source_id=1, account_id=row.person_id, merchant_book=hall.merchant_book,
            amount_fen=amount_fen, terms=Terms(), offline=True,
        )
    )  # fmt: skip
    assert answer.ok


async def drawer_fen(hall: Hall) -> int:
    """Cash that went into drawers, below zero what was paid out."""
    return -await hall.book_fen(BookKind.DRAWER)


async def proven(hall: Hall, urls: Logins) -> bool:
    """Whether every proof of the product holds."""
    found = await proofs.check(hall.db, urls.engine, [hall.tenant_id])
    return all(each.ok for each in found)
