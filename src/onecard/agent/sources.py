"""Where readers come from: the computer's PC/SC service, or files."""

from typing import Protocol

from onecard.cards.reader import Slot


class OwnedSlot(Slot, Protocol):
    """A slot that holds something of the system."""

    def close(self) -> None:
        """Give it back. The slot can be used again."""


class Source(Protocol):
    """Readers that may come and go. `wait` and `readers` are used by one thread.

    Attributes:
        fault: a sentence why there can be no readers at all; None while all is well.
    """

    @property
    def fault(self) -> str | None:
        """See above."""

    def readers(self) -> tuple[str, ...]:
        """Names of the readers there are now."""

    def wait(self, timeout_s: float) -> bool:
        """Block until a reader or a card came or went, or another thread calls `cancel`; whether one did."""

    def cancel(self) -> None:
        """End a `wait`; from any thread."""

    def close(self) -> None:
        """Give everything back."""

    def slot(self, name: str) -> OwnedSlot:
        """One of the readers."""


class PcscSource:
    """The readers of the computer. The system's library is loaded when it is first needed."""

    def __init__(self) -> None:
        from onecard.agent.pcsc.watch import ReaderWatch  # noqa: PLC0415  not with virtual readers

        self._watch = ReaderWatch()

    @property
    def fault(self) -> str | None:
        """See `Source`."""
        return self._watch.fault

    def readers(self) -> tuple[str, ...]:
        """See `Source`."""
        return self._watch.readers()

    def wait(self, timeout_s: float) -> bool:
        """See `Source`."""
        return self._watch.wait(timeout_s)

    def cancel(self) -> None:
        """See `Source`."""
        self._watch.cancel()

    def close(self) -> None:
        """See `Source`."""
        self._watch.close()

    def slot(self, name: str) -> OwnedSlot:
        """See `Source`."""
        from onecard.agent.pcsc.slot import PcscSlot  # noqa: PLC0415  as above

        return PcscSlot(name)
