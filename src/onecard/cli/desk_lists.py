"""`onecard desk repair-list`, `operations`, `stock-…`, `lift-…`: lists, plastic, and the way to floors."""

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
import typer

from onecard.base.clock import now_us
from onecard.base.errors import OneCardError
from onecard.cli.desk_amounts import day
from onecard.cli.desk_result import result
from onecard.cli.desk_show import Rows, Shown
from onecard.cli.desk_visit import Reason, Visit, desk_command
from onecard.cli.desk_words import kind_name, say_in, state_name
from onecard.desk.operations import lift, stock, store
from onecard.desk.operations.lift import LiftRights
from onecard.desk.operations.model import After, Kind, State

app = typer.Typer()

_COLUMNS = ("id", "kind", "state", "person_number", "person_name", "amount_fen", "desk", "created_at")


@desk_command(app, "repair-list", reader=False)
async def repair_list(visit: Visit) -> Rows:
    """Operations that wait for their card or for a person: the top-up repair list."""
    async with visit.place.desk.tx() as tx:
        rows = store.sql.unresolved(tx.connection, tenant_id=tx.tenant_id)
        found = [dict(row) async for row in rows]
    return Rows(
        "operations",
        _shown(visit, found),
        (*_COLUMNS, "trouble"),
        empty=say_in(visit.lang, "Everything is decided.", "没有待处理的操作。"),
    )


@desk_command(app, "operations", reader=False)
async def operations(
    visit: Visit,
    *,
    person: Annotated[str | None, typer.Option("--person", metavar="NUMBER", help="Of one person.")] = None,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many of the latest.")] = 30,
) -> Rows:
    """The card operation list, newest first."""
    account_id = (await visit.person(person)).id if person else None
    async with visit.place.desk.tx() as tx:
        rows = store.sql.latest(tx.connection, tenant_id=tx.tenant_id, account_id=account_id, most=most)
        found = [dict(row) async for row in rows]
    return Rows(
        "operations",
        _shown(visit, found),
        (*_COLUMNS, "reason"),
        empty=say_in(visit.lang, "No operation yet.", "暂无操作。"),
    )


def _shown(visit: Visit, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As they are for JSON; in people's language otherwise."""
    for row in rows:
        row |= {name: msgspec.json.decode(row[name]) for name in ("before", "after") if name in row}
        if not visit.as_json:
            after = msgspec.convert(row.get("after", {}), After)
            row["kind"] = kind_name(Kind(row["kind"]), after, visit.lang)
            row["state"] = state_name(State(row["state"]), visit.lang)
    return rows


@desk_command(app, "stock-add", reader=False)
async def stock_add(
    visit: Visit,
    name: Annotated[str, typer.Argument(help="What is written on the box.")],
    first: Annotated[str, typer.Argument(metavar="FIRST", help="UID of the first card in it.")],
    last: Annotated[str, typer.Argument(metavar="LAST", help="UID of the last card in it.")],
) -> Shown:
    """Register a box of new cards by its range of UIDs."""
    async with visit.place.desk.tx() as tx:
        box = await stock.register_box(tx, name, first, last)
    line = say_in(
        visit.lang, f"Registered: {box.name}, {box.size} cards.", f"已登记：{box.name}，共 {box.size} 张。"
    )
    return Shown({"box": asdict(box), "size": box.size}, [line])


@desk_command(app, "stock", reader=False)
async def stock_report(visit: Visit) -> Shown:
    """How many cards there are: good, used, dead, imitations, and used ones that are in no box."""
    async with visit.place.desk.tx() as tx:
        report, boxes = await stock.report(tx), await stock.boxes(tx)
    counts = asdict(report)
    names = {"good": "可用", "used": "已用", "dead": "报废", "imitation": "仿制", "unknown": "未登记"}
    lines = [f"{say_in(visit.lang, name, zh)}  {counts[name]}" for name, zh in names.items()]
    lines += [f"{box.name}  {box.first_uid} – {box.last_uid}  {box.used}/{box.size}" for box in boxes]
    return Shown({"report": counts, "boxes": [asdict(box) | {"size": box.size} for box in boxes]}, lines)


@desk_command(app, "lift-write")
async def lift_write(
    visit: Visit,
    floors: Annotated[str, typer.Argument(help="Floors 0 to 63, as 1,3,5-8.")],
    *,
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="Last day, as 2027-07-31.")],
    since: Annotated[str | None, typer.Option("--since", metavar="DAY", help="First day; today.")] = None,
    group: Annotated[int, typer.Option("--group", min=1, help="Lift group.")] = 1,
    uses: Annotated[int, typer.Option("--uses", min=0, help="How often; 0: not counted.")] = 0,
    profile: Annotated[int, typer.Option("--profile", min=0, help="Number of the periods of the day.")] = 0,
    reason: Reason = "",
) -> Shown:
    """Write on the card on the reader which floors its holder may use, and until when."""
    last = day(until)
    assert last  # noqa: S101  `day` gives one for every text
    today = visit.tenant.business_day.of(now_us())
    rights = LiftRights(
        floors=_floors(floors), valid_from=day(since) or today, valid_until=last, uses=uses,
        profile=profile,
    )  # fmt: skip
    done = await lift.write_lift(visit.place, await visit.look(), {group: rights}, reason=reason)
    return await result(visit, done)


@desk_command(app, "lift-clear")
async def lift_clear(
    visit: Visit,
    *,
    group: Annotated[
        int | None, typer.Option("--group", min=1, help="Lift group; all when left out.")
    ] = None,
    reason: Reason = "",
) -> Shown:
    """Take the lift rights off the card on the reader."""
    groups = None if group is None else [group]
    done = await lift.clear_lift(visit.place, await visit.look(), groups, reason=reason)
    return await result(visit, done)


def _floors(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not (first.isascii() and first.isdecimal() and (not last or last.isdecimal())):
            message = f"{text!r} names no floors; write for example 1,3,5-8."
            raise OneCardError(message)
        found |= set(range(int(first), int(last or first) + 1))
    return frozenset(found)
