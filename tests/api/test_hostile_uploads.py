"""Files that mean harm, over the wire: each is refused with a sentence, soon and in little memory."""

import io
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import httpx
import pytest
from api_callers import Enter
from PIL import Image

CPU_MOST_S = 2.0
RESIDENT_MOST_KB = 200 << 10
PATIENCE_S = 20.0  # the machine of the tests may be busy with others; what is measured is processor time
_TICK = os.sysconf("SC_CLK_TCK")
_SHEET = "xl/worksheets/sheet1.xml"


class Watch:
    """The processes this one starts meanwhile: how much memory and processor time the worst of them took."""

    def __init__(self) -> None:
        self.resident_kb, self.cpu_s, self._over = 0, 0.0, threading.Event()
        self._others = set(_descendants(os.getpid()))
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.005):
            for process in set(_descendants(os.getpid())) - self._others:
                try:
                    if _command(process) == _command(os.getpid()):
                        continue  # it is about to become another program, and for now has this one's memory
                    status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
                    stat = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
                except OSError:
                    continue
                peak = next((line.split()[1] for line in status.splitlines() if line[:6] == "VmHWM:"), "0")
                times = stat.rpartition(")")[2].split()
                self.resident_kb = max(self.resident_kb, int(peak))
                self.cpu_s = max(self.cpu_s, (int(times[11]) + int(times[12])) / _TICK)


def _descendants(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").glob("*"):
        try:
            children = (task / "children").read_text(encoding="ascii").split()
        except OSError:
            continue
        for child in children:
            yield int(child)
            yield from _descendants(int(child))


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def workbook(sheet: bytes, **more: bytes) -> bytes:
    """A workbook of one sheet, as few members as one can have."""
    space = "http://schemas.openxmlformats.org"
    members = {
        "[Content_Types].xml": f'<Types xmlns="{space}/package/2006/content-types"/>'.encode(),
        "xl/workbook.xml": (
            f'<workbook xmlns="{space}/spreadsheetml/2006/main"'
            f' xmlns:r="{space}/officeDocument/2006/relationships">'
            '<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
        ).encode(),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{space}/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{space}/officeDocument/2006/relationships/worksheet"'
            ' Target="worksheets/sheet1.xml"/></Relationships>'
        ).encode(),
        _SHEET: sheet,
    } | more  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def sheet(rows: str, before: str = "") -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'{before}<worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def picture(width: int, height: int) -> bytes:
    stored = io.BytesIO()
    Image.new("L", (width, height)).save(stored, "JPEG")
    return stored.getvalue()


def million_rows() -> str:
    return "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 1_000_001))


ENTITY = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
REFERS = "<row r='1'><c r='A1' t='inlineStr'><is><t>&b;</t></is></c></row>"
COUNTS = "<row r='1'><c r='A1'><f>HYPERLINK(\"http://x\")</f><v>1</v></c></row>"
# made when they are needed: some are large
WORKBOOKS: dict[str, Callable[[], bytes]] = {
    "zip bomb": lambda: workbook(b" " * (400 << 20)),
    "a million rows": lambda: workbook(sheet(million_rows())),
    "an entity": lambda: workbook(sheet(REFERS, ENTITY)),
    "a formula": lambda: workbook(sheet(COUNTS)),
    "a macro": lambda: workbook(sheet(""), **{"xl/vbaProject.bin": b"macro"}),
    "no workbook": lambda: b"PK\x03\x04 nothing",
}
PHOTOS: dict[str, Callable[[], bytes]] = {
    "100 megapixels": lambda: picture(10_000, 10_000),
    "a page behind the photo": lambda: picture(480, 640) + b"<script>alert(1)</script>",
    "an archive": lambda: workbook(sheet("")),
    "no photo": lambda: b"\xff\xd8\xff nothing",
}


@pytest.fixture(scope="module")
def admin(enter: Enter) -> httpx.Client:
    return enter("admin")


def test_the_watch_sees_what_others_take() -> None:
    greedy = "x = bytearray(300 << 20); import time; time.sleep(0.2)"
    with Watch() as watch:
        subprocess.run([sys.executable, "-c", greedy], check=True)
    assert watch.resident_kb > RESIDENT_MOST_KB


@pytest.mark.parametrize("name", WORKBOOKS)
def test_a_workbook_that_means_harm_is_refused(admin: httpx.Client, name: str) -> None:
    content = WORKBOOKS[name]()
    with Watch() as watch:
        answer = admin.post("/api/v1/people/imports", params={"name": "a.xlsx"}, content=content)
        sentence = answer.json()["detail"] if answer.status_code == 400 else _ended(admin, answer)
    assert sentence.endswith(("。", "."))
    assert watch.resident_kb < RESIDENT_MOST_KB
    assert watch.cpu_s < CPU_MOST_S


def _ended(client: httpx.Client, answer: httpx.Response) -> str:
    """The sentence a check ended with, which must have failed."""
    assert answer.status_code == 202, answer.text
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        job = client.get(f"/api/v1/jobs/{answer.json()['job']}").json()
        if job["state"] not in {"queued", "running"}:
            assert job["state"] == "failed", job
            return str(job["sentence"])
        time.sleep(0.05)
    raise AssertionError(answer.text)


@pytest.fixture(scope="module")
def person(admin: httpx.Client) -> int:
    department = admin.get("/api/v1/departments").json()["items"][0]["id"]
    group = admin.get("/api/v1/account-classes").json()["items"][0]["id"]
    body = {"number": "70001", "name": "张三", "department_id": department, "class_id": group}
    return int(admin.post("/api/v1/people", json=body).json()["id"])


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_that_means_harm_is_refused(admin: httpx.Client, person: int, name: str) -> None:
    content = PHOTOS[name]()
    with Watch() as watch:
        answer = admin.put(
            f"/api/v1/people/{person}/photos/1",
            content=content,
            headers={"content-type": "image/jpeg"},
        )
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["detail"].endswith((".", "。"))
    assert watch.resident_kb < RESIDENT_MOST_KB
    assert watch.cpu_s < CPU_MOST_S
    assert admin.get(f"/api/v1/people/{person}/photos").json() == []
