"""A PC/SC reader as a slot.

A reader may be unplugged, its service restarted, the computer put to sleep. Whatever happens, the next call
begins with a new context when the old one is of no use any more.
"""

import contextlib

from onecard.agent.pcsc.profiles import profile_of
from onecard.agent.pcsc.winscard import Code, Connection, Context, PcscError
from onecard.cards.reader import SlotError, Trouble
from onecard.cards.steps import Dialect

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
    Code.ACCESS_DENIED,
}


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
            return self._service().states({self._name: 0}, 0)[self._name].atr
        except PcscError as error:
            raise self._failed(error) from None

    def connect(self) -> None:
        """See `Slot`."""
        try:
            if self._card is None:
                self._card = self._service().connect(self._name)
            # a card that was left as it was may still be authenticated, or halted
            self._card.reset()
        except PcscError as error:
            raise self._failed(error) from None

    def transmit(self, command: bytes) -> bytes:
        """See `Slot`."""
        if self._card is None:
            raise SlotError(Trouble.NO_CARD)
        try:
            return self._card.transmit(command)
        except PcscError as error:
            if error.code in _NO_READER:
                raise self._failed(error) from None
            raise SlotError(Trouble.PULLED) from None

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

    def _failed(self, error: PcscError) -> SlotError:
        if error.code in _NO_CARD:
            return SlotError(Trouble.NO_CARD)
        if error.code in _NO_READER:
            self.close()
            return SlotError(Trouble.NO_READER)
        return SlotError(Trouble.PULLED)
