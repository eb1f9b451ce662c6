"""Which keys a sector may have: those everybody knows, and those derived from a tenant's masters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onecard.cards.keys import CardIdentity, KeyType, Masters, Role, Site

# keys that makers, standards and public collections name; a sector with one of them protects nothing
PUBLIC_KEYS: Mapping[bytes, str] = {
    bytes.fromhex("FFFFFFFFFFFF"): "transport key",
    bytes.fromhex("A0A1A2A3A4A5"): "public key of application directories",
    bytes.fromhex("D3F7D3F7D3F7"): "public key of NDEF",
    bytes.fromhex("B0B1B2B3B4B5"): "well-known key B0B1B2B3B4B5",
    bytes.fromhex("4D3A99C351DD"): "well-known key 4D3A99C351DD",
    bytes.fromhex("1A982C7E459A"): "well-known key 1A982C7E459A",
    bytes.fromhex("AABBCCDDEEFF"): "well-known key AABBCCDDEEFF",
    bytes.fromhex("A0B0C0D0E0F0"): "well-known key A0B0C0D0E0F0",
    bytes.fromhex("A1B1C1D1E1F1"): "well-known key A1B1C1D1E1F1",
    bytes.fromhex("123456789ABC"): "well-known key 123456789ABC",
    bytes.fromhex("000102030405"): "well-known key 000102030405",
    bytes.fromhex("111111111111"): "well-known key 111111111111",
    bytes.fromhex("A396EFA4E24F"): "back door of a known imitation, A396EFA4E24F",
    bytes.fromhex("A31667A8CEC1"): "back door of a known imitation, A31667A8CEC1",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a derived key comes from."""

    role: Role
    key_version: int
    key_type: KeyType


@dataclass(frozen=True, slots=True)
class KeyRing:
    """A tenant's masters by key version, the likely one first."""

    site: Site
    masters: Mapping[int, Masters]

    def candidates(self, uid: bytes, sector: int) -> Mapping[bytes, Origin]:
        """The keys that a sector of this card may have."""
        found = {}
        for version, role in self._combinations():
            card = CardIdentity(uid=uid, generation=0, key_version=version)  # no part of sector keys
            pair = self.masters[version].of(role).sector_keys(card, self.site, sector)
            found[pair.a] = Origin(role, version, KeyType.A)
            found[pair.b] = Origin(role, version, KeyType.B)
        return found

    def mac_key(self, role: Role, card: CardIdentity) -> bytes:
        """The key of a card's MACs in a role."""
        return self.masters[card.key_version].of(role).mac_key(card, self.site)

    def _combinations(self) -> Iterator[tuple[int, Role]]:
        for version in self.masters:
            for role in Role:
                yield version, role
