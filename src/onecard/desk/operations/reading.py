"""Reads a card: which keys open it, and what its records say.

A card that is as the server expects is read with one script. A script ends at the first sector that does not
open; that sector is then tried with its next key, together with everything behind it, so that each further
script tells at least one thing more.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from onecard.cards.classic.geometry import BLOCK_BYTES, TRANSPORT_KEY
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import UID_LENGTHS, CardIdentity, KeyType, Role
from onecard.cards.model import CardState
from onecard.cards.oc1 import value_profile
from onecard.cards.oc1.layout import SLOTS, Place, block_of
from onecard.cards.oc1.records import Identity, Purse
from onecard.cards.oc1.slots import Current, current
from onecard.cards.reader import Presence, Ran, Reader, ReaderError, Trouble
from onecard.cards.steps import Authenticate, CheckUid, Exchange, Read, Step, exchanges
from onecard.cards.technology import CLASSIC, CardFormat
from onecard.desk.operations.sighting import CardRow, Reading, Sector, SectorState

PURSES = (Role.CONSUMPTION, Role.WATER)
_GENERATION_AT = 3  # the byte of an identity record
_GENERATIONS = range(1, 256)
_CORE = 3  # identity, consumption, water
_BLANK = 0  # stands for the transport key among key versions, which begin with 1


async def read_card(
    reader: Reader, presence: Presence, chosen: CardFormat, ring: KeyRing, row: CardRow | None
) -> Reading:
    """Everything of ours on a card.

    One script when the row's keys open the card, or when a card without a row is blank; else one more for
    every key that did not fit: all versions for the first sector, two or three keys for each other.

    Args:
        reader: where the card lies.
        presence: the card, as the reader showed it.
        chosen: the tenant's format.
        ring: the tenant's masters, the newest version first.
        row: the server's words about the card, if any.

    Raises:
        ReaderError: the card or the reader is gone, or the way to it is cut.
    """
    if not holds_records(presence, chosen):
        return interpret(presence, {}, chosen, ring, row)
    search = _Search(presence, chosen.layout.places, ring, row)
    while guesses := search.guesses():
        batches = [search.batch(place, version) for place, version in guesses]
        check = list(exchanges([CheckUid(presence.uid)], presence.dialect))
        ran = await reader.run(presence.session, [*check, *(each for batch in batches for each in batch)])
        search.learn(guesses, batches, _answers(ran))
    return interpret(presence, search.found, chosen, ring, row)


def holds_records(presence: Presence, chosen: CardFormat) -> bool:
    """Whether the card is of a kind that can hold the records of the tenant's format."""
    fits = CLASSIC.has_room(chosen.layout, presence.atr) and len(presence.uid) in UID_LENGTHS
    return chosen.technology == CLASSIC.name and fits


def interpret(
    presence: Presence,
    sectors: Mapping[Place, Sector],
    chosen: CardFormat,
    ring: KeyRing,
    row: CardRow | None,
) -> Reading:
    """What the raw blocks of a card mean; no bytes can make it fail.

    Args:
        presence: the card.
        sectors: as they were read.
        chosen: the tenant's format.
        ring: the tenant's masters.
        row: names the generation when the card itself does not.
    """
    ours = [sector for sector in sectors.values() if sector.state is SectorState.OURS]
    generation = _generation(presence.uid, ours, chosen, ring, row)
    if generation is None:
        return Reading(presence, None, sectors, None, dict.fromkeys(PURSES))
    identities = [sector for sector in ours if sector.place.role is Role.IDENTITY]
    version = (identities or ours)[0].key_version or 0
    purses: dict[Role, Current[Purse] | None] = dict.fromkeys(PURSES)
    for sector in ours:
        if sector.place.role in PURSES:
            purses[sector.place.role] = _purse(presence.uid, generation, sector, chosen, ring)
    return Reading(
        presence,
        CardIdentity(uid=presence.uid, generation=generation, key_version=version),
        sectors,
        next((_holder(presence.uid, generation, sector, ring) for sector in identities), None),
        purses,
    )


