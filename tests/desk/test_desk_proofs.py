"""The proof of operations notices each kind of fault, put there behind the product's back."""

from urllib.parse import urlsplit

import asyncpg
import pytest
from hall import Hall, the

from onecard.base.embedded import Logins
from onecard.base.pgserver import EmbeddedPostgres
from onecard.cards.virtual.tear import Tear, Torn
from onecard.desk.operations.purses import Amounts, top_up
from onecard.desk.proofs import check

_UNNAMED = (
    "update desk.part set body = jsonb_set(body, '{money,keys,doubt}', body #> '{money,keys,undo}')"
    " where operation_id = (select min(operation_id) from desk.part)"
)
_STUCK = (
    "update ledger.line set key = gen_random_uuid() where key in"
    " (select (body #>> '{money,keys,undo}')::uuid from desk.part)"
)
FAULTS = [
    ("update desk.part set state = 'void', posting_key = null where n = 0", "is void, and its money moved"),
    ("update ledger.line set source_id = 99 where source = 1", "not by a posting of its own"),
    ("update desk.part set state = 'planned', posting_key = null", "is open in an operation that has ended"),
    (_UNNAMED, "that no part of it names"),
    (_STUCK, "is decided, and its money is still in suspense"),
]


async def _history(hall: Hall) -> None:
    """A top-up that was torn and undone, and one that went well."""
    chip, row = await hall.card(cash=10_00)
    place = hall.workplace(chip)
    sighting = await place.look()
    chip.tear = Tear(chip.writes + 1, Torn.ZERO)
    await top_up(place, row, Amounts(50_00), sighting=sighting)
    the(place.reader).insert(chip)
    await top_up(place, row, Amounts(20_00), sighting=await place.look())


async def test_an_honest_history_is_proven(hall: Hall, urls: Logins) -> None:
    await _history(hall)
    proofs = await check(hall.db, urls.engine, [hall.tenant_id])
    assert [one for one in proofs if not one.ok] == []
    assert next(one for one in proofs if one.name == "operations_and_money_agree").checked == 2


@pytest.mark.parametrize(("statement", "says"), FAULTS)
async def test_a_fault_is_named(
    hall: Hall, urls: Logins, postgres: EmbeddedPostgres, statement: str, says: str
) -> None:
    await _history(hall)
    name = urlsplit(urls.engine).path.strip("/")
    owner = await asyncpg.connect(postgres.url(database=name))
    await owner.execute("alter table desk.part drop constraint part_check")
    await owner.execute(statement)
    await owner.close()
    proofs = await check(hall.db, urls.engine, [hall.tenant_id])
    fault = next(one for one in proofs if one.name == "operations_and_money_agree")
    assert not fault.ok
    assert says in fault.detail
