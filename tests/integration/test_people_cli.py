"""The commands around people: what they print, what they return, and that errors are sentences."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from sheets import HEADINGS, xlsx

from onecard.base.db import SYSTEM, database
from onecard.base.embedded import Logins
from onecard.desk.examples import WORKBOOK, prepare_example_tenant
from shell import onecard, settings

WANG = ["0017", "王小明", "学生", "七年级1班", "男", "", "13800138000", "04A1B2C3"]
WRONG = ["0018", "李雨桐", "访客", "七年级1班"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(urls: Logins, tmp_path: Path) -> Run:
    """Runs a command on this test's database."""
    environment = settings(urls, tmp_path)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return onecard(*arguments, env=environment, cwd=tmp_path)

    return command


@pytest.fixture
def school(urls: Logins) -> int:
    async def prepare() -> int:
        async with database(urls.application, size=2) as db:
            return await prepare_example_tenant(db, SYSTEM)

    return asyncio.run(prepare())


def test_import_prints_one_object(run: Run, school: int) -> None:
    first = run("people", "import", str(WORKBOOK), "--tenant", "8672", "--json")
    assert (first.returncode, first.stderr) == (0, "")
    counts = {"new": 500, "changed": 0, "unchanged": 0, "wrong": 0, "reasons": None, "applied": True}
    assert json.loads(first.stdout) == counts
    again = json.loads(run("people", "import", str(WORKBOOK), "--tenant", "8672", "--json").stdout)
    assert again == counts | {"new": 0, "unchanged": 500}


def test_wrong_rows_come_back_beside_the_upload(run: Run, school: int, tmp_path: Path) -> None:
    path = xlsx(tmp_path / "autumn.xlsx", [HEADINGS, WANG, WRONG])
    result = json.loads(run("people", "import", str(path), "--tenant", "8672", "--json").stdout)
    assert (result["new"], result["wrong"], result["applied"]) == (1, 1, True)
    assert result["reasons"] == str(tmp_path / "autumn.reasons.xlsx")
    rows = list(openpyxl.load_workbook(result["reasons"]).active.values)
    assert rows[1][0] == "0018"
    assert rows[1][-1] == "账户类型“访客”不存在"


@pytest.mark.parametrize(("option", "code"), [("--all-or-nothing", 1), ("--preview", 0)])
def test_nothing_is_saved(run: Run, school: int, tmp_path: Path, option: str, code: int) -> None:
    path = xlsx(tmp_path / "people.xlsx", [HEADINGS, WANG, WRONG])
    done = run("people", "import", str(path), "--tenant", "8672", "--json", option)
    assert done.returncode == code
    assert not json.loads(done.stdout)["applied"]
    assert json.loads(run("people", "list", "--tenant", "8672", "--json").stdout) == {"persons": []}


def test_errors_are_sentences(run: Run, school: int, tmp_path: Path) -> None:
    text = tmp_path / "people.xlsx"
    text.write_text("no workbook")
    for arguments, sentence in (
        (
            ("import", "nothing.xlsx", "--tenant", "8672"),
            "The file cannot be opened: No such file or directory.",
        ),
        (
            ("import", str(text), "--tenant", "8672"),
            "The file is called .xlsx, but its content is something else;",
        ),
        (("import", str(text), "--tenant", "0000"), "There is no tenant 0000."),
        (("template", str(tmp_path / "no" / "a.xlsx")), "cannot be written: No such file or directory."),
    ):
        done = run("people", *arguments)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
    assert run("people", "import").returncode == 2


def test_a_tenant_from_nothing_to_its_first_person(run: Run, tmp_path: Path) -> None:
    assert json.loads(run("tenant", "create", "1200", "Lakeside Works", "--language", "en", "--json").stdout)
    for arguments in (
        ("people", "add-department", "Assembly/Line 1", "--tenant", "1200"),
        ("people", "add-class", "1", "Worker", "--tenant", "1200", "--day-limit-fen", "5000"),
        ("merchant", "create", "M1", "Canteen", "--tenant", "1200"),
        ("merchant", "meals", "--tenant", "1200", "--set", "Lunch=11:00-13:00"),
        ("people", "template", "people.xlsx", "--language", "en"),
    ):
        done = run(*arguments)
        assert (done.returncode, arguments) == (0, arguments)
    book = openpyxl.load_workbook(tmp_path / "people.xlsx")
    book.active.append(["1", "Ann", "Worker", "Line 1"])
    book.save(tmp_path / "people.xlsx")
    assert json.loads(run("people", "import", "people.xlsx", "--tenant", "1200", "--json").stdout)["new"] == 1
    (person,) = json.loads(run("people", "list", "--tenant", "1200", "--json").stdout)["persons"]
    assert (person["name"], person["department"]) == ("Ann", "Assembly/Line 1")


def test_a_tenant_is_suspended_and_resumed(run: Run, school: int) -> None:
    for command, state in (("suspend", "suspended"), ("resume", "active")):
        assert json.loads(run("tenant", command, "8672", "--json").stdout)["state"] == state
        (tenant,) = json.loads(run("tenant", "list", "--json").stdout)["tenants"]
        assert tenant["state"] == state


def test_people_are_indexed_again(run: Run, school: int) -> None:
    run("people", "import", str(WORKBOOK), "--tenant", "8672", "--json")
    assert json.loads(run("people", "reindex", "--json").stdout) == {"indexed": 0}
