"""docs/reference says what the code does now; `make reference` puts it right."""

import pytest

from house.tree import ROOT
from onecard.base.status import TEXTS, Status
from onecard.cli.reference import pages


@pytest.mark.parametrize("name", pages())
def test_page_is_current(name: str) -> None:
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == pages()[name]


def test_every_page_is_made() -> None:
    written = {path.name for path in (ROOT / "docs" / "reference").iterdir()}
    assert written == {*pages(), "README.md"}


def test_every_status_is_listed_with_both_texts() -> None:
    assert list(TEXTS) == list(Status), "the texts follow the order of the statuses"
    for status in Status:
        assert f"| {int(status)} | `{status.code}` | {' | '.join(TEXTS[status])} |" in pages()["statuses.md"]
