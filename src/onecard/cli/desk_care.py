"""`onecard desk loss`, `freeze`, `extend`, `rekey`, `repair` …: cards in use stay in use, or rest."""

from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from onecard.base.errors import NotFoundError
from onecard.cli.desk_amounts import PasswordFile, day, verifier
from onecard.cli.desk_batch import class_numbered
from onecard.cli.desk_result import operation_fields, result
from onecard.cli.desk_show import Rows, Shown
from onecard.cli.desk_visit import PersonOption, Reason, UidOption, Visit, desk_command
from onecard.cli.desk_words import say_in
from onecard.cli.device_black import delivery_row
from onecard.desk.operations import loss as losing
from onecard.desk.operations import rekey as keys
from onecard.desk.operations import repair as repairing
from onecard.desk.operations import upkeep
from onecard.desk.operations.sighting import CardRow
from onecard.desk.operations.words import Words
from onecard.devices import black

app = typer.Typer()

Override = Annotated[
    str, typer.Option("--override", metavar="REASON", help="Why terminals that are behind do not matter.")
]
_SCRAP = Words(
    "The plastic is broken for good; the money is safe at the server.",
    "此卡永久损坏，余额在系统中不受影响。",
    "Report the loss, then issue a new card: `onecard desk loss`, `onecard desk reissue`.",
    "请先挂失再补卡：`onecard desk loss`、`onecard desk reissue`。",
)


async def _named(visit: Visit, person: str | None, uid: str | None) -> CardRow:
    """The card that is named; the one on the reader when none is."""
    if person is None and uid is None:
        return (await visit.chosen(None, None))[0]
    return await visit.card(person, uid)


@desk_command(app, "loss")
async def loss(
    visit: Visit,
    *,
    person: PersonOption = None,
    uid: UidOption = None,
    sn: Annotated[
        list[str] | None, typer.Option("--sn", metavar="SN", help="Tell only this terminal; repeatable.")
    ] = None,
    server_only: Annotated[
        bool, typer.Option("--server-only", help="Tell no terminal: those that are offline still accept it.")
    ] = False,
    reason: Reason = "lost",
) -> Shown:
    """Refuse a card from now on, at the server and at all terminals or those chosen."""
    row = await _named(visit, person, uid)
    devices = await _devices(visit, sn) if sn else None
    done = await losing.report_loss(
        visit.place, row.card_id, reason=reason, devices=devices, server_only=server_only
    )
    found, rows = await result(visit, done), await losing.delivery(visit.place, row.card_id)
    has = sum(each.delivered.value == "yes" for each in rows)
    line = say_in(
        visit.lang,
        f"{has} of {len(rows)} terminals refuse it already; `onecard desk delivery` shows which.",
        f"已有 {has}/{len(rows)} 台终端拒收此卡；`onecard desk delivery` 查看明细。",
    )
    delivery = {"terminals": len(rows), "confirmed": has}
    return Shown({**found.fields, "delivery": delivery}, [*found.lines, line])


async def _devices(visit: Visit, serials: list[str]) -> list[int]:
    async with visit.place.desk.tx() as tx:
        known = {each.sn: each.device_id for each in await black.states(tx)}
    for stranger in set(serials) - set(known):
        message = f"There is no device {stranger}."
        raise NotFoundError(message)
    return [known[each] for each in serials]


@desk_command(app, "cancel-loss")
async def cancel_loss(
    visit: Visit,
    *,
    person: PersonOption = None,
    uid: UidOption = None,
    number: Annotated[int | None, typer.Option("--number", help="By card number.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="DAY", help="Reported then or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="Reported on that day or before.")
    ] = None,
    reason: Reason = "",
) -> Shown:
    """Let cards that were found again be used as before; the same terminals are told."""
    if not visit.has_reader and not any((person, uid, number, since, until)):
        found = []
    else:
        found = await _lost(visit, person, uid, number, (since, until))
    done = await losing.cancel_loss(visit.place, [each.card_id for each in found], reason=reason)
    lines = [f"{each.person_name} ({each.person_number}) · {each.uid}" for each in found]
    return Shown({"operations": [operation_fields(each) for each in done]}, lines)


async def _lost(
    visit: Visit,
    person: str | None,
    uid: str | None,
    number: int | None,
    days: tuple[str | None, str | None],
) -> list[losing.Lost]:
    card_id = None
    if uid is not None or visit.has_reader:
        card_id = (await _named(visit, None, uid)).card_id
    zone = ZoneInfo(visit.tenant.time_zone)
    since, until = (day(each) for each in days)
    begin = datetime.combine(since, time(), zone).astimezone(UTC) if since else None
    end = datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC) if until else None
    found = await losing.lost_cards(
        visit.place, card_id=card_id, number=number, person_number=person, since=begin, until=end
    )
    if not found:
        message = "No card that is reported lost fits."
        raise NotFoundError(message)
    return found


@desk_command(app, "lost", reader=False)
async def lost(visit: Visit) -> Rows:
    """Cards that are reported lost, the latest report first."""
    rows = [asdict(each) for each in await losing.lost_cards(visit.place)]
    columns = ("uid", "number", "person_number", "person_name", "reason", "reported_at")
    return Rows(
        "cards", rows, columns, empty=say_in(visit.lang, "No card is reported lost.", "没有挂失的卡。")
    )


