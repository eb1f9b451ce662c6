"""Cards that are only numbers become somebody's without a reader."""

from datetime import UTC, datetime, timedelta

import pytest
from cast_issue import card_rows, numbers_only, plastic
from hall import Hall

from onecard.base.db import SYSTEM
from onecard.base.errors import OneCardError
from onecard.base.status import Status
from onecard.cards.numbers import ByteOrder, NumberFormat, ReaderNumbers
from onecard.desk.operations.bind import bind, latest_unknown
from onecard.desk.operations.model import Kind, State
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.stock import StockState, put
from onecard.devices import records, service
from onecard.devices.model import Filed, Presence

THREE_FIVE = ReaderNumbers(NumberFormat.THREE_FIVE)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def school(hall: Hall) -> Hall:
    return numbers_only(hall)


async def swiped(hall: Hall, *uids: str, kind: str = "deny", sn: str = "GATE-1") -> None:
    """A terminal turned these cards away, one minute after the other."""
    async with hall.db.tenant_tx(hall.tenant_id, SYSTEM) as tx:
        device = (await service.certify(tx, tenant_code="8672", sn=sn, merchant_id=None)).device_id
        await service.came_online(tx, device, sn.lower(), Presence(1, 1, last=0), at=NOON)
        filed = [
            Filed(
                n, kind, NOON + timedelta(minutes=n), Status.OK, None, bytes(32),
                f'{{"seq":{n},"k":"{kind}","t":1,"cred":{{"t":"uid","v":"{uid}"}}}}'.encode(),
            )
            for n, uid in enumerate(uids, 1)
        ]  # fmt: skip
        await records.ingest(tx, [records.Parcel(device, 1, 0, filed)])


async def refusal(hall: Hall, text: str, person: int, **more: object) -> str:
    with pytest.raises(RefusedError) as caught:
        await bind(hall.workplace(), text, person, **more)  # type: ignore[arg-type]
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("17:e8:a2:7f", ReaderNumbers(NumberFormat.HEX)),
        ("401121919", ReaderNumbers(NumberFormat.DECIMAL)),
        ("2141382679", ReaderNumbers(NumberFormat.DECIMAL, ByteOrder.REVERSED)),
        ("0401121919", ReaderNumbers(NumberFormat.H8D10)),
    ],
)
async def test_a_number_is_bound_however_it_is_written(school: Hall, text: str, form: ReaderNumbers) -> None:
    person = await school.person()
    done = await bind(school.workplace(), text, person, form=form, reason="typed")
    assert (done.state, done.kind, done.account_id, done.steps) == (State.CONFIRMED, Kind.BIND, person, ())
    chip = plastic(bytes.fromhex("17E8A27F"))
    assert await card_rows(school, chip) == [("active", None, 1, person)]


async def test_a_part_of_a_number_does_when_the_card_was_just_held_to_a_terminal(school: Hall) -> None:
    person = await school.person()
    assert await refusal(school, "232,41599", person, form=THREE_FIVE) == "number_not_whole"
    await swiped(school, "17E8A27F", "DEADBEEF")
    done = await bind(school.workplace(), "232,41599", person, form=THREE_FIVE)
    assert done.state is State.CONFIRMED
    await swiped(school, "00112233", "99112233", sn="GATE-2")
    assert await refusal(school, "017,08755", await school.person(), form=THREE_FIVE) == "number_not_whole"


async def test_unknown_cards_are_listed_newest_first_and_once(school: Hall) -> None:
    await swiped(school, "11111111", "aa:bb:cc:dd", "11111111", "22222222", "no number", "04A1B2C3D4E5F6")
    await bind(school.workplace(), "22222222", await school.person())
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        found = await latest_unknown(tx)
        assert [one.uid for one in found] == ["04A1B2C3D4E5F6", "11111111", "AABBCCDD"]
        assert (found[1].occurred_at, found[1].sn) == (NOON + timedelta(minutes=3), "GATE-1")
        assert [one.uid for one in await latest_unknown(tx, 1)] == ["04A1B2C3D4E5F6"]


async def test_only_cards_that_were_turned_away_are_listed(school: Hall) -> None:
    await swiped(school, "11111111", kind="attend")
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        assert await latest_unknown(tx) == []


async def test_what_cannot_be_bound(school: Hall, hall: Hall) -> None:
    person, other = await school.person(), await school.person()
    assert await refusal(hall, "11111111", person) == "wrong_technology"
    await bind(school.workplace(), "11111111", person)
    assert await refusal(school, "11111111", other) == "card_in_use"
    assert await refusal(school, "22222222", person) == "too_many_cards"
    assert await refusal(school, "22222222", 999) == "person_unknown"
    assert await refusal(school, "22222222", other, number=1) == "number_used"
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await put(tx, "33333333", StockState.DEAD)
        await tx.connection.execute("update cards.card set state = 'lost'")
    assert await refusal(school, "33333333", other) == "plastic_dead"
    assert await refusal(school, "11111111", other) == "lost"
    with pytest.raises(OneCardError, match="hexadecimal"):
        await bind(school.workplace(), "xyz", other)


async def test_a_number_that_was_given_back_can_be_bound_again(school: Hall) -> None:
    first, second = await school.person(), await school.person()
    await bind(school.workplace(), "11111111", first)
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update cards.card set state = 'returned'")
    await bind(school.workplace(), "11111111", second)
    rows = await card_rows(school, plastic(0x11111111))
    assert [(row[0], row[3]) for row in rows] == [("returned", first), ("active", second)]
