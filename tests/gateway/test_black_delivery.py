"""A loss report on its way to terminals, and back: real bus, real database, simulated terminals."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from pos import POOR, RICH, Certify, Pos, School, StartGateway, comes_true, sale

from onecard.base.db import SYSTEM
from onecard.base.embedded import Logins
from onecard.desk.proofs import check
from onecard.devices import black, watermarks
from onecard.devices.model import Delivered, Delivery, Uncollected
from onecard.gateway import datasets
from onecard.gateway.worker import Gateway
from onecard.sim.device import Credential, Device
from onecard.sim.store import load_store
from onecard.sim.terminal import Limits

CONFIRMED_WITHIN_S = 2.0


class Canteen:
    """Two simulated terminals that keep their stores in files, and the desk that reports cards."""

    def __init__(self, school: School, certify: Certify, directory: Path) -> None:
        self.school = school
        self.pos: dict[str, Device] = {}
        self._certify = certify
        self.directory = directory
        self._stack = AsyncExitStack()
        self._credentials: dict[str, tuple[tuple[str, int], Credential]] = {}

    async def add(self, sn: str, **limits: int) -> Device:
        made = await self._certify(sn)
        credential = Credential("8672", made.credentials.client_id, made.credentials.secret)
        self._credentials[sn] = made.address, credential
        device = await self.switch_on(sn, **limits)
        await comes_true(partial(self.is_online, sn))
        return device

    async def is_online(self, sn: str) -> bool:
        """Whether the server counts it as online."""
        async with self.school.db.tenant_tx(self.school.tenant_id, SYSTEM) as tx:
            return next(each.online for each in await black.states(tx) if each.sn == sn)

    async def switch_on(self, sn: str, **limits: int) -> Device:
        """A terminal with the memory it had."""
        address, credential = self._credentials[sn]
        path = self.directory / f"{sn}.json"
        device = self.pos[sn] = Device(address, credential, seed=1, limits=Limits(**limits), path=path)
        self._stack.push_async_callback(device.stop)
        await device.start()
        return device

    async def close(self) -> None:
        await self._stack.aclose()

    async def report(self, uid: str, *serials: str) -> None:
        async with self.school.db.tenant_tx(self.school.tenant_id, SYSTEM) as tx:
            ids = {each.sn: each.device_id for each in await black.states(tx)}
            await black.report(tx, uid, None, "lost", [ids[sn] for sn in serials] or None)

    async def cancel(self, uid: str) -> None:
        async with self.school.db.tenant_tx(self.school.tenant_id, SYSTEM) as tx:
            await black.cancel(tx, uid)

    async def delivery(self, uid: str) -> dict[str, Delivery]:
        async with self.school.db.tenant_tx(self.school.tenant_id, SYSTEM) as tx:
            return {each.device.sn: each for each in await black.delivery(tx, uid)}

    async def becomes(self, uid: str, sn: str, expected: Delivered) -> None:
        """Wait until a terminal's delivery is this."""

        async def is_it() -> bool:
            return (await self.delivery(uid))[sn].delivered is expected

        await comes_true(is_it)


@pytest.fixture
async def canteen(
    school: School, gateway: Gateway, certify: Certify, tmp_path: Path
) -> AsyncIterator[Canteen]:
    made = Canteen(school, certify, tmp_path)
    yield made
    await made.close()


async def test_a_report_is_told_at_a_gateways_next_look(canteen: Canteen, gateway: Gateway) -> None:
    assert datasets._POLL_S * 4 < CONFIRMED_WITHIN_S
    await canteen.add("POS-1")
    for task in gateway._tasks:
        task.cancel()
    await canteen.report(RICH)
    await gateway._lists.look()
    await canteen.becomes(RICH, "POS-1", Delivered.YES)


async def test_a_report_reaches_who_is_there_now_and_who_is_not_later(canteen: Canteen) -> None:
    here, away = await canteen.add("POS-1"), await canteen.add("POS-2")
    away.unplug()
    await went_offline(canteen, "POS-2")
    await canteen.report(RICH)
    await canteen.becomes(RICH, "POS-1", Delivered.YES)
    behind = (await canteen.delivery(RICH))["POS-2"]
    assert (behind.delivered, behind.device.last_seen is not None) == (Delivered.OFFLINE, True)
    assert (await away.sell(RICH, 1_00)).sold, "what it was not told it cannot know"
    away.plug_in()
    await canteen.becomes(RICH, "POS-2", Delivered.YES)
    for device in (here, away):
        device.unplug()
        refused, sold = await device.sell(RICH, 1_00), await device.sell(POOR, 1_00)
        assert (refused.sold, refused.code, sold.sold) == (False, "card_lost", True)


async def went_offline(canteen: Canteen, sn: str) -> None:
    async def is_offline() -> bool:
        return not await canteen.is_online(sn)

    await comes_true(is_offline)


async def test_a_cancelled_report_lets_the_card_in_again(canteen: Canteen) -> None:
    device = await canteen.add("POS-1")
    await canteen.report(RICH)
    await canteen.becomes(RICH, "POS-1", Delivered.YES)
    await canteen.cancel(RICH)
    await canteen.becomes(RICH, "POS-1", Delivered.YES)
    assert not (await canteen.delivery(RICH))["POS-1"].listed
    device.unplug()
    assert (await device.sell(RICH, 1_00)).sold


