"""Photos in a ZIP named by person number: who gets which, what is refused and why, what is a bomb."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image
from python_calamine import CalamineWorkbook
from sheets import HEADINGS, lying, xlsx

from onecard.base.db import SYSTEM, Actor, Database
from onecard.base.embedded import Logins
from onecard.base.jobs import service as jobs
from onecard.base.jobs.model import Job, Upload
from onecard.base.jobs.worker import Pace, Worker
from onecard.base.vault import Vault
from onecard.desk import photo_zip
from onecard.desk.examples import prepare_example_tenant
from onecard.desk.people_import import import_people
from onecard.desk.photo_job import KINDS, start_photos, told_of
from onecard.desk.photo_zip import MemberError, ZipError, look, unpack
from onecard.people import service as people
from onecard.people.photos import service as photos
from onecard.people.scope import Scope

LI = Actor("operator", "86720001")
PEOPLE = [
    ["1001", "王小明", "学生", "七年级1班"],
    ["1002", "李雨桐", "教职工", "教务处"],
    ["A_2", "赵云", "学生", "七年级1班"],
]


def photo(shade: int = 90) -> bytes:
    picture = Image.radial_gradient("L").resize((480, 640)).point(lambda value: (value + shade) % 256)
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


class Office:
    """An operator with a school of three people and a worker."""

    def __init__(self, db: Database, vault: Vault, tenant_id: int, directory: Path) -> None:
        self.db, self.vault, self.tenant_id, self.directory = db, vault, tenant_id, directory

    async def send(self, files: dict[str, bytes], *, departments: Scope = None) -> Job:
        file = Upload("照片.zip", "application/zip", packed(self.directory / "a.zip", files))
        async with self.db.tenant_tx(self.tenant_id, LI) as tx:
            job_id = await start_photos(tx, self.vault, file, language="zh-CN", departments=departments)
        async with asyncio.timeout(60):
            while True:
                async with self.db.tenant_tx(self.tenant_id, LI) as tx:
                    if (found := await jobs.get(tx, job_id)).ended:
                        return found
                await asyncio.sleep(0.05)

    async def slots(self) -> dict[str, list[int]]:
        async with self.db.tenant_tx(self.tenant_id, LI) as tx:
            everybody = await people.persons(tx)
            return {each.number: [one.slot for one in await photos.photos(tx, each.id)] for each in everybody}


@pytest.fixture
async def office(db: Database, vault: Vault, urls: Logins, tmp_path: Path) -> AsyncIterator[Office]:
    tenant_id = await prepare_example_tenant(db, SYSTEM)
    path = xlsx(tmp_path / "people.xlsx", [HEADINGS, *PEOPLE])
    await import_people(db, vault, SYSTEM, tenant_id=tenant_id, path=path)
    worker = Worker(db=db, vault=vault, url=urls.application, kinds=KINDS, pace=Pace(poll=0.1))
    await worker.start()
    yield Office(db, vault, tenant_id, tmp_path)
    await worker.stop()


async def test_each_photo_finds_its_person(office: Office) -> None:
    files = {
        "班级/1001.jpg": photo(1),
        "1001_2.JPEG": photo(2),
        "A_2.jpg": photo(3),
        "__MACOSX/._1001.jpg": b"x",
    }
    found = await office.send(files)
    assert found.outcome == {"stored": 3, "unchanged": 0, "refused": 0}
    assert await office.slots() == {"1001": [1, 2], "1002": [], "A_2": [1]}
    again = await office.send(files)
    assert again.outcome == {"stored": 0, "unchanged": 3, "refused": 0}


async def test_what_is_refused_comes_back_in_a_workbook(office: Office) -> None:
    files = {
        "1001.jpg": photo(),
        "x/1001.jpg": photo(),
        "9999.jpg": photo(),
        "notes.txt": b"a",
        "1002.jpg": b"b",
    }
    found = await office.send(files)
    assert found.outcome == {"stored": 1, "unchanged": 0, "refused": 4}
    async with office.db.tenant_tx(office.tenant_id, LI) as tx:
        told = told_of(await jobs.detail(tx, office.vault, found.id))
        file, pieces = await jobs.result(tx, office.vault, found.id)
        (office.directory / "r.xlsx").write_bytes(b"".join([piece async for piece in pieces]))
    refused = {each.file: str(each.reason) for each in told if not each.stored}
    assert refused.keys() == {"x/1001.jpg", "9999.jpg", "notes.txt", "1002.jpg"}
    assert refused["9999.jpg"] == "There is no person with the number 9999."
    assert file.name == "照片 拒收照片.xlsx"
    rows = CalamineWorkbook.from_path(str(office.directory / "r.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[0] == ["文件", "编号", "结果", "原因"]
    assert [row[0] for row in rows[1:] if row[2] == "已拒收"] == [
        "x/1001.jpg", "9999.jpg", "notes.txt", "1002.jpg",
    ]  # fmt: skip


async def test_photos_of_other_departments_are_refused(office: Office) -> None:
    async with office.db.tenant_tx(office.tenant_id, SYSTEM) as tx:
        scope = (await people.departments(tx)).find("行政/教务处")
    found = await office.send({"1001.jpg": photo(), "1002.jpg": photo()}, departments=scope)
    assert found.outcome == {"stored": 1, "unchanged": 0, "refused": 1}
    assert await office.slots() == {"1001": [], "1002": [1], "A_2": []}


def test_archives_that_mean_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"GIF89a no archive")
    with pytest.raises(ZipError, match="not a ZIP"):
        look(path)
    with pytest.raises(ZipError, match="no files"):
        look(packed(path, {"a/": b"", ".DS_Store": b"x"}))
    monkeypatch.setattr(photo_zip, "MEMBERS_MAX", 2)
    with pytest.raises(ZipError, match="more than 2 files"):
        look(packed(path, {f"{n}.jpg": b"" for n in range(3)}))
    monkeypatch.setattr(photo_zip, "UNPACKED_MAX_MB", 1)
    with pytest.raises(ZipError, match="more than 1 MB"):
        look(packed(path, {"1.jpg": bytes(1 << 21)}))


def test_a_member_cannot_unpack_to_more_than_a_photo(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "a.zip", {"1.jpg": bytes(11 << 20), "2.jpg": bytes(10 << 20), "3.jpg": b"x" * 99}
    )
    found = unpack(path, look(path))
    sizes = [MemberError if isinstance(each, MemberError) else len(each) for each in found]
    assert sizes == [MemberError, 10 << 20, 99]
    path.write_bytes(lying(path.read_bytes(), "1.jpg", 99))
    first = next(unpack(path, look(path)))
    assert isinstance(first, MemberError) or len(first) == 99


def test_names_of_a_chinese_computer_are_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"xxxx.jpg": b""})
    path.write_bytes(path.read_bytes().replace(b"xxxx.jpg", "张三".encode("gb18030") + b".jpg"))
    assert [member.name for member in look(path)] == ["张三.jpg"]
