"""The global search: each part of the product adds what it can find."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from onecard.base.db import Tx
from onecard.base.texts import Text, say
from onecard.tenants.functions import Function
from onecard.web.kit import nav
from onecard.web.kit.views import Found
from onecard.web.kit.visit import Visit


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds one kind of thing, for operators who may see it."""

    label: Text
    needs: Function
    find: Callable[[Tx, Visit, str], Awaitable[Sequence[Found]]]


_finders: list[Finder] = []


def add(finder: Finder) -> None:
    """Let the global search find one more kind of thing."""
    _finders.append(finder)


async def find(visit: Visit, query: str) -> tuple[tuple[str, tuple[Found, ...]], ...]:
    """Groups of hits: pages of the menu whose name has the words, then what the finders know."""
    needle = query.casefold()
    pages = tuple(
        Found(visit.say(entry.label), entry.href, entry.icon)
        for entry in nav.all_entries()
        if visit.may(entry.needs) and needle in f"{entry.label} {visit.say(entry.label)}".casefold()
    )
    groups = [(visit.say(say("Pages")), pages)]
    if query:
        async with visit.tx() as tx:
            groups += [
                (visit.say(finder.label), tuple(await finder.find(tx, visit, query)))
                for finder in _finders
                if visit.may(finder.needs)
            ]
    return tuple((label, hits) for label, hits in groups if hits)
