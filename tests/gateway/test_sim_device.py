"""The simulated terminal against a real gateway: what goes wrong on the wire never changes what was sold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pos import POOR, RICH, Certify, School, comes_true

from onecard.base.db import SYSTEM
from onecard.base.natsserver import BusAddress
from onecard.devices import service as devices
from onecard.gateway.worker import Gateway
from onecard.sim.device import Credential, Device
from onecard.sim.fleet import Faults, Fleet, Lunch, Placed
from onecard.sim.join import join
from onecard.sim.mqtt import BusRefusedError
from onecard.sim.terminal import Limits


@pytest.fixture
async def device(certify: Certify, gateway: Gateway) -> AsyncIterator[Device]:
    """A connected simulated terminal."""
    pos = await certify()
    credential = Credential("8672", pos.credentials.client_id, pos.credentials.secret)
    async with plugged_in(Device(pos.address, credential, seed=1)) as made:
        yield made


@asynccontextmanager
async def plugged_in(device: Device) -> AsyncIterator[Device]:
    await device.start()
    try:
        yield device
    finally:
        await device.stop()


async def test_it_joins_is_certified_and_sells(school: School, gateway: Gateway, nats: BusAddress) -> None:
    address = (nats.mqtt_host, nats.mqtt_port)
    joining = asyncio.create_task(join(address, "SIM-9", hello_every_s=0.1))
    await comes_true(lambda: waiting(school))
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await devices.certify(tx, tenant_code="8672", sn="SIM-9", merchant_id=school.merchant_id)
    credential = await joining
    async with plugged_in(Device(address, credential, seed=1)) as device:
        assert (await device.sell(RICH, 9_00)).sold
    assert await school.takings() == 9_00


async def waiting(school: School) -> bool:
    async with school.db.platform_tx(SYSTEM) as tx:
        return bool(await devices.candidates(tx))


async def test_a_wrong_secret_does_not_get_in(certify: Certify, gateway: Gateway) -> None:
    pos = await certify()
    device = Device(pos.address, Credential("8672", pos.credentials.client_id, "guess"), seed=1)

    async def refused() -> bool:
        return "callout.device_unknown" in gateway.counters.snapshot()

    try:
        with pytest.raises(BusRefusedError, match="could not connect"):
            await device.start(timeout_s=0.2)
        await comes_true(refused)
        assert not device.online
    finally:
        await device.stop()


async def test_what_it_sold_offline_is_booked_when_it_is_back(school: School, device: Device) -> None:
    device.unplug()
    outcomes = [await device.sell(card, amount) for card, amount in ((RICH, 5_00), (POOR, 3_00))]
    assert [(each.sold, each.offline) for each in outcomes] == [(True, True)] * 2
    assert await school.takings() == 0
    device.plug_in()
    await device.uploaded()
    assert await school.takings() == 8_00
    assert (await school.balance(POOR)).shortfall == -2_00


async def test_an_answer_that_came_too_late_does_not_book_the_sale_twice(
    school: School, device: Device
) -> None:
    device.answer_delay_s = 3.0
    outcome = await device.sell(RICH, 5_00)
    assert (outcome.sold, outcome.offline, outcome.sent) == (True, True, 3)
    device.answer_delay_s = 0.0
    await device.uploaded()
    assert await school.takings() == 5_00


async def test_a_sale_the_power_cut_interrupted_is_given_back(school: School, device: Device) -> None:
    device.answer_delay_s = 60.0
    device.swipe(RICH, 5_00)
    await comes_true(school.takings)
    device.reboot()
    device.answer_delay_s = 0.0
    await device.uploaded()
    assert [record["res"] for record in device.terminal.store.records] == ["cancelled"]
    assert await school.takings() == 0


async def test_repeated_and_forged_records_change_nothing(school: School, device: Device) -> None:
    device.terminal.echo = 3
    assert (await device.sell(RICH, 5_00)).sold
    await device.uploaded()
    device.send_again(1)
    device.forge(1, 50_00)
    assert (await device.sell(RICH, 1_00)).sold
    await device.uploaded()
    await comes_true(lambda: school.fetch("select 1 from devices.quarantine"))
    assert await school.takings() == 6_00
    assert await school.fetch("select seq, reason from devices.quarantine") == [(1, "other_content")]


async def test_a_full_store_stops_selling_until_it_is_emptied(
    school: School, certify: Certify, gateway: Gateway
) -> None:
    pos = await certify()
    credential = Credential("8672", pos.credentials.client_id, pos.credentials.secret)
    async with plugged_in(Device(pos.address, credential, seed=1, limits=Limits(records=2))) as device:
        device.unplug()
        codes = [(await device.sell(RICH, 1_00)).code for _ in range(3)]
        assert codes == ["not_connected", "not_connected", "store_full"]
        device.plug_in()
        await device.uploaded()
        assert (await device.sell(RICH, 1_00)).sold
        await device.uploaded()
    assert await school.takings() == 3_00


async def test_a_small_fleet_believes_what_the_ledger_has(
    school: School, certify: Certify, gateway: Gateway
) -> None:
    poses = [await certify(f"POS-{number}") for number in range(4)]
    placed = [
        Placed(Credential("8672", pos.credentials.client_id, pos.credentials.secret), "C1") for pos in poses
    ]
    fleet = Fleet(poses[0].address, placed, [RICH, POOR], seed=5)
    await fleet.start()
    everything = Faults(offline=0.5, reboot=0.5, echo=0.5, send_again=0.5, slow=0.25)
    await fleet.serve(Lunch(seconds=2, taps_per_second=40, faults=everything))
    await fleet.stop()
    assert fleet.tally.offline_sales > 0
    assert fleet.tally.refusals["balance_too_low"] > 0
    assert await school.takings() == fleet.tally.sold_fen["C1"] > 0
