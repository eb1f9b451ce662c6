"""Files that mean harm: each is refused with its own reason, quickly and in little memory."""

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import xlwt
from sheets import HEADINGS, SHEET, lying, ole, packed, parts, record, xls

from onecard.desk.sheet import read_sheet
from onecard.desk.uploads import SheetError, Trouble

CPU_MAX_S = 2.0
RESIDENT_MAX_KB = 200 << 10

_MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""
Builder = Callable[[], bytes]
_LAUGHS = "".join(f'<!ENTITY {b} "{f"&{a};" * 20}">' for a, b in zip("abcdef", "bcdefg", strict=True))
_FORMULA = '<row r="7"><c r="AB7"><f>HYPERLINK("http://x")</f><v>1</v></c></row>'


def million_rows() -> bytes:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 1_000_001))
    return packed(parts(rows))


def heavy_strings() -> bytes:
    """One long shared text in sixty thousand cells: small in the file, gigabytes in a careless parser."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 60_000))
    members = parts(cells)
    members["xl/sharedStrings.xml"] = f"<sst><si><t>{'x' * 32_000}</t></si></sst>".encode()
    relations = members["xl/_rels/workbook.xml.rels"].decode()
    shared = relations.replace("worksheets/sheet1.xml", "sharedStrings.xml").replace(
        "/worksheet", "/sharedStrings"
    )
    entry = shared[shared.index("<Relationship ") : shared.index("</Relationships>")].replace("r1", "r2")
    members["xl/_rels/workbook.xml.rels"] = relations.replace(
        "</Relationships>", f"{entry}</Relationships>"
    ).encode()
    return packed(members)


def xls_with_formula(path: Path) -> bytes:
    book = xlwt.Workbook()
    book.add_sheet("a").write(2, 1, xlwt.Formula("1+1"))
    book.save(str(path))
    return path.read_bytes()


def circular_ole() -> bytes:
    content = bytearray(ole({"Workbook": record(0x0809, bytes(16))}))
    content[-512:-508] = (0).to_bytes(4, "little")
    return bytes(content)


ARCHIVES: dict[str, tuple[Builder, Trouble]] = {
    "zip_bomb": (lambda: packed(parts() | {SHEET: b" " * (80 << 20)}), Trouble.BOMB),
    "bomb_with_a_lie": (
        lambda: lying(packed(parts() | {SHEET: b"<worksheet>" + b" " * 30_000_001}), SHEET, 900),
        Trouble.BOMB,
    ),
    "many_members": (lambda: packed({f"xl/{n}.xml": b"<a/>" for n in range(501)}), Trouble.BOMB),
    "million_rows": (million_rows, Trouble.TOO_MANY_ROWS),
    "far_cell": (
        lambda: packed(parts('<row r="1048576"><c r="A1048576"><v>1</v></c></row>')),
        Trouble.TOO_MANY_ROWS,
    ),
    "far_column": (
        lambda: packed(parts('<row r="1"><c r="XFD1"><v>1</v></c></row>')),
        Trouble.TOO_MANY_COLUMNS,
    ),
    "heavy_strings": (heavy_strings, Trouble.TOO_MUCH),
    "xxe": (
        lambda: packed(parts(before='<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>')),
        Trouble.DOCTYPE,
    ),
    "laughs": (lambda: packed(parts(before=f'<!DOCTYPE a [<!ENTITY a "ha">{_LAUGHS}]>')), Trouble.DOCTYPE),
    "doctype_utf16": (
        lambda: packed(parts() | {SHEET: "<!DOCTYPE a><worksheet/>".encode("utf-16")}),
        Trouble.DOCTYPE,
    ),
    "doctype_elsewhere": (
        lambda: packed(parts() | {"xl/media/a.png": b"<!DOCTYPE a><worksheet/>"}),
        Trouble.DOCTYPE,
    ),
    "formula": (lambda: packed(parts(_FORMULA)), Trouble.FORMULA),
    "formula_with_prefix": (
        lambda: packed(parts(_FORMULA.replace("<f>", "<x:f>").replace("</f>", "</x:f>"))),
        Trouble.FORMULA,
    ),
    "macro": (lambda: packed(parts() | {"xl/vbaProject.bin": ole({"x": b""})}), Trouble.MACRO),
    "external_link": (
        lambda: packed(parts() | {"xl/externalLinks/externalLink1.xml": b"<a/>"}),
        Trouble.LINKED,
    ),
    "outside_reference": (
        lambda: packed(parts() | {"xl/a.rels": b'<R><Relationship Type="a/ole" TargetMode="External"/></R>'}),
        Trouble.LINKED,
    ),
    "renamed_text": (lambda: b"Number,Name\n1,a\n", Trouble.NOT_THE_KIND),
    "another_archive": (lambda: packed({"a.txt": b"a"}), Trouble.NOT_THE_KIND),
    "polyglot_picture": (lambda: b"GIF89a" + packed(parts()), Trouble.NOT_THE_KIND),
    "polyglot_page": (lambda: b"<script>1</script>" + packed(parts()), Trouble.NOT_THE_KIND),
    "polyglot_inside": (
        lambda: packed({"a.jar": packed(parts())} | {"META-INF/MANIFEST.MF": b""}),
        Trouble.NOT_THE_KIND,
    ),
    "encrypted": (lambda: ole({"EncryptionInfo": b"", "EncryptedPackage": b""}), Trouble.ENCRYPTED),
    "truncated": (lambda: packed(parts(_FORMULA))[:-200], Trouble.DAMAGED),
    "missing_text": (
        lambda: packed(parts('<row r="1"><c r="A1" t="s"><v>9</v></c></row>')),
        Trouble.DAMAGED,
    ),
    "empty": (lambda: b"", Trouble.EMPTY_FILE),
    "too_big": (lambda: b"PK\3\4" + bytes(20 << 20), Trouble.TOO_BIG),
}
OLD: dict[str, tuple[Builder, Trouble]] = {
    "encrypted": (
        lambda: ole({"Workbook": record(0x0809, bytes(16)) + record(0x2F, bytes(54))}),
        Trouble.ENCRYPTED,
    ),
    "macro": (lambda: ole({"Workbook": record(0x0809, bytes(16))}, ("_VBA_PROJECT_CUR",)), Trouble.MACRO),
    "circular": (circular_ole, Trouble.DAMAGED),
    "no_workbook": (lambda: ole({"WordDocument": b""}), Trouble.NOT_THE_KIND),
    "header_only": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Trouble.DAMAGED),
    "garbage": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.Random(1).randbytes(9000),
        Trouble.DAMAGED,
    ),
    "renamed_archive": (lambda: packed(parts()), Trouble.NOT_THE_KIND),
}
TEXTS: dict[str, tuple[Builder, Trouble]] = {
    "binary": (lambda: b"a,b\0c\n", Trouble.ENCODING),
    "no_encoding": (lambda: b"\xff\xff\xff,a\n", Trouble.ENCODING),
    "many_columns": (lambda: b"a," * 64 + b"a\n", Trouble.TOO_MANY_COLUMNS),
    "many_rows": (lambda: b"a,b\n" * 60_002, Trouble.TOO_MANY_ROWS),
    "renamed_archive": (lambda: packed(parts()), Trouble.NOT_THE_KIND),
    "endless_cell": (lambda: b'a,"' + b"x" * 500_000, Trouble.DAMAGED),
}
CASES = [
    pytest.param(builder, trouble, suffix, id=f"{name}{suffix}")
    for suffix, cases in ((".xlsx", ARCHIVES), (".xls", OLD), (".csv", TEXTS))
    for name, (builder, trouble) in cases.items()
]


@pytest.mark.parametrize(("builder", "trouble", "suffix"), CASES)
async def test_refused_with_its_own_reason(
    tmp_path: Path, builder: Builder, trouble: Trouble, suffix: str
) -> None:
    path = tmp_path / f"people{suffix}"
    path.write_bytes(builder())
    with pytest.raises(SheetError) as refusal:
        await read_sheet(path)
    assert refusal.value.trouble is trouble
    assert str(refusal.value).endswith(".")
    assert refusal.value.in_language("zh-CN").endswith("。")


@pytest.mark.parametrize("name", ["zip_bomb", "bomb_with_a_lie", "million_rows", "heavy_strings", "laughs"])
def test_refused_in_little_time_and_memory(tmp_path: Path, name: str) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(ARCHIVES[name][0]())
    # a process takes over the peak of the one that starts it, so a small one stands between
    command = [sys.executable, "-I", "-m", "onecard.desk.sheet_worker", str(path)]
    output = subprocess.run(
        [sys.executable, "-I", "-c", _MEASURE, *command], capture_output=True, check=True
    ).stdout
    cpu_s, resident_kb = map(float, output.split())
    assert cpu_s < CPU_MAX_S
    assert resident_kb < RESIDENT_MAX_KB


async def test_the_first_formula_is_named(tmp_path: Path) -> None:
    new, old = tmp_path / "new.xlsx", tmp_path / "old.xls"
    new.write_bytes(packed(parts(_FORMULA)))
    xls_with_formula(old)
    for path, cell in ((new, "AB7"), (old, "B3")):
        with pytest.raises(SheetError, match=rf"^Cell {cell} contains a formula"):
            await read_sheet(path)


async def test_a_truncated_old_workbook_is_damaged(tmp_path: Path) -> None:
    path = xls(tmp_path / "people.xls", [HEADINGS, *[["1", "甲", "学生", "七年级"] for _ in range(500)]])
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(SheetError) as refusal:
        await read_sheet(path)
    assert refusal.value.trouble is Trouble.DAMAGED


async def test_a_missing_file_and_a_strange_name_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match=r"^The file cannot be opened: No such file or directory\.$"):
        await read_sheet(tmp_path / "nothing.xlsx")
    with pytest.raises(SheetError, match=r"must end in \.xlsx, \.xls or \.csv"):
        await read_sheet(tmp_path / "people.pdf")
