"""Which departments somebody may see: None for all, else ids; people elsewhere do not exist for them."""

from collections.abc import Collection, Iterable
from typing import TypeAlias

from onecard.base.errors import NotFoundError
from onecard.base.texts import say

Scope: TypeAlias = Collection[int] | None


def covers(scope: Scope, department_id: int | None) -> bool:
    """Whether the department lies in the scope."""
    return scope is None or department_id in scope


def refuse_outside(scope: Scope, department_id: int | None) -> None:
    """What lies outside is not found, as if it did not exist.

    Raises:
        NotFoundError: the department is not in the scope.
    """
    if not covers(scope, department_id):
        raise NotFoundError(say("There is no such department."))


def as_array(scope: Scope) -> list[int] | None:
    """The scope as a parameter of a statement: null for everybody."""
    return None if scope is None else sorted(scope)


def distinct(ids: Iterable[int]) -> list[int]:
    """Ids once each, in ascending order: rows are locked in this order by everybody."""
    return sorted(set(ids))
