"""A PC/SC reader as a slot.

A reader may be unplugged, its service restarted, the computer put to sleep. Whatever happens, the next call
begins with a new context when the old one is of no use any more.

After a broken exchange the card is not touched before the service has looked at the reader itself. A reset
that fails makes pcscd believe in an empty reader; a card that comes back before its next look (400 ms) is
then not seen until it is taken away again. For the same reason a card is asked something before it is reset.
"""

import contextlib
import time

from onecard.agent.pcsc.profiles import profile_of
from onecard.agent.pcsc.winscard import UNKNOWN, Code, Connection, Context, PcscError, State
from onecard.cards.insertion import GET_UID
from onecard.cards.reader import SlotError, Trouble
from onecard.cards.steps import OK, Dialect

_NO_CARD = {Code.NO_SMARTCARD, Code.REMOVED_CARD, Code.UNRESPONSIVE_CARD}
_NO_READER = {
    Code.INVALID_HANDLE,
    Code.UNKNOWN_READER,
    Code.SYSTEM_CANCELLED,
    Code.COMM_ERROR,
    Code.READER_UNAVAILABLE,
    Code.NO_SERVICE,
    Code.SERVICE_STOPPED,
    Code.NO_READERS,
    Code.SHARING_VIOLATION,
    Code.NO_ACCESS,
    Code.SECURITY_VIOLATION,
}
_LOOKS_WITHIN_S = 0.9  # two looks of pcscd


class PcscSlot:
    """See `onecard.cards.reader.Slot`; used by one thread.

    Args:
        name: of the reader, as the system lists it.
        dialect: another one than its name suggests.
    """

    def __init__(self, name: str, *, dialect: Dialect | None = None) -> None:
        self._name = name
        self._profile = profile_of(name)
        self._dialect = dialect or self._profile.dialect
        self._context: Context | None = None
        self._card: Connection | None = None
        self._broken: tuple[State, float] | None = None  # the state at the time, and when to trust it

    @property
    def name(self) -> str:
        """As the system lists it."""
        return self._name

    @property
    def dialect(self) -> Dialect:
        """How commands to it are spelt."""
        return self._dialect

    def atr(self) -> bytes | None:
        """See `Slot`."""
        try:
            return self._settled().atr
        except PcscError as error:
            raise self._failed(error) from None

    def connect(self) -> None:
        """See `Slot`."""
        try:
            self._connect()
        except SlotError:
            self.disconnect()
            raise
        except PcscError as error:
            failed = self._failed(error)
            self.disconnect()
            raise failed from None

    def transmit(self, command: bytes) -> bytes:
        """See `Slot`."""
        if self._card is None:
            raise SlotError(Trouble.NO_CARD)
        try:
            answer = self._card.transmit(command)
            if len(answer) < len(OK):
                self._note_broken()
        except PcscError as error:
            if error.code in _NO_READER:
                raise self._failed(error) from None
            self._note_broken()
            raise SlotError(Trouble.PULLED) from None
        return answer

    def disconnect(self) -> None:
        """See `Slot`."""
        if self._card is not None:
            with contextlib.suppress(PcscError):
                self._card.close()
            self._card = None

    def signal(self, *, good: bool) -> None:
        """See `Slot`. Only with a card on the reader; else readers take no commands."""
        command = self._profile.good if good else self._profile.bad
        if command is not None and self._card is not None:
            with contextlib.suppress(PcscError):
                self._card.transmit(command)

    def close(self) -> None:
        """Give the reader back to the system. The slot can be used again."""
        self.disconnect()
        if self._context is not None:
            with contextlib.suppress(PcscError):
                self._context.close()
            self._context = None

    def _service(self) -> Context:
        if self._context is None:
            self._context = Context()
        return self._context

    def _connect(self) -> None:
        if self._settled().atr is None:
            raise SlotError(Trouble.NO_CARD)
        if self._card is None:
            self._card = self._service().connect(self._name)
        # a card that is there although it broke off an exchange can only be helped by a reset
        if self._broken is None and len(self.transmit(GET_UID)) < len(OK):
            raise SlotError(Trouble.PULLED)
        # a card that was left as it was may still be authenticated, or halted
        self._card.reset()
        self._broken = None

    def _settled(self) -> State:
        """The reader's state, once the service has looked at it after a broken exchange."""
        state = self._state(UNKNOWN, 0.0)
        if self._broken is not None:
            before, deadline = self._broken
            if state.atr and state.same_card(before):
                state = self._state(state, max(0.0, deadline - time.monotonic()))
            if not state.same_card(before):
                self._broken = None
        return state

    def _state(self, known: State, timeout_s: float) -> State:
        """The reader's state; with a known one, the next unless time runs out."""
        context = self._service()
        try:
            return context.states({self._name: known}, round(timeout_s * 1000))[self._name]
        except PcscError as error:
            if error.code == Code.TIMEOUT:
                return context.states({self._name: UNKNOWN}, 0)[self._name]
            raise

    def _note_broken(self) -> None:
        with contextlib.suppress(PcscError):
            self._broken = (self._state(UNKNOWN, 0.0), time.monotonic() + _LOOKS_WITHIN_S)

    def _failed(self, error: PcscError) -> SlotError:
        if error.code in _NO_CARD:
            return SlotError(Trouble.NO_CARD)
        if error.code in _NO_READER:
            self.close()
            return SlotError(Trouble.NO_READER)
        return SlotError(Trouble.PULLED)
