"""What a dump of a card says, block by block: keys, access conditions, value blocks, records and their MACs.

It works for anybody's card; with a tenant's masters it also says whether the card is the tenant's, and which
records are genuine. No key of the dump is repeated in what is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from onecard.cards.classic import mad
from onecard.cards.classic.access import Access, Trailer, describe
from onecard.cards.classic.geometry import (
    BLOCK_BYTES,
    KEY_BYTES,
    Size,
    access_group,
    data_blocks,
    first_block,
    sector_of,
    trailer_of,
)
from onecard.cards.classic.manufacturer import check_byte, uid_length
from onecard.cards.classic.values import Value
from onecard.cards.keyring import PUBLIC_KEYS, KeyRing, Origin
from onecard.cards.keys import UID_LENGTHS, CardIdentity, KeyType, Role
from onecard.cards.oc1.fields import to_fields
from onecard.cards.oc1.layout import SPEND_ONLY, Layout
from onecard.cards.oc1.records import Identity, Purse, Rights, kind_of, mac_ok, parse
from onecard.cards.oc1.slots import current_slot
from onecard.cards.oc1.value_profile import DESK_SLOT

_GENERATIONS = range(256)
_SMALL_SECTORS = 32
_TEXT_LEAST = 6
_PROFILES = (Layout(), Layout(value_blocks=True))
_PRINTABLE = range(0x20, 0x7F)


@dataclass(frozen=True, slots=True)
class BlockView:
    """One block.

    Attributes:
        block: its number.
        hex: its content; None for trailers, which hold keys.
        rights: its access condition in words.
        content: manufacturer, empty, value, record, directory, text, data, trailer.
        details: more of it, by name.
    """

    block: int
    hex: str | None
    rights: str
    content: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SectorView:
    """One sector.

    Attributes:
        sector: its number.
        role: of OC1, when it has one.
        sure: the role follows from a derived key, not from the looks of the content.
        key_a: in words, without the key.
        key_b: as above.
        dead: its access bits contradict each other, so that the chip refuses every access.
        application: of the card's application directory.
        blocks: in their order.
    """

    sector: int
    role: str | None
    sure: bool
    key_a: str
    key_b: str
    dead: bool
    application: str | None
    blocks: tuple[BlockView, ...]


@dataclass(frozen=True, slots=True)
class CardView:
    """A whole card."""

    technology: str
    uid: str
    whose: str
    key_version: int | None
    generation: int | None
    remarks: tuple[str, ...]
    sectors: tuple[SectorView, ...]


@dataclass(frozen=True, slots=True)
class _Sector:
    """A sector as far as keys and looks tell."""

    number: int
    raw: bytes
    trailer: Trailer | None
    origins: tuple[Origin | None, Origin | None]
    words: tuple[str, str]
    role: Role | None

    @property
    def sure(self) -> bool:
        return any(self.origins)

    def block(self, slot: int) -> bytes:
        return self.raw[slot * BLOCK_BYTES : (slot + 1) * BLOCK_BYTES]

    @property
    def slots(self) -> tuple[bytes, bytes]:
        return self.block(0), self.block(1)


class _Explainer:
    def __init__(self, memory: bytes, ring: KeyRing | None) -> None:
        self.memory, self.ring = memory, ring
        self.size = Size(len(memory))
        self.uid = memory[: uid_length(memory)]
        self.sectors = [self._sector(number) for number in range(self.size.sectors)]
        self.card = self._identify()

    def view(self) -> CardView:
        applications, remarks = self._directory()
        return CardView(
            technology=f"MIFARE Classic {self.size.label}",
            uid=self.uid.hex().upper(),
            whose=self._whose(),
            key_version=self.card.key_version if self.card else None,
            generation=self.card.generation if self.card else None,
            remarks=(*self._uid_remarks(), *remarks, *self._sector_remarks()),
            sectors=tuple(self._view(sector, applications.get(sector.number)) for sector in self.sectors),
        )

    def _sector(self, number: int) -> _Sector:
        raw = self.memory[first_block(number) * BLOCK_BYTES : (trailer_of(number) + 1) * BLOCK_BYTES]
        keys = raw[-BLOCK_BYTES : -BLOCK_BYTES + KEY_BYTES], raw[-KEY_BYTES:]
        candidates = self.ring.candidates(self.uid, number) if self.ring else {}
        origins = (candidates.get(keys[0]), candidates.get(keys[1]))
        tried = len(candidates) + len(PUBLIC_KEYS)
        trailer = Trailer.decode(raw[-BLOCK_BYTES:])
        certain = next((origin.role for origin in origins if origin), None)
        role = certain if certain is not None or number >= _SMALL_SECTORS else _looks_like(raw, trailer)
        words = _key_words(keys[0], origins[0], tried), _key_words(keys[1], origins[1], tried)
        return _Sector(number, raw, trailer, origins, words, role)

    def _identify(self) -> CardIdentity | None:
        """Generation and key version under which the card's MACs are right; None when none are."""
        if self.ring is None:
            return None
        found = [origin.key_version for sector in self.sectors for origin in sector.origins if origin]
        ours = [(sector.role, sector) for sector in self.sectors if sector.role is not None]
        for version in dict.fromkeys((*found, *self.ring.masters)):
            for role, sector in sorted(ours, key=itemgetter(0)):
                card = self._life(self.ring, sector, role, version)
                if card:
                    return card
        return None

    def _life(self, ring: KeyRing, sector: _Sector, role: Role, version: int) -> CardIdentity | None:
        """The card in the generation that makes a MAC of the sector right; first what identity claims."""
        written = [slot for slot in range(DESK_SLOT + 1) if any(sector.block(slot))]
        claimed = [sector.block(slot)[3] for slot in written if role is Role.IDENTITY]
        for generation in dict.fromkeys((*claimed, *_GENERATIONS)) if written else ():
            card = CardIdentity(uid=self.uid, generation=generation, key_version=version)
            key = ring.mac_key(role, card)
            if any(mac_ok(sector.block(slot), role=role, slot=slot, mac_key=key) for slot in written):
                return card
        return None

    def _whose(self) -> str:
        if self.card:
            return "a card of this tenant"
        if any(sector.sure for sector in self.sectors):
            return "keyed by this tenant, but no record of it is genuine"
        looks = any(sector.role is not None for sector in self.sectors)
        if self.ring is None:
            return "looks like OC1; whose it is needs the masters" if looks else "not OC1"
        return "looks like OC1, but not of this tenant" if looks else "not a card of this tenant"

    def _uid_remarks(self) -> Iterator[str]:
        if len(self.uid) != UID_LENGTHS[0] and self.memory[0] != 0x04:  # noqa: PLR2004  the maker's code
            shown, expected = self.memory[4], check_byte(self.memory[:4])
            yield (
                f"The check byte behind the first four bytes is {shown:02X}, not {expected:02X}: either the"
                " UID has seven bytes, or block 0 was written by hand and the card is an imitation."
            )

    def _sector_remarks(self) -> Iterator[str]:
        for sector in self.sectors:
            if sector.trailer is None:
                yield f"Sector {sector.number} is dead: its access bits contradict each other."
        found = [sector.role for sector in self.sectors if sector.role is not None]
        for role in (Role.IDENTITY, Role.CONSUMPTION, Role.WATER):
            if found.count(role) > 1:
                yield f"More than one sector is for {role.name.lower()}."
        for sector in self.sectors:
            yield from self._slot_remarks(sector)

    def _slot_remarks(self, sector: _Sector) -> Iterator[str]:
        if sector.role not in {Role.CONSUMPTION, Role.WATER}:
            return
        first, second = (parse(raw, role=sector.role, slot=slot) for slot, raw in enumerate(sector.slots))
        if isinstance(first, Purse) and isinstance(second, Purse) and first.counter == second.counter:
            yield f"Both slots of sector {sector.number} have the same counter."

    def _directory(self) -> tuple[dict[int, str], list[str]]:
        if not self.memory[3 * BLOCK_BYTES + 9] & mad.PRESENT or self.sectors[0].trailer is None:
            return {}, []
        try:
            return dict(mad.applications(self.memory[BLOCK_BYTES : 3 * BLOCK_BYTES])), []
        except ValueError as error:
            return {}, [f"Sector 0 says that there is an application directory, but {error}."]

    def _view(self, sector: _Sector, application: str | None) -> SectorView:
        access = sector.trailer.access if sector.trailer else None
        blocks = [self._block(sector, number, access) for number in data_blocks(sector.number)]
        return SectorView(
            sector=sector.number,
            role=sector.role.name.lower() if sector.role is not None else None,
            sure=sector.sure,
            key_a=sector.words[0],
            key_b=_unusable(sector.words[1], access),
            dead=access is None,
            application=application,
            blocks=(*blocks, _trailer_view(sector, access)),
        )

    def _block(self, sector: _Sector, number: int, access: Access | None) -> BlockView:
        raw = self.memory[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES]
        rights = describe(access, access_group(number)) if access else "nobody can do anything"
        content, details = self._content(sector, number, raw)
        return BlockView(number, raw.hex().upper(), rights, content, details)

    def _content(self, sector: _Sector, number: int, raw: bytes) -> tuple[str, dict[str, Any]]:
        if number == 0:
            return "manufacturer", {"uid": self.uid.hex().upper()}
        if not any(raw):
            return "empty", {}
        if sector.role is not None:
            record = self._record(sector, sector.role, number - first_block(sector.number), raw)
            if record:
                return "record", record
        value = Value.decode(raw)
        if value:
            return "value", {"value": value.value, "address": value.address}
        directory = sector_of(number) == 0 and self.memory[3 * BLOCK_BYTES + 9] & mad.PRESENT
        if directory:
            return "directory", {}
        text = _text(raw)
        return ("text", {"text": text}) if text else ("data", {})

    def _record(self, sector: _Sector, role: Role, slot: int, raw: bytes) -> dict[str, Any] | None:
        values = sector.trailer is not None and sector.trailer.access == SPEND_ONLY
        desk = values and slot == DESK_SLOT and role in {Role.CONSUMPTION, Role.WATER}
        if kind_of(role, slot) is None or (values and not desk):
            return None
        found = parse(raw, role=role, slot=0 if desk else slot)
        key = self.ring.mac_key(role, self.card) if self.ring and self.card else None
        right = None if key is None else mac_ok(raw, role=role, slot=slot, mac_key=key)
        if found is None and not right:
            return None
        mac = "not checked" if right is None else "right" if right else "wrong"
        details: dict[str, Any] = to_fields(found) if found else {"kind_of_record": None}
        details["mac"] = mac
        if isinstance(found, Identity | Purse | Rights) and key and not desk:
            details["current"] = current_slot(sector.slots, role=role, mac_key=key) == slot
        return details


