"""Personnel files together with accounts and cards: who is new gets an account, who goes loses the cards.

The server refuses the cards of whoever is not active by itself; terminals that decide alone learn it from the
black list, which is changed in the same transaction.
"""

from collections.abc import Collection, Iterable
from datetime import date

from onecard.base.db import Tx, load_queries
from onecard.base.vault import Vault
from onecard.devices import black
from onecard.ledger.service import open_accounts
from onecard.people import bulk, leaving, persons
from onecard.people.model import FileDraft
from onecard.people.scope import Scope

_sql = load_queries("onecard.desk", "personnel.sql")


async def create_person(tx: Tx, vault: Vault, draft: FileDraft, *, departments: Scope = None) -> int:
    """`people.persons.create` with an account; returns the id of both."""
    person_id = await persons.create(tx, vault, draft, departments=departments)
    await open_accounts(tx, [person_id])
    return person_id


async def suspend(tx: Tx, person_id: int, *, note: str = "", departments: Scope = None) -> None:
    """`people.leaving.suspend`, and terminals refuse the cards."""
    await leaving.suspend(tx, person_id, note=note, departments=departments)
    await _refuse_cards(tx, [person_id], note or "suspended")


async def resume(tx: Tx, person_id: int, *, note: str = "", departments: Scope = None) -> None:
    """`people.leaving.resume`, and terminals take the cards again."""
    await leaving.resume(tx, person_id, note=note, departments=departments)
    await _take_cards(tx, [person_id], note or "resumed")


async def leave(tx: Tx, ids: Iterable[int], *, on: date, note: str = "", departments: Scope = None) -> None:
    """`people.leaving.leave`, and terminals refuse the cards; money is paid out when a card is returned."""
    ids = list(ids)
    await leaving.leave(tx, ids, on=on, note=note, departments=departments)
    await _refuse_cards(tx, ids, note or "left")


async def come_back(tx: Tx, person_id: int, *, note: str = "", departments: Scope = None) -> None:
    """`people.leaving.come_back`, and terminals take the cards again that were not returned."""
    await leaving.come_back(tx, person_id, note=note, departments=departments)
    await _take_cards(tx, [person_id], note or "came back")


async def carry_out(
    tx: Tx,
    action: bulk.Action,
    token: str,
    *,
    note: str = "",
    departments: Scope = None,
    progress: bulk.Progress = bulk.silent,
) -> bulk.Preview:
    """`people.bulk.carry_out`, and terminals refuse or take the cards."""
    done = await bulk.carry_out(tx, action, token, note=note, departments=departments, progress=progress)
    if isinstance(action, bulk.Graduate | bulk.Leave):
        await _refuse_cards(tx, done.ids, note or "left")
    elif isinstance(action, bulk.Suspend):
        await _refuse_cards(tx, done.ids, note or "suspended")
    elif isinstance(action, bulk.Resume):
        await _take_cards(tx, done.ids, note or "resumed")
    return done


async def _refuse_cards(tx: Tx, ids: Collection[int], reason: str) -> None:
    cards = _sql.cards_in_use(tx.connection, tenant_id=tx.tenant_id, persons=list(ids))
    for card in [row async for row in cards]:
        await black.report(tx, card["uid"], card["number"], reason, None, generation=card["generation"])


async def _take_cards(tx: Tx, ids: Collection[int], reason: str) -> None:
    cards = _sql.cards_in_use(tx.connection, tenant_id=tx.tenant_id, persons=list(ids))
    for card in [row async for row in cards]:
        await black.cancel(tx, card["uid"], reason)
