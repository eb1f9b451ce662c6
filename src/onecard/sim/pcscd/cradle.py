"""The card side of a virtual PC/SC slot: what lies there answers pcscd over vpcd's socket.

vpcd sends frames of a length of two bytes and as many bytes; one byte is a wish for power, reset or the
answer to reset, more is a command. A card that is taken away closes its socket instead of answering: an empty
answer would hang vpcd 3.3, and every later disconnect with it.
"""

import contextlib
import socket
import threading

from onecard.cards.steps import Dialect
from onecard.cards.virtual.chip import Chip
from onecard.cards.virtual.reader import NoCardError, VirtualReader

_LOOPBACK = "127.0.0.1"
_LENGTH_BYTES = 2
_POWER_OFF, _POWER_ON, _RESET, _ATR = b"\x00", b"\x01", b"\x02", b"\x04"
_TRIED_AGAIN_S = 0.02


class Cradle:
    """A slot that cards are laid into; a thread answers for them until `close`.

    Works across restarts of pcscd: the card is there again as soon as vpcd listens. pcscd looks every 400 ms.

    Args:
        port: of the slot's vpcd.
        dialect: how the slot wants to be spoken to.

    Attributes:
        reader: what answers; its `apdus`, `pull_before` and its chip's `tear` may be set at any time.
    """

    def __init__(self, port: int, dialect: Dialect = Dialect.ACS) -> None:
        self.port = port
        self.reader = VirtualReader(dialect)
        self._changed = threading.Condition()
        self._closed = False
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, name=f"cradle-{port}", daemon=True)
        self._thread.start()

    def insert(self, chip: Chip) -> None:
        """Lay a card in. In the place of another it is a swap faster than anybody looks: no sign of it."""
        with self._changed:
            self.reader.insert(chip)
            self._changed.notify_all()

    def remove(self) -> Chip | None:
        """Take the card out; it answers nothing from now on. pcscd notices at its next look."""
        with self._changed:
            chip = self.reader.chip
            self.reader.remove()
            return chip

    def close(self) -> None:
        """Take the card out and end the thread."""
        with self._changed:
            self._closed = True
            self.reader.remove()
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
            self._changed.notify_all()
        self._thread.join()

    def _serve(self) -> None:
        while self._card_came():
            try:
                connection = socket.create_connection((_LOOPBACK, self.port), timeout=1.0)
            except OSError:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, _TRIED_AGAIN_S)
                continue
            connection.settimeout(None)
            with connection, contextlib.suppress(OSError):
                self._converse(connection)

    def _card_came(self) -> bool:
        """Wait for a card that answers; False when the cradle is closed instead."""
        with self._changed:
            while not self._closed and self.reader.atr is None:
                self._changed.wait()
            return not self._closed

    def _converse(self, connection: socket.socket) -> None:
        """Answer until the card leaves or pcscd hangs up."""
        with self._changed:
            if self._closed:
                return
            self._socket = connection
        try:
            while (message := _received(connection)) is not None:
                with self._changed:
                    answer = self._answer(message)
                if answer is None:
                    return
                if answer:
                    connection.sendall(len(answer).to_bytes(_LENGTH_BYTES) + answer)
        finally:
            with self._changed:
                self._socket = None

    def _answer(self, message: bytes) -> bytes | None:
        """What goes back: nothing for wishes about power, None when the card has left."""
        try:
            if message == _ATR:
                return self.reader.atr
            if message in {_POWER_ON, _RESET}:
                self.reader.reset()
                return b""
            if message == _POWER_OFF:
                if self.reader.chip is not None:
                    self.reader.chip.power_off()
                return b""
            return self.reader.transmit(message) or None
        except NoCardError:
            return None


def _received(connection: socket.socket) -> bytes | None:
    """One frame; None at the end."""
    header = _exactly(connection, _LENGTH_BYTES)
    return None if header is None else _exactly(connection, int.from_bytes(header))


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    content = b""
    while len(content) < length:
        # vpcd sends length and content apart and Nagle's algorithm holds the second back until the first is
        # acknowledged, 40 ms later; the option is forgotten by the kernel and set again
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = connection.recv(length - len(content))
        if not part:
            return None
        content += part
    return content