async def test_only_chosen_terminals_are_told(canteen: Canteen) -> None:
    chosen, other = await canteen.add("POS-1"), await canteen.add("POS-2")
    await canteen.report(RICH, "POS-1")
    await canteen.becomes(RICH, "POS-1", Delivered.YES)
    await canteen.report(POOR)
    await canteen.becomes(POOR, "POS-2", Delivered.YES)
    await canteen.becomes(POOR, "POS-1", Delivered.YES)
    assert [set(each.terminal.store.black.rows) for each in (chosen, other)] == [{RICH, POOR}, {POOR}]


async def test_the_list_outlives_a_power_cut_but_not_a_factory_reset(canteen: Canteen) -> None:
    device = await canteen.add("POS-1")
    await canteen.report(RICH)
    await canteen.becomes(RICH, "POS-1", Delivered.YES)
    kept = load_store(canteen.directory / "POS-1.json")
    assert kept is not None
    assert RICH in kept.black.rows, "what it confirmed a power cut cannot take away"
    await device.stop()
    again = await canteen.switch_on("POS-1")
    assert again.terminal.store.black.version == 1
    again.factory_reset()
    assert not again.terminal.store.black.rows
    async with asyncio.timeout(30):
        await again.until(lambda: RICH in again.terminal.store.black.rows)


async def test_a_long_list_comes_in_parts(canteen: Canteen) -> None:
    async with canteen.school.db.tenant_tx(canteen.school.tenant_id, SYSTEM) as tx:
        for number in range(1, 451):
            await black.report(tx, f"{number:08X}", number, "lost", None)
    device = await canteen.add("POS-1")
    await canteen.becomes("00000001", "POS-1", Delivered.YES)
    assert len(device.terminal.store.black.rows) == 450


async def test_a_list_a_terminal_rejects_is_shown_and_can_be_sent_again(canteen: Canteen) -> None:
    device = await canteen.add("POS-1", black=1)
    for uid in (RICH, POOR):
        await canteen.report(uid)
    await canteen.becomes(POOR, "POS-1", Delivered.REJECTED)
    assert (await canteen.delivery(POOR))["POS-1"].error == "no_room"
    await device.stop()
    await canteen.switch_on("POS-1", black=2)
    async with canteen.school.db.tenant_tx(canteen.school.tenant_id, SYSTEM) as tx:
        await black.resend(tx, POOR)
    await canteen.becomes(POOR, "POS-1", Delivered.YES)


async def test_sending_again_mends_a_list_that_says_it_is_right(canteen: Canteen) -> None:
    device = await canteen.add("POS-1")
    await canteen.report(RICH)
    await canteen.becomes(RICH, "POS-1", Delivered.YES)
    device.terminal.store.black.rows.clear()
    async with canteen.school.db.tenant_tx(canteen.school.tenant_id, SYSTEM) as tx:
        (state,) = await black.states(tx)
        assert await black.resend(tx, RICH, [state.device_id]) == [state.device_id]
    async with asyncio.timeout(30):
        await device.until(lambda: RICH in device.terminal.store.black.rows)


async def test_what_a_terminal_claims_is_compared(
    school: School, pos: Pos, urls: Logins, canteen: Canteen
) -> None:
    await canteen.report(RICH)
    want = await pos.answer("dn/want")
    assert (want["ds"], [op["key"] for op in want["delta"]["ops"]]) == ({"black": 1}, [RICH])
    for claimed, complaint in (([1, 1, "0" * 16], "content_differs"), ([9, 0, "0" * 16], "version_unknown")):
        pos.send("up/have", {"ds": {"black": claimed}})
        await comes_true(partial(complains, canteen, complaint))
    assert (await canteen.delivery(RICH))["POS-1"].delivered is Delivered.REJECTED
    assert (await pos.answer("dn/want"))["delta"]["full"], "it is told again by itself"
    proofs = {proof.name: proof.ok for proof in await check(school.db, urls.engine, [school.tenant_id])}
    assert proofs["lists_are_confirmed"]


async def complains(canteen: Canteen, complaint: str) -> bool:
    return (await canteen.delivery(RICH))["POS-1"].error == complaint


async def test_two_gateways_tell_a_terminal_once(
    school: School, canteen: Canteen, start_gateway: StartGateway, gateway: Gateway
) -> None:
    rival = await start_gateway()
    await canteen.add("POS-1")
    await canteen.report(RICH)
    await canteen.becomes(RICH, "POS-1", Delivered.YES)
    told = [each.counters.snapshot().get("want.ok", 0) for each in (gateway, rival)]
    assert sum(told) == 1


async def test_what_may_still_lie_in_terminals(canteen: Canteen) -> None:
    device = await canteen.add("POS-1")
    device.unplug()
    assert (await device.sell(RICH, 1_00)).sold
    await went_offline(canteen, "POS-1")
    assert await uncollected(canteen) == (0, Uncollected.UNKNOWN)
    device.plug_in()
    await device.uploaded()

    async def collected() -> bool:
        return await uncollected(canteen) == (1, Uncollected.NO)

    await comes_true(collected)


async def uncollected(canteen: Canteen) -> tuple[int, Uncollected]:
    async with canteen.school.db.tenant_tx(canteen.school.tenant_id, SYSTEM) as tx:
        (store,) = await watermarks.behind(tx)
    return store.watermark, store.uncollected


async def test_a_batch_says_how_much_is_still_to_come(pos: Pos, canteen: Canteen) -> None:
    record = sale(1, RICH, 1_00)
    pos.send("up/rec", {"ep": pos.epoch, "from": 1, "recs": [record], "last": 7})
    assert (await pos.answer("dn/rec"))["ack"] == 1
    assert await uncollected(canteen) == (1, Uncollected.YES)
