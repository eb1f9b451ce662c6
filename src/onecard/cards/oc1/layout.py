"""Where OC1 keeps what: sectors of roles, blocks of slots, access conditions, limits of what is stored."""

from dataclasses import dataclass

from onecard.cards.classic.access import Access, Trailer
from onecard.cards.classic.geometry import Size, first_block, trailer_of
from onecard.cards.keys import CardIdentity, Masters, Role, Site

CARD_NUMBER_MOST = 500_000  # what terminals can index
CONSUMPTION_MOST_FEN = 9_999_900  # cash and subsidy together
WATER_MOST_FEN = 99_999
SLOTS = 3  # data blocks of a sector
FIRST_SECTOR = 1
# slots change by terminals with key A; identity and lift rights only with key B
WRITABLE = Access(0b000, 0b000, 0b000, 0b011)
PROTECTED = Access(0b100, 0b100, 0b100, 0b011)
SPEND_ONLY = Access(0b110, 0b110, 0b100, 0b011)  # the profile OC1-V
_SECTORS_SMALL = 32  # a record's place is one of three blocks, which only sectors of four blocks have


@dataclass(frozen=True, slots=True)
class Place:
    """A sector and what it is for. `group` numbers lift groups from 1 and is 0 elsewhere."""

    sector: int
    role: Role
    group: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The sectors a tenant's cards use: consecutive ones from the first.

    Attributes:
        size: of the cards.
        first_sector: where identity lies.
        lift_groups: how many lift sectors follow the water sector.
        value_blocks: consumption and water are kept in the profile OC1-V.
    """

    size: Size = Size.K1
    first_sector: int = FIRST_SECTOR
    lift_groups: int = 0
    value_blocks: bool = False

    def __post_init__(self) -> None:
        last = self.first_sector + 2 + self.lift_groups
        if self.first_sector < 1 or self.lift_groups < 0:
            message = "sector 0 belongs to the manufacturer; sectors are chosen from 1 on"
            raise ValueError(message)
        if last >= min(self.size.sectors, _SECTORS_SMALL):
            message = f"a card of {self.size.label} has no sector {last} of four blocks"
            raise ValueError(message)

    @property
    def places(self) -> tuple[Place, ...]:
        """The sectors in their order: identity, consumption, water, lift groups."""
        first = self.first_sector
        lifts = (Place(first + 2 + group, Role.LIFT, group) for group in range(1, self.lift_groups + 1))
        return (
            Place(first, Role.IDENTITY),
            Place(first + 1, Role.CONSUMPTION),
            Place(first + 2, Role.WATER),
            *lifts,
        )

    @property
    def writing_order(self) -> tuple[Place, ...]:
        """As a card is issued and cleared: identity last, so that a half-done card says that it is one."""
        identity, *others = self.places
        return (*others, identity)

    def sector(self, role: Role, group: int = 0) -> int:
        """The sector of a role, for lifts of a group."""
        return next(place.sector for place in self.places if (place.role, place.group) == (role, group))

    def access(self, role: Role) -> Access:
        """The access conditions of a role's sector."""
        if role in {Role.IDENTITY, Role.LIFT}:
            return PROTECTED
        return SPEND_ONLY if self.value_blocks else WRITABLE


def block_of(sector: int, slot: int) -> int:
    """The block of a slot (0, 1, 2) of a sector."""
    if not 0 <= slot < SLOTS:
        message = f"slots are 0 to {SLOTS - 1}, not {slot}"
        raise ValueError(message)
    return first_block(sector) + slot


def trailer(
    masters: Masters, card: CardIdentity, site: Site, place: Place, access: Access
) -> tuple[int, bytes]:
    """Block number and bytes of the trailer that makes a sector ours."""
    keys = masters.of(place.role).sector_keys(card, site, place.sector)
    return trailer_of(place.sector), Trailer(keys.a, access, 0x00, keys.b).encode()


def purse_limit_fen(role: Role) -> int:
    """The most that a purse on a card may hold, cash and subsidy together."""
    return WATER_MOST_FEN if role is Role.WATER else CONSUMPTION_MOST_FEN
