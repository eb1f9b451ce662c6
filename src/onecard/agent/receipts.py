"""Receipts: what the server says is on one, how it is laid out, and printing it.

The server makes a `Receipt` without knowing any printer; the agent knows its `Printer`. Only printing needs
the library of the extra `agent`. Choices: docs/adr/0036.
"""

import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from enum import Enum
from typing import Annotated, Literal, NamedTuple

import msgspec

Language = Literal["zh-CN", "en"]
Width = Callable[[str], int]

_TEXTS: dict[Language, dict[str, str]] = {
    "zh-CN": {"number": "单号", "at": "时间", "operator": "操作员", "copy": "*** 补打 ***"},
    "en": {"number": "No.", "at": "Time", "operator": "Operator", "copy": "*** COPY ***"},
}
_COLUMNS = {58: 32, 80: 48}


class Line(msgspec.Struct, frozen=True):
    """A label at the left edge and a value at the right.

    Attributes:
        label: in the receipt's language.
        value: as it is to be read, amounts with their decimals; may be empty.
        strong: in bold, as a total.
    """

    label: str
    value: str = ""
    strong: bool = False


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What is on a receipt.

    Attributes:
        language: of all texts, and of the words the agent adds.
        institution: whose receipt it is.
        title: what happened, e.g. Top-up.
        number: by which the operation is found again.
        at: when it happened, by the institution's wall clock.
        operator: who did it.
        lines: what it is about.
        note: below the lines; may be empty.
        qr: content of a QR code at the end; none if empty.
        cash: whether cash changes hands, so that a drawer opens.
        copy: printed again: it says so, and no drawer opens.
    """

    language: Language
    institution: str
    title: str
    number: str
    at: datetime
    operator: str
    lines: Annotated[list[Line], msgspec.Meta(max_length=200)]
    note: str = ""
    qr: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    cash: bool = False
    copy: bool = False


class Printer(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt printer of a desk.

    Attributes:
        where: `tcp:HOST` or `tcp:HOST:PORT` (9100), `file:PATH` of a device, `usb:VENDOR:PRODUCT` in
            hexadecimal, or `dummy`, which prints nothing.
        paper: width in millimetres.
        chinese: whether it has Chinese characters; then all text is GB18030.
        drawer: whether a cash drawer hangs on it.
        cut: whether it cuts the paper.
    """

    where: str
    paper: Literal[58, 80] = 80
    chinese: bool = True
    drawer: bool = False
    cut: bool = True

    @property
    def columns(self) -> int:
        """Characters of one byte that fit on a line."""
        return _COLUMNS[self.paper]


class Style(Enum):
    """How a line is printed."""

    PLAIN = "plain"
    STRONG = "strong"
    CENTRE = "centre"
    TITLE = "title"


class Printed(NamedTuple):
    """One line of paper; plain and strong ones are filled to the right edge where they must be."""

    text: str
    style: Style


def print_receipt(receipt: Receipt, printer: Printer) -> str | None:
    """Print a receipt; returns None, or one sentence in the receipt's language that says why it was not.

    Nothing is raised: what the receipt is about has happened, whatever the printer does. It may take seconds;
    run it in a thread.
    """
    try:
        from onecard.agent import escpos_printer  # noqa: PLC0415  needs the extra `agent`; the server has none
    except ImportError:
        if receipt.language == "en":
            return "This agent was installed without printing: install onecard[agent]."
        return "代理服务未安装打印组件：请安装 onecard[agent]。"
    return escpos_printer.send(receipt, printer)


def layout(receipt: Receipt, columns: int, width: Width) -> list[Printed]:
    """The lines of a receipt.

    Args:
        receipt: what is on it.
        columns: of the paper.
        width: columns that a text takes.
    """
    texts = _TEXTS[receipt.language]
    rule = Printed("-" * columns, Style.PLAIN)
    lines = [Printed(part, Style.CENTRE) for part in _wrapped(receipt.institution, columns, width)]
    lines += [Printed(part, Style.TITLE) for part in _wrapped(receipt.title, columns, width)]
    if receipt.copy:
        lines.append(Printed(texts["copy"], Style.CENTRE))
    lines.append(rule)
    for line in receipt.lines:
        style = Style.STRONG if line.strong else Style.PLAIN
        lines += [Printed(part, style) for part in _pair(line.label, line.value, columns, width)]
    lines.append(rule)
    about = (
        (texts["number"], receipt.number),
        (texts["at"], receipt.at.strftime("%Y-%m-%d %H:%M:%S")),
        (texts["operator"], receipt.operator),
    )
    for label, value in about:
        lines += [Printed(part, Style.PLAIN) for part in _pair(label, value, columns, width)]
    lines += [Printed(part, Style.CENTRE) for part in _wrapped(receipt.note, columns, width)]
    return lines


def plain(text: str) -> str:
    """Without characters that a printer would obey: a person's name must not open the drawer."""
    return "".join(" " if unicodedata.category(character)[0] == "C" else character for character in text)


def _pair(label: str, value: str, columns: int, width: Width) -> Iterator[str]:
    """Label left, value right, on one line if both fit, otherwise below each other; nothing is cut off."""
    label, value = plain(label), plain(value)
    room = columns - width(label) - width(value)
    if room > 0 or not value:
        yield from _wrapped(label + " " * room + value if value else label, columns, width)
        return
    yield from _wrapped(label, columns, width)
    for part in _wrapped(value, columns, width):
        yield " " * (columns - width(part)) + part


def _wrapped(text: str, columns: int, width: Width) -> Iterator[str]:
    """Lines that fit, broken at a space if there is one, otherwise between any two characters."""
    line = ""
    for character in plain(text):
        if width(line + character) > columns:
            head, space, tail = line.rpartition(" ")
            if not space or not head.strip() or character == " ":
                head, tail = line, ""
            yield head
            line = tail.lstrip(" ")
            if character == " ":
                continue
        line += character
    if line:
        yield line
