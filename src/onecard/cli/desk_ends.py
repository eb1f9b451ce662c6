"""`onecard desk return`, `cancel`, `replace`, `reissue`: a card's life ends, another's begins."""

from dataclasses import asdict
from typing import Annotated

import typer

from onecard.cards.model import CardState
from onecard.cards.technology import UID
from onecard.cli.desk_amounts import PasswordFile, fates, fen, last_day, verifier
from onecard.cli.desk_care import Override
from onecard.cli.desk_issue import AnyStock, PersonNumber
from onecard.cli.desk_readers import ReaderChoice, open_reader
from onecard.cli.desk_result import result
from onecard.cli.desk_show import Rows, Shown
from onecard.cli.desk_virtual import Accident
from onecard.cli.desk_visit import PersonOption, Reason, UidOption, Visit, desk_command
from onecard.cli.desk_words import say_in
from onecard.desk.operations import blank, ending, replacing
from onecard.desk.operations.care_words import CareRefusal
from onecard.desk.operations.ending import Refunds
from onecard.desk.operations.model import Kind
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.workplace import Workplace

app = typer.Typer()

Until = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="DAY", help="Last day, as 2027-07-31, or `never`; the old card's when left out."
    ),
]
Purse = Annotated[
    list[str] | None,
    typer.Option(
        "--purse", metavar="PURSE=FATE",
        help="What becomes of a purse, if not what the account class says, as water=forfeit: cash, subsidy,"
        " bonus or water; pay_out, keep or forfeit. Repeatable.",
    ),
]  # fmt: skip
KeepDeposit = Annotated[bool, typer.Option("--keep-deposit", help="The deposit becomes income.")]
RefundFee = Annotated[bool, typer.Option("--refund-fee", help="Pay the card fee back.")]
Charge = Annotated[str, typer.Option("--charge", metavar="AMOUNT", help="What the return itself costs.")]


@desk_command(app, "return")
async def return_(
    visit: Visit,
    *,
    lost: Annotated[bool, typer.Option("--lost", help="Without the card, which was reported lost.")] = False,
    erase: Annotated[bool, typer.Option("--erase", help="Then make it blank, for somebody else.")] = False,
    purse: Purse = None,
    keep_deposit: KeepDeposit = False,
    refund_fee: RefundFee = False,
    charge: Charge = "",
    person: PersonOption = None,
    uid: UidOption = None,
    override: Override = "",
    reason: Reason = "",
) -> Shown:
    """Take a card back; what is on it is paid out, forfeited or kept as the account class says."""
    refunds = _refunds(purse, keep_deposit=keep_deposit, refund_fee=refund_fee, charge=charge)
    if lost:
        row = await visit.card(person, uid)
        done = await ending.return_lost(
            visit.place, row.card_id, refunds=refunds, override_reason=override, reason=reason
        )
        return await result(visit, done)
    sighting = await visit.look()
    found = await result(
        visit, await ending.return_card(visit.place, sighting, refunds=refunds, reason=reason)
    )
    holds_nothing = sighting.row is not None and sighting.row.technology == UID.name
    if not found.ok or not erase or holds_nothing:
        return found
    erased = await result(visit, await blank.erase(visit.place, await visit.look(), reason=reason))
    fields = {**found.fields, "erased": erased.fields["operation"]}
    return Shown(fields, [*found.lines, erased.lines[0]], ok=erased.ok, code=erased.code, words=erased.words)


@desk_command(app, "cancel")
async def cancel(
    visit: Visit,
    *,
    purse: Purse = None,
    keep_deposit: KeepDeposit = False,
    refund_fee: RefundFee = False,
    charge: Charge = "",
    password_file: PasswordFile = None,
    reason: Reason = "",
) -> Shown:
    """Settle the account of the card on the reader and close it; asks for the password."""
    refunds = _refunds(purse, keep_deposit=keep_deposit, refund_fee=refund_fee, charge=charge)
    sighting, verify = await visit.look(), verifier(visit.settings, password_file)
    done = await ending.cancel_account(visit.place, sighting, verify, refunds=refunds, reason=reason)
    again = sighting.row is not None and sighting.row.state == CardState.CANCELLED
    return await result(visit, done, again=again)


