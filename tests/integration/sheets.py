"""Builders of spreadsheet files, honest and hostile."""

import io
import struct
import zipfile
from pathlib import Path

import xlwt
from openpyxl import Workbook

HEADINGS = ["编号", "姓名", "账户类型", "部门名称", "性别", "身份证号", "手机号", "卡序列号"]
ENGLISH = ["Number", "Name", "Account class", "Department", "Gender", "ID number", "Phone", "Card UID"]
SHEET = "xl/worksheets/sheet1.xml"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx(path: Path, rows: list[list[object]]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    for row in book.active.iter_rows():
        for cell in row:
            if cell.data_type == "f":
                cell.data_type = "s"
    book.save(path)
    return path


def xls(path: Path, rows: list[list[object]]) -> Path:
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("people")
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            if value is not None:
                page.write(y, x, value)
    book.save(str(path))
    return path


def parts(cells: str = "", *, before: str = "", root: str = "worksheet") -> dict[str, bytes]:
    """Members of the smallest workbook; `cells` are its sheet's rows, `before` stands before the root."""
    relation = f'<Relationship Id="r1" Type="{_OFFICE}/%s" Target="%s"/>'
    relations = f'<Relationships xmlns="{_RELATIONS}">%s</Relationships>'
    sheet = f'<sheets><sheet name="a" sheetId="1" r:id="r1" xmlns:r="{_OFFICE}"/></sheets>'
    texts = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"/>',
        "_rels/.rels": relations % (relation % ("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}">{sheet}</workbook>',
        "xl/_rels/workbook.xml.rels": relations % (relation % ("worksheet", "worksheets/sheet1.xml")),
        SHEET: f'{before}<{root} xmlns="{_MAIN}" xmlns:x="{_MAIN}"><sheetData>{cells}</sheetData></{root}>',
    }
    return {name: text.encode() for name, text in texts.items()}


def packed(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def lying(content: bytes, name: str, claimed: int) -> bytes:
    """A packed archive whose directory claims another unpacked size for one member."""
    patched = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        real = struct.pack("<L", archive.getinfo(name).file_size)
    at = patched.find(real)
    while at >= 0:
        patched[at : at + 4] = struct.pack("<L", claimed)
        at = patched.find(real, at)
    return bytes(patched)


def ole(streams: dict[str, bytes], storages: tuple[str, ...] = ()) -> bytes:
    """A compound file of streams (each padded to 4,096 bytes or more) and empty storages."""
    sectors: list[bytes] = []
    table: list[int] = []

    def add(content: bytes) -> int:
        start, count = len(sectors), -(-len(content) // 512)
        sectors.extend(content[n * 512 : n * 512 + 512].ljust(512, b"\0") for n in range(count))
        table.extend([*range(start + 1, start + count), 0xFFFFFFFE])
        return start

    entries = [_entry("Root Entry", 5, 0xFFFFFFFE, 0), *(_entry(name, 1, 0, 0) for name in storages)]
    for name, content in streams.items():
        padded = content.ljust(4096, b"\0")
        entries.append(_entry(name, 2, add(padded), len(padded)))
    directory = add(b"".join(entries))
    here = len(sectors)
    table += [0xFFFFFFFD] + [0xFFFFFFFF] * (127 - len(table))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(24, b"\0") + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6)
    header = header.ljust(44, b"\0") + struct.pack(
        "<9L", 1, directory, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, here
    )
    return header.ljust(512, b"\xff") + b"".join(sectors) + struct.pack("<128L", *table)


def _entry(name: str, kind: int, start: int, size: int) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    body = encoded.ljust(64, b"\0") + struct.pack("<HBB3L", len(encoded), kind, 1, *[0xFFFFFFFF] * 3)
    return body.ljust(116, b"\0") + struct.pack("<LLL", start, size, 0)


def record(kind: int, body: bytes = b"") -> bytes:
    """One record of an old workbook's stream."""
    return struct.pack("<2H", kind, len(body)) + body