def explain(memory: bytes, ring: KeyRing | None = None) -> CardView:
    """Everything a dump says.

    Args:
        memory: 1024 or 4096 bytes.
        ring: whose card it may be; without it MACs are not checked.
    """
    return _Explainer(memory, ring).view()


def _looks_like(raw: bytes, trailer: Trailer | None) -> Role | None:
    """The role whose access conditions and records a sector has, whatever their MACs."""
    for role in Role:
        if trailer and trailer.access in {layout.access(role) for layout in _PROFILES}:
            # the desk's record of the profile with value blocks is a purse behind them
            slots = (DESK_SLOT,) if trailer.access == SPEND_ONLY else (0, 1)
            blocks = (raw[slot * BLOCK_BYTES : (slot + 1) * BLOCK_BYTES] for slot in slots)
            if any(parse(block, role=role, slot=0) for block in blocks):
                return role
    return None


def _key_words(key: bytes, origin: Origin | None, tried: int) -> str:
    if origin:
        letter = "A" if origin.key_type is KeyType.A else "B"
        return f"derived for {origin.role.name.lower()}, key {letter}, version {origin.key_version}"
    if key in PUBLIC_KEYS:
        return PUBLIC_KEYS[key]
    if not any(key):
        return "zeros: not in the dump, or a torn trailer"
    return f"unknown; {tried} keys were tried"


def _unusable(words: str, access: Access | None) -> str:
    return f"{words} (readable, so it opens nothing)" if access and access.key_b_is_data else words


def _trailer_view(sector: _Sector, access: Access | None) -> BlockView:
    raw = sector.raw[-BLOCK_BYTES:]
    details = {"access_bits": raw[6:9].hex().upper(), "general": f"{raw[9]:02X}"}
    if access:
        details["conditions"] = " ".join(f"{condition:03b}" for condition in access.conditions)
    rights = describe(access, 3) if access else "nobody can do anything"
    return BlockView(trailer_of(sector.number), None, rights, "trailer", details)


def _text(raw: bytes) -> str | None:
    """Printable characters when there is hardly anything else."""
    body = raw.rstrip(b"\0 \xff")
    if len(body) < _TEXT_LEAST or any(byte not in _PRINTABLE for byte in body):
        return None
    return body.decode("ascii")
