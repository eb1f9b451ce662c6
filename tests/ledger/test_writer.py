"""The writer keeps answering: it stops at any moment and outlives what nobody could foresee."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from msgspec.structs import replace
from town import Town

from onecard.base.db import SYSTEM
from onecard.base.embedded import Logins
from onecard.base.status import Status
from onecard.ledger import proofs
from onecard.ledger.model import AnyRequest, BookKind, PostingKind, Terms
from onecard.ledger.service import open_accounts, open_book
from onecard.ledger.store import Session
from onecard.ledger.term import LeaseLostError, LedgerFailureError
from onecard.ledger.writer import Writer
from onecard.tenants import service as tenants

StartWriter = Callable[..., Awaitable[Writer]]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that stops gives up later than any machine is slow."""
    monkeypatch.setattr("onecard.ledger.writer._DRAIN_S", 60.0)


@pytest.mark.usefixtures("patient")
async def test_it_stops_at_once_in_the_moment_of_an_answer(start_writer: StartWriter, town: Town) -> None:
    for _ in range(10):
        writer = await start_writer()
        await town.fund(writer)
        await writer.post(town.sale("ann", 1))
        async with asyncio.timeout(30):
            await writer.stop()


@pytest.mark.usefixtures("patient")
async def test_what_waits_is_answered_before_it_stops(start_writer: StartWriter, town: Town) -> None:
    writer = await start_writer()
    await town.fund(writer)
    asked = [asyncio.create_task(writer.post(town.sale("ann", 1))) for _ in range(200)]
    await asyncio.sleep(0)
    await writer.stop()
    assert [answer.ok for answer in await asyncio.gather(*asked)] == [True] * 200
    with pytest.raises(LeaseLostError):
        await writer.post(town.sale("ann", 1))


