"""The virtual reader as a slot, and a whole reader in this process."""

from collections.abc import Sequence

from onecard.cards.insertion import Insertions
from onecard.cards.reader import Presence, Ran, SlotError, Trouble
from onecard.cards.steps import Dialect, Exchange
from onecard.cards.virtual.reader import NoCardError, VirtualReader


class VirtualSlot:
    """A virtual reader behind the interface of all readers.

    Attributes:
        crowded: several cards lie on it; a reader that does not separate them says so.
        signals: what it beeped, oldest first.
    """

    def __init__(self, reader: VirtualReader, *, name: str = "virtual") -> None:
        self.reader = reader
        self.crowded = False
        self.signals: list[bool] = []
        self._name = name

    @property
    def name(self) -> str:
        """For people."""
        return self._name

    @property
    def dialect(self) -> Dialect:
        """That of the virtual reader."""
        return self.reader.dialect

    def atr(self) -> bytes | None:
        """See `Slot`."""
        if self.crowded:
            raise SlotError(Trouble.TWO_CARDS)
        return self.reader.atr

    def connect(self) -> None:
        """See `Slot`."""
        try:
            self.reader.reset()
        except NoCardError:
            raise SlotError(Trouble.NO_CARD) from None

    def transmit(self, command: bytes) -> bytes:
        """See `Slot`."""
        try:
            return self.reader.transmit(command)
        except NoCardError:
            raise SlotError(Trouble.NO_CARD) from None

    def disconnect(self) -> None:
        """See `Slot`."""
        self.reader.disconnect()

    def signal(self, *, good: bool) -> None:
        """See `Slot`."""
        self.signals.append(good)


class LocalReader:
    """A `Reader` in this process around a slot that answers at once.

    Attributes:
        round_trips: calls so far; at a desk each is a message to the agent and back.
    """

    def __init__(self, slot: VirtualSlot) -> None:
        self.slot = slot
        self.round_trips = 0
        self._insertions = Insertions(slot)

    @property
    def name(self) -> str:
        """For people."""
        return self.slot.name

    async def present(self) -> Presence | None:
        """See `Reader`."""
        self.round_trips += 1
        return self._insertions.present()

    async def run(self, session: str, script: Sequence[Exchange]) -> Ran:
        """See `Reader`."""
        self.round_trips += 1
        return self._insertions.run(session, script)

    async def signal(self, *, good: bool) -> None:
        """See `Reader`."""
        self.slot.signal(good=good)
