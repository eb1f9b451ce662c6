"""Masters kept outside the system: sealed by two people, restored, verified; on a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from onecard.base.db import SYSTEM, Actor, Database, database
from onecard.base.embedded import prepare
from onecard.base.errors import ConflictError, OneCardError
from onecard.base.pgserver import EmbeddedPostgres
from onecard.cards import custody, setup
from onecard.cards.custody_file import Cost, Keeper, check_values, open_file, read_header, seal
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import CardIdentity, Masters, Role, Site, cmac
from onecard.cards.wrapping import FileWrapper
from onecard.tenants import service as tenants

WRAPPER = FileWrapper(bytes(32))
OTHER = FileWrapper(b"\1" * 32)
CHEAP = Cost(passes=1, memory_kib=8)
ANNA = Keeper("Anna", "correct horse battery")
BEN = Keeper("Ben", "松树下的第三块石头边上有水")
SITE = Site(site_id=bytes.fromhex("00C0FFEE"), pin="4821")
RING = KeyRing(SITE, {2: Masters(field=b"d" * 16, issuer=b"e" * 16, mac=b"f" * 16),
                      1: Masters(field=b"a" * 16, issuer=b"b" * 16, mac=b"c" * 16)})  # fmt: skip
CLERK = Actor("command", "clerk")


def sealed(ring: KeyRing = RING) -> bytes:
    made = datetime(2026, 3, 1, tzinfo=UTC)
    return seal(ring, tenant="8672", made_at=made, first=ANNA, second=BEN, cost=CHEAP)


async def keyed(db: Database, tenant_id: int, wrapper: FileWrapper = WRAPPER) -> KeyRing:
    """A tenant with keys of two versions."""
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        await setup.create_keys(tx, wrapper, pin="4821")
        await setup.rotate_keys(tx, wrapper)
        return await setup.key_ring(tx, wrapper)


async def exported(db: Database, tenant_id: int, wrapper: FileWrapper = WRAPPER) -> bytes:
    async with db.tenant_tx(tenant_id, CLERK) as tx:
        return await custody.export_keys(tx, wrapper, first=ANNA, second=BEN, cost=CHEAP)


def derived(ring: KeyRing) -> list[tuple[bytes, ...]]:
    """Keys and MAC keys of a card in every role and version."""
    found = []
    for version, masters in sorted(ring.masters.items()):
        card = CardIdentity(uid=bytes.fromhex("17E8A27F"), generation=1, key_version=version)
        for role in Role:
            keys = masters.of(role)
            pair = keys.sector_keys(card, ring.site, 5)
            found.append((pair.a, pair.b, keys.mac_key(card, ring.site)))
    return found


def test_two_passphrases_open_it() -> None:
    opened = open_file(sealed(), ANNA.passphrase, BEN.passphrase)
    assert derived(opened.ring) == derived(RING)
    assert (opened.ring.site, list(opened.ring.masters)) == (SITE, [2, 1])
    assert (opened.header.tenant, opened.header.people) == ("8672", ("Anna", "Ben"))
    assert opened.header.check_values[1][0] == cmac(b"a" * 16, bytes(16))[:3].hex().upper()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (ANNA.passphrase, "another passphrase"),
        ("another passphrase", BEN.passphrase),
        (ANNA.passphrase, ANNA.passphrase),
        (BEN.passphrase, BEN.passphrase),
        (BEN.passphrase, ANNA.passphrase),
        ("", ""),
    ],
)
def test_one_person_cannot_open_it(first: str, second: str) -> None:
    with pytest.raises(OneCardError, match="does not open: one of the passphrases"):
        open_file(sealed(), first, second)


def test_a_passphrase_typed_on_another_system_is_the_same() -> None:
    composed, apart = Keeper("Anna", "schöne Grüße aus Köln"), "scho\u0308ne Gru\u0308ße aus Ko\u0308ln"
    made = datetime(2026, 3, 1, tzinfo=UTC)
    data = seal(RING, tenant="8672", made_at=made, first=composed, second=BEN, cost=CHEAP)
    assert open_file(data, apart, BEN.passphrase).ring.site == SITE


def test_every_altered_character_is_noticed() -> None:
    data = sealed()
    for place in range(len(data) - 1):
        altered = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(OneCardError, match=r"does not open|not a whole custody file|made by a newer"):
            open_file(altered, ANNA.passphrase, BEN.passphrase)


@pytest.mark.parametrize("kept", [0, 1, 17, 18, 40, -40, -2])
def test_a_torn_file_is_noticed(kept: int) -> None:
    with pytest.raises(OneCardError, match=r"does not open|not a whole custody file"):
        open_file(sealed()[:kept], ANNA.passphrase, BEN.passphrase)


def test_a_hostile_header_is_refused_before_anything_is_reckoned_or_shown() -> None:
    greedy = sealed().replace(b'"memory_kib":8', b'"memory_kib":1073741824')
    with pytest.raises(OneCardError, match="not a whole custody file"):
        open_file(greedy, ANNA.passphrase, BEN.passphrase)
    with pytest.raises(OneCardError, match="not a whole custody file"):
        read_header(sealed().replace(b'"Anna"', b'"\\u001b[2J"'))
    with pytest.raises(OneCardError, match="made by a newer program"):
        read_header(sealed().replace(b"custody 1", b"custody 2"))


def test_nothing_secret_is_readable_in_it() -> None:
    data, shown = sealed(), repr((ANNA, BEN, RING))
    for secret in (ANNA.passphrase, BEN.passphrase, "4821"):
        assert secret not in data.decode()
    assert ANNA.passphrase not in shown
    assert sealed() != data
    assert open_file(data, ANNA.passphrase, BEN.passphrase).header.cost == CHEAP


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (ANNA, Keeper("anna ", "another passphrase"), "two different people"),
        (ANNA, Keeper(" ", "another passphrase"), "1 to 100 printable characters"),
        (ANNA, Keeper("B\x1b[2Jen", "another passphrase"), "1 to 100 printable characters"),
        (ANNA, Keeper("Ben", "elevenchars"), "passphrase of Ben is too short: 12"),
        (ANNA, Keeper("Ben", ANNA.passphrase), "two passphrases are the same"),
    ],
)
def test_two_people_with_a_passphrase_each(first: Keeper, second: Keeper, why: str) -> None:
    with pytest.raises(OneCardError, match=why):
        seal(RING, tenant="8672", made_at=datetime.now(UTC), first=first, second=second, cost=CHEAP)


@pytest.fixture
async def elsewhere(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A second, empty database, as one that was set up after a fire."""
    name = f"elsewhere_{uuid4().hex}"
    found = await prepare(postgres, name)
    async with database(found.application, size=2) as db:
        yield db
    connection = await asyncpg.connect(postgres.url())
    await connection.execute(f'drop database "{name}" with (force)')
    await connection.close()