class _Search:
    """Which key opens which sector: guesses that get better with every answer."""

    def __init__(
        self, presence: Presence, places: Sequence[Place], ring: KeyRing, row: CardRow | None
    ) -> None:
        self.found: dict[Place, Sector] = {}
        self._presence = presence
        self._places = places
        self._ring = ring
        self._refused: dict[Place, set[int]] = {place: set() for place in places}
        expected = [row.key_version] if row and row.key_version in ring.masters else []
        # who returns a card leaves it blank, as a rule
        first = [_BLANK] if not row or row.state == CardState.RETURNED else []
        newest = list(ring.masters)[:1]
        self._likely: list[int] = [*first, *(one for one in expected if one), _BLANK, *newest]

    def guesses(self) -> list[tuple[Place, int]]:
        """The sectors that are not known yet, each with the version to try; none when all is known."""
        guesses: list[tuple[Place, int]] = []
        for place in self._places:
            if place in self.found:
                continue
            # what opens the first of them opens the others, as a rule
            versions = chain((first for _, first in guesses[:1]), self._versions(place))
            version = next((one for one in versions if one not in self._refused[place]), None)
            if version is None:
                self.found[place] = Sector(place, SectorState.FOREIGN)
            else:
                guesses.append((place, version))
        if self._is_somebody_elses():
            self.found |= {place: Sector(place, SectorState.UNREAD) for place, _ in guesses}
            return []
        return guesses

    def batch(self, place: Place, version: int) -> list[Exchange]:
        """Open a sector with key A of a version and read its data blocks."""
        reads = (Read(block_of(place.sector, slot)) for slot in range(SLOTS))
        steps: list[Step] = [Authenticate(place.sector, KeyType.A, self._key(place, version)), *reads]
        return list(exchanges(steps, self._presence.dialect))

    def learn(
        self, guesses: list[tuple[Place, int]], batches: list[list[Exchange]], answers: list[bytes]
    ) -> None:
        """Take in what a script was answered, without the UID at its begin.

        Raises:
            ReaderError: the reader does not take keys, or answers with fewer bytes than a block has.
        """
        for (place, version), batch in zip(guesses, batches, strict=True):
            got, answers = answers[: len(batch)], answers[len(batch) :]
            blocks = tuple(got[len(batch) - SLOTS :])
            if len(got) < len(batch):
                self._stopped(place, version, len(got) - (len(batch) - SLOTS))
                return
            if any(len(block) != BLOCK_BYTES for block in blocks):
                raise ReaderError(Trouble.MISMATCH)
            self._likely.insert(0, version)
            state = SectorState.BLANK if version == _BLANK else SectorState.OURS
            self.found[place] = Sector(place, state, blocks, version or None)

    def _stopped(self, place: Place, version: int, blocks: int) -> None:
        """A sector did not answer to the end; `blocks` were read, -1: it was not opened."""
        if blocks < -1:
            raise ReaderError(Trouble.MISMATCH)
        if blocks == -1:
            self._refused[place].add(version)
        else:
            # some blocks only: another's access conditions; none: broken ones, for ever
            self.found[place] = Sector(place, SectorState.FOREIGN if blocks else SectorState.DEAD)

    def _versions(self, place: Place) -> Iterator[int]:
        yield from self._likely
        if place == self._places[0]:
            yield from self._ring.masters

    def _is_somebody_elses(self) -> bool:
        core = [self.found.get(place) for place in self._places[:_CORE]]
        return all(one is not None and one.state is SectorState.FOREIGN for one in core)

    def _key(self, place: Place, version: int) -> bytes:
        if version == _BLANK:
            return TRANSPORT_KEY
        card = CardIdentity(uid=self._presence.uid, generation=0, key_version=version)  # no part of it
        keys = self._ring.masters[version].of(place.role)
        return keys.sector_keys(card, self._ring.site, place.sector).a


def _answers(ran: Ran) -> list[bytes]:
    """The data of the answers after the UID, without the one that ended the script.

    Raises:
        ReaderError: the script was not run to its end or to a refusal of this very card.
    """
    if ran.trouble not in {None, Trouble.MISMATCH}:
        raise ReaderError(ran.trouble or Trouble.MISMATCH)
    accepted = ran.answers if ran.complete else ran.answers[:-1]
    if not accepted:
        raise ReaderError(Trouble.STALE)
    return [answer[:-2] for answer in accepted[1:]]


def _mac_key(uid: bytes, generation: int, sector: Sector, ring: KeyRing) -> bytes:
    """By the version of the sector itself: while a card is re-keyed they differ."""
    card = CardIdentity(uid=uid, generation=generation, key_version=sector.key_version or 0)
    return ring.mac_key(sector.place.role, card)


def _generation(
    uid: bytes, ours: Sequence[Sector], chosen: CardFormat, ring: KeyRing, row: CardRow | None
) -> int | None:
    """The life the records belong to: as identity says, else as the purses' MACs do, else as the row."""
    for sector in ours:
        if sector.place.role is Role.IDENTITY:
            named = {raw[_GENERATION_AT] for raw in sector.blocks[:2]}
            for generation in sorted(named, reverse=True):
                if _holder(uid, generation, sector, ring):
                    return generation
    expected = row.generation if row else None
    likely = [] if expected is None else [expected]
    purses = [sector for sector in ours if sector.place.role in PURSES]
    for generation in chain(likely, _GENERATIONS):
        if any(_purse(uid, generation, sector, chosen, ring) for sector in purses):
            return generation
    return expected if ours else None


def _holder(uid: bytes, generation: int, sector: Sector, ring: KeyRing) -> Current[Identity] | None:
    slots = sector.blocks[0], sector.blocks[1]
    return current(Identity, slots, role=Role.IDENTITY, mac_key=_mac_key(uid, generation, sector, ring))


def _purse(
    uid: bytes, generation: int, sector: Sector, chosen: CardFormat, ring: KeyRing
) -> Current[Purse] | None:
    role, mac_key = sector.place.role, _mac_key(uid, generation, sector, ring)
    if chosen.layout.value_blocks:
        return _value_purse(sector, mac_key)
    return current(Purse, (sector.blocks[0], sector.blocks[1]), role=role, mac_key=mac_key)


def _value_purse(sector: Sector, mac_key: bytes) -> Current[Purse] | None:
    """A purse of OC1-V: the desk's record with the amount of the value blocks, subsidy spent first."""
    main, copy, desk = sector.blocks
    value = value_profile.read(main, copy)
    record = value_profile.decode_desk_record(desk, role=sector.place.role, mac_key=mac_key)
    if value is None or record is None or value.stamp != value_profile.stamp_of(record):
        return None
    now = value_profile.left_of(record, value.amount_fen)
    return Current(now, 0 if value.main_is_valid else 1, (main, copy))
