"""Insertion sessions: a script made for one card is never run on another.

The sharp edge is a card that is swapped faster than a reader notices: the connection goes on working, on the
other card. So a session ends at the first broken exchange, and at every new selection the UID is compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex

from onecard.cards.reader import Presence, Ran, ReaderError, Slot, SlotError, Trouble
from onecard.cards.steps import OK, Exchange

GET_UID = bytes.fromhex("FFCA000000")
_LOAD_KEY, _AUTHENTICATE, _READ, _UPDATE = 0x82, 0x86, 0xB0, 0xD6
_CLASS = 0xFF
_BLANK_KEY = b"\xff" * 6


def is_allowed(command: bytes) -> bool:
    """Whether a reader may be sent this: UID, load key, authenticate, read, update; nothing else exists here.

    Commands to the reader itself (escape, direct transmit, firmware) have other instructions or classes.
    """
    if command == GET_UID:
        return True
    if len(command) < 5 or command[0] != _CLASS:  # noqa: PLR2004  header and length
        return False
    data = len(command) - 5
    shape = (command[1], command[4], data)
    return shape in {
        (_LOAD_KEY, 6, 6),
        (_AUTHENTICATE, 5, 5),
        (_READ, 16, 0),
        (_UPDATE, 16, 16),
    }


@dataclass(slots=True)
class _Session:
    name: str
    uid: bytes
    atr: bytes


class Insertions:
    """Runs scripts on the card of a slot.

    Args:
        slot: the place; used by whoever calls, one call at a time.

    Attributes:
        key_writes: keys loaded so far; readers with only a lasting memory wear out.
    """

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.key_writes = 0
        self._session: _Session | None = None

    def present(self) -> Presence | None:
        """See `Reader.present`."""
        try:
            atr = self.slot.atr()
            if atr is None:
                self.end()
                return None
            session = self._confirmed(atr) or self._opened(atr)
        except SlotError as error:
            self.end()
            if error.trouble in {Trouble.NO_CARD, Trouble.PULLED}:
                return None
            raise ReaderError(error.trouble) from None
        return Presence(session.name, session.uid, session.atr, self.slot.dialect)

    def run(self, session: str, script: Sequence[Exchange]) -> Ran:
        """See `Reader.run`."""
        if self._session is None or self._session.name != session:
            return Ran((), Trouble.STALE)
        if not all(is_allowed(each.apdu) for each in script):
            return Ran((), Trouble.REFUSED)
        answers: list[bytes] = []
        trouble = self._send(script, answers)
        if trouble is Trouble.MISMATCH and answers[-1][-2:] != OK:
            self._select_again()
        self._forget_key(script[: len(answers)])
        return Ran(tuple(answers), trouble)

    def end(self) -> None:
        """End the session: the card has left, or may have."""
        if self._session is not None:
            self._session = None
            self.slot.disconnect()

    def _send(self, script: Sequence[Exchange], answers: list[bytes]) -> Trouble | None:
        for each in script:
            self.key_writes += each.apdu[1] == _LOAD_KEY
            try:
                answer = self.slot.transmit(each.apdu)
            except SlotError as error:
                self.end()
                return Trouble.NO_READER if error.trouble is Trouble.NO_READER else Trouble.PULLED
            if len(answer) < len(OK):
                self.end()
                return Trouble.PULLED
            answers.append(answer)
            if not each.accepts(answer):
                return Trouble.MISMATCH
        return None

    def _confirmed(self, atr: bytes) -> _Session | None:
        """The open session if its card still answers with its UID."""
        if self._session is not None and (self._session.atr != atr or self._uid() != self._session.uid):
            self.end()
        return self._session

    def _opened(self, atr: bytes) -> _Session:
        self.slot.connect()
        uid = self._uid()
        if uid is None:
            raise SlotError(Trouble.PULLED)
        self._session = _Session(token_hex(8), uid, atr)
        return self._session

    def _uid(self) -> bytes | None:
        answer = self.slot.transmit(GET_UID)
        return answer[:-2] if answer[-2:] == OK else None

    def _select_again(self) -> None:
        """A card that refused is silent until it is selected anew; it must be the same one."""
        try:
            self.slot.connect()
            same = self._session is not None and self._uid() == self._session.uid
        except SlotError:
            same = False
        if not same:
            self.end()

    def _forget_key(self, sent: Sequence[Exchange]) -> None:
        """Overwrite the key in the reader; it belonged to this script."""
        loads = [each.apdu for each in sent if each.apdu[1] == _LOAD_KEY]
        if self._session is None:
            return
        for place in {(load[2], load[3]) for load in loads}:
            self.key_writes += 1
            try:
                self.slot.transmit(bytes([_CLASS, _LOAD_KEY, *place, 6]) + _BLANK_KEY)
            except SlotError:
                self.end()
                return
