"""Binding: a card that is nothing but its number becomes somebody's, with the card at hand or without."""

from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from onecard.base.db import Tx
from onecard.cards.model import CardState, parse_uid
from onecard.cards.numbers import NumberFormat, ReaderNumbers
from onecard.cards.technology import UID
from onecard.desk.operations import lives, stock, store
from onecard.desk.operations.effects import finish
from onecard.desk.operations.issue import agree, books
from onecard.desk.operations.issue_plan import Asked, Wish, money_parts
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.lives import Life
from onecard.desk.operations.model import UNSAID, After, Draft, Kind, Operation, Unsaid
from onecard.desk.operations.sighting import Difference
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.stock import StockState
from onecard.desk.operations.workplace import Workplace

HEX = ReaderNumbers(NumberFormat.HEX)
_SWIPES = 500  # of the terminals' latest refusals are looked through


@dataclass(frozen=True, slots=True, kw_only=True)
class Swipe:
    """A card that is nobody's and was held to a terminal.

    Attributes:
        uid: upper-case hex.
        occurred_at: by the terminal's clock.
        sn: serial number of the terminal.
        name: of the terminal.
        place: where it stands.
    """

    uid: str
    occurred_at: datetime
    sn: str
    name: str
    place: str


async def latest_unknown(tx: Tx, most: int = 20) -> list[Swipe]:
    """The latest cards that terminals turned away and that are nobody's, newest first, each once.

    They are known from the terminals' `deny` records, so that they appear when those have been uploaded.
    """
    rows = lives.sql.latest_unknown(tx.connection, tenant_id=tx.tenant_id, most=most, within=_SWIPES)
    return [Swipe(**row) async for row in rows]


async def bind(
    place: Workplace,
    text: str,
    person_id: int,
    *,
    form: ReaderNumbers = HEX,
    number: int | None = None,
    valid_until: date | Unsaid | None = UNSAID,
    fee_fen: int | Unsaid = UNSAID,
    deposit_fen: int | Unsaid = UNSAID,
    reason: str = "",
) -> Operation:
    """Make a card somebody's by its number; nothing is written to the card.

    Args:
        place: the desk; it needs no reader.
        text: the number as typed, scanned, or picked from `latest_unknown`.
        person_id: who gets it.
        form: how `text` is written; a form that tells a part of the number only does when exactly one of the
            latest unknown cards fits.
        number: card number; None: the next one.
        valid_until: its last day; None: no end; unsaid: as the class says, and so the next two.
        fee_fen: price of the card, for good.
        deposit_fen: what is given back when the card is.
        reason: for the card operation list.

    Raises:
        OneCardError: `text` is no number of that form.
        RefusedError: cards here hold keys and have to be issued; the card is somebody's, or person or plastic
            do not allow it.
        BusyError: another desk is at work on the card or the account.
    """
    if place.desk.chosen.technology != UID.name:
        raise RefusedError(Difference.WRONG_TECHNOLOGY)
    claim = Draft(kind=Kind.BIND, parts=(), account_id=person_id, before={})
    asked = Asked(valid_until=valid_until, fee_fen=fee_fen, deposit_fen=deposit_fen)
    wish = Wish(person_id=person_id, number=number, asked=asked, reason=reason)
    try:
        async with place.desk.tx() as tx:
            operation = await _begin(tx, place, await _whole_uid(tx, text, form), wish)
    except asyncpg.UniqueViolationError:
        async with place.desk.tx() as tx:
            raise await store.explain_busy(tx, claim) from None
    return await place.engine.carry_out(operation) if operation.state.is_open else operation


async def _begin(tx: Tx, place: Workplace, uid: str, wish: Wish) -> Operation:
    """The life's row and the plan; with nothing to pay that is all of it."""
    desk, raw = place.desk, bytes.fromhex(uid)
    before = await store.card_row(tx, raw)
    if before and not CardState(before.state).ended:
        lost = before.state == CardState.LOST
        raise RefusedError(Difference.LOST if lost else IssueRefusal.CARD_IN_USE)
    if await stock.stock_state(tx, uid) is StockState.DEAD:
        raise RefusedError(IssueRefusal.PLASTIC_DEAD)
    agreed = await agree(tx, wish.asked, await lives.admit(tx, wish.person_id))
    life = Life(
        uid=uid, technology=UID.name, person_id=wish.person_id, valid_until=agreed.valid_until,
        number=await lives.choose_number(tx, desk.chosen, wish.number), fee_fen=agreed.fee_fen,
        deposit_fen=agreed.deposit_fen,
    )  # fmt: skip
    draft = Draft(
        kind=Kind.BIND,
        parts=tuple(money_parts(wish, agreed, await books(tx, place))),
        account_id=wish.person_id,
        card_id=await lives.begin(tx, life),
        uid=raw,
        reason=wish.reason,
        before={},
        after=After(state=CardState.ACTIVE.value, valid_until=agreed.valid_until),
    )
    operation = await store.insert(tx, draft, desk=desk.name, lease_s=desk.lease_s)
    return operation if operation.steps else await finish(tx, operation, (), {})


async def _whole_uid(tx: Tx, text: str, form: ReaderNumbers) -> str:
    uid = parse_uid(text.strip())
    if uid is not None and form.form is NumberFormat.HEX:
        return uid
    known = form.parse(text)
    if known.uid is not None:
        return known.uid
    fitting = [one.uid for one in await latest_unknown(tx, _SWIPES) if known.matches(one.uid)]
    if len(fitting) != 1:
        raise RefusedError(IssueRefusal.NUMBER_NOT_WHOLE)
    return fitting[0]
