"""Where classes go when a year is over."""

import pytest

from onecard.people.model import Department
from onecard.people.rules import DepartmentTree
from onecard.people.year_up import a_year_on

PATHS = (
    "小学部/六年级/六年级1班", "初中部/七年级/七年级1班", "初中部/七年级/七年级2班",
    "初中部/八年级/八年级1班",
    "高中部/高一/高一(1)班", "高中部/高二/高二(1)班", "高中部/高三/高三(1)班",
    "Grade 7/7A", "Grade 8/8A", "教职工/行政", "2024级/1班",
)  # fmt: skip


def school() -> DepartmentTree:
    """The paths as a tree below one root."""
    ids, made = {"": 1}, [Department(1, "0", "School", None)]
    for path in PATHS:
        above = ""
        for name in path.split("/"):
            here = f"{above}/{name}"
            if here not in ids:
                ids[here] = len(ids) + 1
                made.append(Department(ids[here], str(ids[here]), name, ids[above]))
            above = here
    return DepartmentTree(made)


@pytest.mark.parametrize(
    ("path", "next_path"),
    [
        ("初中部/七年级/七年级1班", "初中部/八年级/八年级1班"),
        ("初中部/七年级", "初中部/八年级"),
        ("小学部/六年级/六年级1班", "初中部/七年级/七年级1班"),
        ("高中部/高一/高一(1)班", "高中部/高二/高二(1)班"),
        ("Grade 7/7A", "Grade 8/8A"),
        ("初中部/七年级/七年级2班", None),
        ("高中部/高三/高三(1)班", None),
        ("Grade 8/8A", None),
        ("教职工/行政", None),
        ("2024级/1班", None),
    ],
)
def test_a_year_on(path: str, next_path: str | None) -> None:
    known = school()
    (source,) = known.find(path)
    target = a_year_on(known).get(source)
    assert (known.path(target) if target else None) == next_path