@desk_command(app, "delivery")
async def delivery(
    visit: Visit,
    *,
    person: PersonOption = None,
    uid: UidOption = None,
    resend: Annotated[bool, typer.Option("--resend", help="Tell those again that lack it.")] = False,
) -> Rows:
    """Terminal by terminal: does it refuse a card or accept it again, and if not, why."""
    row = await _named(visit, person, uid)
    if resend:
        await losing.resend(visit.place, row.card_id)
    found = await losing.delivery(visit.place, row.card_id)
    columns = ("sn", "name", "place", "listed", "has", "confirmed_at", "last_seen", "error")
    return Rows(
        "terminals",
        [delivery_row(each) for each in found],
        columns,
        empty=say_in(visit.lang, "No terminal was told about it.", "没有终端需要知道此卡。"),
    )


@desk_command(app, "freeze")
async def freeze(
    visit: Visit, *, person: PersonOption = None, uid: UidOption = None, reason: Reason = ""
) -> Shown:
    """Have nothing spent with a card until it is unfrozen; with the card or without."""
    row, sighting = await visit.chosen(person, uid)
    return await result(
        visit, await upkeep.freeze(visit.place, row.card_id, sighting=sighting, reason=reason)
    )


@desk_command(app, "unfreeze")
async def unfreeze(
    visit: Visit, *, person: PersonOption = None, uid: UidOption = None, reason: Reason = ""
) -> Shown:
    """Let a frozen card be used again; a stored card that says itself that it is frozen has to be there."""
    row, sighting = await visit.chosen(person, uid)
    return await result(
        visit, await upkeep.unfreeze(visit.place, row.card_id, sighting=sighting, reason=reason)
    )


@desk_command(app, "extend")
async def extend(
    visit: Visit,
    until: Annotated[str, typer.Argument(metavar="DAY", help="The last day, as 2027-07-31.")],
    *,
    person: PersonOption = None,
    uid: UidOption = None,
    reason: Reason = "",
) -> Shown:
    """Set the last day a card may be used."""
    row, sighting = await visit.chosen(person, uid)
    last = day(until)
    assert last  # noqa: S101  `day` gives one for every text
    return await result(
        visit, await upkeep.extend(visit.place, row.card_id, last, sighting=sighting, reason=reason)
    )


@desk_command(app, "change-class")
async def change_class(
    visit: Visit,
    number: Annotated[int, typer.Argument(metavar="CLASS", help="Number of the account class.")],
    *,
    person: PersonOption = None,
    uid: UidOption = None,
    reason: Reason = "",
) -> Shown:
    """Put the holder into another account class; its rules hold from now on."""
    row, sighting = await visit.chosen(person, uid)
    async with visit.place.desk.tx() as tx:
        class_id = await class_numbered(tx, number)
    done = await upkeep.change_class(visit.place, row.card_id, class_id, sighting=sighting, reason=reason)
    return await result(visit, done)


@desk_command(app, "align")
async def align(visit: Visit) -> Shown:
    """Tell the card on the reader what was changed while it was not there."""
    return await result(visit, await upkeep.align(visit.place, await visit.look()))


@desk_command(app, "rekey")
async def rekey(visit: Visit, *, reason: Reason = "") -> Shown:
    """Give the card on the reader the keys of the newest version."""
    return await result(visit, await keys.rekey(visit.place, await visit.look(), reason=reason))


@desk_command(app, "damage")
async def damage(
    visit: Visit, *, person: PersonOption = None, uid: UidOption = None, reason: Reason = "damaged"
) -> Shown:
    """Note that a card does not work any more; it is repaired, or reported lost and replaced."""
    row = await _named(visit, person, uid)
    return await result(visit, await repairing.report_damage(visit.place, row.card_id, reason=reason))


@desk_command(app, "repair")
async def repair(
    visit: Visit,
    *,
    purses_from_server: Annotated[
        bool, typer.Option("--purses-from-server", help="Write purses anew that can be read too.")
    ] = False,
    override: Override = "",
    password_file: PasswordFile = None,
    reason: Reason = "",
) -> Shown:
    """Write anew what is damaged on the card, from what the server can prove; asks for the password."""
    done = await repairing.repair(
        visit.place, await visit.look(), verifier(visit.settings, password_file),
        purses_from_server=purses_from_server, override_reason=override, reason=reason,
    )  # fmt: skip
    found = await result(visit, done.operation)
    if done.repairable:
        return found
    return Shown(found.fields, found.lines, ok=False, code="not_repairable", words=_SCRAP)


@desk_command(app, "decide", reader=False)
async def decide(
    visit: Visit,
    operation: Annotated[int, typer.Argument(help="Number of the operation.")],
    *,
    happened: Annotated[bool, typer.Option("--happened/--did-not-happen", help="What a person found out.")],
    password_file: PasswordFile = None,
) -> Shown:
    """Decide an operation that neither card nor books can decide; asks for the password."""
    done = await repairing.decide(
        visit.place, operation, verifier(visit.settings, password_file), happened=happened
    )
    found = await result(visit, done)
    return Shown(found.fields, found.lines)