def _refunds(purses: list[str] | None, *, keep_deposit: bool, refund_fee: bool, charge: str) -> Refunds:
    return Refunds(
        purses=fates(purses or ()), deposit=not keep_deposit, fee=refund_fee, charge_fen=fen(charge)
    )


@desk_command(app, "replace")
async def replace(
    visit: Visit,
    *,
    new_reader: Annotated[
        str, typer.Option("--new-reader", help="Where the blank card lies; else `replace-onto` follows.")
    ] = "",
    until: Until = None,
    any_stock: AnyStock = False,
    reason: Reason = "replaced",
) -> Shown:
    """Take everything off the old card on the reader; with --new-reader, put it on the new one at once."""
    sighting = await visit.look()
    found = await result(visit, await replacing.replace_card(visit.place, sighting, reason=reason))
    if not found.ok or not new_reader:
        return found
    assert sighting.row  # noqa: S101  it was given up just now
    choice = ReaderChoice.parse(new_reader)
    async with open_reader(choice, visit.tenant.code, visit.runtime.bus, Accident()) as reader:
        place = Workplace(visit.place.desk, reader)
        done = await replacing.replace_onto(
            place, await place.look(), sighting.row.card_id, valid_until=last_day(until), any_stock=any_stock,
            reason=reason,
        )  # fmt: skip
    second = await result(visit, done)
    return Shown(
        {**second.fields, "collected": found.fields["operation"]},
        [found.lines[0], *second.lines],
        ok=second.ok,
        code=second.code,
        words=second.words,
    )


@desk_command(app, "replace-onto")
async def replace_onto(
    visit: Visit,
    person: PersonNumber,
    *,
    until: Until = None,
    any_stock: AnyStock = False,
    reason: Reason = "",
) -> Shown:
    """Make the blank card on the reader the one its holder gave up: number, money, rights, deposit."""
    card_id = await _given_up(visit, person, Kind.COLLECT)
    if card_id is None:
        raise RefusedError(CareRefusal.NO_TRANSFER)
    done = await replacing.replace_onto(
        visit.place,
        await visit.look(),
        card_id,
        valid_until=last_day(until),
        any_stock=any_stock,
        reason=reason,
    )
    return await result(visit, done)


@desk_command(app, "reissue")
async def reissue(
    visit: Visit,
    person: PersonNumber,
    *,
    uid: Annotated[str | None, typer.Option("--uid", help="Which card was lost, of several.")] = None,
    override: Override = "",
    until: Until = None,
    any_stock: AnyStock = False,
    password_file: PasswordFile = None,
    reason: Reason = "",
) -> Shown:
    """Make the blank card on the reader that of somebody whose card is lost; asks for the password."""
    card_id = await _given_up(visit, person, Kind.REISSUE)
    if card_id is None:
        card_id = (await visit.card(person, uid)).card_id
    done = await replacing.reissue(
        visit.place, await visit.look(), card_id, verifier(visit.settings, password_file),
        override_reason=override, valid_until=last_day(until), any_stock=any_stock, reason=reason,
    )  # fmt: skip
    return await result(visit, done)


async def _given_up(visit: Visit, person: str, kind: Kind) -> int | None:
    """The latest card of a person that waits for a new one to take its place."""
    found = await replacing.transfers(visit.place)
    cards = [each.card_id for each in found if (each.person_number, each.kind) == (person, kind.value)]
    return cards[-1] if cards else None


@desk_command(app, "transfers", reader=False)
async def transfers(visit: Visit) -> Rows:
    """Cards that were given up for new ones which are not there yet, oldest first."""
    rows = [asdict(one) for one in await replacing.transfers(visit.place)]
    columns = ("card_id", "person_number", "person_name", "number", "kind", "reason", "created_at")
    return Rows(
        "transfers",
        rows,
        columns,
        empty=say_in(visit.lang, "No card waits to be replaced.", "没有待换发的卡。"),
    )
