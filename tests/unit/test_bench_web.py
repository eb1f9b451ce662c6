"""The console's benchmark: what it invents, what it counts, what it calls a miss."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from onecard.base.errors import OneCardError
from onecard.bench.web_asks import Ask, Kind
from onecard.bench.web_report import Samples, figures, goals
from onecard.bench.web_school import DEPARTMENTS, invent
from onecard.bench.web_seed import MANIFEST, Seeded, kept
from onecard.bench.web_site import Size
from onecard.people.rules import parse_phone

PEOPLE = 3_000
SIZE = Size(people=PEOPLE, postings=5, jobs=1)
BROWSER = {"first": {"kb": 91.0, "ready_ms": 1700.0}}


def test_everybody_invented_is_somebody_else_with_a_phone_that_can_be_one() -> None:
    people = list(invent(PEOPLE, 1))
    for one in ("number", "phone", "uid"):
        assert len({getattr(each, one) for each in people}) == PEOPLE
    assert all(parse_phone(each.phone) == each.phone for each in people)
    assert all(each.department[1] in DEPARTMENTS[each.department[0]] for each in people)


def test_the_same_seed_invents_the_same_people() -> None:
    assert list(invent(50, 1)) == list(invent(50, 1)) != list(invent(50, 2))


def measured(kind: Kind, ms: Sequence[float], path: str = "/people") -> Samples:
    return Samples(page_ms={Ask("administrator", "/people", kind, path): list(ms)})


@pytest.mark.parametrize(
    ("kind", "ms", "missed"),
    [
        (Kind.FIRST, (20.0, 79.0, 299.0), []),
        (Kind.LAST, (81.0, 82.0, 83.0), ["every list page"]),
        (Kind.SEARCHED, (40.0, 51.0, 60.0), ["search"]),
        (Kind.PAGE, (90.0, 90.0, 301.0), ["any request"]),
    ],
)
def test_a_miss_is_told_by_its_request(kind: Kind, ms: Sequence[float], missed: list[str]) -> None:
    found = goals(measured(kind, ms), {})
    told = [goal for goal in found if goal["missed"]]
    assert [any(word in goal["what"] for word in missed) for goal in told] == [True] * len(missed)
    assert all(goal["missed"][0]["request"] == "administrator /people" for goal in told)


def test_what_was_not_measured_is_not_met() -> None:
    assert not any(goal["met"] for goal in goals(Samples(), {}))


def test_a_slow_browser_misses_only_its_own_goal() -> None:
    found = {goal["what"]: goal["met"] for goal in goals(measured(Kind.FIRST, [1.0]), BROWSER)}
    assert found["first load of the people, kB compressed"]
    assert not found["usable on a slow machine, ms"]


def test_figures() -> None:
    assert figures([3.0, 1.0, 2.0]) == {"p50": 2.0, "p95": 3.0, "most": 3.0}


def filled(directory: Path, size: Size) -> None:
    seeded = Seeded(size=size, tenant_id=1, operators={}, taken_fen={7: 150}, postings_per_second=1.0)
    (directory / MANIFEST).write_bytes(msgspec.json.encode(seeded))


def test_what_an_earlier_run_left_is_used_when_it_is_as_large(tmp_path: Path) -> None:
    assert kept(tmp_path, SIZE) is None
    filled(tmp_path, SIZE)
    found = kept(tmp_path, SIZE)
    assert found is not None
    assert found.taken_fen == {7: 150}
    with pytest.raises(OneCardError, match="filled with"):
        kept(tmp_path, Size(people=PEOPLE + 1, postings=5, jobs=1))


def test_a_directory_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(OneCardError, match="neither empty nor filled"):
        kept(tmp_path, SIZE)
