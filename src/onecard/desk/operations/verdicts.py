"""What a card that was read says about an operation."""

from collections.abc import Sequence
from dataclasses import dataclass

from onecard.cards.keys import Role
from onecard.cards.oc1.changes import Verdict, resolve
from onecard.cards.oc1.records import EMPTY, Purse
from onecard.cards.oc1.slots import Current
from onecard.cards.oc1.value_changes import resolve_values
from onecard.desk.operations.model import (
    ClearPart,
    MoneyPart,
    Operation,
    PartState,
    PursePart,
    RekeyPart,
    RewritePart,
    SlotPart,
    Step,
)
from onecard.desk.operations.scripts import Scribe
from onecard.desk.operations.sighting import Reading, SectorState


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of the open parts of an operation.

    Attributes:
        states: by number of the part; `PLANNED` means that it has yet to be done.
        purses: what the card holds now, where a change was confirmed.
        refresh: parts whose record must be written once more before anybody relies on it, and the blocks
            as they were judged.
        trouble: why a person has to look; empty when nobody has to.
    """

    states: dict[int, PartState]
    purses: dict[Role, Purse]
    refresh: tuple[tuple[PursePart, Sequence[bytes]], ...]
    trouble: str


def judge(operation: Operation, reading: Reading, scribe: Scribe) -> Judgement:
    """Decide the open parts by what the card holds."""
    states: dict[int, PartState] = {}
    purses: dict[Role, Purse] = {}
    refresh: list[tuple[PursePart, Sequence[bytes]]] = []
    trouble = ""
    missed = PartState.PLANNED if operation.carries_on else PartState.VOID
    for step in operation.open_steps:
        if isinstance(step.part, PursePart):
            verdict, purse, weak = _purse(step.part, reading, scribe)
            if verdict not in {Verdict.CONFIRMED, Verdict.VOID}:
                trouble = trouble or verdict.value
                states[step.n] = PartState.BROKEN
                continue
            states[step.n] = PartState.CONFIRMED if verdict is Verdict.CONFIRMED else missed
            if purse:
                purses[step.part.change.role] = purse
            if weak:
                refresh.append((step.part, reading.sectors[step.part.place].blocks))
        elif not isinstance(step.part, MoneyPart):
            done = is_done(step, reading) or _is_undone(step, operation, reading)
            states[step.n] = PartState.CONFIRMED if done else missed
    whole = all(each is PartState.CONFIRMED for each in states.values())
    for step in operation.open_steps:
        if isinstance(step.part, MoneyPart):
            states[step.n] = PartState.CONFIRMED if whole else missed
    return Judgement(states, purses, tuple(refresh), trouble)


def _purse(part: PursePart, reading: Reading, scribe: Scribe) -> tuple[Verdict, Purse | None, bool]:
    sector = reading.sectors.get(part.place)
    if sector is None or sector.state is not SectorState.OURS:
        return Verdict.BROKEN, None, False
    if scribe.layout.value_blocks:
        finding = resolve_values(part.change, sector.blocks)
    else:
        slots = (sector.blocks[0], sector.blocks[1])
        finding = resolve(part.change, slots, scribe.keys.mac(part.change.role))
    confirmed = finding.verdict is Verdict.CONFIRMED and finding.current is not None
    return finding.verdict, finding.current.record if confirmed and finding.current else None, finding.refresh


def _goes_on_from(purse: Purse, found: Current[Purse] | None) -> bool:
    """Whether a purse that was written anew is there; terminals may have spent from it since."""
    return (
        found is not None
        and found.record.desk_seq == purse.desk_seq
        and found.record.counter >= purse.counter
    )


def _is_undone(step: Step, operation: Operation, reading: Reading) -> bool:
    """Whether a later part cleared what this one wrote: then it was, and is not to be done again."""
    return any(
        isinstance(later.part, ClearPart)
        and not isinstance(step.part, MoneyPart)
        and later.part.place == step.part.place
        and is_done(later, reading)
        for later in operation.steps[step.n + 1 :]
    )


def is_done(step: Step, reading: Reading) -> bool:
    """Whether a part that can be repeated is on the card already, whole."""
    part = step.part
    sector = None if isinstance(part, MoneyPart) else reading.sectors.get(part.place)
    if sector is None or isinstance(part, PursePart | MoneyPart):
        return False
    if isinstance(part, ClearPart) or sector.state is not SectorState.OURS:
        return isinstance(part, ClearPart) and sector.state is SectorState.BLANK
    if isinstance(part, SlotPart):
        return sector.blocks[part.slot] == part.image
    if isinstance(part, RekeyPart):
        return sector.key_version == part.key_version
    if isinstance(part, RewritePart) and part.purse:
        return _goes_on_from(part.purse, reading.purses.get(part.place.role))
    wanted = tuple(part.blocks.get(slot, EMPTY) for slot in range(len(sector.blocks)))
    return sector.blocks == wanted
