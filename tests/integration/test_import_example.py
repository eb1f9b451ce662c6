"""The whole thread: a real spreadsheet program's workbook becomes persons, accounts and cards."""

from onecard.base.db import SYSTEM, Database
from onecard.base.vault import Vault
from onecard.cards import service as cards
from onecard.desk.examples import WORKBOOK, prepare_example_tenant
from onecard.desk.model import Verdict
from onecard.desk.people_import import import_people
from onecard.ledger.service import balances
from onecard.people import service as people


async def test_the_example_workbook_is_imported_whole_and_only_once(db: Database, vault: Vault) -> None:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    first = await import_people(db, vault, SYSTEM, tenant_id=tenant_id, path=WORKBOOK)
    assert first.applied
    assert first.plan.counts == {"new": 500, "changed": 0, "unchanged": 0, "wrong": 0}
    second = await import_people(db, vault, SYSTEM, tenant_id=tenant_id, path=WORKBOOK)
    assert second.plan.counts == {"new": 0, "changed": 0, "unchanged": 500, "wrong": 0}
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        everybody = await people.persons(tx, most=1000)
        assert len(await balances(tx, [person.id for person in everybody])) == 500
        uids = [line.cells[7] for line in first.sheet.lines]
        holders = await cards.resolve(tx, uids)
        assert {holder.person_id for holder in holders.values()} == {person.id for person in everybody}
        assert all(person.phone and person.phone.startswith("199") for person in everybody)


async def test_id_numbers_lie_encrypted_and_come_back(db: Database, vault: Vault) -> None:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    outcome = await import_people(db, vault, SYSTEM, tenant_id=tenant_id, path=WORKBOOK)
    given = {line.cells[0]: line.cells[5] for line in outcome.sheet.lines if line.cells[5]}
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        for person in await people.persons_named(tx, numbers=list(given), phones=[]):
            assert await people.id_number(tx, vault, person.id) == given[person.number]
        dump = await tx.connection.fetchval("select string_agg(p::text, '') from people.person p")
    assert len(given) == 25
    assert not any(number in dump or number.encode().hex() in dump for number in given.values())


async def test_a_preview_saves_nothing(db: Database, vault: Vault) -> None:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    outcome = await import_people(db, vault, SYSTEM, tenant_id=tenant_id, path=WORKBOOK, preview=True)
    assert not outcome.applied
    assert outcome.plan.counts[Verdict.NEW] == 500
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        assert await people.persons(tx) == []
