"""Loss reports, deliveries and watermarks in a real database; terminals are what they told gateways."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from onecard.base.db import SYSTEM, Actor, Database, Tx
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.devices import black, datasets, service, watermarks
from onecard.devices.model import Delivered, Presence, Uncollected

LOST, OTHER = "A1B2C3D4", "0BADCAFE"
FIRST, SECOND = Actor("operator", "86720001"), Actor("operator", "86720002")


@pytest.fixture
async def terminals(db: Database, two_tenants: tuple[int, int]) -> list[int]:
    """Ids of two certified devices of the school."""
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        return [
            (await service.certify(tx, tenant_code="8672", sn=sn, merchant_id=None)).device_id
            for sn in ("POS-1", "POS-2")
        ]


async def come(tx: Tx, device: int, *, epoch: int = 70, last: int | None = None) -> None:
    await service.came_online(tx, device, "pos", Presence(1, epoch, last=last), at=datetime.now(UTC))


async def have(tx: Tx, device: int, version: int, problem: str | None = None) -> None:
    before = await datasets.state(tx, black.DATASET, device)
    assert before is not None
    await datasets.confirm(tx, black.DATASET, before, version, problem)


async def outcomes(tx: Tx, uid: str) -> list[tuple[str, bool, str]]:
    return [(each.device.sn, each.listed, each.delivered) for each in await black.delivery(tx, uid)]


async def test_a_report_is_for_every_terminal_there_is_and_will_be(
    db: Database, two_tenants: tuple[int, int], terminals: Sequence[int]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await come(tx, terminals[0])
        version = await black.report(tx, LOST, 1001, "left on the bus", None, generation=2)
        assert version is not None
        await have(tx, terminals[0], version)
        await service.certify(tx, tenant_code="8672", sn="POS-3", merchant_id=None)
        assert await outcomes(tx, LOST) == [
            ("POS-1", True, Delivered.YES),
            ("POS-2", True, Delivered.NEVER_SEEN),
            ("POS-3", True, Delivered.NEVER_SEEN),
        ]
        (entry,) = await black.entries(tx)
    assert (entry.uid, entry.number, entry.generation, entry.reason) == (LOST, 1001, 2, "left on the bus")
    async with db.tenant_tx(two_tenants[1], SYSTEM) as tx:
        assert await black.entries(tx) == []


async def test_chosen_terminals_only_and_the_same_ones_when_it_is_cancelled(
    db: Database, two_tenants: tuple[int, int], terminals: Sequence[int]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await come(tx, terminals[1])
        await black.report(tx, LOST, None, "lost", [terminals[1]])
        assert await black.report(tx, LOST, None, "lost", [terminals[1]]) is None
        assert await outcomes(tx, LOST) == [("POS-2", True, Delivered.WAITING)]
        assert await black.cancel(tx, LOST) is not None
        assert await outcomes(tx, LOST) == [("POS-2", False, Delivered.WAITING)]
        assert (await black.entries(tx), await black.cancel(tx, LOST)) == ([], None)
        first, second = await black.states(tx)
    assert (first.wanted, second.wanted) == (0, 2)


async def test_server_only_is_told_to_nobody(
    db: Database, two_tenants: tuple[int, int], terminals: Sequence[int]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        assert await black.report(tx, LOST, None, "lost", []) is not None
        assert [entry.devices for entry in await black.entries(tx)] == [()]
        assert await black.delivery(tx, LOST) == []
        with pytest.raises(NotFoundError, match="no device with id 999"):
            await black.report(tx, LOST, None, "lost", [999])


async def test_a_delta_between_any_two_versions_leads_to_the_same_list(
    db: Database, two_tenants: tuple[int, int], terminals: Sequence[int]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        for uid, devices in ((LOST, None), (OTHER, None), ("11111111", [terminals[0]])):
            await black.report(tx, uid, 7, "lost", devices)
        await black.cancel(tx, LOST)
        await black.report(tx, OTHER, 8, "number corrected", None)
        for scope, to in ((terminals[0], 5), (0, 5)):
            whole = await rows_at(tx, scope, 0, to, {})
            for base in range(1, to):
                assert await rows_at(tx, scope, base, to, await rows_at(tx, scope, 0, base, {})) == whole
            assert len(whole) == (await datasets.standing(tx, black.DATASET, scope=scope, version=to)).rows


async def rows_at(tx: Tx, scope: int, base: int, to: int, held: dict[str, object]) -> dict[str, object]:
    """What a terminal that holds `held` of version `base` has after the delta, fetched one by one."""
    rows, after = dict(held), ""
    while True:
        part = await datasets.delta(tx, black.DATASET, scope=scope, base=base, to=to, after=after, most=1)
        for row, added in part.ops:
            rows.pop(row.key, None)
            if added:
                rows[row.key] = row.content
        if part.more is None:
            return rows
        after = part.more.split(":")[2]


async def test_a_rejected_list_says_so_and_is_sent_again(
    db: Database, two_tenants: tuple[int, int], terminals: Sequence[int]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await come(tx, terminals[0])
        version = await black.report(tx, LOST, None, "lost", terminals)
        assert version is not None
        await datasets.mark_sent(tx, black.DATASET, {terminals[0]: version})
        await have(tx, terminals[0], 0, "no_room")
        first, _ = await black.delivery(tx, LOST)
        assert (first.delivered, first.error) == (Delivered.REJECTED, "no_room")
        assert not first.device.due
        assert await black.resend(tx, LOST) == list(terminals)
        assert (await black.states(tx))[0].due
        assert await black.resend(tx, LOST, [terminals[1], 999]) == [terminals[1]]


async def test_gateways_are_woken_once_and_rest_until_the_next_time(
    db: Database, two_tenants: tuple[int, int], terminals: Sequence[int]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await black.report(tx, LOST, None, "lost", None)
    async with db.platform_tx(SYSTEM) as tx, db.platform_tx(SYSTEM) as rival:
        (claim,) = await datasets.claim_due(tx)
        assert claim.tenant_id == two_tenants[0]
        assert await datasets.claim_due(rival) == []
    async with db.platform_tx(SYSTEM) as tx:
        await datasets.rest(tx, claim, None)
    async with db.platform_tx(SYSTEM) as tx:
        assert await datasets.claim_due(tx) == []


async def test_what_a_store_may_still_hold(
    db: Database, two_tenants: tuple[int, int], terminals: Sequence[int]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await come(tx, terminals[0], last=3)
        first, second = await watermarks.behind(tx)
        assert (first.watermark, first.said, first.uncollected) == (0, 3, Uncollected.YES)
        assert (second.epoch, second.uncollected) == (None, Uncollected.UNKNOWN)
        await come(tx, terminals[0], last=0)
        assert (await watermarks.behind(tx))[0].uncollected is Uncollected.NO
        await service.went_offline(tx, terminals[0], at=datetime.now(UTC))
        first = (await watermarks.behind(tx))[0]
    assert first.uncollected is Uncollected.UNKNOWN
    assert first.offline_since is not None


async def test_two_people_write_off_what_was_destroyed(
    db: Database, two_tenants: tuple[int, int], terminals: Sequence[int]
) -> None:
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        await come(tx, terminals[0], last=3)
        await service.retire(tx, "POS-1")
        assert [each.sn for each in await watermarks.behind(tx)] == ["POS-1", "POS-2"]
        with pytest.raises(OneCardError, match="takes two"):
            await watermarks.write_off(tx, terminals[0], 70, "burnt", (FIRST, FIRST))
        with pytest.raises(NotFoundError, match="no record store 71"):
            await watermarks.write_off(tx, terminals[0], 71, "burnt", (FIRST, SECOND))
        await watermarks.write_off(tx, terminals[0], 70, "burnt", (FIRST, SECOND))
        assert [each.sn for each in await watermarks.behind(tx)] == ["POS-2"]
        (given_up,) = await watermarks.write_offs(tx)
    assert (given_up.watermark, given_up.said, given_up.first_actor) == (0, 3, str(FIRST))
    with pytest.raises(ConflictError, match="before"):
        async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
            await watermarks.write_off(tx, terminals[0], 70, "burnt", (FIRST, SECOND))


@pytest.mark.parametrize("first_seen", [True, False])
async def test_a_farewell_that_overtakes_the_announcement_counts(
    db: Database, two_tenants: tuple[int, int], terminals: Sequence[int], *, first_seen: bool
) -> None:
    early, late = datetime.now(UTC) - timedelta(seconds=1), datetime.now(UTC)
    async with db.tenant_tx(two_tenants[0], SYSTEM) as tx:
        if first_seen:
            await service.came_online(tx, terminals[0], "pos", Presence(1, 70), at=early - timedelta(days=1))
        await service.went_offline(tx, terminals[0], at=late)
        await service.came_online(tx, terminals[0], "pos", Presence(1, 70), at=early)
        first, _ = await service.devices(tx)
    assert (first.online, first.epoch, first.last_seen) == (False, 70, late)
