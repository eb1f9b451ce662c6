"""Cards of a tenant as they come to a desk, and the tenant's own words about them."""

from dataclasses import replace
from datetime import date

from onecard.cards.classic.geometry import Size
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import CardIdentity, Masters, Role, Site
from onecard.cards.oc1 import value_profile
from onecard.cards.oc1.layout import Layout, Place, block_of
from onecard.cards.oc1.records import CardStatus, Identity, Purse, Record, encode
from onecard.cards.oc1.scripts import CardKeys, issue_sector
from onecard.cards.reader import Presence
from onecard.cards.steps import Step, exchanges
from onecard.cards.technology import CardFormat, Mode
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.cards.virtual.reader import VirtualReader
from onecard.cards.virtual.slot import LocalReader, VirtualSlot
from onecard.desk.operations.reading import read_card
from onecard.desk.operations.sighting import CardRow, Reading

TODAY = date(2026, 3, 2)
UID = bytes.fromhex("01A062BD")
SITE = Site(site_id=bytes.fromhex("00C0FFEE"), pin="4821")
LAYOUT = Layout()
STORED = CardFormat(technology="classic", mode=Mode.STORED)
VALUES = replace(STORED, layout=Layout(value_blocks=True))


def masters(letter: str) -> Masters:
    return Masters(field=b"F" * 15 + letter.encode(), issuer=b"I" * 16, mac=b"M" * 15 + letter.encode())


OLD, NEW, NEIGHBOUR = masters("1"), masters("2"), masters("N")
RING = KeyRing(SITE, {2: NEW, 1: OLD})
CARD = CardIdentity(uid=UID, generation=1, key_version=2)
IDENTITY = Identity(
    seq=1, status=CardStatus.ACTIVE, generation=1, card_number=123456, account_class=1, valid_until=9999
)
CASH = Purse(counter=7, cash_fen=100_00, subsidy_fen=20_00, desk_seq=3)
WATER = Purse(counter=2, cash_fen=50_00, desk_seq=1)
ROW = CardRow(
    card_id=1,
    uid="01A062BD",
    technology="classic",
    state="active",
    person_id=1,
    person_number="1001",
    person_name="Chen Li",
    class_id=1,
    class_number=1,
    number=123456,
    valid_until=date(2027, 5, 18),
    generation=1,
    key_version=2,
    fee_fen=0,
    deposit_fen=0,
)


def keys_of(card: CardIdentity, of: Masters = NEW) -> CardKeys:
    return CardKeys(of, SITE, card)


KEYS = keys_of(CARD)


def records(identity: Identity = IDENTITY, cash: Purse = CASH, water: Purse = WATER) -> dict[Role, Record]:
    return {Role.IDENTITY: identity, Role.CONSUMPTION: cash, Role.WATER: water}


def blocks_of(keys: CardKeys, place: Place, record: Record | None, layout: Layout) -> dict[int, bytes]:
    """A sector's blocks, the record in slot 1 and an older one in slot 0."""
    if record is None:
        return {}
    if not isinstance(record, Purse):
        return {1: keys.record(place.role, 1, record)}
    if layout.value_blocks:
        value = value_profile.write(record)
        mac_key = keys.mac(place.role)
        desk = value_profile.encode_desk_record(record, role=place.role, mac_key=mac_key)
        return {0: value, 1: value, 2: desk}
    older = replace(record, counter=record.counter - 1)
    return {0: keys.record(place.role, 0, older), 1: keys.record(place.role, 1, record)}


def play(chip: Chip, steps: list[Step]) -> None:
    reader = VirtualReader()
    reader.insert(chip)
    for each in exchanges(steps, reader.dialect):
        assert each.accepts(reader.transmit(each.apdu)), "the chip does not take the script"
    reader.remove()


def issued(
    keys: CardKeys = KEYS,
    held: dict[Role, Record] | None = None,
    *,
    layout: Layout = LAYOUT,
    sectors: int = 99,
    size: Size | None = None,
) -> Chip:
    """A chip with the first `sectors` sectors written, in the order of an issue."""
    chip = new_chip(keys.card.uid, size or layout.size)
    for place in layout.writing_order[:sectors]:
        held = held or records()
        write_sector(chip, keys, place, held.get(place.role), layout=layout)
    return chip


def write_sector(
    chip: Chip, keys: CardKeys, place: Place, record: Record | None, *, layout: Layout = LAYOUT
) -> None:
    play(chip, list(issue_sector(keys, layout, place, blocks_of(keys, place, record, layout))))


def put(chip: Chip, block: int, content: bytes) -> None:
    """Change the memory as a laboratory can."""
    memory = bytearray(chip.dump())
    memory[block * 16 : block * 16 + len(content)] = content
    chip.restore_dump(bytes(memory))


def put_purse(chip: Chip, purse: Purse, slot: int = 0, role: Role = Role.CONSUMPTION) -> None:
    image = encode(purse, role=role, slot=slot, mac_key=KEYS.mac(role))
    put(chip, block_of(LAYOUT.sector(role), slot), image)


def desk_with(chip: Chip, *, dialect: VirtualReader | None = None) -> LocalReader:
    reader = dialect or VirtualReader()
    reader.insert(chip)
    return LocalReader(VirtualSlot(reader))


async def seen(
    chip: Chip, row: CardRow | None = ROW, chosen: CardFormat = STORED, ring: KeyRing = RING
) -> tuple[Presence, Reading, int]:
    """What a desk reads, and the scripts it needed."""
    reader = desk_with(chip)
    presence = await reader.present()
    assert presence
    before = reader.round_trips
    reading = await read_card(reader, presence, chosen, ring, row)
    return presence, reading, reader.round_trips - before
