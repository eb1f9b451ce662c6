"""The first day with the console, by keys alone, in both languages.

An administrator comes in by a one-time link and makes an operator with three functions; the operator imports
5,000 people of whom 50 are wrong, corrects those, finds somebody by initials and exports; the administrator
moves a department and reads in the audit what happened.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from books import MISTAKES, PEOPLE, SOUGHT, SOUGHT_INITIALS, WRONG, WRONG_ROWS, Filling, mend_book, write_book
from hands import Hands, kept
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook
from visitors import Visitors

from onecard.base.texts import say, say_in
from onecard.desk.model import Column
from onecard.tenants.functions import LABELS, F

CHOSEN = "seven-lamps-by-the-river"
FUNCTIONS = (F.PEOPLE_PERSON_VIEW, F.PEOPLE_PERSON_IMPORT, F.PEOPLE_PERSON_EXPORT)
SHEET = say_in("sheet", "people")
IMPORTED = say(
    "Imported: {new} new, {changed} changed, {unchanged} unchanged.", new=WRONG, changed=0, unchanged=0
)
NAMELESS = say("{column} is missing", column=Column.NAME.title)
JOB_MS = 60_000


@dataclass
class Day:
    """One day: at whose place, with what, and what one was told on the way."""

    hands: Hands
    visitors: Visitors
    administrator: str
    filling: Filling
    folder: Path
    account: str = ""
    password: str = ""


SCHOOL = ("初中部/七年级/七年级1班", "初中部/七年级/七年级2班", "高中部/高一年级")
NEW_DEPARTMENTS = {
    "zh-CN": [("新校区", "")],
    "en": [("Assembly", ""), ("Line 1", "Assembly"), ("Line 2", "Assembly"), ("Office", ""), ("Plant 2", "")],
}
MOVE = {"zh-CN": ("七年级", "七年级1班", "新校区"), "en": ("Assembly", "Line 1", "Plant 2")}
WORKS = ("Assembly/Line 1", "Assembly/Line 2", "Office")


@pytest.fixture(params=["zh-CN", "en"])
def day(request: pytest.FixtureRequest, visitors: Visitors, tmp_path: Path) -> Day:
    chinese = request.param == "zh-CN"
    page = visitors.window(None, language=request.param)
    filling = Filling(request.param, "学生" if chinese else "Staff", SCHOOL if chinese else WORKS)
    return Day(Hands(page, request.param), visitors, "admin" if chinese else "stranger", filling, tmp_path)


def test_the_first_day_of_an_institution(day: Day) -> None:
    enters_by_link(day)
    makes_departments(day)
    makes_operator(day)
    signs_in_as_operator(day)
    sees_only_what_is_granted(day)
    imports(day)
    mends_and_imports_again(day)
    finds_somebody(day)
    exports(day)
    day.hands.sign_out()
    enters_by_link(day)
    moves_department(day)
    reads_audit(day)


def enters_by_link(day: Day) -> None:
    day.hands.page.goto(day.visitors.stage.link(day.administrator))
    expect(day.hands.page.locator(".who")).to_be_visible()
    assert "#" not in day.hands.page.url


def makes_departments(day: Day) -> None:
    hands = day.hands
    hands.go("Departments")
    for name, parent in NEW_DEPARTMENTS[hands.language]:
        hands.press("n")
        expect(hands.field(say_in("department", "Name"))).to_be_focused()
        hands.write(name)
        if parent:
            hands.pick("Belongs to", parent)
        saves(day)
        expect(hands.page.locator("tr[data-row]", has_text=name)).not_to_have_count(0)


def saves(day: Day) -> None:
    day.hands.press("Control+Enter")
    expect(day.hands.page.locator("#dialog")).to_be_hidden()


def makes_operator(day: Day) -> None:
    hands = day.hands
    hands.go("Operators")
    hands.press("n")
    expect(hands.field(say_in("person", "Name"))).to_be_focused()
    hands.write("李静")
    hands.reach(hands.field("All departments"))
    hands.press("Space")
    for function in FUNCTIONS:
        hands.fill("Find a function", hands.word(LABELS[function]))
        hands.reach(hands.field(LABELS[function]))
        hands.press("Space")
    hands.press("Control+Enter")
    account, password = hands.field("Account number"), hands.field("One-time password")
    expect(password).to_be_visible()
    day.account, day.password = account.input_value(), password.input_value()
    hands.activate("link", say_in("button", "Done"))
    expect(hands.page.locator("tr[data-row]", has_text="李静")).to_contain_text(day.account)
    hands.sign_out()


def signs_in_as_operator(day: Day) -> None:
    hands = day.hands
    expect(hands.field("Account number")).to_be_focused()
    hands.write(day.account)
    hands.fill("Password", day.password)
    hands.press("Enter")
    expect(hands.field("Present password")).to_be_focused()
    hands.write(day.password)
    hands.fill("New password", CHOSEN)
    hands.press("Control+Enter")
    expect(hands.page.locator(".who")).to_contain_text("李静")


def sees_only_what_is_granted(day: Day) -> None:
    hrefs = day.hands.page.locator("nav.nav a").evaluate_all("all => all.map(each => each.pathname)")
    assert hrefs == ["/people/persons", "/people/import", "/jobs"]
    day.hands.press("F2")
    day.hands.write(day.hands.word("Operators"))
    nothing = say("Nothing was found for “{query}”.", query=day.hands.word("Operators"))
    expect(day.hands.page.locator("#palette-found")).to_contain_text(day.hands.word(nothing))
    day.hands.press("Escape")


def imports(day: Day) -> None:
    hands = day.hands
    book = day.folder / f"{hands.word(SHEET)}.xlsx"
    write_book(book, day.filling)
    hands.go("Import of people")
    hands.choose_file(hands.page.locator("#workbook input[type=file]"), book)
    hands.press("Control+Enter")
    assert counts(day) == [PEOPLE - WRONG, 0, 0, WRONG]
    expect(hands.page.locator("#wrong tbody tr")).to_have_count(WRONG)
    first, page = hands.page.locator("#wrong tbody tr").first, hands.page
    expect(first).to_have_text(re.compile(rf"^\s*{WRONG_ROWS[0]}\s.*{hands.word(NAMELESS)}\s*$", re.DOTALL))
    hands.press("Control+Enter")
    page.wait_for_url(re.compile(rf"(?<!/{page.url.rsplit('/', 1)[-1]})$"))
    assert counts(day) == [PEOPLE - WRONG, 0, 0, WRONG]


def mends_and_imports_again(day: Day) -> None:
    hands = day.hands
    returned = hands.download(".xlsx", day.folder)
    assert returned.name == f"{hands.word(say('wrong rows of {file}', file=hands.word(SHEET)))}.xlsx"
    rows, reasons = mend_book(returned, day.filling)
    assert rows == WRONG_ROWS
    assert reasons[0] == hands.word(NAMELESS)
    assert len(set(reasons)) == len(MISTAKES)
    hands.activate("link", "Import more")
    hands.choose_file(hands.page.locator("#workbook input[type=file]"), returned)
    hands.press("Control+Enter")
    assert counts(day) == [WRONG, 0, 0, 0]
    hands.press("Control+Enter")
    expect(hands.page.locator(".job-sentence")).to_contain_text(hands.word(IMPORTED), timeout=JOB_MS)
    assert counts(day) == [WRONG, 0, 0, 0]


def finds_somebody(day: Day) -> None:
    hands, page = day.hands, day.hands.page
    hands.press("F2")
    hands.write(SOUGHT_INITIALS)
    expect(page.locator("#palette-found [aria-selected=true]")).to_contain_text(SOUGHT)
    hands.press("Enter")
    expect(page.locator("main h1")).to_contain_text(SOUGHT)
    hands.go("Personnel files")
    expect(page.locator(".pager-range")).to_contain_text(f"{PEOPLE:,}")
    hands.search(SOUGHT_INITIALS)
    expect(page.locator("tr[data-row]")).to_have_count(1)
    hands.press("ArrowDown", "Enter")
    expect(page.locator("main h1")).to_contain_text(SOUGHT)


def exports(day: Day) -> None:
    hands = day.hands
    hands.go("Personnel files")
    with hands.page.expect_download() as coming:
        hands.press("e")
    file = kept(coming.value, day.folder)
    head, *rows = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    names = [row[head.index(hands.word(say_in("person", "Name")))] for row in rows]
    assert len(rows) == PEOPLE
    assert names.count(SOUGHT) == 1


def moves_department(day: Day) -> None:
    hands, page = day.hands, day.hands.page
    moved, below, target = MOVE[hands.language]
    hands.go("Departments")
    hands.search(moved)
    expect(page.locator("tr[data-row]").first).to_contain_text(moved)
    hands.press("ArrowDown", "Enter")
    hands.pick("Belongs to", target)
    saves(day)
    hands.search(below)
    expect(page.locator("tr[data-row] [title]").first).to_have_attribute(
        "title", re.compile(f"{target}/{moved}/{below}$")
    )


def reads_audit(day: Day) -> None:
    hands, page = day.hands, day.hands.page
    hands.go(say_in("screen", "Audit"))
    rows = page.locator("tr[data-row]")
    expect(rows.first).to_contain_text(hands.word(LABELS[F.PEOPLE_DEPARTMENT_MOVE]))
    for function, subject in (
        (F.ACCESS_OPERATOR_CHANGE, day.account),
        (F.ACCESS_OPERATOR_GRANT, day.account),
        (F.PEOPLE_DEPARTMENT_MOVE, MOVE[hands.language][0]),
        (F.PEOPLE_PERSON_EXPORT, "人员档案"),
        (F.PEOPLE_PERSON_IMPORT, str(20_001 + PEOPLE // 2)),
    ):
        hands.search(subject)
        expect(rows.filter(has_text=hands.word(LABELS[function])).first).to_be_visible()
    hands.press("ArrowDown", "Enter")
    expect(page.locator("main")).to_contain_text(SOUGHT)
    hands.go(say_in("screen", "Audit"))
    hands.press("v")
    expect(page.locator("#dialog")).to_contain_text(hands.word("Proof of the audit"))
    entries = int(re.sub(r"\D", "", page.locator("#dialog .note").inner_text()))
    assert entries > PEOPLE


def counts(day: Day) -> list[int]:
    """New, changed, unchanged and wrong rows of the job on the page, once it is over."""
    counts = day.hands.page.locator(".counts dd")
    expect(counts).to_have_count(4, timeout=JOB_MS)
    return [int(each.replace(",", "")) for each in counts.all_inner_texts()]
