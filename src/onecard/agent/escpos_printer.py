"""Receipts as the bytes of ESC/POS printers, and the ways to one: network, device file, USB.

The only module that knows the printer library (extra `agent`).
"""

import contextlib
import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from unicodedata import east_asian_width

from escpos.printer import Dummy, Usb

from onecard.agent.receipts import Language, Printer, Receipt, Style, layout

NETWORK_PORT = 9100
_PATIENCE_S = 5.0
_LINGER_S = 0.5
_CHINESE_ON, _CHINESE_OFF = b"\x1c\x26", b"\x1c\x2e"  # FS &, FS .
_DRAWER_PIN = 2
_QR_DOTS = 6
# U+00A5 is four bytes in GB18030, which most printers garble; its full-width twin is two
_PRINTABLE = str.maketrans({"¥": "￥"})
_SENTENCES: dict[Language, tuple[str, str]] = {
    "en": ("The printer {where} does not answer: {reason}.", "{where} is no printer; it is {shapes}."),
    "zh-CN": ("打印机 {where} 没有响应：{reason}。", "{where} 不是打印机地址，应为 {shapes}。"),
}
_SHAPES = "tcp:HOST[:PORT], file:PATH, usb:VENDOR:PRODUCT, dummy"


def send(receipt: Receipt, printer: Printer) -> str | None:
    """Print a receipt; see `onecard.agent.receipts.print_receipt`."""
    unreachable, unknown = _SENTENCES[receipt.language]
    try:
        deliver = _way_to(printer.where)
    except ValueError:
        return unknown.format(where=repr(printer.where), shapes=_SHAPES)
    try:
        deliver(render(receipt, printer))
    except Exception as error:  # noqa: BLE001  whatever the printer, its driver or the library raises
        return unreachable.format(where=printer.where, reason=_reason(error))
    return None


def render(receipt: Receipt, printer: Printer) -> bytes:
    """A receipt as bytes for a printer."""
    paper = Dummy()
    paper.hw("INIT")
    if printer.drawer and receipt.cash and not receipt.copy:
        paper.cashdraw(_DRAWER_PIN)  # first, so that it is open while the paper still moves
    paper._raw(_CHINESE_ON if printer.chinese else _CHINESE_OFF)  # noqa: SLF001  the library has no word for it
    for line in layout(receipt, printer.columns, _gb_width if printer.chinese else len):
        title = line.style is Style.TITLE
        paper.set(
            align="center" if title or line.style is Style.CENTRE else "left",
            bold=title or line.style is Style.STRONG,
            custom_size=True,
            width=1,
            height=2 if title else 1,
        )
        if printer.chinese:
            paper._raw(_gb(line.text) + b"\n")  # noqa: SLF001  `text` would choose a code page of its own
        else:
            paper.textln(_latin(line.text))
    if receipt.qr:
        paper.set(align="center")
        paper.qr(receipt.qr, native=True, size=_QR_DOTS)
    if printer.cut:
        paper.cut()
    else:
        paper.print_and_feed(4)
    return bytes(paper.output)


def _gb(text: str) -> bytes:
    return text.translate(_PRINTABLE).encode("gb18030", errors="replace")


def _latin(text: str) -> str:
    # the library would send GB18030 even to a printer that has no such characters
    return "".join("?" if east_asian_width(character) in {"W", "F"} else character for character in text)


def _gb_width(text: str) -> int:
    """One byte takes one column; two or four are one wide character."""
    return sum(1 if len(_gb(character)) == 1 else 2 for character in text)


def _way_to(where: str) -> Callable[[bytes], None]:
    """How bytes come to a printer.

    Raises:
        ValueError: no such kind, or a part is missing.
    """
    kind, _, rest = where.partition(":")
    match kind:
        case "dummy" if not rest:
            return _nowhere
        case "tcp" if rest:
            host, _, port = rest.partition(":")
            return partial(_to_network, host, int(port or NETWORK_PORT))
        case "file" if rest:
            return partial(_to_device, Path(rest))
        case "usb":
            vendor, product = (int(part, 16) for part in rest.split(":"))
            return partial(_to_usb, vendor, product)
    raise ValueError(where)


def _nowhere(data: bytes) -> None:
    """Nothing is printed."""


def _to_network(host: str, port: int, data: bytes) -> None:
    # by hand: the library knows no IPv6 and leaves its socket open when nobody answers
    with socket.create_connection((host, port), timeout=_PATIENCE_S) as link:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        # what a printer says must be read before closing, or the reset that follows may cost the last lines
        link.settimeout(_LINGER_S)
        with contextlib.suppress(TimeoutError):
            while link.recv(256):
                pass


def _to_device(path: Path, data: bytes) -> None:
    # by hand: the library would make a file of a mistyped device and be content
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND), "wb") as device:
        device.write(data)


def _to_usb(vendor: int, product: int, data: bytes) -> None:
    device = Usb(vendor, product, timeout=int(_PATIENCE_S * 1000))
    device.open()
    with contextlib.closing(device):
        device._raw(data)  # noqa: SLF001  the library's only way for bytes that are ready


def _reason(error: Exception) -> str:
    """The system's own words; the library wraps them in words of its own."""
    found = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(found.split()).rstrip(".") or type(error).__name__
