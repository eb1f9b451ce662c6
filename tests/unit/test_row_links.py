"""Which cell of a row is the link that keys and screen readers find."""

import pytest

from onecard.web.kit.views import Cell, Look, RowView

ROW = "/people/persons/7"
PHOTO = Cell("李雷", Look.PHOTO, href="/people/photos/7/1")
PLAIN, STRONG, OWN = Cell("2026001"), Cell("李雷", Look.STRONG), Cell("韩梅梅", href="/people/persons/8")


@pytest.mark.parametrize(
    ("cells", "href", "links"),
    [
        ((PLAIN, STRONG), ROW, ("", ROW)),
        ((PLAIN, PLAIN), ROW, (ROW, "")),
        ((PLAIN, STRONG), "", ("", "")),
        ((PLAIN, OWN), ROW, ("", "/people/persons/8")),
        ((PHOTO, PLAIN, STRONG), ROW, ("", "", ROW)),
    ],
    ids=["the strong", "else the first", "nothing to open", "a cell of its own", "a photo is no link"],
)
def test_a_row_has_one_link(cells: tuple[Cell, ...], href: str, links: tuple[str, ...]) -> None:
    assert RowView("7", cells, href).links == links
