"""Receipts as a printer gets them: their bytes, their columns, and what is said when it is away."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecard.agent.escpos_printer import render
from onecard.agent.receipts import Line, Printed, Printer, Receipt, Style, layout, print_receipt

CUT, DRAWER, CHINESE = b"\x1dV\x00", b"\x1bp\x00", b"\x1c&"
TOP_UP = Receipt(
    language="zh-CN",
    institution="青松学校",
    title="充值",
    number="20260301-0007",
    at=datetime(2026, 3, 1, 12, 0, 5, tzinfo=timezone(timedelta(hours=8))),
    operator="王芳",
    lines=[Line("姓名", "李小明"), Line("充值金额", "¥100.00"), Line("余额", "¥123.45", strong=True)],
    note="请妥善保管",
)
ENGLISH = msgspec.structs.replace(
    TOP_UP,
    language="en",
    institution="Lakeside Works",
    title="Top-up",
    operator="Zoë",
    lines=[Line("Name", "Anna Smith"), Line("Amount", "100.00")],
    note="",
)
SMALL = Printer(where="dummy", paper=58)


def changed(receipt: Receipt, **fields: object) -> Receipt:
    return msgspec.structs.replace(receipt, **fields)


def text_lines(data: bytes, encoding: str) -> list[str]:
    """What is read on paper: without the commands for size, weight, side and code page."""
    printed = re.sub(rb"\x1b@|\x1c[&.]|\x1d![\x00-\x11]|\x1b[Eat][\x00-\x3f]|\x1bd.|\x1dV.", b"", data)
    return printed.decode(encoding).splitlines()


@pytest.mark.parametrize(("paper", "columns"), [(58, 32), (80, 48)])
def test_columns_reach_both_edges(paper: int, columns: int) -> None:
    printer = msgspec.convert({"where": "dummy", "paper": paper}, Printer)
    lines = text_lines(render(TOP_UP, printer), "gb18030")
    assert lines[:3] == ["青松学校", "充值", "-" * columns]
    assert lines[3] == "姓名" + " " * (columns - 10) + "李小明"
    assert lines[5] == "余额" + " " * (columns - 12) + "￥123.45"
    assert {len(line.encode("gb18030")) for line in lines[2:10]} == {columns}
    assert lines[7:10] == [
        f"单号{'20260301-0007'.rjust(columns - 4)}",
        f"时间{'2026-03-01 12:00:05'.rjust(columns - 4)}",
        "操作员" + " " * (columns - 10) + "王芳",
    ]


def test_chinese_is_announced_before_it_comes_and_the_cut_comes_last() -> None:
    data = render(TOP_UP, SMALL)
    assert data.startswith(b"\x1b@"), "nothing is left from the receipt before"
    assert data.index(CHINESE) < data.index("青松学校".encode("gb18030"))
    assert data.count(CHINESE) == 1
    assert data.endswith(CUT)
    assert "¥".encode("gb18030") not in data, "four bytes that printers garble"
    assert not render(TOP_UP, Printer(where="dummy", cut=False)).endswith(CUT)


def test_title_and_total_stand_out() -> None:
    data = render(TOP_UP, SMALL)
    high_bold_centred = b"\x1d!\x01\x1bE\x01\x1ba\x01"
    assert high_bold_centred + "充值\n".encode("gb18030") in data
    assert b"\x1d!\x00\x1bE\x01\x1ba\x00" + "余额".encode("gb18030") in data
    assert b"\x1d!\x00\x1bE\x00\x1ba\x00" + "姓名".encode("gb18030") in data


def test_a_latin_printer_gets_its_code_page() -> None:
    data = render(ENGLISH, Printer(where="dummy", paper=58, chinese=False))
    assert CHINESE not in data
    assert b"\x1c." in data, "a printer that is born Chinese is told not to be"
    lines = text_lines(data, "cp437")
    assert lines[0] == "Lakeside Works"
    assert "Amount" + " " * 20 + "100.00" in lines
    assert "Operator" + " " * 21 + "Zoë" in lines
    name = changed(ENGLISH, lines=[Line("Name", "李小明")])
    assert "Name" + " " * 25 + "???" in text_lines(
        render(name, Printer(where="dummy", paper=58, chinese=False)), "cp437"
    )


def test_a_copy_says_so_and_opens_no_drawer() -> None:
    till = Printer(where="dummy", paper=58, drawer=True)
    cash = changed(TOP_UP, cash=True)
    assert DRAWER in render(cash, till)
    assert DRAWER not in render(TOP_UP, till), "no cash changes hands"
    assert DRAWER not in render(cash, SMALL), "no drawer hangs on it"
    again = render(changed(cash, copy=True), till)
    assert DRAWER not in again
    assert "*** 补打 ***" in text_lines(again, "gb18030")
    assert b"*** COPY ***\n" in render(changed(ENGLISH, copy=True), till)


def test_a_name_cannot_command_the_printer() -> None:
    name = "Eve\x1bp\x00\x19\xfa\x1c.\u202eX\n"
    data = render(changed(TOP_UP, lines=[Line("姓名", name), Line(name)], operator=name, note=name), SMALL)
    assert DRAWER not in data
    assert b"\x1c." not in data


def test_a_code_is_drawn_by_the_printer() -> None:
    data = render(changed(TOP_UP, qr="https://example.org/r/7"), SMALL)
    assert b"1P0https://example.org/r/7" in data
    assert data.endswith(CUT)


def test_a_long_value_gets_its_own_line() -> None:
    long = changed(
        TOP_UP, lines=[Line("Reason given by the holder", "lost on the way home from school today")]
    )
    shown = [line.text for line in layout(long, 32, len)][3:6]
    assert shown == [
        "Reason given by the holder",
        "  lost on the way home from school".strip().rjust(32),
        "today".rjust(32),
    ]


words = st.text(st.sampled_from("ab 李小明¥é"), max_size=60)


@given(label=words, value=words, columns=st.sampled_from([32, 48]))
def test_nothing_is_lost_and_nothing_is_too_wide(label: str, value: str, columns: int) -> None:
    def width(text: str) -> int:
        return sum(1 if character.isascii() else 2 for character in text)

    lines = layout(changed(TOP_UP, lines=[Line(label, value)], note=label), columns, width)
    assert all(width(line.text) <= columns for line in lines)
    dense = "".join(line.text for line in lines).replace(" ", "")
    assert (label + value).replace(" ", "") in dense
    assert dense.endswith(label.replace(" ", ""))


def test_what_the_server_sends_arrives_whole() -> None:
    assert msgspec.json.decode(msgspec.json.encode(TOP_UP), type=Receipt) == TOP_UP
    assert layout(TOP_UP, 32, len)[0] == Printed("青松学校", Style.CENTRE)


@pytest.fixture
def listening() -> Iterator[tuple[int, Future[bytes]]]:
    """A network printer: takes what comes, answers with its status, and keeps what it was sent."""
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:
        server.settimeout(60)

        def serve() -> bytes:
            link, _ = server.accept()
            with link, link.makefile("rb") as sent:
                link.sendall(b"\x14\x00\x00\x0f")
                return sent.read()

        yield server.getsockname()[1], pool.submit(serve)


def test_a_network_printer(listening: tuple[int, Future[bytes]]) -> None:
    port, got = listening
    assert print_receipt(TOP_UP, Printer(where=f"tcp:127.0.0.1:{port}", paper=58)) is None
    assert got.result(timeout=60) == render(TOP_UP, SMALL)


def test_a_device_file(tmp_path: Path) -> None:
    device = tmp_path / "lp0"
    printer = Printer(where=f"file:{device}", paper=58)
    assert "No such file" in (print_receipt(ENGLISH, printer) or "")
    assert not device.exists(), "a mistyped device is not made"
    device.touch()
    assert print_receipt(TOP_UP, printer) is None
    assert print_receipt(TOP_UP, printer) is None
    assert device.read_bytes() == 2 * render(TOP_UP, SMALL)


@pytest.mark.parametrize(
    ("where", "english", "chinese"),
    [
        ("tcp:127.0.0.1:1", "The printer tcp:127.0.0.1:1 does not answer: Connection refused.", "没有响应"),
        ("usb:dead:beef", "The printer usb:dead:beef does not answer: .*", "没有响应"),
        ("lpt1", "'lpt1' is no printer; it is tcp:.*", "不是打印机地址"),
        ("tcp:", "'tcp:' is no printer; .*", "不是打印机地址"),
        ("tcp:host:port", "'tcp:host:port' is no printer; .*", "不是打印机地址"),
        ("usb:04b8", "'usb:04b8' is no printer; .*", "不是打印机地址"),
    ],
)
def test_a_printer_that_is_away_is_told_in_a_sentence(where: str, english: str, chinese: str) -> None:
    assert re.fullmatch(english, print_receipt(ENGLISH, Printer(where=where)) or "")
    assert chinese in (print_receipt(TOP_UP, Printer(where=where)) or "")


def test_the_printer_that_prints_nothing() -> None:
    assert print_receipt(TOP_UP, SMALL) is None
