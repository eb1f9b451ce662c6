"""Cards that are not in use are refused online, each for its own reason."""

import pytest
from pos import RICH, Pos, School

from onecard.base.db import SYSTEM


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("issuing", "card_not_valid"),
        ("frozen", "card_frozen"),
        ("damaged", "card_not_valid"),
        ("lost", "card_lost"),
        ("cancelled", "card_unknown"),
        ("returned", "card_not_valid"),
        ("void", "card_not_valid"),
    ],
)
async def test_a_card_that_is_not_in_use_is_refused_by_name(
    pos: Pos, school: School, state: str, code: str
) -> None:
    async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
        await tx.connection.execute("update cards.card set state = $1 where uid = $2", state, RICH)
    assert (await pos.pay(RICH, 1_00, seq=1))["code"] == code
    assert (await pos.ask(pos.request("query", cred={"t": "uid", "v": RICH})))["code"] == code
    assert await school.takings() == 0


async def test_a_card_is_good_until_its_last_day_is_over(pos: Pos, school: School) -> None:
    for seq, (days, code) in enumerate(((0, "ok"), (-1, "card_expired")), 1):
        async with school.db.tenant_tx(school.tenant_id, SYSTEM) as tx:
            await tx.connection.execute(
                # the school's day ends at three
                "update cards.card set valid_until = $1::int + "
                "(now() at time zone 'Asia/Shanghai' - interval '3 hours')::date where uid = $2", days, RICH,
            )  # fmt: skip
        assert (await pos.pay(RICH, 1_00, seq=seq))["code"] == code
