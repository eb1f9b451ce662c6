"""Ledger pages played on the real writer and a real database; every page ends with all proofs."""

from pathlib import Path

import pytest
from pages import Case, Page, cases, opening
from town import settle

from onecard.base.db import Database
from onecard.base.embedded import Logins
from onecard.base.status import Status
from onecard.ledger import proofs

FILES = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))
CASES = [
    pytest.param(case, id=f"{file.stem}-{case.name}-{number}")
    for file in FILES
    for number, case in enumerate(cases(file), 1)
]
# given by the ledger without looking at money; all statuses from 400 to 899 are the ledger's too
EARLY = (
    Status.MALFORMED,
    Status.KEY_REUSED,
    Status.KEY_FROM_THE_FUTURE,
    Status.EXPIRED,
    Status.BUSY,
)


@pytest.mark.parametrize("case", CASES)
async def test_page(
    case: Case, module_urls: Logins, module_db: Database, next_code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onecard.ledger.writer._EXPIRY_EVERY_S", 0.1)
    town = await settle(module_db, next_code, opening(case))
    await Page(town, module_urls.engine).play(case)
    outcome = await proofs.check(module_db, module_urls.engine, [town.tenant_id])
    assert [proof for proof in outcome if not proof.ok] == []


def test_every_status_of_the_ledger_has_a_page_and_they_stand_in_order() -> None:
    file = Path(__file__).parent / "scenarios" / "statuses.txt"
    expected = [status.code for status in Status if status in EARLY or 400 <= status <= 899]
    assert [case.name for case in cases(file)] == ["ok", *expected]


def test_each_page_of_statuses_gives_the_status_it_is_named_after() -> None:
    file = Path(__file__).parent / "scenarios" / "statuses.txt"
    for case in cases(file):
        answers = [line.partition("->")[2].split()[0] for line in case.lines if "->" in line]
        assert case.name in answers, case.name