async def test_batches_commit_in_turn(
    start_writer: StartWriter, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Large ones and small ones behind them: the database never has two, so none overtakes another."""
    inside = [0]
    commit = Session.commit

    async def watched(self: Session, arguments: list[object]) -> int:
        inside.append(inside[-1] + 1)
        try:
            return await commit(self, arguments)
        finally:
            inside.append(inside[-1] - 1)

    monkeypatch.setattr(Session, "commit", watched)
    writer = await start_writer()
    await town.fund(writer)
    asked = []
    for size in (30, 1) * 3:
        asked += [asyncio.create_task(writer.post(town.sale("ann", 1))) for _ in range(size)]
        await asyncio.sleep(0)
    left = [answer.parts[0].balance_fen for answer in await asyncio.gather(*asked)]
    assert left == list(range(left[0], left[0] - len(asked), -1))
    assert set(inside) == {0, 1}


IMPOSSIBLE: list[Callable[[AnyRequest], AnyRequest]] = [
    lambda sale: replace(sale, merchant_book=2**63),
    lambda sale: replace(sale, account_id=2**63),
    lambda sale: replace(sale, source_id=2**63),
    lambda sale: replace(sale, card_id=2**63),
    lambda sale: replace(sale, source=2**15),
    lambda sale: replace(sale, occurred_at_us=2**62),
    lambda sale: replace(sale, memo="\0"),
    lambda sale: replace(sale, tenant_id=2**40),
    lambda sale: replace(sale, business_day=date.min),
    lambda sale: replace(sale, terms=Terms(day_limit_fen="much")),
]


@pytest.mark.parametrize("number", range(len(IMPOSSIBLE)))
async def test_an_impossible_request_harms_nobody_else(
    number: int, start_writer: StartWriter, town: Town, urls: Logins
) -> None:
    writer = await start_writer()
    await town.fund(writer)
    right = [town.sale("ann", 1) for _ in range(20)]
    wrong = IMPOSSIBLE[number](town.sale("bob", 1))
    asked = [*right[:10], wrong, *right[10:]]
    async with asyncio.timeout(60):
        answers = await asyncio.gather(*map(writer.post, asked), return_exceptions=True)
    mine = answers.pop(10)
    assert all(not isinstance(answer, BaseException) and answer.ok for answer in answers), answers
    assert isinstance(mine, LedgerFailureError) or mine.status in {Status.MALFORMED, Status.OK}, mine
    assert (await writer.post(town.sale("ann", 1))).ok
    assert all(proof.ok for proof in await proofs.check(town.db, urls.engine, [town.tenant_id]))


async def test_accounts_that_were_forgotten_are_read_again(
    start_writer: StartWriter, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onecard.ledger.term._CACHED_ACCOUNTS", 1)
    writer = await start_writer()
    await town.fund(writer)
    for _ in range(3):
        both = [town.sale("ann", 1), town.sale("bob", 1), town.sale("zoe", 1)]
        answers = await asyncio.gather(*map(writer.post, both))
        assert [answer.status for answer in answers] == [Status.OK, Status.OK, Status.ACCOUNT_UNKNOWN]


async def test_an_account_opened_later_is_found(start_writer: StartWriter, town: Town) -> None:
    writer = await start_writer()
    assert (await writer.post(town.sale("zoe", 1))).status is Status.ACCOUNT_UNKNOWN
    town.people["zoe"] = 77
    async with town.db.tenant_tx(town.tenant_id, SYSTEM) as tx:
        await open_accounts(tx, [77])
    assert (await writer.post(town.top_up("zoe", 1))).ok


async def test_the_same_key_at_once_is_posted_once(start_writer: StartWriter, town: Town) -> None:
    writer = await start_writer()
    await town.fund(writer)
    sale = town.sale("ann", 5_00)
    other = replace(sale, amount_fen=6_00)
    answers = await asyncio.gather(*map(writer.post, [sale, sale, other, sale]))
    assert [answer.status for answer in answers] == [Status.OK, Status.OK, Status.KEY_REUSED, Status.OK]
    assert [answer.duplicate for answer in answers] == [False, True, False, True]
    assert answers[3].balances is not None
    assert answers[3].balances.cash == 97_00


async def test_an_old_key_twice_at_once_gets_the_first_answer(start_writer: StartWriter, town: Town) -> None:
    writer = await start_writer()
    await town.fund(writer)
    sale = town.sale("ann", 5_00)
    first = await writer.post(sale)
    answers = await asyncio.gather(*map(writer.post, [sale, sale, sale]))
    assert [answer.parts for answer in answers] == [first.parts] * 3


async def test_corrections_of_one_posting_at_once_never_give_back_too_much(
    start_writer: StartWriter, town: Town
) -> None:
    writer = await start_writer()
    await town.fund(writer)
    sale = town.sale("ann", 5_00)
    requests = [sale, *(town.reversal(sale.key, 1_00) for _ in range(9))]
    statuses = [answer.status for answer in await asyncio.gather(*map(writer.post, requests))]
    assert statuses == [Status.OK] * 6 + [Status.REVERSED_TOO_MUCH] * 4


async def test_a_tenant_without_suspense_keeps_offline_sales_of_strangers_out(
    start_writer: StartWriter, town: Town
) -> None:
    bare = await tenants.create(town.db, SYSTEM, code="1200", name="Bare")
    async with town.db.tenant_tx(bare, SYSTEM) as tx:
        canteen = await open_book(tx, BookKind.MERCHANT)
    writer = await start_writer()
    sale = replace(town.sale("zoe", 5_00, offline=True), tenant_id=bare, merchant_book=canteen)
    assert (await writer.post(sale)).status is Status.BOOK_UNKNOWN


async def test_many_postings_at_once_add_up(start_writer: StartWriter, town: Town, urls: Logins) -> None:
    writer = await start_writer()
    await town.fund(writer)
    requests = []
    for number in range(600):
        requests.append(town.sale("ann" if number % 3 else "bob", 4, at="shop" if number % 2 else "canteen"))
        if number % 5 == 0:
            requests.append(town.journal(PostingKind.TRANSFER, ("ann.cash", "bob.cash", 1)))
    answers = await asyncio.gather(*map(writer.post, requests))
    assert {answer.status for answer in answers} == {Status.OK, Status.BALANCE_TOO_LOW}
    assert all(proof.ok for proof in await proofs.check(town.db, urls.engine, [town.tenant_id]))
