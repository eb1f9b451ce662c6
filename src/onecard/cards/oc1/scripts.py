"""Scripts of the operations on an OC1 card: what is written, in which order, and what must be read back.

Data comes first and the trailer last, one sector at a time, identity after all others: a card that was pulled
in between says itself that it is not finished, and the same script can be run again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onecard.cards.classic.access import TRANSPORT, TRANSPORT_ACCESS, Access
from onecard.cards.classic.geometry import KEY_BYTES, TRANSPORT_KEY, trailer_of
from onecard.cards.keys import CardIdentity, KeyType, Masters, Role, SectorKeys, Site
from onecard.cards.oc1.changes import Change
from onecard.cards.oc1.layout import SLOTS, Layout, Place, block_of, trailer
from onecard.cards.oc1.records import EMPTY, Record, encode
from onecard.cards.steps import Authenticate, CheckUid, Read, Step, Write

Blocks = Mapping[int, bytes]  # by slot; what is missing is zeros


@dataclass(frozen=True, slots=True)
class CardKeys:
    """All keys of one card in one of its lives."""

    masters: Masters
    site: Site
    card: CardIdentity

    def sector(self, place: Place) -> SectorKeys:
        """Keys A and B of a sector."""
        return self.masters.of(place.role).sector_keys(self.card, self.site, place.sector)

    def mac(self, role: Role) -> bytes:
        """The key of the MACs of a role."""
        return self.masters.of(role).mac_key(self.card, self.site)

    def record(self, role: Role, slot: int, record: Record) -> bytes:
        """The 16 bytes of a record in its place."""
        return encode(record, role=role, slot=slot, mac_key=self.mac(role))


def read_slots(keys: CardKeys, places: tuple[Place, ...]) -> Iterator[Step]:
    """Read both slots of sectors."""
    yield CheckUid(keys.card.uid)
    for place in places:
        yield Authenticate(place.sector, KeyType.A, keys.sector(place).a)
        yield Read(block_of(place.sector, 0))
        yield Read(block_of(place.sector, 1))


def change_purse(keys: CardKeys, place: Place, change: Change, log: bytes) -> Iterator[Step]:
    """Write a change, if the card still holds what the change was planned on.

    Args:
        keys: of the card.
        place: the purse's sector.
        change: the plan.
        log: the 16 bytes of the log; they tell people, and decide nothing.
    """
    yield CheckUid(keys.card.uid)
    yield Authenticate(place.sector, KeyType.A, keys.sector(place).a)
    for slot, raw in enumerate(change.slots):
        yield Read(block_of(place.sector, slot), expect=raw)
    yield Write(block_of(place.sector, SLOTS - 1), log)
    yield from _write(block_of(place.sector, change.slot), change.image(keys.mac(change.role)))


def refresh(keys: CardKeys, place: Place, change: Change) -> Iterator[Step]:
    """Write a confirmed change once more, so that weak bits of an interrupted write become strong."""
    yield CheckUid(keys.card.uid)
    yield Authenticate(place.sector, KeyType.A, keys.sector(place).a)
    yield from _write(block_of(place.sector, change.slot), change.image(keys.mac(change.role)))


def issue_sector(keys: CardKeys, layout: Layout, place: Place, blocks: Blocks) -> Iterator[Step]:
    """Make a blank sector ours: data, then the trailer, then proof that key B opens it."""
    yield CheckUid(keys.card.uid)
    yield Authenticate(place.sector, KeyType.A, TRANSPORT_KEY)
    yield from _fill(place.sector, blocks)
    access = layout.access(place.role)
    yield Write(*trailer(keys.masters, keys.card, keys.site, place, access))
    yield Authenticate(place.sector, KeyType.B, keys.sector(place).b)
    yield Read(trailer_of(place.sector), expect=_shown(access, 0x00, b""))


def rewrite_sector(keys: CardKeys, place: Place, blocks: Blocks) -> Iterator[Step]:
    """Write the data of a sector that is ours, as a repeated issue and a repair do."""
    yield CheckUid(keys.card.uid)
    yield Authenticate(place.sector, KeyType.B, keys.sector(place).b)
    yield from _fill(place.sector, blocks)


def clear_sector(keys: CardKeys, place: Place) -> Iterator[Step]:
    """Make a sector of ours blank again: zeros, then the trailer of a new card."""
    yield CheckUid(keys.card.uid)
    yield Authenticate(place.sector, KeyType.B, keys.sector(place).b)
    yield from _fill(place.sector, {})
    yield Write(trailer_of(place.sector), TRANSPORT.encode())
    yield Authenticate(place.sector, KeyType.A, TRANSPORT_KEY)
    yield Read(trailer_of(place.sector), expect=_shown(TRANSPORT_ACCESS, TRANSPORT.general, TRANSPORT_KEY))


def rekey_sector(
    old: CardKeys, new: CardKeys, layout: Layout, place: Place, blocks: Blocks
) -> Iterator[Step]:
    """Give a sector the keys of another version.

    MACs depend on the version too. So the next record goes into the other slot with the new MAC first, and
    becomes current at the moment the trailer changes: a card that was pulled before is as it was.

    Args:
        old: the card under the version it has.
        new: the card under the version it gets.
        layout: for the access conditions.
        place: the sector.
        blocks: made with the new MACs; never the slot that is current.
    """
    yield CheckUid(old.card.uid)
    yield Authenticate(place.sector, KeyType.B, old.sector(place).b)
    for slot, data in blocks.items():
        yield from _write(block_of(place.sector, slot), data)
    access = layout.access(place.role)
    yield Write(*trailer(new.masters, new.card, new.site, place, access))
    yield Authenticate(place.sector, KeyType.B, new.sector(place).b)
    yield Read(trailer_of(place.sector), expect=_shown(access, 0x00, b""))


def write_slot(keys: CardKeys, place: Place, slot: int, record: Record) -> Iterator[Step]:
    """Write one record with key B, as identity and lift rights need it."""
    yield CheckUid(keys.card.uid)
    yield Authenticate(place.sector, KeyType.B, keys.sector(place).b)
    yield from _write(block_of(place.sector, slot), keys.record(place.role, slot, record))


def stock_check(uid: bytes, manufacturer: bytes) -> Iterator[Step]:
    """Write block 0 back as it is: a genuine chip refuses, an imitation accepts and is found out."""
    yield CheckUid(uid)
    yield Authenticate(0, KeyType.A, TRANSPORT_KEY)
    yield Read(0, expect=manufacturer)
    yield Write(0, manufacturer)


def _fill(sector: int, blocks: Blocks) -> Iterator[Step]:
    for slot in range(SLOTS):
        yield from _write(block_of(sector, slot), blocks.get(slot, EMPTY))


def _write(block: int, data: bytes) -> Iterator[Step]:
    yield Write(block, data)
    yield Read(block, expect=data)


def _shown(access: Access, general: int, key_b: bytes) -> bytes:
    """A trailer as it can be read: key A is zeros, and so is key B unless it is mere data."""
    return bytes(KEY_BYTES) + access.encode() + bytes([general]) + key_b.ljust(KEY_BYTES, b"\0")
