"""Formats, the secondary encryption and masters, on a real database."""

import pytest

from onecard.base.db import SYSTEM, Database, Tx
from onecard.base.errors import ConflictError, NotFoundError, OneCardError, UnavailableError
from onecard.cards import setup
from onecard.cards.technology import CardFormat
from onecard.cards.wrapping import FileWrapper

WRAPPER = FileWrapper(bytes(32))
OTHER = FileWrapper(b"\1" * 32)


def stored(first_sector: int = 1, digits: int = 6) -> CardFormat:
    return CardFormat.of(technology="classic", mode="stored", first_sector=first_sector, number_digits=digits)


KEYED_CARD = """
with d as (insert into people.department (tenant_id, code, name) values ($1, '1', 'all') returning id),
     c as (insert into people.account_class (tenant_id, number, name) values ($1, 1, 'all') returning id),
     p as (insert into people.person (tenant_id, number, name, department_id, class_id)
           select $1, '1', 'Anna', d.id, c.id from d, c returning id)
insert into cards.card (tenant_id, uid, technology, person_id, generation, key_version, pin)
select $1, '01A062BD', 'classic', p.id, 1, 1, $2 from p
"""


async def keyed(tx: Tx, pin: str) -> None:
    """A card in use whose keys are derived with the PIN."""
    await tx.connection.execute(KEYED_CARD, tx.tenant_id, pin)


async def test_keys_are_made_once_and_opened(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await setup.create_keys(tx, WRAPPER, pin="4821")
        ring = await setup.key_ring(tx, WRAPPER)
        assert (ring.site.pin, len(ring.site.site_id), list(ring.masters)) == ("4821", 4, [1])
        again = await setup.key_ring(tx, WRAPPER)
        assert again.masters[1].mac == ring.masters[1].mac
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        with pytest.raises(ConflictError, match="has card keys already"):
            await setup.create_keys(tx, WRAPPER, pin="4821")
    async with db.tenant_tx(two_tenants[1], SYSTEM) as tx:
        with pytest.raises(NotFoundError, match="no card keys yet"):
            await setup.key_ring(tx, WRAPPER)
        await setup.create_keys(tx, WRAPPER, pin="4821")
        other = await setup.key_ring(tx, WRAPPER)
        assert other.masters[1].mac != ring.masters[1].mac
        assert other.site.site_id != ring.site.site_id


async def test_masters_are_not_in_the_database(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await setup.create_keys(tx, WRAPPER, pin="4821")
        ring = await setup.key_ring(tx, WRAPPER)
        row = await tx.connection.fetchrow(
            "select ks::text as text from cards.key_set ks where tenant_id = $1", tx.tenant_id
        )
        assert row
        for key in (ring.masters[1].field, ring.masters[1].issuer, ring.masters[1].mac):
            assert key.hex() not in row["text"]


async def test_rotated_keys_come_first_and_old_ones_stay(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        with pytest.raises(NotFoundError):
            await setup.rotate_keys(tx, WRAPPER)
        await setup.create_keys(tx, WRAPPER, pin="4821")
        first = await setup.key_ring(tx, WRAPPER)
        assert await setup.rotate_keys(tx, WRAPPER) == 2
        ring = await setup.key_ring(tx, WRAPPER)
        assert list(ring.masters) == [2, 1]
        assert ring.masters[1].mac == first.masters[1].mac != ring.masters[2].mac


async def test_another_key_encryption_key(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await setup.create_keys(tx, WRAPPER, pin="4821")
        await setup.rotate_keys(tx, WRAPPER)
        before = await setup.key_ring(tx, WRAPPER)
        for use_case in (setup.key_ring, setup.rotate_keys):
            with pytest.raises(UnavailableError, match="cannot be opened"):
                await use_case(tx, OTHER)
        assert await setup.rewrap_keys(tx, WRAPPER, OTHER) == 2
        assert await setup.rewrap_keys(tx, WRAPPER, OTHER) == 0, "after an interruption it goes on"
        after = await setup.key_ring(tx, OTHER)
        assert [after.masters[n].field for n in (1, 2)] == [before.masters[n].field for n in (1, 2)]
        with pytest.raises(UnavailableError):
            await setup.key_ring(tx, WRAPPER)


async def test_the_pin_can_change_until_a_card_is_keyed(db: Database, two_tenants: tuple[int, int]) -> None:
    tenant_id = two_tenants[0]
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        with pytest.raises(NotFoundError):
            await setup.set_pin(tx, "1111")
        with pytest.raises(OneCardError, match="exactly four digits"):
            await setup.create_keys(tx, WRAPPER, pin="11111")
        await setup.create_keys(tx, WRAPPER, pin="4821")
        await setup.set_pin(tx, "7777")
        await keyed(tx, "7777")
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        with pytest.raises(ConflictError, match="locked for ever"):
            await setup.set_pin(tx, "8888")
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        assert (await setup.key_ring(tx, WRAPPER)).site.pin == "7777"
        await setup.set_card_format(tx, stored(digits=5))


async def test_sectors_are_fixed_once_a_card_is_keyed(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        assert await setup.card_format(tx) is None
        await setup.set_card_format(tx, stored(first_sector=2))
        await setup.set_card_format(tx, stored(first_sector=5))
        await setup.create_keys(tx, WRAPPER, pin="4821")
        await keyed(tx, "4821")
        await setup.set_card_format(tx, stored(first_sector=5, digits=4))
        with pytest.raises(ConflictError, match="before the first card"):
            await setup.set_card_format(tx, stored(first_sector=6))
        assert await setup.card_format(tx) == stored(first_sector=5, digits=4)
