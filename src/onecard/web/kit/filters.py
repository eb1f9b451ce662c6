"""Filters of lists as they stand in an address, and back.

`name=…` is part of a text or one of several words, `name_from` and `name_to` are ends of a range,
`sort=-name` orders downwards, `q` searches, `page` and `size` say which part. Filters live in the address so
that a list can be bookmarked, sent and exported as it is seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from onecard.base.amounts import parse_amount
from onecard.base.errors import OneCardError
from onecard.base.listing import Condition, Kind, Op, usual
from onecard.base.texts import say
from onecard.web.kit.columns import Column
from onecard.web.kit.views import Chip, FilterView, Option
from onecard.web.kit.visit import Visit

RANGES = (Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.INSTANT)
_ENDS = ((Op.FROM, "_from"), (Op.TO, "_to"))


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a list's address, in order."""

    path: str
    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, visit: Visit) -> "Query":
        """The address of the request."""
        pairs = tuple((name, value) for name, value in visit.request.query_params.multi_items() if value)
        return cls(visit.request.url.path, pairs)

    def one(self, name: str) -> str:
        """The last value of a parameter, or nothing."""
        return next((value for key, value in reversed(self.pairs) if key == name), "")

    def every(self, name: str) -> list[str]:
        """All values of a parameter."""
        return [value for key, value in self.pairs if key == name]

    def href(self, drop: Iterable[str] = (), path: str = "", **put: str) -> str:
        """The address with some parameters left out and others put in."""
        gone = {*drop, *put}
        pairs = [(key, value) for key, value in self.pairs if key not in gone]
        pairs += [(key, value) for key, value in put.items() if value]
        return (path or self.path) + (f"?{urlencode(pairs)}" if pairs else "")

    def encoded(self, drop: Iterable[str] = ()) -> str:
        """The parameters as one string, for an action on everything that is found."""
        gone = set(drop)
        return urlencode([(key, value) for key, value in self.pairs if key not in gone])


def conditions(visit: Visit, query: Query, columns: Sequence[Column]) -> list[Condition]:
    """What the address asks for.

    Raises:
        OneCardError: a value does not fit its column; the sentence says which.
    """
    found: list[Condition] = []
    for column in columns:
        if column.kind in RANGES:
            for op, end in _ENDS:
                text = query.one(column.name + end)
                if text:
                    found.append(Condition(column.name, op, (_value(visit, column, text, op),)))
        elif column.is_choice:
            if words := query.every(column.name):
                values = tuple(_value(visit, column, word, Op.IN) for word in words)
                found.append(Condition(column.name, Op.IN, values))
        elif text := query.one(column.name):
            op = usual(column.kind)
            found.append(Condition(column.name, op, (_value(visit, column, text, op),)))
    return found


def _value(visit: Visit, column: Column, text: str, op: Op) -> Any:
    try:
        match column.kind:
            case Kind.MONEY:
                return parse_amount(text, visit.who.minor_exponent)
            case Kind.NUMBER | Kind.ID:
                return int(text)
            case Kind.DATE:
                return date.fromisoformat(text)
            case Kind.INSTANT:
                return _moment(visit, text, op)
            case Kind.YES:
                return text == "1"
            case _:
                return text
    except (ValueError, OneCardError):
        message = say("“{value}” does not fit the filter “{column}”.", value=text[:40], column=column.title)
        raise OneCardError(message) from None


def _moment(visit: Visit, text: str, op: Op) -> datetime:
    if "T" in text:
        return datetime.fromisoformat(text).replace(tzinfo=visit.zone)
    day = date.fromisoformat(text)
    start = datetime.combine(day, time(), visit.zone)
    return start if op is Op.FROM else start + timedelta(days=1) - timedelta(microseconds=1)


def panel(visit: Visit, query: Query, columns: Sequence[Column]) -> tuple[FilterView, ...]:
    """The filter panel with what is asked for now."""
    return tuple(_filter(visit, query, column) for column in columns)


def _filter(visit: Visit, query: Query, column: Column) -> FilterView:
    label, name = visit.say(column.title), column.name
    if column.kind in RANGES:
        low, high = query.one(f"{name}_from"), query.one(f"{name}_to")
        return FilterView(column.kind, f"{name}_from", label, f"{name}_to", low, high)
    if column.kind is Kind.YES:
        chosen = query.one(name)
        yes_no = (
            Option("1", visit.say(say("Yes")), chosen == "1"),
            Option("0", visit.say(say("No")), chosen == "0"),
        )
        return FilterView("yes", name, label, options=yes_no)
    if column.is_choice:
        words = query.every(name)
        options = tuple(Option(word, column.written(visit, word), word in words) for word in column.words)
        return FilterView("choice", name, label, options=options)
    return FilterView("text", name, label, value=query.one(name))


def chips(visit: Visit, query: Query, columns: Sequence[Column]) -> tuple[Chip, ...]:
    """The filters in force, each with the address that does without it."""
    found: list[Chip] = []
    if query.one("q"):
        found.append(Chip(visit.say(say("Search")), query.one("q"), query.href(["q", "page"])))
    for column in columns:
        label = visit.say(column.title)
        if column.kind in RANGES:
            for end, sign in (("_from", "≥ "), ("_to", "≤ ")):
                name = column.name + end
                if query.one(name):
                    found.append(Chip(label, sign + query.one(name), query.href([name, "page"])))
        elif values := query.every(column.name):
            if column.kind is Kind.YES:
                shown = visit.say(say("Yes") if values[-1] == "1" else say("No"))
            else:
                shown = ", ".join(column.written(visit, value) for value in values)
            found.append(Chip(label, shown, query.href([column.name, "page"])))
    return tuple(found)