async def test_a_lost_database(db: Database, two_tenants: tuple[int, int], elsewhere: Database) -> None:
    ring = await keyed(db, two_tenants[0])
    opened = open_file(await exported(db, two_tenants[0]), ANNA.passphrase, BEN.passphrase)
    await tenants.create(elsewhere, SYSTEM, code="1200", name="Lakeside Works")
    tenant_id = await tenants.create(elsewhere, SYSTEM, code="8672", name="青松学校")
    assert tenant_id != two_tenants[0], "boxes of the old database would not open here"
    async with elsewhere.tenant_tx(tenant_id, SYSTEM) as tx:
        assert await custody.restore_keys(tx, OTHER, opened) == [2, 1]
        again = await setup.key_ring(tx, OTHER)
        assert await custody.is_present(tx, OTHER, opened)
    assert derived(again) == derived(ring)
    assert again.site == ring.site


async def test_a_file_older_than_the_keys_is_told(db: Database, two_tenants: tuple[int, int]) -> None:
    await keyed(db, two_tenants[0])
    opened = open_file(await exported(db, two_tenants[0]), ANNA.passphrase, BEN.passphrase)
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        assert await custody.is_present(tx, WRAPPER, opened)
        await setup.rotate_keys(tx, WRAPPER)
        assert not await custody.is_present(tx, WRAPPER, opened)


async def test_a_lost_card_key(db: Database, two_tenants: tuple[int, int]) -> None:
    ring = await keyed(db, two_tenants[0])
    opened = open_file(await exported(db, two_tenants[0]), ANNA.passphrase, BEN.passphrase)
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        with pytest.raises(ConflictError, match="card keys, and they open"):
            await custody.restore_keys(tx, WRAPPER, opened)
        assert await custody.restore_keys(tx, OTHER, opened) == [2, 1]
        assert derived(await setup.key_ring(tx, OTHER)) == derived(ring)
        await setup.rotate_keys(tx, OTHER)
        with pytest.raises(ConflictError, match="older than key version 3"):
            await custody.restore_keys(tx, WRAPPER, opened)


async def test_keys_of_others_are_not_restored(db: Database, two_tenants: tuple[int, int]) -> None:
    await keyed(db, two_tenants[0])
    opened = open_file(await exported(db, two_tenants[0]), ANNA.passphrase, BEN.passphrase)
    async with db.tenant_tx(two_tenants[1], SYSTEM) as tx:
        with pytest.raises(ConflictError, match="of tenant 8672, not of 1200"):
            await custody.restore_keys(tx, WRAPPER, opened)
        assert not await setup.has_keys(tx)
    stranger = open_file(sealed(), ANNA.passphrase, BEN.passphrase)
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        with pytest.raises(ConflictError, match="other card keys than the custody file"):
            await custody.restore_keys(tx, OTHER, stranger)


async def test_who_did_it_stays(db: Database, two_tenants: tuple[int, int]) -> None:
    ring = await keyed(db, two_tenants[0])
    opened = open_file(await exported(db, two_tenants[0]), ANNA.passphrase, BEN.passphrase)
    async with db.tenant_tx(two_tenants[0], CLERK) as tx:
        assert await custody.rewrap(tx, WRAPPER, OTHER) == 2
        assert await custody.rewrap(tx, WRAPPER, OTHER) == 0
        await custody.restore_keys(tx, WRAPPER, opened)
        found = await custody.events(tx)
    assert [(event.what, event.actor, event.people) for event in found] == [
        ("restore", "command:clerk", ("Anna", "Ben")),
        ("rewrap", "command:clerk", ("", "")),
        ("export", "command:clerk", ("Anna", "Ben")),
    ]
    assert {event.fingerprint for event in found} == {custody.fingerprint(check_values(ring))}
    async with db.tenant_tx(two_tenants[1], CLERK) as tx:
        assert await custody.events(tx) == []


async def test_a_refused_export_leaves_no_trace(db: Database, two_tenants: tuple[int, int]) -> None:
    await keyed(db, two_tenants[0])
    async with db.tenant_tx(two_tenants[0], CLERK) as tx:
        with pytest.raises(OneCardError, match="the same"):
            await custody.export_keys(tx, WRAPPER, first=ANNA, second=Keeper("Ben", ANNA.passphrase))
        assert await custody.events(tx) == []
