"""The import over HTTP: template, check, decision, result; wrong rows come back and are corrected."""

import io
import re
import time
import zipfile
from collections.abc import Sequence

import httpx
import pytest
from console_people import PATH, Enter, add, numbers
from openpyxl import load_workbook
from portraits import encoded, portrait
from python_calamine import CalamineWorkbook
from stage import Stage

IMPORT = "/people/import"
HEADINGS = ("编号", "姓名", "账户类型", "部门名称", "性别", "身份证号", "手机号", "卡序列号")
ROWS = [
    ("6001", "冯一", "学生", "七年级1班", "男", "", "13900006001", ""),
    ("6002", "冯二", "学生", "不存在的班", "女", "", "", ""),
    ("6003", "", "学生", "七年级2班", "女", "", "", ""),
    ("6004", "冯四", "学生", "七年级2班", "", "", "", ""),
]


def csv(rows: Sequence[tuple[str, ...]]) -> bytes:
    return "\n".join(",".join(row) for row in [HEADINGS, *rows]).encode()


def upload(client: httpx.Client, content: bytes, name: str = "people.csv", path: str = IMPORT) -> str:
    answer = client.post(path, files={"file": (name, content, "text/csv")})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def ended(client: httpx.Client, href: str) -> str:
    """The page of a step once its job is over."""
    until = time.monotonic() + 30
    while (page := client.get(href).text) and 'class="progress"' in page:
        assert time.monotonic() < until, page
        time.sleep(0.1)
    return page


def carried_out(client: httpx.Client, href: str, rows: str) -> str:
    answer = client.post(f"{href}/carry-out?rows={rows}")
    assert answer.status_code == 303, answer.text
    return ended(client, answer.headers["location"])


@pytest.mark.parametrize(("language", "heading"), [("zh-CN", "编号"), ("en", "Number")])
def test_the_template_is_there_in_both_languages(enter: Enter, language: str, heading: str) -> None:
    answer = enter("admin").get(f"{IMPORT}/template/{language}")
    first = load_workbook(io.BytesIO(answer.content)).worksheets[0]["A1"].value
    assert heading in str(first)
    assert enter("admin").get(f"{IMPORT}/template/de").status_code == 404


def test_wrong_rows_come_back_and_the_good_ones_are_imported(enter: Enter) -> None:
    admin = enter("admin")
    step = upload(admin, csv(ROWS))
    page = ended(admin, step)
    counts = dict(re.findall(r'<dt>([^<]+)</dt><dd class="digits">(\d+)', page))
    assert counts == {"新增": "2", "更改": "0", "未变": "0", "错误": "2"}
    assert "部门“不存在的班”不存在" in page
    assert numbers(admin.get(f"{PATH}?q=6001").text) == []
    wrong = admin.get(f"/jobs/{step.rsplit('/', 1)[-1]}/result")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(wrong.content)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in rows[1:]] == ["6002", "6003"]
    assert [row[-2] for row in rows[1:]] == ["3", "4"]

    assert 'class="card job job-done"' in carried_out(admin, step, "good")
    assert numbers(admin.get(f"{PATH}?q=600").text) == ["6001", "6004"]
    corrected = [row if row[0] != "6002" else (*row[:3], "七年级1班", *row[4:]) for row in ROWS[:2]]
    carried_out(admin, _checked(admin, corrected), "all")
    assert numbers(admin.get(f"{PATH}?q=600").text) == ["6001", "6002", "6004"]


def _checked(admin: httpx.Client, rows: Sequence[tuple[str, ...]]) -> str:
    step = upload(admin, csv(rows))
    ended(admin, step)
    return step


def test_nothing_is_imported_unless_all_are_right(enter: Enter) -> None:
    admin = enter("admin")
    rows = [("6101", "陈一", *ROWS[0][2:6], "", ""), ("6102", "", *ROWS[0][2:6], "", "")]
    carried_out(admin, _checked(admin, rows), "all")
    assert numbers(admin.get(f"{PATH}?q=610").text) == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("a.docx", b"x", ".xlsx"), ("a.csv", b"", ""), ("a.xlsx", b"not a zip", "xlsx")],
)
def test_a_file_that_will_not_do_is_refused_in_words(
    enter: Enter, name: str, content: bytes, words: str
) -> None:
    admin = enter("admin")
    answer = admin.post(IMPORT, files={"file": (name, content, "text/csv")})
    page = answer.text if answer.status_code == 422 else ended(admin, answer.headers["location"])
    assert words in page
    assert "carry-out" not in page
    assert admin.post(IMPORT, data={}).status_code == 422


def test_photos_come_in_a_zip(stage: Stage, enter: Enter) -> None:
    key, admin, packed = add(stage, "6201", "褚一"), enter("admin"), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("6201.jpg", encoded(portrait()))
        archive.writestr("9999.jpg", encoded(portrait()))
    page = ended(admin, upload(admin, packed.getvalue(), "photos.zip", f"{IMPORT}/photos"))
    assert "9999" in page
    assert admin.get(f"/people/photos/{key}/1").status_code == 200


def test_an_import_is_only_the_importers_own(enter: Enter) -> None:
    step = _checked(enter("admin"), ROWS[:1])
    assert enter("stranger").get(step).status_code == 404
    assert enter("stranger").post(f"{step}/carry-out?rows=all").status_code == 404
    assert enter("clerk").get(step).status_code == 403
    assert enter("clerk").get(IMPORT).status_code == 403
    assert enter("clerk").post(IMPORT, files={"file": ("a.csv", b"x")}).status_code == 403
    latest = enter("admin").get(IMPORT).text
    assert f'href="{step}"' in latest
    assert f'href="{step}"' not in enter("stranger").get(IMPORT).text
