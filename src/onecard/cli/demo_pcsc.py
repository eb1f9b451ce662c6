"""`onecard demo --pcsc`: a card's first minutes at a desk, through the system's own way to card readers."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from onecard.base.db import Actor
from onecard.base.errors import UnavailableError
from onecard.base.settings import Settings
from onecard.base.vault import open_vault
from onecard.cards import setup as cards
from onecard.cards.reader import ReaderError, Trouble
from onecard.cards.technology import CardFormat, Mode
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.cards.virtual.tear import Tear, Torn
from onecard.cards.wrapping import open_wrapper
from onecard.cli import desk_read, output
from onecard.cli.desk_readers import PCSC, ReaderChoice, open_reader
from onecard.cli.desk_result import result
from onecard.cli.desk_show import Shown, told
from onecard.cli.desk_virtual import Accident
from onecard.cli.desk_visit import Visit
from onecard.cli.desk_words import Lang
from onecard.cli.runtime import Runtime, open_runtime
from onecard.desk import proofs
from onecard.desk.examples import prepare_example_tenant
from onecard.desk.operations.issue import issue
from onecard.desk.operations.place import Desk
from onecard.desk.operations.purses import Amounts, top_up
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.service import open_accounts
from onecard.people import service as people
from onecard.people.model import PersonDraft
from onecard.sim.pcscd.cradle import Cradle
from onecard.sim.pcscd.daemon import VirtualPcscd, missing
from onecard.tenants import service as tenants

ACTOR = Actor("command", "demo")
_UID = bytes.fromhex("01A062BD")
_PIN = "4821"
_PATIENCE_S, _LOOK_EVERY_S = 5.0, 0.05


async def demo_pcsc(settings: Settings, *, as_json: bool) -> bool:
    """Issue a card, top it up, tear it out during the next top-up, lay it on again; whether the books hold.

    Raises:
        UnavailableError: pcscd or its virtual reader is not installed.
    """
    reason = missing()
    if reason is not None:
        raise UnavailableError(reason)
    with VirtualPcscd() as pcscd:
        os.environ.update(pcscd.environment)  # before this process first asks for readers
        async with open_runtime(settings) as runtime, _desk(runtime, as_json=as_json) as (visit, person_id):
            _tell(
                visit, f"pcscd runs with the reader “{pcscd.readers[0]}”; a new card is laid on it. 放上新卡"
            )
            await _first_minutes(visit, pcscd.cradles[0], person_id)
            seen = desk_read.shown(visit, await visit.look())
            found = await proofs.check(runtime.db, runtime.urls.engine, [visit.place.desk.tenant_id])
    ok = all(each.ok for each in found) and not seen.fields["differences"]
    if as_json:
        fields = {"reader": pcscd.readers[0], **seen.fields, "proofs": [asdict(each) for each in found]}
        output.print_json({"ok": ok, **fields})
    else:
        _tell(visit, f"{sum(each.ok for each in found)} of {len(found)} proofs hold. 账务核对")
    return ok


async def _first_minutes(visit: Visit, cradle: Cradle, person_id: int) -> None:
    chip = new_chip(_UID)
    await _lay_on(visit, cradle, chip)
    _tell(visit, "A blank card becomes somebody's 发卡")
    done = await issue(visit.place, await visit.look(), person_id, opening_fen=20_00, deposit_fen=10_00)
    _show(visit, await result(visit, done))
    _tell(visit, "Both purses are topped up in one go 充值")
    await _top_up(visit)
    _tell(visit, "The card is pulled away while the next top-up is written 写卡中拔卡")
    chip.tear = Tear(chip.writes + 1, Torn.HALF)
    await _top_up(visit)
    _tell(visit, "It is laid on again, and says itself what happened 重新放卡")
    await _lay_on(visit, cradle, chip)
    _show(visit, desk_read.shown(visit, await visit.look()))


async def _top_up(visit: Visit) -> None:
    sighting = await visit.look()
    assert sighting.row  # noqa: S101  it was issued just now
    done = await top_up(visit.place, sighting.row, Amounts(30_00, 12_50), sighting=sighting)
    _show(visit, await result(visit, done))


async def _lay_on(visit: Visit, cradle: Cradle, chip: Chip) -> None:
    """Lay a card on and wait until pcscd has seen it: it looks at its readers every 400 ms."""
    cradle.insert(chip)
    deadline = time.monotonic() + _PATIENCE_S
    while await visit.place.reader.present() is None:
        if time.monotonic() > deadline:
            raise ReaderError(Trouble.NO_CARD)
        await asyncio.sleep(_LOOK_EVERY_S)


@asynccontextmanager
async def _desk(runtime: Runtime, *, as_json: bool) -> AsyncIterator[tuple[Visit, int]]:
    """A desk of the example school, and somebody without a card."""
    settings = runtime.settings
    tenant_id = await prepare_example_tenant(runtime.db, ACTOR)
    chosen = CardFormat.of(
        technology="classic", mode=Mode.STORED.value, size="1K", first_sector=1, lift_groups=0,
        value_blocks=False, number_digits=6,
    )  # fmt: skip
    async with runtime.db.tenant_tx(tenant_id, ACTOR) as tx:
        await cards.set_card_format(tx, chosen)
        await cards.create_keys(tx, open_wrapper(settings), pin=_PIN)
        ring, tenant = await cards.key_ring(tx, open_wrapper(settings)), await tenants.get(tx)
        class_id = (await people.classes(tx))[0].id
        department_id = await people.ensure_department(tx, "七年级1班")
        draft = PersonDraft(number="0017", name="王小明", department_id=department_id, class_id=class_id)
        (person_id,) = (await people.add_persons(tx, open_vault(settings), [draft])).values()
        await open_accounts(tx, [person_id])
    desk = Desk(runtime.db, runtime.ledger, tenant_id, ACTOR, "demo", chosen, ring)
    async with open_reader(ReaderChoice(PCSC), tenant.code, None, Accident()) as reader:
        yield Visit(Workplace(desk, reader), runtime, tenant, Lang.EN, as_json, has_reader=True), person_id


def _tell(visit: Visit, sentence: str) -> None:
    if not visit.as_json:
        output.show({}, as_json=False, sentence=f"\n• {sentence}")


def _show(visit: Visit, shown: Shown) -> None:
    if visit.as_json:
        return
    lines = [*shown.lines, *(told(shown.words, visit.lang) if shown.words else ())]
    for line in lines:
        output.show({}, as_json=False, sentence=f"  {line}")
