"""What became of an operation, for the clerk: done or not, cash to take or pay out, what the account has."""

from collections.abc import Mapping, Sequence
from typing import Any

from onecard.base.amounts import format_amount
from onecard.cards.keys import Role
from onecard.cli.desk_amounts import PRICES, cash_to_take_fen
from onecard.cli.desk_show import Shown
from onecard.cli.desk_visit import Settled, Visit
from onecard.cli.desk_words import ending_of, kind_name, label, say_in, state_name
from onecard.desk.operations import care, store
from onecard.desk.operations.model import Kind, Operation, Step
from onecard.desk.operations.sighting import CardRow
from onecard.desk.operations.speech import words_of
from onecard.ledger.model import Balances
from onecard.ledger.service import balances

_PURSES = ("cash", "subsidy", "bonus", "water")


async def result(visit: Visit, operation: Operation, *, again: bool = False) -> Shown:
    """An operation as it ended; `again` when that was earlier, so that nobody pays twice."""
    desk = visit.place.desk
    async with desk.tx() as tx:
        row = await care.card(tx, operation.card_id) if operation.card_id is not None else None
        drawer = await store.drawer(tx, desk.name)
        found, loads = Balances(), {}
        if operation.account_id is not None:
            found = (await balances(tx, [operation.account_id])).get(operation.account_id, Balances())
            waiting = await store.loads(tx, operation.account_id)
            loads = {role: (cash, subsidy) for role, (_, cash, subsidy) in waiting.items()}
    code, words = ending_of(operation)
    if code == "done" and row and operation.after.state not in {None, row.state}:
        code, words = "partly", words_of("pulled")
    cash_fen = 0 if again else cash_to_take_fen(operation.steps, drawer)
    settled, visit.settled = visit.settled, []
    shown = {
        "operation": operation_fields(operation),
        "cash_to_take_fen": cash_fen,
        "card": card_fields(row) if row else None,
        "balances_fen": {name: getattr(found, name) for name in (*_PURSES, "shortfall")},
        "waiting_fen": waiting_fields(loads),
        "settled": settled_fields(settled),
    }
    lines = [*settled_lines(visit, settled), _headline(visit, operation, row)]
    if code == "partly":
        lines += _cash_lines(visit, cash_fen)
    if code == "done" and row and operation.kind in {Kind.ISSUE, Kind.BIND}:
        lines.append(_terms_line(visit, operation, row, drawer))
    if code == "done":
        lines += _after_lines(visit, found, loads, cash_fen) if operation.account_id is not None else []
    return Shown(shown, lines, ok=code == "done", code=code, words=words)


def operation_fields(operation: Operation) -> dict[str, Any]:
    """An operation for JSON."""
    return {
        "id": operation.id,
        "kind": operation.kind.value,
        "state": operation.state.value,
        "amount_fen": operation.amount_fen,
        "steps": [{"part": _tag(each), "state": each.state.value} for each in operation.steps],
        "reason": operation.reason,
        "trouble": operation.trouble,
    }


def _tag(step: Step) -> str:
    return str(type(step.part).__struct_config__.tag)


def card_fields(row: CardRow) -> dict[str, Any]:
    """The server's words about a card for JSON."""
    return {name: getattr(row, name) for name in CardRow.__slots__}


def waiting_fields(loads: Mapping[Role, tuple[int, int]]) -> dict[str, int]:
    """What waits for a card, by purse."""
    return {role.name.lower(): sum(amounts) for role, amounts in loads.items()}


def settled_fields(settled: Sequence[Settled]) -> list[dict[str, Any]]:
    """What a card has decided of earlier operations, for JSON."""
    return [operation_fields(each.operation) | {"cash_to_take_fen": each.cash_fen} for each in settled]


def settled_lines(visit: Visit, settled: Sequence[Settled]) -> list[str]:
    """The same for people, with the cash that nobody took or paid yet."""
    lines = []
    for each in settled:
        one = each.operation
        what = f"{_name(visit, one)} {format_amount(one.amount_fen)}" if one.amount_fen else _name(visit, one)
        en = f"Operation {one.id} ({what}), which was interrupted: {_state(visit, one)}."
        zh = f"此前被中断的操作 {one.id}（{what}）：{_state(visit, one)}。"
        lines += [say_in(visit.lang, en, zh), *_cash_lines(visit, each.cash_fen)]
    return lines


def _name(visit: Visit, operation: Operation) -> str:
    return kind_name(operation.kind, operation.after, visit.lang)


def _state(visit: Visit, operation: Operation) -> str:
    if ending_of(operation)[0] == "partly":
        return say_in(visit.lang, "only a part was done", "只完成了一部分")
    return state_name(operation.state, visit.lang)


def _headline(visit: Visit, operation: Operation, row: CardRow | None) -> str:
    lang = visit.lang
    what, state = _name(visit, operation), _state(visit, operation)
    amount = f" {format_amount(operation.amount_fen)}" if operation.amount_fen else ""
    whose = f" · {row.person_name} ({row.person_number})" if row else ""
    card = f" · {say_in(lang, 'card', '卡')} {row.uid}" if row else ""
    number = f" · {say_in(lang, 'number', '卡号')} {row.number}" if row and row.number is not None else ""
    return f"{operation.id} · {what}{amount} · {state}{whose}{card}{number}"


def _terms_line(visit: Visit, operation: Operation, row: CardRow, drawer: int) -> str:
    """What was taken for a new card and until when it is good."""
    lang = visit.lang
    terms = [
        f"{label(name, lang)} {format_amount(cash_to_take_fen(operation.steps, drawer, kind))}"
        for name, kind in PRICES.items()
    ]
    never = say_in(lang, "no last day", "长期有效")
    terms.append(f"{label('valid until', lang)} {row.valid_until}" if row.valid_until else never)
    return " · ".join(terms)


def _cash_lines(visit: Visit, cash_fen: int) -> list[str]:
    amount = format_amount(abs(cash_fen))
    if cash_fen > 0:
        return [say_in(visit.lang, f"Take {amount} from the person.", f"请收取 {amount}。")]
    return [say_in(visit.lang, f"Pay out {amount}.", f"请支付 {amount}。")] if cash_fen else []


def _after_lines(
    visit: Visit, found: Balances, loads: Mapping[Role, tuple[int, int]], cash_fen: int
) -> list[str]:
    lang, lines = visit.lang, _cash_lines(visit, cash_fen)
    held = ", ".join(
        f"{say_in(lang, name, zh)} {format_amount(getattr(found, name))}"
        for name, zh in zip(_PURSES, ("自助", "补助", "赠送", "水控"), strict=True)
        if getattr(found, name) or name in {"cash", "water"}
    )
    lines.append(say_in(lang, f"The account has: {held}.", f"账户余额：{held}。"))
    waiting = sum(sum(each) for each in loads.values())
    if waiting:
        amount = format_amount(waiting)
        lines.append(say_in(lang, f"{amount} waits for the card.", f"{amount} 待写入卡。"))
    return lines
