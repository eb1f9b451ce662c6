"""Sessions of all operators, and their end."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from onecard.base.db import Row, Tx
from onecard.base.listing import Condition, Op, Wish
from onecard.base.texts import Text, say, say_count
from onecard.tenants import sessions
from onecard.tenants.functions import F
from onecard.web.kit.bulk import Bulk, Preview
from onecard.web.kit.columns import Column
from onecard.web.kit.filters import Query
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Look
from onecard.web.kit.visit import Visit
from onecard.web.pages.access.operator_page import PATH as OPERATORS
from onecard.web.pages.access.session_words import COLUMNS


def _now(_visit: Visit, _query: Query) -> Mapping[str, Any]:
    return {"now": datetime.now(UTC)}


async def _rows(tx: Tx, visit: Visit, keys: list[int]) -> list[Row]:
    """The sessions that were chosen and still live, without one's own."""
    wanted = [Condition("id", Op.IN, tuple(keys))]
    page = await sessions.SESSIONS.page(
        tx, Wish(arguments={"now": datetime.now(UTC)}, conditions=wanted, most=len(keys))
    )
    return [row for row in page.rows if row["id"] != visit.who.session_id]


async def _preview(tx: Tx, visit: Visit, keys: list[int], _form: Any) -> Preview:
    own = [("", say("Your own session ends by signing out."))] if visit.who.session_id in keys else []
    return Preview(affected=len(await _rows(tx, visit, keys)), refused=own)


async def _end(tx: Tx, visit: Visit, keys: list[int], _form: Any) -> Text:
    rows = await _rows(tx, visit, keys)
    for row in rows:
        await sessions.end(tx, row["operator_id"], row["id"])
    return say_count(len(rows), "{count} session ended.", "{count} sessions ended.")


END = Bulk(
    name="end", label=say("End sessions"), icon="logout", needs=F.ACCESS_SESSION_END, preview=_preview,
    carry_out=_end, danger=True, note=say("Whoever is signed in there has to sign in again."),
)  # fmt: skip

SCREEN: Screen[Any] = Screen(
    path="/access/sessions", area="access", title=say("Sessions"), icon="device-laptop",
    view=F.ACCESS_SESSION_VIEW, listing=sessions.SESSIONS, arguments=_now, api="sessions", bulk=(END,),
    row_href=lambda row: f"{OPERATORS}/{row['operator_id']}", label="account",
    note=say("Browsers in which operators are signed in right now."),
    columns=(
        Column(name="account", title=say("Account number"), look=Look.CODE, phone="sub"),
        Column(name="name", title=say("Operator"), look=Look.STRONG, phone="title"),
        *COLUMNS,
    ),
)  # fmt: skip
