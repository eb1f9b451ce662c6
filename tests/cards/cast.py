"""The card, keys and site that the published vectors of OC1 use."""

from onecard.cards.classic.geometry import Size
from onecard.cards.keys import CardIdentity, Masters, Role, Site
from onecard.cards.oc1.layout import Layout, block_of, trailer
from onecard.cards.oc1.records import CardStatus, Identity, Purse, Record, encode
from onecard.cards.virtual.chip import new_chip

MASTERS = Masters(
    field=bytes.fromhex("00112233445566778899AABBCCDDEEFF"),
    issuer=bytes.fromhex("FFEEDDCCBBAA99887766554433221100"),
    mac=bytes.fromhex("0F1E2D3C4B5A69788796A5B4C3D2E1F0"),
)
SITE = Site(site_id=bytes.fromhex("00C0FFEE"), pin="4821")
CARD = CardIdentity(uid=bytes.fromhex("01A062BD"), generation=1, key_version=1)
MAC_KEYS = {role: MASTERS.of(role).mac_key(CARD, SITE) for role in Role}

IDENTITY = Identity(
    seq=1, status=CardStatus.ACTIVE, generation=1, card_number=123456, account_class=1, valid_until=9999
)
BEFORE = Purse(counter=1, cash_fen=10000)
AFTER = Purse(counter=2, cash_fen=15000, subsidy_fen=2500, desk_seq=1)
WATER = Purse(counter=1, cash_fen=5000)


def written(role: Role, slot: int, record: Record) -> bytes:
    return encode(record, role=role, slot=slot, mac_key=MAC_KEYS[role])


def issued(size: Size = Size.K1, layout: Layout | None = None) -> bytearray:
    """The memory of the card of the vectors, with a top-up behind it."""
    layout = layout or Layout(size=size)
    memory = bytearray(new_chip(CARD.uid, size).dump())
    for place in layout.places:
        put(memory, *trailer(MASTERS, CARD, SITE, place, layout.access(place.role)))
    put(memory, block_of(layout.sector(Role.IDENTITY), 1), written(Role.IDENTITY, 1, IDENTITY))
    if not layout.value_blocks:
        put(memory, block_of(layout.sector(Role.CONSUMPTION), 0), written(Role.CONSUMPTION, 0, BEFORE))
        put(memory, block_of(layout.sector(Role.CONSUMPTION), 1), written(Role.CONSUMPTION, 1, AFTER))
        put(memory, block_of(layout.sector(Role.WATER), 0), written(Role.WATER, 0, WATER))
    return memory


def put(memory: bytearray, block: int, content: bytes) -> None:
    memory[block * 16 : (block + 1) * 16] = content
