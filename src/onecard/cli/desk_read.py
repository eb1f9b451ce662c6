"""`onecard desk read`, `watch`, `new-card`: what lies on the reader, side by side with the server's words."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any

import typer

from onecard.base.amounts import format_amount
from onecard.base.errors import OneCardError
from onecard.cards.classic.geometry import Size
from onecard.cards.keys import UID_LENGTHS, Role
from onecard.cards.model import parse_uid
from onecard.cards.oc1.records import Purse, PurseFlag
from onecard.cards.reader import ReaderError
from onecard.cards.technology import size_of
from onecard.cards.virtual.chip import Make
from onecard.cli import output
from onecard.cli.desk_result import card_fields, settled_fields, settled_lines, waiting_fields
from onecard.cli.desk_show import Shown, told
from onecard.cli.desk_virtual import lay_new_card
from onecard.cli.desk_visit import Visit, desk_command
from onecard.cli.desk_words import Lang, card_state, label, say_in
from onecard.cli.output import Json
from onecard.desk.operations.sighting import Sighting
from onecard.desk.operations.speech import words_of
from onecard.ledger.model import Balances

app = typer.Typer()
_PURSES = (Role.CONSUMPTION, Role.WATER)
_LOOK_EVERY_S = 0.15


@desk_command(app, "read")
async def read(visit: Visit) -> Shown:
    """Show everything on the card and everything the server knows, and what differs and why.

    Looking decides what was interrupted with this card.
    """
    return shown(visit, await visit.look())


@desk_command(app, "watch")
async def watch(
    visit: Visit,
    most: Annotated[int, typer.Option("--most", min=1, help="End after so many cards.")] = 1_000_000,
) -> Shown:
    """Show each card that is laid on, until Ctrl-C; with --json one object for each, on a line."""
    session, seen = "", 0
    while seen < most:
        try:
            presence = await visit.place.reader.present()
            if presence and presence.session != session:
                session, seen = presence.session, seen + 1
                visit.tell(shown(visit, await visit.look()))
        except ReaderError as error:
            output.say(told(words_of(error.trouble.value), visit.lang)[0])
        await asyncio.sleep(_LOOK_EVERY_S)
    return Shown({"cards": seen})


@app.command("new-card")
def new_card(
    file: Annotated[Path, typer.Argument(help="File for the card's memory (.bin or .mfd).")],
    *,
    uid: Annotated[str, typer.Option("--uid", help="Its UID, 4 or 7 bytes in hex; random.")] = "",
    size: Annotated[str, typer.Option("--size", help="1K or 4K.")] = "1K",
    make: Annotated[Make, typer.Option("--make", help="Genuine, or an imitation.")] = Make.GENUINE,
    as_json: Json = False,
) -> None:
    """Lay a virtual card, as it comes from the factory, into a file."""
    # 08 begins numbers that are random by declaration, so that it is no real card's
    parsed = parse_uid(uid or "08" + token_hex(3))
    if parsed is None or len(parsed) // 2 not in UID_LENGTHS:
        message = f"{uid!r} is no UID of a card: that is 8 or 14 hexadecimal digits."
        raise OneCardError(message)
    sizes = {each.label.upper(): each for each in Size}
    if size.upper() not in sizes:
        message = f"{size!r} is no size of a card: 1K or 4K."
        raise OneCardError(message)
    lay_new_card(file, bytes.fromhex(parsed), sizes[size.upper()], make)
    fields = {"file": file, "uid": parsed, "size": size.upper(), "make": make.value}
    output.show(fields, as_json=as_json, sentence=f"{file} is a new {size.upper()} card with UID {parsed}.")


def shown(visit: Visit, sighting: Sighting) -> Shown:
    """What was seen."""
    remarks = [(one.value, *told(words_of(one.value), visit.lang)) for one in sighting.differences]
    row, found = sighting.row, sighting.balances
    fields = {
        "uid": sighting.uid,
        "technology": _technology(sighting),
        "on_card": _on_card(sighting),
        "at_server": card_fields(row) if row else None,
        "balances_fen": {name: getattr(found, name) for name in found.__struct_fields__} if found else None,
        "waiting_fen": waiting_fields(sighting.loads_fen),
        "differences": [
            {"code": code, "message": message, "next": following} for code, message, following in remarks
        ],
        "open_operation": sighting.open_operation,
        "settled": settled_fields(visit.settled),
    }
    lines = [*settled_lines(visit, visit.settled), *_lines(visit, sighting)]
    for _, message, following in remarks:
        lines += [f"! {message}", f"  → {following}"]
    if sighting.open_operation is not None:
        number = sighting.open_operation
        lines.append(
            say_in(
                visit.lang,
                f"! Operation {number} is not finished: `onecard desk continue` or `onecard desk abandon`.",
                f"! 操作 {number} 尚未完成：`onecard desk continue` 或 `onecard desk abandon`。",
            )
        )
    return Shown(fields, lines)


def _technology(sighting: Sighting) -> str:
    size = size_of(sighting.presence.atr)
    return f"classic {size.label}" if size else "uid"


def _on_card(sighting: Sighting) -> dict[str, Any] | None:
    reading = sighting.reading
    if reading is None:
        return None
    holder = reading.holder.record if reading.holder else None
    return {
        "blank": reading.is_blank,
        "state": holder.status.name.lower() if holder else None,
        "number": holder.card_number if holder else None,
        "class": holder.account_class if holder else None,
        "valid_until": holder.valid_until_date if holder else None,
        "generation": reading.identity.generation if reading.identity else None,
        "key_version": reading.identity.key_version if reading.identity else None,
        "purses": {role.name.lower(): _purse(sighting, role) for role in _PURSES},
        "sectors": {place.sector: one.state.value for place, one in reading.sectors.items()},
    }


def _purse(sighting: Sighting, role: Role) -> dict[str, Any] | None:
    record = _record(sighting, role)
    if record is None:
        return None
    return {
        "cash_fen": record.cash_fen,
        "subsidy_fen": record.subsidy_fen,
        "counter": record.counter,
        "frozen": bool(record.flags & PurseFlag.FROZEN),
    }


def _record(sighting: Sighting, role: Role) -> Purse | None:
    found = sighting.reading.purses.get(role) if sighting.reading else None
    return found.record if found else None


def _lines(visit: Visit, sighting: Sighting) -> Iterator[str]:
    """A head, then a line for each thing that card or server knows."""
    lang = visit.lang
    yield f"{say_in(lang, 'Card', '卡')} {sighting.uid} · {_technology(sighting)}"
    rows = [each for each in _side_by_side(sighting, lang) if each[1] or each[2]]
    if not rows:
        yield "  " + say_in(lang, "unknown here", "未登记")
        return
    left = max(_width(label(name, lang)) for name, _, _ in rows)
    middle = max(_width(card) for _, card, _ in (*rows, ("", say_in(lang, "on the card", "卡内"), "")))
    head = ("", say_in(lang, "on the card", "卡内"), say_in(lang, "at the server", "系统"))
    for name, card, server in (head, *rows):
        yield f"  {_padded(label(name, lang), left)}  {_padded(card, middle)}  {server}".rstrip()


def _side_by_side(sighting: Sighting, lang: Lang) -> Iterator[tuple[str, str, str]]:
    row, found, reading = sighting.row, sighting.balances, sighting.reading
    holder = reading.holder.record if reading and reading.holder else None
    says = holder.status.name.lower() if holder else "blank" if reading and reading.is_blank else ""
    yield "state", card_state(says, lang), card_state(row.state, lang) if row else ""
    yield "holder", "", f"{row.person_name} ({row.person_number})" if row else ""
    yield "number", _text(holder and holder.card_number), _text(row and row.number)
    yield "class", _text(holder and holder.account_class), _text(row and row.class_number)
    yield "valid until", _text(holder and holder.valid_until_date), _text(row and row.valid_until)
    identity = reading.identity if reading else None
    yield "generation", _text(identity and identity.generation), _text(row and row.generation)
    yield "key version", _text(identity and identity.key_version), _text(row and row.key_version)
    consumption, water = (_record(sighting, role) for role in _PURSES)
    yield "cash", _fen(consumption, "cash_fen"), _fen(found, "cash")
    yield "subsidy", _fen(consumption, "subsidy_fen"), _fen(found, "subsidy")
    yield "bonus", "", _fen(found, "bonus") if found and found.bonus else ""
    yield "water", _fen(water, "cash_fen"), _fen(found, "water")
    waiting = sum(sum(each) for each in sighting.loads_fen.values())
    yield "waits for the card", "", format_amount(waiting) if waiting else ""
    yield "owes", "", format_amount(-found.shortfall) if found and found.shortfall else ""


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _fen(of: Purse | Balances | None, name: str) -> str:
    return "" if of is None else format_amount(getattr(of, name))


def _width(text: str) -> int:
    """Columns on a terminal; a Chinese character takes two."""
    return sum(2 if ord(each) >= 0x2E80 else 1 for each in text)  # noqa: PLR2004  first CJK character


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
