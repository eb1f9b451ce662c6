"""Changes of a purse by a desk: the record to write, and afterwards whether it was written.

A card can be pulled at any moment, terminals can spend from it before anybody looks again, and their records
may be late. The card alone still answers: `counter` counts every change, `desk_seq` those of desks.
"""

from dataclasses import dataclass, replace
from enum import Enum

from onecard.cards.keys import Role
from onecard.cards.oc1.records import DESK_SEQ_MODULUS, Purse, PurseFlag, encode
from onecard.cards.oc1.slots import Current, current, next_counter


@dataclass(frozen=True, slots=True)
class Change:
    """A planned change; it is kept before the card is touched.

    Attributes:
        role: consumption or water.
        before: what the card held, in `1 - slot`.
        after: what it will hold, in `slot`.
        slot: where `after` is written.
        slots: both slots as they were when the change was planned. Both are compared before anything is
            written: the record that held then stays readable beside a newer one, which must not be lost.
    """

    role: Role
    before: Purse
    after: Purse
    slot: int
    slots: tuple[bytes, bytes]

    def image(self, mac_key: bytes) -> bytes:
        """The 16 bytes that are written."""
        return encode(self.after, role=self.role, slot=self.slot, mac_key=mac_key)


class Verdict(Enum):
    """What became of a change."""

    CONFIRMED = "confirmed"
    VOID = "void"
    ROLLBACK = "rollback"
    CLONE = "clone"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict from what was read.

    Attributes:
        verdict: `ROLLBACK` and `CLONE` need a person.
        current: the record that holds now, if any.
        refresh: the planned record itself holds: it has to be written once more and read back before anybody
            relies on it, because bits of an interrupted write can read right once and change later.
    """

    verdict: Verdict
    current: Current[Purse] | None
    refresh: bool = False


def plan_change(
    now: Current[Purse],
    *,
    role: Role,
    cash_fen: int = 0,
    subsidy_fen: int = 0,
    flags: PurseFlag | None = None,
) -> Change:
    """Add amounts (below zero: take them) to what the card holds, as a desk.

    Raises:
        ValueError: an amount would be below zero or more than three bytes, or the counter is at its end.
    """
    before = now.record
    after = replace(
        before,
        counter=next_counter(before),
        cash_fen=before.cash_fen + cash_fen,
        subsidy_fen=before.subsidy_fen + subsidy_fen,
        flags=before.flags if flags is None else flags,
        desk_seq=(before.desk_seq + 1) % DESK_SEQ_MODULUS,
    )
    after.body(role)  # refuses what does not fit
    return Change(role, before, after, now.other, now.slots)


def spend(now: Current[Purse], *, role: Role, cash_fen: int = 0, subsidy_fen: int = 0) -> Change:
    """A sale by a terminal: amounts less, `desk_seq` as it was.

    Raises:
        ValueError: there is not as much, or the purse is frozen.
    """
    before = now.record
    if before.flags & PurseFlag.FROZEN:
        message = "the purse is frozen"
        raise ValueError(message)
    change = plan_change(now, role=role, cash_fen=-cash_fen, subsidy_fen=-subsidy_fen)
    return replace(change, after=replace(change.after, desk_seq=before.desk_seq))


def resolve(change: Change, slots: tuple[bytes, bytes], mac_key: bytes) -> Finding:
    """Whether a planned change happened, from the two slots as they are now."""
    found = current(Purse, slots, role=change.role, mac_key=mac_key)
    if found is None:
        return Finding(Verdict.BROKEN, None)
    record, before, after = found.record, change.before, change.after
    ahead = (record.desk_seq - before.desk_seq) % DESK_SEQ_MODULUS
    if record.counter < before.counter or ahead >= DESK_SEQ_MODULUS // 2:
        return Finding(Verdict.ROLLBACK, found)
    known = {before.counter: before, after.counter: after}
    spent_instead = ahead == 0 and record.counter == after.counter
    if ahead > 1 or (not spent_instead and known.get(record.counter, record) != record):
        return Finding(Verdict.CLONE, found)
    if ahead == 0:
        return Finding(Verdict.VOID, found)
    return Finding(Verdict.CONFIRMED, found, refresh=record == after)
