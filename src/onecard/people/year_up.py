"""Where classes go when a year is over: 七年级1班 becomes 八年级1班, Grade 7/7A becomes Grade 8/8A."""

import re

from onecard.people.rules import DepartmentTree

_NUMERALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_YEARS = re.compile(
    r"(?:十[一二]|[一二三四五六七八九十])(?=年级)"
    r"|(?<=[初高])([一二三])"
    r"|^(\d{1,2})(?=年级|[A-Za-z]\b)|(?<=\bGrade )(\d{1,2})|(?<=\bYear )(\d{1,2})"
)


def a_year_on(known: DepartmentTree) -> dict[int, int]:
    """Departments whose name tells a year, and where their people go next; a last year goes nowhere."""
    return {
        each.id: target
        for each in known.all
        if (target := _next(known, each.id)) is not None and target != each.id
    }


def _next(known: DepartmentTree, department_id: int) -> int | None:
    path = known.path(department_id)
    further = "/".join(map(_bumped, path.split("/")))
    if further == path:
        return None
    found = known.find(further) or known.find(further.rsplit("/", 1)[-1])
    return found[0] if len(found) == 1 else None


def _bumped(name: str) -> str:
    """A name a year on; as it is when it tells no year."""

    def later(found: re.Match[str]) -> str:
        word = found[0]
        if word.isdigit():
            return str(int(word) + 1)
        place = _NUMERALS.index(word) + 1
        return _NUMERALS[place] if place < len(_NUMERALS) else word

    return _YEARS.sub(later, name, count=1)
