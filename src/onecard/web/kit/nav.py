"""The menu: areas and screens in the trade's order, each with the function it needs."""

import json
from dataclasses import dataclass
from urllib.parse import quote, unquote

from onecard.base.texts import Text, say
from onecard.web.kit.needs import Needs
from onecard.web.kit.views import NavArea, NavItem
from onecard.web.kit.visit import Visit

RECENT_COOKIE = "onecard-recent"
_RECENT_MOST = 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A screen in the menu."""

    label: Text
    href: str
    icon: str
    needs: Needs


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the menu."""

    name: str
    label: Text
    icon: str


AREAS = (
    Area("people", say("Personnel"), "users"),
    Area("access", say("Operators and authority"), "shield-lock"),
    Area("system", say("System settings"), "settings"),
)
_entries: dict[str, list[Entry]] = {area.name: [] for area in AREAS}


def add(area: str, entry: Entry) -> None:
    """Put a screen into the menu; called once for each screen when its module is loaded."""
    if all(each.href != entry.href for each in _entries[area]):
        _entries[area].append(entry)


def arrange(*hrefs: str) -> None:
    """Put the screens of the menu into this order, whatever order their modules were loaded in."""
    place = {href: number for number, href in enumerate(hrefs)}
    for entries in _entries.values():
        entries.sort(key=lambda entry: place.get(entry.href, len(place)))


def all_entries() -> list[Entry]:
    """Every screen of the menu, for search and for tests that walk it."""
    return [entry for area in AREAS for entry in _entries[area.name]]


def menu(visit: Visit) -> tuple[NavArea, ...]:
    """The menu as this operator may see it."""
    path = visit.request.url.path
    areas = []
    for area in AREAS:
        items = tuple(
            NavItem(visit.say(each.label), each.href, each.icon, _within(path, each.href))
            for each in _entries[area.name]
            if visit.may(each.needs)
        )
        if items:
            is_open = any(item.active for item in items)
            areas.append(NavArea(area.name, visit.say(area.label), area.icon, items, is_open))
    return tuple(areas)


def recent(visit: Visit) -> tuple[NavItem, ...]:
    """Pages of the menu this browser used last, without the present one."""
    known = {entry.href: entry for entry in all_entries() if visit.may(entry.needs)}
    path = visit.request.url.path
    return tuple(
        NavItem(visit.say(known[href].label), href, known[href].icon)
        for href in _remembered(visit)
        if href in known and not _within(path, href)
    )


def remember(visit: Visit) -> str | None:
    """The cookie's new value when the present page is one of the menu; None: nothing to remember."""
    path = visit.request.url.path
    if all(entry.href != path for entry in all_entries()):
        return None
    hrefs = [path, *(href for href in _remembered(visit) if href != path)]
    return quote(json.dumps(hrefs[:_RECENT_MOST]))


def _remembered(visit: Visit) -> list[str]:
    try:
        hrefs = json.loads(unquote(visit.request.cookies.get(RECENT_COOKIE, "[]")))
    except ValueError:
        return []
    return [href for href in hrefs if isinstance(href, str)] if isinstance(hrefs, list) else []


def _within(path: str, href: str) -> bool:
    return path == href or path.startswith(href + "/")
