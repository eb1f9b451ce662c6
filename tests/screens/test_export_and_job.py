"""A list is saved as it is seen at that moment; a long one is a job whose card ends by itself."""

from pathlib import Path

import pytest
from stage import Stage
from visitors import Visitors

from onecard.base.db import Tx
from onecard.tenants import audit
from onecard.tenants.functions import F

EXPORT = ".page-head .menu-panel button >> nth=1"


@pytest.fixture(scope="module", autouse=True)
def long_audit(stage: Stage) -> None:
    """More entries than a request writes into a file; one of them is looked for."""

    async def write(tx: Tx) -> None:
        subjects = ["Lakeside", *["somebody"] * 5500]
        await audit.write(tx, *(audit.Entry(F.PEOPLE_CLASS_CHANGE, "class", name) for name in subjects))

    stage.in_school(write)


def test_what_is_typed_into_the_search_holds_for_the_file_too(visitors: Visitors) -> None:
    page = visitors.window("admin")
    page.goto(f"{visitors.stage.url}/system/audit")
    page.fill("#table-search", "lakes")
    page.wait_for_url("**/system/audit?q=lakes")
    for _ in range(2):  # the page stays, so the button works again
        page.click(".page-head .menu summary")
        with page.expect_download() as found:
            page.click(EXPORT)
        path: Path = found.value.path()
        assert len(path.read_text(encoding="utf-8-sig").splitlines()) == 2
        page.keyboard.press("Escape")


def test_the_card_of_a_long_export_ends_by_itself(visitors: Visitors) -> None:
    page = visitors.window("admin")
    page.goto(f"{visitors.stage.url}/system/audit")
    page.click(".page-head .menu summary")
    page.click(EXPORT)
    page.wait_for_url("**/jobs/*")
    page.reload()
    page.wait_for_selector(".job-done")
    with page.expect_download() as found:
        page.click(".job a[download]")
    assert found.value.suggested_filename.startswith("审计日志 ")
