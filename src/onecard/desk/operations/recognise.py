"""What differs between a card on the reader and the server's words about it, and what each of them proves.

A terminal that spent in between is normal: the counter is higher, `desk_seq` the same, and no amount larger.
Everything else that a card says and no desk wrote is an older state, a copy or a forgery. What is found here
is shown and holds the card back; only a person puts it on a blacklist.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from onecard.cards.keys import Role
from onecard.cards.model import CardState
from onecard.cards.oc1.changes import Change
from onecard.cards.oc1.records import DESK_SEQ_MODULUS, CardStatus, Purse, PurseFlag
from onecard.cards.reader import Presence
from onecard.cards.technology import UID, CardFormat, Mode, is_expired
from onecard.desk.operations.reading import PURSES, holds_records
from onecard.desk.operations.sighting import CardRow, Difference, Known, Reading, SectorState
from onecard.ledger.model import Balances

_OF_STATE = {
    CardState.LOST: Difference.LOST,
    CardState.FROZEN: Difference.FROZEN,
    CardState.DAMAGED: Difference.DAMAGED,
    CardState.ISSUING: Difference.UNFINISHED,
    CardState.CANCELLED: Difference.CANCELLED,
}
_OF_STATUS = {
    CardStatus.INCOMPLETE: Difference.UNFINISHED,
    CardStatus.CLEARING: Difference.UNFINISHED,
    CardStatus.CANCELLED: Difference.CANCELLED,
}
_IMPORTANCE = {difference: n for n, difference in enumerate(Difference)}


def differences(  # noqa: PLR0917  the fields of a sighting, in their order
    reading: Reading | None,
    presence: Presence,
    row: CardRow | None,
    known: Mapping[Role, Known],
    balances: Balances | None,
    loads_fen: Mapping[Role, tuple[int, int]],
    chosen: CardFormat,
    *,
    planned: Mapping[Role, Change],
    today: date,
    elsewhere: bool,
    newest_key_version: int,
) -> tuple[Difference, ...]:
    """Why a card is not what the server says, or may not be worked with; the most important first.

    Args:
        reading: None for a card of a technology nothing is written to.
        presence: the card.
        row: the life that lasts, else the latest; None for a card the server never saw.
        known: what a desk last knew of the purses of this life.
        balances: of the holder's account, without what is held or in suspense.
        loads_fen: by role, (cash, subsidy) that the balances hold and the card does not have yet.
        chosen: the tenant's format.
        planned: changes that may have happened although no desk knows.
        today: in the tenant's time zone.
        elsewhere: another tenant has a card with this UID.
        newest_key_version: the one that cards should have.
    """
    of_row = set(_of_row(row, today)) if row else set()
    if row is not None and row.technology == UID.name:
        # nothing but the number tells this life from the next
        return _ordered(of_row | ({Difference.OLD_LIFE} if row.state == CardState.VOID else set()))
    if chosen.technology != UID.name and not holds_records(presence, chosen):
        return _ordered(of_row | {Difference.WRONG_TECHNOLOGY})
    if reading is None or not reading.sectors:
        return _ordered(of_row)
    states = {sector.state for sector in reading.sectors.values()}
    found = set(_of_sectors(states, row, elsewhere=elsewhere))
    if SectorState.OURS not in states:
        return _ordered(found | _of_blank(reading, row, of_row))
    found |= set(_of_records(reading, today, newest_key_version))
    if row is None:
        return _ordered(found | {Difference.UNKNOWN})
    if _is_old_life(reading, row):
        found = found - {Difference.CANCELLED} | {Difference.OLD_LIFE}
    else:
        found |= set(_of_history(reading, known, planned, value_blocks=chosen.layout.value_blocks))
        # what is on a card that is being issued moves when it is whole
        in_use = row.state != CardState.ISSUING
        if chosen.mode is Mode.STORED and balances is not None and in_use:
            found |= set(_of_money(reading, balances, loads_fen, planned))
    return _ordered(found | of_row)


def _of_sectors(states: set[SectorState], row: CardRow | None, *, elsewhere: bool) -> Iterator[Difference]:
    """On a card that is ours a sector that opens with no key is one whose trailer was torn."""
    ours, blank = SectorState.OURS in states, SectorState.BLANK in states
    lives = row is not None and not CardState(row.state).ended
    if SectorState.DEAD in states or (SectorState.FOREIGN in states and (ours or (blank and lives))):
        yield Difference.DEAD_SECTOR
    elif SectorState.FOREIGN in states:
        yield Difference.OTHER_TENANT if elsewhere else Difference.FOREIGN
    if ours and blank:
        yield Difference.UNFINISHED


def _ordered(found: set[Difference]) -> tuple[Difference, ...]:
    return tuple(sorted(found, key=_IMPORTANCE.__getitem__))


def _of_blank(reading: Reading, row: CardRow | None, of_row: set[Difference]) -> set[Difference]:
    """A blank card is free when its last life is over; a living one that is blank is as it was before."""
    if row is None or not reading.is_blank:
        return of_row
    if CardState(row.state).ended:
        return set()
    return of_row if row.state == CardState.ISSUING else of_row | {Difference.REPLAYED}


def _of_row(row: CardRow, today: date) -> Iterator[Difference]:
    state = CardState(row.state)
    if state in _OF_STATE:
        yield _OF_STATE[state]
    if not state.ended and row.valid_until is not None and row.valid_until < today:
        yield Difference.EXPIRED


def _of_records(reading: Reading, today: date, newest_key_version: int) -> Iterator[Difference]:
    """What the card says of itself."""
    for place, sector in reading.sectors.items():
        if sector.state is not SectorState.OURS:
            continue
        if sector.key_version != newest_key_version:
            yield Difference.OLD_KEYS
        record = reading.holder if place.role is Role.IDENTITY else reading.purses.get(place.role)
        if record is None and place.role is not Role.LIFT:
            yield Difference.EDITED
    if any(purse and purse.record.flags & PurseFlag.FROZEN for purse in reading.purses.values()):
        yield Difference.FROZEN
    if reading.holder is None:
        return
    identity = reading.holder.record
    if identity.status in _OF_STATUS:
        yield _OF_STATUS[identity.status]
    if is_expired(identity.valid_until, today):
        yield Difference.EXPIRED


def _is_old_life(reading: Reading, row: CardRow) -> bool:
    """The card is of another life than the row, or goes on after its end."""
    if reading.identity is not None and row.generation not in {None, reading.identity.generation}:
        return True
    if reading.holder is None or not CardState(row.state).ended:
        return False
    status = reading.holder.record.status
    # a returned or replaced card says that it is cancelled; its account need not be
    return status is CardStatus.ACTIVE or (
        status is CardStatus.CANCELLED and row.state != CardState.CANCELLED
    )


def _of_history(
    reading: Reading, known: Mapping[Role, Known], planned: Mapping[Role, Change], *, value_blocks: bool
) -> Iterator[Difference]:
    for role, last in known.items():
        purse = reading.purses.get(role)
        if purse is not None:
            found = _compared(purse.record, last, planned.get(role), value_blocks=value_blocks)
            if found:
                yield found


def _compared(record: Purse, last: Known, change: Change | None, *, value_blocks: bool) -> Difference | None:
    """A purse beside what a desk last knew of it."""
    ahead = (record.desk_seq - last.desk_seq) % DESK_SEQ_MODULUS
    if record.counter < last.counter or ahead >= DESK_SEQ_MODULUS // 2:
        return Difference.REPLAYED
    base = last
    if change is not None and ahead and record.desk_seq == change.after.desk_seq:
        base = _known(change.after)
    if record.desk_seq != base.desk_seq or record.counter < base.counter:
        return Difference.CLONED
    same = record.counter == base.counter
    if value_blocks:  # their terminals spend without a word about it
        normal = same and _is_spent_from(record, base)
    else:
        normal = _known(record) == base if same else _is_spent_from(record, base)
    return None if normal else Difference.CLONED


def _is_spent_from(record: Purse, base: Known) -> bool:
    return record.cash_fen <= base.cash_fen and record.subsidy_fen <= base.subsidy_fen


def _known(record: Purse) -> Known:
    return Known(
        counter=record.counter,
        desk_seq=record.desk_seq,
        cash_fen=record.cash_fen,
        subsidy_fen=record.subsidy_fen,
    )


def _of_money(
    reading: Reading,
    balances: Balances,
    loads_fen: Mapping[Role, tuple[int, int]],
    planned: Mapping[Role, Change],
) -> Iterator[Difference]:
    """The card's purses beside the account's, as far as the way between the two explains no difference."""
    server = {
        Role.CONSUMPTION: balances.cash + balances.bonus + balances.subsidy,
        Role.WATER: balances.water,
    }
    for role in PURSES:
        purse = reading.purses.get(role)
        if purse is None or purse.record.flags & PurseFlag.TIMES:
            continue
        on_card_fen = _total_fen(purse.record)
        expected_fen = server[role] - sum(loads_fen.get(role, (0, 0)))
        change = planned.get(role)
        on_the_way_fen = abs(_total_fen(change.after) - _total_fen(change.before)) if change else 0
        if on_card_fen > expected_fen + on_the_way_fen:
            yield Difference.MORE_THAN_SERVER
        elif on_card_fen < max(expected_fen, server[role]):
            yield Difference.LESS_THAN_SERVER


def _total_fen(record: Purse) -> int:
    return record.cash_fen + record.subsidy_fen
