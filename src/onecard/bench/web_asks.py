"""What is asked of the console: every list of the menu in every way it declares, and the pages below it.

Nothing here knows a screen: columns, filters, sorting and search come from the declarations, words to look
for from a row in the middle of the list.
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from onecard.base.db import Row
from onecard.base.listing import Kind as Holds
from onecard.base.listing import Wish
from onecard.people.search_keys import keys
from onecard.tenants.sessions.model import Session
from onecard.web.kit import nav
from onecard.web.kit.columns import Column
from onecard.web.kit.filters import RANGES, Query
from onecard.web.kit.screen import Screen, wish
from onecard.web.kit.views import Shell
from onecard.web.kit.visit import Visit
from onecard.web.pages import pages, screens
from onecard.web.services import Services

_ID = re.compile(r"\{id(:int)?\}")
_SAMPLE = 200  # rows among which a value is looked for
_PREFIXES = (1, 2)
_EVERYWHERE_MOST = 36
_NOTHING = "zzzzzz"


class Kind(StrEnum):
    """What is asked of a list, or a page below it."""

    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"
    SORTED = "sorted"
    FILTERED = "filtered"
    SEARCHED = "searched"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request.

    Attributes:
        caller: whose session asks.
        screen: path of the list, or of the page.
        kind: in which way.
        path: what is asked, with its query.
        typed: only the table, as while somebody types.
        sql: what the database does for it and nothing else; None: it is no list.
    """

    caller: str
    screen: str
    kind: Kind
    path: str
    typed: bool = False
    sql: Callable[[], Awaitable[Any]] | None = None

    @property
    def name(self) -> str:
        """As figures name it."""
        return f"{self.caller} {self.path}"


def visit_of(services: Services, who: Session, path: str, query: str) -> Visit:
    """A visit as the console would have it of such a request."""
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": [],
        "scheme": "http", "server": ("127.0.0.1", 80),
    }  # fmt: skip
    return Visit(Request(scope), services, who)


async def asks(services: Services, who: Session, caller: str) -> list[Ask]:
    """Everything an operator can ask of the lists of the menu."""
    pages()  # the menu is made of screens when their modules are loaded
    found: list[Ask] = []
    for screen in screens():
        if visit_of(services, who, screen.path, "").may(screen.view):
            found += await _of_screen(services, who, caller, screen)
    typed = [each.path.partition("?")[2] for each in found if each.kind is Kind.SEARCHED]
    everywhere = Shell("", "", "", ()).search_href
    found += [
        Ask(caller, everywhere, Kind.SEARCHED, f"{everywhere}?{query}", typed=True)
        for query in typed[:_EVERYWHERE_MOST]
    ]
    lists = {screen.path for screen in screens()}
    found += [
        Ask(caller, entry.href, Kind.PAGE, entry.href)
        for entry in nav.all_entries()
        if entry.href not in lists and visit_of(services, who, entry.href, "").may(entry.needs)
    ]
    return found


async def _of_screen(services: Services, who: Session, caller: str, screen: Screen[Any]) -> list[Ask]:
    visit = visit_of(services, who, screen.path, "")
    async with visit.tx() as tx:
        screen = await screen.at(tx, visit)
        plain = wish(screen, visit, Query.of(visit))
        total = await screen.listing.count(tx, plain)
        rows = await screen.listing.slice(tx, plain, max(0, total // 2 - _SAMPLE // 2), min(_SAMPLE, total))
    count = max(1, -(-total // plain.most))

    def ask(kind: Kind, query: str, *, typed: bool = False) -> Ask:
        path = f"{screen.path}?{query}" if query else screen.path
        sql = _bare(screen, visit_of(services, who, screen.path, query))
        return Ask(caller, screen.path, kind, path, typed, sql)

    found = [ask(Kind.FIRST, ""), ask(Kind.LAST, f"page={count}")]
    found += [ask(Kind.MIDDLE, f"page={count // 2}")] if count > 2 else []  # noqa: PLR2004  there is none
    found += [ask(Kind.SORTED, f"sort={way}") for way in _orders(screen, visit)]
    found += [ask(Kind.FILTERED, query) for query in _filters(screen, visit, rows)]
    if screen.search_hint is not None:
        words = [*_words(screen, rows), _NOTHING]
        found += [ask(Kind.SEARCHED, urlencode({"q": word}), typed=True) for word in words]
    return [*found, *_below(caller, screen, visit, rows)]


def _bare(screen: Screen[Any], visit: Visit) -> Callable[[], Awaitable[Any]]:
    """The same page of the list straight from the database, in a transaction through the same door."""
    wanted: Wish = wish(screen, visit, Query(screen.path, tuple(parse_qsl(visit.request.url.query))))

    async def page() -> None:
        async with visit.tx() as tx:
            await screen.listing.page(tx, wanted)

    return page


def _orders(screen: Screen[Any], visit: Visit) -> Iterator[str]:
    fields = screen.listing.fields
    for column in screen.seen(visit):
        if column.shown and column.name in fields and fields[column.name].sort:
            yield column.name
            yield f"-{column.name}"


def _filters(screen: Screen[Any], visit: Visit, rows: Sequence[Row]) -> Iterator[str]:
    """One page for each filter of the panel, so that it finds the row in the middle; and one with two."""
    found = [pair for column in screen.filters(visit) if (pair := _filter(visit, column, rows))]
    for pair in found:
        yield urlencode([pair])
    if len(found) > 1:
        yield urlencode([found[0], found[-1]])


def _filter(visit: Visit, column: Column, rows: Sequence[Row]) -> tuple[str, str] | None:
    around = sorted(range(len(rows)), key=lambda place: abs(place - len(rows) // 2))
    value = next((rows[place].get(column.name) for place in around if rows[place].get(column.name)), None)
    if column.kind is Holds.YES:
        return column.name, "1"
    if column.is_choice:
        value = value if str(value) in column.words else next(iter(column.words), None)
        return None if value is None else (column.name, str(value))
    if value is None:
        return None
    if column.kind in RANGES:
        return f"{column.name}_from", _written(visit, column, value)
    return column.name, str(value)[:3]


def _written(visit: Visit, column: Column, value: Any) -> str:
    if column.kind is Holds.MONEY:
        return visit.money(value)
    if isinstance(value, datetime):
        return value.astimezone(visit.zone).date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _words(screen: Screen[Any], rows: Sequence[Row]) -> list[str]:
    """What people type who look for the row in the middle: its texts, how they begin, pinyin and initials."""
    row = rows[len(rows) // 2] if rows else {}
    texts = [
        row[name] for name, each in screen.listing.fields.items() if each.kind is Holds.TEXT and row.get(name)
    ]
    found: dict[str, None] = {}
    for text in texts:
        found |= dict.fromkeys([text, *(text[:length] for length in _PREFIXES)])
        if not text.isascii():
            found |= dict.fromkeys(word for one in sorted(keys(text)) for word in (one, one[:2]))
    return list(found)


def _below(caller: str, screen: Screen[Any], visit: Visit, rows: Sequence[Row]) -> list[Ask]:
    """Records and forms: the pages below a list that are opened without more than a row's number."""
    key = rows[len(rows) // 2][screen.listing.key] if rows else None
    found = []
    for page in screen.routes():
        if "GET" not in (page.methods or ()) or page.path == screen.path or not visit.may(page.needs):
            continue
        path = page.path if key is None else _ID.sub(str(key), page.path)
        if "{" not in path:
            found.append(Ask(caller, screen.path, Kind.PAGE, path))
    return found
