"""The tree of functions as forms show it (功能授权): the menu's areas, screens and what can be done there."""

from collections.abc import Callable, Collection, Mapping

from onecard.tenants.functions import TREE, Function, Leaf
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

    def leaf_of(leaf: Leaf) -> GrantLeaf:
        return GrantLeaf(
            leaf.function.value,
            visit.say(leaf.label),
            checked=leaf.function in chosen,
            locked=not visit.may(leaf.function),
            given_by=given.get(leaf.function, ""),
        )

    return _tree(visit, leaf_of, frozenset(Function))


def choice_tree(
    visit: Visit, chosen: Collection[Function], offered: Collection[Function]
) -> tuple[GrantArea, ...]:
    """A part of the tree to choose from, whoever chooses."""

    def leaf_of(leaf: Leaf) -> GrantLeaf:
        return GrantLeaf(leaf.function.value, visit.say(leaf.label), checked=leaf.function in chosen)

    return _tree(visit, leaf_of, offered)


def _tree(
    visit: Visit, leaf_of: Callable[[Leaf], GrantLeaf], offered: Collection[Function]
) -> tuple[GrantArea, ...]:
    areas = []
    for area in TREE:
        shown = [(each, [leaf for leaf in each.leaves if leaf.function in offered]) for each in area.branches]
        branches = tuple(
            GrantBranch(each.name, visit.say(each.label), tuple(map(leaf_of, leaves)))
            for each, leaves in shown
            if leaves
        )
        if branches:
            areas.append(GrantArea(area.name, visit.say(area.label), branches))
    return tuple(areas)
