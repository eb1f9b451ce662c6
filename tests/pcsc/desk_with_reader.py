"""A desk at a slot of a virtual pcscd: everything between its script and the chip is real."""

import time
from collections.abc import Iterable

from onecard.agent.pcsc.slot import PcscSlot
from onecard.agent.pcsc.watch import ReaderWatch
from onecard.cards.insertion import Insertions
from onecard.cards.reader import Presence, Ran
from onecard.cards.steps import Step, exchanges
from onecard.cards.virtual.chip import Chip
from onecard.sim.pcscd.daemon import VirtualPcscd

PATIENCE_S = 30.0


class DeskWithReader:
    def __init__(self, pcscd: VirtualPcscd, number: int = 0) -> None:
        self.cradle = pcscd.cradles[number]
        self.slot = PcscSlot(pcscd.readers[number])
        self.watch = ReaderWatch()
        self.insertions = Insertions(self.slot)

    def lay_on(self, chip: Chip) -> Presence:
        """As a person does: wait until the reader has seen the card."""
        self.cradle.insert(chip)
        return self.seen()

    def seen(self) -> Presence:
        deadline = time.monotonic() + PATIENCE_S
        while (present := self.insertions.present()) is None:
            assert self.watch.wait(deadline - time.monotonic()), "the card is not seen"
        return present

    def gone(self) -> None:
        """Wait until the reader has seen that there is no card."""
        deadline = time.monotonic() + PATIENCE_S
        while self.slot.atr() is not None:
            assert self.watch.wait(deadline - time.monotonic()), "the card is still seen"

    def run(self, session: str, steps: Iterable[Step]) -> Ran:
        return self.insertions.run(session, list(exchanges(steps, self.slot.dialect)))

    def close(self) -> None:
        self.slot.close()
        self.watch.close()
