"""The system's PC/SC library by ctypes: the ten calls a desk needs, on Linux, Windows and macOS.

The three disagree about the widths of numbers, about packing, and about names of functions; all of that is in
the first half of this module. Blocking calls release Python's lock. A context belongs to one thread; only
`Context.cancel` may be called from another.
"""

import ctypes
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

if sys.platform == "win32":
    _FILE, _NAMES = "winscard.dll", "mbcs"
    _DWORD, _HANDLE = ctypes.c_uint32, ctypes.c_size_t
    _ATR_BYTES, _PACKING = 36, 0
elif sys.platform == "darwin":
    _FILE, _NAMES = "/System/Library/Frameworks/PCSC.framework/PCSC", "utf-8"
    _DWORD, _HANDLE = ctypes.c_uint32, ctypes.c_int32
    _ATR_BYTES, _PACKING = 33, 1
else:
    _FILE, _NAMES = "libpcsclite.so.1", "utf-8"
    _DWORD, _HANDLE = ctypes.c_ulong, ctypes.c_long
    _ATR_BYTES, _PACKING = 33, 0

_ANSI = "A" if sys.platform == "win32" else ""  # suffix of functions that take names
_SCOPE_SYSTEM = 2
_SHARE_EXCLUSIVE = 1
_PROTOCOLS = 3  # T=0 or T=1, as the card likes
_LEAVE, _RESET = 0, 1
_ANSWER_BYTES = 264  # 256 of data, the status word, and room
_EVENTS = 0xFFFF0000  # part of a state that counts; the rest tells also who uses the reader
_RETRY_LARGER = 3  # the list of readers grew between asking for its length and for itself
# a reader that changes when another comes or goes; macOS has none
PSEUDO_READERS = () if sys.platform == "darwin" else ("\\\\?PnP?\\Notification",)


class Code(IntEnum):
    """What calls return; those that decide something here."""

    OK = 0
    CANCELLED = 0x80100002
    INVALID_HANDLE = 0x80100003
    INSUFFICIENT_BUFFER = 0x80100008
    UNKNOWN_READER = 0x80100009
    TIMEOUT = 0x8010000A
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    SYSTEM_CANCELLED = 0x80100012
    COMM_ERROR = 0x80100013
    NOT_TRANSACTED = 0x80100016
    READER_UNAVAILABLE = 0x80100017
    NO_SERVICE = 0x8010001D
    SERVICE_STOPPED = 0x8010001E
    NO_ACCESS = 0x80100027
    NO_READERS = 0x8010002E
    UNRESPONSIVE_CARD = 0x80100066
    REMOVED_CARD = 0x80100069
    SECURITY_VIOLATION = 0x8010006A


class PresenceBit(IntEnum):
    """Bits of a reader's state."""

    CHANGED = 0x0002
    PRESENT = 0x0020
    MUTE = 0x0200


