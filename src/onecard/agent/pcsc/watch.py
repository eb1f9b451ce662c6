"""Waiting for readers and cards to come and go."""

import contextlib
import time

from onecard.agent.pcsc.profiles import takes_cards
from onecard.agent.pcsc.winscard import (
    PSEUDO_READERS,
    UNKNOWN,
    Code,
    Context,
    LibraryMissingError,
    PcscError,
    State,
)

_LISTED_AGAIN_S = 2.0  # macOS does not tell of new readers, and the others can miss one
_SERVICE_TRIED_AGAIN_S = 0.25
_REFUSALS = {Code.NO_ACCESS, Code.SECURITY_VIOLATION}
_NOT_LET_IN = "The PC/SC service does not let this user in."


class ReaderWatch:
    """All readers of this computer; used by one thread, except for `cancel`.

    Attributes:
        fault: a sentence why there can be no readers; None while the service answers.
    """

    def __init__(self) -> None:
        self.fault: str | None = None
        self._context: Context | None = None
        self._states: dict[str, State] | None = None

    def readers(self) -> tuple[str, ...]:
        """Names of the readers that take cards, in the system's order; none when there is no service."""
        try:
            return self._listed()
        except PcscError as error:
            self._failed(error)
            return ()

    def wait(self, timeout_s: float) -> bool:
        """Block until a reader or a card came or went, or another thread calls `cancel`.

        What changed is not said: ask `readers` and the slots, which know. The first call returns at once; a
        change between two calls is not missed.

        Returns:
            Whether something changed.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            left = max(0.0, deadline - time.monotonic())
            try:
                if self._changed(min(left, _LISTED_AGAIN_S)):
                    return True
            except PcscError as error:
                if self._failed(error):
                    return True
                time.sleep(min(left, _SERVICE_TRIED_AGAIN_S))
            if time.monotonic() >= deadline:
                return False

    def cancel(self) -> None:
        """End a `wait`; from any thread. One that has not begun yet is not ended."""
        context = self._context
        if context is not None:
            with contextlib.suppress(PcscError):
                context.cancel()

    def close(self) -> None:
        """Give everything back to the system. The watch can be used again."""
        context, self._context = self._context, None
        if context is not None:
            with contextlib.suppress(PcscError):
                context.close()

    def _listed(self) -> tuple[str, ...]:
        if self._context is None:
            self._context = Context()
        names = tuple(filter(takes_cards, self._context.readers()))
        self.fault = None
        return names

    def _changed(self, timeout_s: float) -> bool:
        """Whether something is not as it was at the end of the last call; waits for it."""
        watched = dict.fromkeys((*self._listed(), *PSEUDO_READERS), UNKNOWN)
        if self._states is None or self._states.keys() != watched.keys():
            self._states = self._look(watched, 0.0)
            return True
        before = self._states
        self._states = self._look(before, timeout_s)
        return any(not state.same_card(before[name]) for name, state in self._states.items())

    def _look(self, known: dict[str, State], timeout_s: float) -> dict[str, State]:
        if self._context is None or not known:
            time.sleep(timeout_s)
            return known
        try:
            return self._context.states(known, round(timeout_s * 1000))
        except PcscError as error:
            if error.code == Code.TIMEOUT:
                return known
            raise

    def _failed(self, error: PcscError) -> bool:
        """What follows from a failed call: whether somebody should look again."""
        if error.code == Code.CANCELLED:
            return True
        was_well, self._states = self._states is not None, None
        self.close()
        if isinstance(error, LibraryMissingError):
            self.fault = "This computer has no PC/SC; on Debian install the packages pcscd and libccid."
        else:
            self.fault = _NOT_LET_IN if error.code in _REFUSALS else "The PC/SC service does not run."
        return was_well
