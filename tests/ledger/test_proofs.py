"""Each proof notices its fault: one thing is changed behind the ledger's back, as only a superuser can.

The history has everything a proof looks at: a sale over two purses, given back in part, an open hold, a debt
that was collected, a refusal. Next to each change stand all proofs that must fail, and no other may.
"""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest
from town import Town

from onecard.base.embedded import Logins
from onecard.base.pgserver import EmbeddedPostgres
from onecard.ledger import proofs
from onecard.ledger.writer import Writer

LUNCH, UNDO, MEAL, CHARGE = (UUID(int=(8 << 76) + number) for number in range(1, 5))
KEYS = {"lunch": LUNCH, "undo": UNDO, "meal": MEAL, "charge": CHARGE}

TABLES = ("head", "batch", "book", "line", "refusal", "hold", "reversal")

# what is changed, which proofs fail, what the first of them says; {lunch} … are keys, {ann.cash} … books
TAMPERED = [
    (
        "update ledger.line set debit_book = -5 where key = {lunch} and leg = 2",
        {"lines_are_possible", "balances_are_sums", "histories_chain", "chain_holds"}
        | {"corrections_fit", "counters_recount"},
        "line {lunch}/2 (batch",
    ),
    (
        "update ledger.line set credit_seq = 9 where key = {lunch} and leg = 1",
        {"lines_are_possible", "chain_holds"},
        "line {lunch}/1 (batch",
    ),
    (
        "update ledger.book set balance_fen = balance_fen + 1 where id = {canteen}",
        {"balances_are_sums", "money_is_conserved"},
        "book {canteen} holds 301 fen, its lines add up to 300",
    ),
    (
        (
            "update ledger.book set balance_fen = balance_fen + case id when {canteen} then 1 else -1 end"
            " where id in ({canteen}, {shop})"
        ),
        {"balances_are_sums"},
        "book {canteen} holds 301 fen",
    ),
    (
        "update ledger.book set balance_fen = balance_fen + 1 where id = {ann.cash}",
        {"balances_are_sums", "histories_chain", "money_is_conserved"},
        "book {ann.cash} holds",
    ),
    (
        "update ledger.book set seq = seq + 1 where id = {ann.cash}",
        {"histories_chain"},
        "book {ann.cash} counts",
    ),
    (
        "update ledger.line set debit_balance_fen = debit_balance_fen + 1 where key = {lunch} and leg = 2",
        {"histories_chain", "chain_holds"},
        "line {lunch}/2 leaves book {ann.cash} at",
    ),
    (
        "update ledger.hold set state = 'released' where key = {meal}",
        {"histories_chain", "floors_hold"},
        "book {ann.cash} counts",
    ),
    (
        "update ledger.book set held_fen = held_fen + 1 where id = {ann.cash}",
        {"floors_hold"},
        "book {ann.cash} has 9900 fen with 101 held; open holds say 100",
    ),
    (
        "update ledger.book set floor_fen = null where id = {bob.water}",
        {"floors_hold"},
        "book {bob.water} has 0 fen",
    ),
    (
        (
            "insert into ledger.refusal (tenant_id, key, fingerprint, status, batch)"
            " values ({tenant}, {lunch}, 1, 600, 1)"
        ),
        {"keys_are_used_once"},
        "key {lunch}: it is refused and posted",
    ),
    (
        (
            "insert into ledger.refusal (tenant_id, key, fingerprint, status, batch)"
            " values ({tenant}, {meal}, 1, 600, 1)"
        ),
        {"keys_are_used_once"},
        "key {meal}: it is refused and held",
    ),
    (
        "update ledger.line set leg = 7 where key = {undo}",
        {"keys_are_used_once", "chain_holds"},
        "key {undo}: its lines are incomplete or disagree",
    ),
    (
        "update ledger.reversal set amount_fen = amount_fen - 1 where key = {undo}",
        {"corrections_fit"},
        "key {lunch}: more or otherwise given back than taken",
    ),
    (
        "delete from ledger.reversal where key = {undo}",
        {"corrections_fit", "counters_recount"},
        "key {undo}: a reversal of nothing",
    ),
    (
        "update ledger.book set usage_day_fen = usage_day_fen - 1 where id = {ann.subsidy}",
        {"counters_recount"},
        "book {ann.subsidy} counts 199 fen in 1 sales of its day, a recount 200 in 1",
    ),
    (
        "update ledger.book set usage_meal_count = 5 where id = {ann.cash}",
        {"counters_recount"},
        "book {ann.cash} counts",
    ),
    (
        "update ledger.line set source_id = 8 where key = {charge} and leg = 1",
        {"chain_holds"},
        "a line of batch ",
    ),
    (
        "update ledger.line set occurred_at = occurred_at + interval '1 us' where key = {charge} and leg = 1",
        {"chain_holds"},
        "a line of batch ",
    ),
    (
        "update ledger.batch set lines = lines + 1 where id = 2",
        {"chain_holds"},
        "batch 2 was written with",
    ),
    (
        "update ledger.batch set hash = sha256(hash) where id = 2",
        {"chain_holds"},
        "batch 2 does not follow from the one before it",
    ),
    (
        "delete from ledger.batch where id = (select max(id) from ledger.batch)",
        {"chain_holds"},
        "the chain's head is at batch",
    ),
    (
        "update ledger.head set hash = sha256(hash)",
        {"chain_holds"},
        "the chain's head is at batch",
    ),
]


