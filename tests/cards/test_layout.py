"""Where OC1 keeps what."""

import pytest
from cast import CARD, MASTERS, SITE

from onecard.cards.classic.access import Trailer
from onecard.cards.classic.geometry import Size
from onecard.cards.keys import CardIdentity, Role, Site
from onecard.cards.oc1.layout import Layout, Place, block_of, purse_limit_fen, trailer


def test_sectors_follow_each_other() -> None:
    layout = Layout(first_sector=4, lift_groups=2)
    roles = [(place.sector, place.role.name.lower(), place.group) for place in layout.places]
    assert roles == [
        (4, "identity", 0),
        (5, "consumption", 0),
        (6, "water", 0),
        (7, "lift", 1),
        (8, "lift", 2),
    ]
    assert layout.sector(Role.LIFT, 2) == 8
    assert layout.writing_order[-1] == Place(4, Role.IDENTITY)


@pytest.mark.parametrize(
    ("size", "first", "lifts"), [(Size.K1, 0, 0), (Size.K1, 14, 0), (Size.K1, 13, 1), (Size.K4, 30, 0)]
)
def test_sectors_that_are_not_there(size: Size, first: int, lifts: int) -> None:
    with pytest.raises(ValueError, match="sector"):
        Layout(size=size, first_sector=first, lift_groups=lifts)


@pytest.mark.parametrize(
    ("role", "value_blocks", "expected"),
    [
        (Role.IDENTITY, False, "787788"),
        (Role.CONSUMPTION, False, "7F0788"),
        (Role.WATER, False, "7F0788"),
        (Role.LIFT, False, "787788"),
        (Role.IDENTITY, True, "787788"),
        (Role.WATER, True, "48778B"),
    ],
)
def test_access_of_roles(role: Role, value_blocks: bool, expected: str) -> None:  # noqa: FBT001
    assert Layout(value_blocks=value_blocks).access(role).encode().hex().upper() == expected


def test_the_trailer_of_a_sector() -> None:
    place = Place(2, Role.CONSUMPTION)
    block, raw = trailer(MASTERS, CARD, SITE, place, Layout().access(place.role))
    assert (block, raw.hex().upper()) == (11, "69645B10FEEE" + "7F0788" + "00" + "133ED713B34B")
    assert Trailer.decode(raw)


def test_blocks_of_slots() -> None:
    assert [block_of(2, slot) for slot in range(3)] == [8, 9, 10]
    with pytest.raises(ValueError, match="slots"):
        block_of(2, 3)


def test_limits() -> None:
    assert [purse_limit_fen(role) for role in (Role.CONSUMPTION, Role.WATER)] == [9_999_900, 99_999]


def test_secrets_are_not_printed() -> None:
    keys = MASTERS.of(Role.WATER)
    for secret in (MASTERS, keys, keys.sector_keys(CARD, SITE, 3)):
        assert "00112233" not in repr(secret)
        assert "b'" not in repr(secret)


@pytest.mark.parametrize("pin", ["482", "48211", "48a1", "４８２１", ""])
def test_the_secondary_encryption_is_four_digits(pin: str) -> None:
    with pytest.raises(ValueError, match="exactly four digits"):
        Site(site_id=bytes(4), pin=pin)


@pytest.mark.parametrize(
    ("uid", "generation", "version"), [(bytes(5), 1, 1), (bytes(4), 256, 1), (bytes(4), 1, -1)]
)
def test_identities_that_are_none(uid: bytes, generation: int, version: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        CardIdentity(uid=uid, generation=generation, key_version=version)


def test_each_part_of_the_derivation_counts() -> None:
    def key(card: CardIdentity = CARD, site: Site = SITE, sector: int = 2) -> bytes:
        return MASTERS.of(Role.CONSUMPTION).sector_keys(card, site, sector).a

    others = [
        key(CardIdentity(uid=CARD.uid + bytes(3), generation=1, key_version=1)),
        key(CardIdentity(uid=CARD.uid, generation=1, key_version=2)),
        key(site=Site(site_id=SITE.site_id, pin="4822")),
        key(site=Site(site_id=bytes(4), pin="4821")),
        key(sector=3),
    ]
    assert len({key(), *others}) == 6
