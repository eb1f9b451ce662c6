"""Parts of an operation as steps on the card."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from onecard.cards.keyring import KeyRing
from onecard.cards.keys import CardIdentity, KeyType
from onecard.cards.oc1 import scripts
from onecard.cards.oc1.layout import Layout, block_of
from onecard.cards.oc1.scripts import CardKeys
from onecard.cards.oc1.value_changes import change_values, mend_values
from onecard.cards.steps import Authenticate, CheckUid, Dialect, Exchange, Read, Step, Write, exchanges
from onecard.desk.operations.model import (
    CardPart,
    ClearPart,
    IssuePart,
    PursePart,
    RekeyPart,
    RewritePart,
    SlotPart,
)

_UPDATE = 0xD6


@dataclass(frozen=True, slots=True)
class Scribe:
    """Knows a card's keys, and spells parts out for it.

    Attributes:
        ring: the tenant's masters.
        identity: the card in this life.
        layout: its sectors.
    """

    ring: KeyRing
    identity: CardIdentity
    layout: Layout

    @property
    def keys(self) -> CardKeys:
        """The card's keys."""
        return self.under(self.identity.key_version)

    def under(self, key_version: int) -> CardKeys:
        """The card's keys of a version."""
        identity = replace(self.identity, key_version=key_version)
        return CardKeys(self.ring.masters[key_version], self.ring.site, identity)

    def steps(self, part: CardPart) -> Iterator[Step]:
        """What is done to the card."""
        match part:
            case PursePart() if self.layout.value_blocks:
                yield from change_values(self.keys, part.place, part.change)
            case PursePart():
                yield from scripts.change_purse(self.keys, part.place, part.change, part.log)
            case IssuePart():
                yield from scripts.issue_sector(self.keys, self.layout, part.place, _first(part))
                yield from self._last(part)
            case ClearPart():
                yield from scripts.clear_sector(self.keys, part.place)
            case RewritePart():
                yield from scripts.rewrite_sector(self.keys, part.place, part.blocks)
            case SlotPart():
                yield from self._slot(part)
            case RekeyPart():
                new = self.under(part.key_version)
                yield from scripts.rekey_sector(self.keys, new, self.layout, part.place, part.blocks)

    def again(self, part: IssuePart) -> Iterator[Step]:
        """An issue that comes to a sector that is ours already."""
        yield from scripts.rewrite_sector(self.keys, part.place, _first(part))
        yield from self._last(part)

    def refreshed(self, part: PursePart, blocks: Sequence[bytes]) -> Iterator[Step]:
        """Write what was found written once more: bits of a torn write may be weak.

        Args:
            part: the change.
            blocks: the purse's data blocks as they were judged.
        """
        if self.layout.value_blocks:
            return mend_values(self.keys, part.place, part.change, blocks)
        return scripts.refresh(self.keys, part.place, part.change)

    def _last(self, part: IssuePart) -> Iterator[Step]:
        """What makes the sector hold; it is open with key B by now."""
        if part.last is not None:
            block, image = block_of(part.place.sector, part.last), part.blocks[part.last]
            yield Write(block, image)
            yield Read(block, expect=image)

    def _slot(self, part: SlotPart) -> Iterator[Step]:
        block = block_of(part.place.sector, part.slot)
        yield CheckUid(self.identity.uid)
        yield Authenticate(part.place.sector, KeyType.B, self.keys.sector(part.place).b)
        yield Write(block, part.image)
        yield Read(block, expect=part.image)


def _first(part: IssuePart) -> dict[int, bytes]:
    return {slot: block for slot, block in part.blocks.items() if slot != part.last}


@dataclass(frozen=True, slots=True)
class Script:
    """Several parts in one go.

    Attributes:
        exchanges: all commands.
        ends: for each part, how many commands there are up to its end.
    """

    exchanges: tuple[Exchange, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, groups: Sequence[Iterator[Step]], dialect: Dialect) -> "Script":
        """Join steps of parts; the card is asked for its UID once."""
        found: list[Exchange] = []
        ends = []
        for number, steps in enumerate(groups):
            kept = [step for step in steps if not (number and isinstance(step, CheckUid))]
            found += exchanges(kept, dialect)
            ends.append(len(found))
        return cls(tuple(found), tuple(ends))

    def writes(self, answered: int) -> bool:
        """Whether a command that changes the card is among those answered or the one after them."""
        return any(each.apdu[1] == _UPDATE for each in self.exchanges[: answered + 1])

    def done(self, answered: int) -> int:
        """How many parts are done when so many commands were answered as expected."""
        return sum(end <= answered for end in self.ends)