class PcscError(Exception):
    """A call failed.

    Attributes:
        code: as returned; often, not always, a `Code`.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"{code:08X}")
        self.code = code


class LibraryMissingError(PcscError):
    """This computer has no PC/SC."""

    def __init__(self) -> None:
        super().__init__(Code.NO_SERVICE)


class _ReaderState(ctypes.Structure):
    if _PACKING:
        _pack_ = _PACKING
    _fields_ = (
        ("reader", ctypes.c_char_p),
        ("user_data", ctypes.c_void_p),
        ("current", _DWORD),
        ("event", _DWORD),
        ("atr_length", _DWORD),
        ("atr", ctypes.c_ubyte * _ATR_BYTES),
    )


class _Protocol(ctypes.Structure):
    _fields_ = (("protocol", _DWORD), ("length", _DWORD))


@cache
def _library() -> ctypes.CDLL:
    try:
        if sys.platform == "win32":
            return ctypes.WinDLL(_FILE)
        return ctypes.CDLL(_FILE)
    except OSError:
        raise LibraryMissingError from None


def _call(function: str, *arguments: Any) -> None:
    entry: Callable[..., int] = getattr(_library(), function)
    code = entry(*arguments) & 0xFFFFFFFF
    if code != Code.OK:
        raise PcscError(code)


@dataclass(frozen=True, slots=True)
class State:
    """A reader as the system sees it.

    Attributes:
        raw: bits and a counter.
        atr: of the card; None without one, or with one that does not answer.
    """

    raw: int
    atr: bytes | None

    def same_card(self, other: "State") -> bool:
        """Whether no card came or went between the two, as far as the system noticed; it counts that."""
        return (self.raw ^ other.raw) & (_EVENTS | PresenceBit.PRESENT) == 0


UNKNOWN = State(0, None)


class Connection:
    """A card in exclusive use. Never held in a transaction: Windows resets one that idles for 5 s."""

    def __init__(self, handle: Any, protocol: int) -> None:
        self._handle = handle
        self._protocol = protocol

    def reset(self) -> None:
        """Select the card anew."""
        active = _DWORD()
        arguments = (_DWORD(_SHARE_EXCLUSIVE), _DWORD(_PROTOCOLS), _DWORD(_RESET), ctypes.byref(active))
        _call("SCardReconnect", self._handle, *arguments)
        self._protocol = active.value

    def transmit(self, command: bytes) -> bytes:
        """The answer; of no bytes at all when the card left during the exchange."""
        answer = (ctypes.c_ubyte * _ANSWER_BYTES)()
        length = _DWORD(_ANSWER_BYTES)
        protocol = _Protocol(self._protocol, ctypes.sizeof(_Protocol))
        sent = (ctypes.byref(protocol), command, _DWORD(len(command)))
        _call("SCardTransmit", self._handle, *sent, None, answer, ctypes.byref(length))
        return bytes(answer[: length.value])

    def close(self) -> None:
        """Let go and leave the card as it is: unpowering a card just pulled can wedge pcscd for ever."""
        _call("SCardDisconnect", self._handle, _DWORD(_LEAVE))


class Context:
    """A conversation with the service.

    Raises:
        PcscError: there is no service, or we may not talk to it.
    """

    def __init__(self) -> None:
        self._handle = _HANDLE()
        _call("SCardEstablishContext", _DWORD(_SCOPE_SYSTEM), None, None, ctypes.byref(self._handle))

    def readers(self) -> tuple[str, ...]:
        """Names of all readers there are."""
        for _ in range(_RETRY_LARGER):
            length = _DWORD()
            try:
                _call(f"SCardListReaders{_ANSI}", self._handle, None, None, ctypes.byref(length))
                names = ctypes.create_string_buffer(length.value)
                _call(f"SCardListReaders{_ANSI}", self._handle, None, names, ctypes.byref(length))
            except PcscError as error:
                if error.code == Code.INSUFFICIENT_BUFFER:
                    continue
                if error.code == Code.NO_READERS:
                    break
                raise
            return tuple(name.decode(_NAMES) for name in names.raw[: length.value].split(b"\0") if name)
        return ()

    def states(self, known: Mapping[str, State], timeout_ms: int) -> dict[str, State]:
        """Wait until a reader is not as known any more.

        Args:
            known: the last state of each reader, `UNKNOWN` to be told it at once.
            timeout_ms: how long; 0 only looks.

        Raises:
            PcscError: with `Code.TIMEOUT`, nothing changed.
        """
        states = (_ReaderState * len(known))()
        for state, (name, last) in zip(states, known.items(), strict=True):
            state.reader, state.current = name.encode(_NAMES), last.raw
        arguments = (_DWORD(timeout_ms), states, _DWORD(len(known)))
        _call(f"SCardGetStatusChange{_ANSI}", self._handle, *arguments)
        return {name: _state(state) for name, state in zip(known, states, strict=True)}

    def connect(self, reader: str) -> Connection:
        """Take the card of a reader for ourselves."""
        card, protocol = _HANDLE(), _DWORD()
        wanted = (_DWORD(_SHARE_EXCLUSIVE), _DWORD(_PROTOCOLS))
        target = (reader.encode(_NAMES), *wanted, ctypes.byref(card), ctypes.byref(protocol))
        _call(f"SCardConnect{_ANSI}", self._handle, *target)
        return Connection(card, protocol.value)

    def cancel(self) -> None:
        """End a wait of another thread."""
        _call("SCardCancel", self._handle)

    def close(self) -> None:
        """End the conversation."""
        _call("SCardReleaseContext", self._handle)


def _state(state: _ReaderState) -> State:
    raw = state.event & ~PresenceBit.CHANGED
    readable = raw & PresenceBit.PRESENT and not raw & PresenceBit.MUTE
    return State(raw, bytes(state.atr[: state.atr_length]) if readable else None)
