"""The tree of functions as forms show it (功能授权): the menu's areas, screens and what can be done there."""

from collections.abc import Collection, Mapping

from onecard.tenants.functions import TREE, Function
from onecard.web.kit.views import GrantArea, GrantBranch, GrantLeaf
from onecard.web.kit.visit import Visit


def grant_tree(
    visit: Visit, chosen: Collection[Function], given: Mapping[Function, str] | None = None
) -> tuple[GrantArea, ...]:
    """The whole tree; functions whoever looks does not have are locked.

    Args:
        visit: who looks.
        chosen: functions that are ticked.
        given: functions that are given some other way, with the names of the roles that do.
    """
    given = given or {}
    return tuple(
        GrantArea(
            area.name,
            visit.say(area.label),
            tuple(
                GrantBranch(
                    branch.name,
                    visit.say(branch.label),
                    tuple(
                        GrantLeaf(
                            leaf.function.value,
                            visit.say(leaf.label),
                            checked=leaf.function in chosen,
                            locked=not visit.may(leaf.function),
                            given_by=given.get(leaf.function, ""),
                        )
                        for leaf in branch.leaves
                    ),
                )
                for branch in area.branches
            ),
        )
        for area in TREE
    )
