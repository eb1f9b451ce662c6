"""Changes of a purse of OC1-V by a desk: main block, copy, desk's record; and afterwards what happened.

The main block is the change: its amount and its stamp are written by one command. Copy and record follow, and
whoever finds them behind brings them up.

A block that holds another value is made zeros first. A torn write could mix the bits of two values into a
third that looks right, for all three copies in the block are mixed alike; zeros and a value never do.
"""

from collections.abc import Iterator, Sequence

from onecard.cards.keys import KeyType
from onecard.cards.oc1.changes import Change, Finding, Verdict
from onecard.cards.oc1.layout import Place, block_of
from onecard.cards.oc1.records import EMPTY
from onecard.cards.oc1.scripts import CardKeys
from onecard.cards.oc1.slots import Current
from onecard.cards.oc1.value_profile import (
    DESK_SLOT,
    STAMPS,
    encode_desk_record,
    left_of,
    read,
    stamp_of,
    write,
)
from onecard.cards.steps import Authenticate, CheckUid, Read, Step, Write


def change_values(keys: CardKeys, place: Place, change: Change) -> Iterator[Step]:
    """Write a change, if the card still holds what the change was planned on."""
    yield from _open(keys, place)
    for slot, raw in enumerate(change.slots):
        yield Read(block_of(place.sector, slot), expect=raw)
    yield from _write(keys, place, change)


def resolve_values(change: Change, blocks: Sequence[bytes]) -> Finding:
    """Whether a planned change happened, from the three data blocks as they are now."""
    value = read(blocks[0], blocks[1])
    if value is None:
        return Finding(Verdict.BROKEN, None)
    ahead = (value.stamp - stamp_of(change.before)) % STAMPS
    if ahead > 1:
        return Finding(Verdict.ROLLBACK if ahead >= STAMPS // 2 else Verdict.CLONE, None)
    origin = change.after if ahead else change.before
    if value.amount_fen > origin.cash_fen + origin.subsidy_fen:
        return Finding(Verdict.CLONE, None)
    now = Current(left_of(origin, value.amount_fen), 0 if value.main_is_valid else 1, (blocks[0], blocks[1]))
    verdict = Verdict.CONFIRMED if ahead else Verdict.VOID
    torn = not (value.main_is_valid and value.copy_is_current)
    return Finding(verdict, now, refresh=torn or verdict is Verdict.CONFIRMED)


def mend_values(keys: CardKeys, place: Place, change: Change, blocks: Sequence[bytes]) -> Iterator[Step]:
    """Bring copy and record up to what the main block says, or a torn main block back to its copy.

    Args:
        keys: of the card.
        place: the purse's sector.
        change: the plan.
        blocks: the three data blocks, as `resolve_values` judged them.
    """
    value = read(blocks[0], blocks[1])
    if value is None:
        return
    holding = 0 if value.main_is_valid else 1
    yield from _open(keys, place)
    if blocks[1 - holding] != blocks[holding]:
        yield from _exchange(block_of(place.sector, 1 - holding), blocks[holding])
    yield from _put(block_of(place.sector, holding), blocks[holding])
    if value.stamp == stamp_of(change.after):
        yield from _put(block_of(place.sector, DESK_SLOT), _record(keys, change))


def _write(keys: CardKeys, place: Place, change: Change) -> Iterator[Step]:
    image = write(change.after)
    for slot in (0, 1):
        yield from _exchange(block_of(place.sector, slot), image)
    yield from _put(block_of(place.sector, DESK_SLOT), _record(keys, change))


def _record(keys: CardKeys, change: Change) -> bytes:
    return encode_desk_record(change.after, role=change.role, mac_key=keys.mac(change.role))


def _open(keys: CardKeys, place: Place) -> Iterator[Step]:
    yield CheckUid(keys.card.uid)
    yield Authenticate(place.sector, KeyType.B, keys.sector(place).b)


def _exchange(block: int, data: bytes) -> Iterator[Step]:
    yield from _put(block, EMPTY)
    yield from _put(block, data)


def _put(block: int, data: bytes) -> Iterator[Step]:
    yield Write(block, data)
    yield Read(block, expect=data)