async def live(town: Town, engine_url: str) -> None:
    """Everything that a proof looks at happens once."""
    writer = Writer(engine_url)
    await writer.start()
    await town.fund(writer)
    for request in (
        town.sale("ann", 5_00, key=LUNCH),
        town.reversal(LUNCH, 2_00, key=UNDO),
        town.hold("ann", 1_00, key=MEAL),
        town.sale("bob", 8_00, at="shop", offline=True),
        town.top_up("bob", 3_00, key=CHARGE),
    ):
        assert (await writer.post(request)).ok
    assert not (await writer.post(town.sale("bob", 1_00))).ok
    await writer.stop()


@pytest.fixture
async def superuser(postgres: EmbeddedPostgres, urls: Logins) -> AsyncIterator[asyncpg.Connection]:
    database = urls.engine.partition("?")[0].rpartition("/")[2]
    connection = await asyncpg.connect(postgres.url(database=database))
    yield connection
    await connection.close()


async def names(superuser: asyncpg.Connection, town: Town) -> dict[str, str]:
    """What stands for the words in braces: keys, books, the tenant."""
    found = {name: f"'{key}'" for name, key in KEYS.items()} | {"tenant": str(town.tenant_id)}
    found |= {name: str(book) for name, book in town.books.items()}
    people = {number: name for name, number in town.people.items()}
    purses = {1: "cash", 2: "subsidy", 3: "bonus", 4: "water", 5: "owes"}
    rows = await superuser.fetch("select id, account_id, kind from ledger.book where account_id is not null")
    return found | {f"{people[row['account_id']]}.{purses[row['kind']]}": str(row["id"]) for row in rows}


def filled(text: str, values: dict[str, str], *, quoted: bool) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value if quoted else value.strip("'"))
    return text


async def back_up(superuser: asyncpg.Connection) -> None:
    """Keep the ledger as it is; from now on foreign keys do not hinder this connection."""
    await superuser.execute("set session_replication_role = replica; create schema kept")
    for table in TABLES:
        await superuser.execute(f"create table kept.{table} as table ledger.{table}")


async def restore(superuser: asyncpg.Connection) -> None:
    for table in TABLES:
        await superuser.execute(f"delete from ledger.{table}")  # noqa: S608  our own names
        await superuser.execute(f"insert into ledger.{table} overriding system value table kept.{table}")


async def outcome(town: Town, urls: Logins) -> dict[str, proofs.Proof]:
    found = await proofs.check(town.db, urls.engine, [town.tenant_id])
    return {proof.name: proof for proof in found}


async def test_each_proof_notices_its_fault_and_names_it(
    town: Town, urls: Logins, superuser: asyncpg.Connection
) -> None:
    await live(town, urls.engine)
    values = await names(superuser, town)
    assert all(proof.ok for proof in (await outcome(town, urls)).values())
    await back_up(superuser)
    wrong = []
    for change, expected, says in TAMPERED:
        await superuser.execute(filled(change, values, quoted=True))
        found = await outcome(town, urls)
        await restore(superuser)
        failed = {name for name, proof in found.items() if not proof.ok}
        first = next((proof.detail for proof in found.values() if not proof.ok), "nothing")
        told = any(filled(says, values, quoted=False) in found[name].detail for name in expected)
        if failed != expected or not told:
            wrong.append((change, failed ^ expected, first))
    assert not wrong, "\n".join(map(str, wrong))
    assert all(proof.ok for proof in (await outcome(town, urls)).values())
