"""Long lists out of the database: filtered, sorted, one page at a time, whatever the query behind them.

A listing names one statement of a `.sql` file and the columns of its result. The statement names its tenant
as every other does; around it this module puts conditions, order and page. Column names come from the
declaration, values are parameters, so that nothing of what a user typed becomes SQL.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from onecard.base.db import Row, Tx
from onecard.base.errors import OneCardError
from onecard.base.texts import say


class Kind(StrEnum):
    """What a column holds; decides how it is filtered, shown, exported and described."""

    TEXT = "text"
    CODE = "code"  # letters and digits, stored as collate "C": an index answers how it begins
    NUMBER = "number"
    MONEY = "money"  # minor units
    DATE = "date"
    INSTANT = "instant"
    CHOICE = "choice"  # one of a few words
    YES = "yes"  # boolean
    ID = "id"  # of another row; filtered by equality, not shown


class Op(StrEnum):
    """How a filter compares; the values are what stands in an address."""

    IS = "is"
    IN = "in"
    HAS = "has"  # part of a text, whatever its case
    STARTS = "starts"  # byte by byte
    FROM = "from"
    TO = "to"
    EMPTY = "empty"


_OPS: dict[Kind, tuple[Op, ...]] = {
    Kind.TEXT: (Op.HAS, Op.IS, Op.EMPTY),
    Kind.CODE: (Op.STARTS, Op.IS, Op.EMPTY),
    Kind.NUMBER: (Op.FROM, Op.TO, Op.IS),
    Kind.MONEY: (Op.FROM, Op.TO, Op.IS),
    Kind.DATE: (Op.FROM, Op.TO, Op.IS, Op.EMPTY),
    Kind.INSTANT: (Op.FROM, Op.TO, Op.EMPTY),
    Kind.CHOICE: (Op.IN, Op.IS),
    Kind.YES: (Op.IS,),
    Kind.ID: (Op.IS, Op.IN),
}
_SQL_TYPES = {
    Kind.TEXT: "text",
    Kind.CODE: "text",
    Kind.NUMBER: "bigint",
    Kind.MONEY: "bigint",
    Kind.DATE: "date",
    Kind.INSTANT: "timestamptz",
    Kind.CHOICE: "text",
    Kind.YES: "boolean",
    Kind.ID: "bigint",
}


def usual(kind: Kind) -> Op:
    """How a filter with one value compares when nobody says how."""
    return {Kind.TEXT: Op.HAS, Kind.CODE: Op.STARTS}.get(kind, Op.IS)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a listing's statement.

    Attributes:
        name: the column's name in the statement.
        kind: what it holds.
        sort: may be ordered by.
        filter: may be filtered by.
    """

    name: str
    kind: Kind = Kind.TEXT
    sort: bool = True
    filter: bool = True

    @property
    def ops(self) -> tuple[Op, ...]:
        """The comparisons its kind allows."""
        return _OPS[self.kind] if self.filter else ()


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter: `values` are of the column's Python type; one, several for IN, none for EMPTY."""

    field: str
    op: Op
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to see of a listing.

    Attributes:
        arguments: parameters of the statement besides the tenant.
        conditions: all of them must hold.
        sort: column; None takes the listing's own order.
        descending: the other way round.
        first: how many rows to leave out.
        most: length of the page.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    conditions: Sequence[Condition] = ()
    sort: str | None = None
    descending: bool = False
    first: int = 0
    most: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a page, how many rows there are in all, and the number of the first (from 0)."""

    rows: list[Row]
    total: int
    first: int


class Listing:
    """A list that can be looked at page by page."""

    def __init__(
        self,
        queries: Any,
        query: str,
        *fields: Field,
        order: str,
        key: str = "id",
        descending: bool = False,
        slim: bool = False,
    ) -> None:
        """Declare a list.

        Args:
            queries: of `load_queries`.
            query: the statement's name.
            fields: the columns.
            order: the column it is ordered by when nobody says how.
            key: the column that is unique in it.
            descending: the greatest first.
            slim: rows have only the key and what they are ordered by; the rest is fetched for those of a
                page, so that the way to a page far behind leads through an index alone.
        """
        statement = getattr(queries, query)
        self.fields = {each.name: each for each in fields}
        self.order, self.key, self.descending, self.slim = order, key, descending, slim
        self._sql = statement.sql.strip().rstrip(";")
        self._parameters: list[str] = list(queries.driver_adapter.var_sorted[query])

    async def page(self, tx: Tx, wish: Wish) -> Page:
        """One page, from the nearer end of the list; `first` beyond the end gives the last page."""
        return await self.page_of(tx, wish, await self.count(tx, wish))

    async def page_of(self, tx: Tx, wish: Wish, total: int) -> Page:
        """One page of a list that is known to have `total` rows."""
        first = min(wish.first, max(0, (total - 1) // wish.most * wish.most))
        most = min(wish.most, total - first)
        from_the_end = first > total // 2
        offset = total - first - most if from_the_end else first
        rows = await self.slice(tx, wish, offset, most, turned=from_the_end) if most > 0 else []
        return Page(rows[::-1] if from_the_end else rows, total, first)

    async def slice(self, tx: Tx, wish: Wish, offset: int, most: int, *, turned: bool = False) -> list[Row]:
        """Rows from an offset on; `turned`: counted and ordered from the end of the list."""
        where, values = self._where(tx, wish)
        order = self._order(wish, turned=turned)
        found = f"select {self._columns(wish)} from ({self._sql}) t{where}{order}"
        statement = f"{found} limit {most} offset {offset}"
        return list(await tx.connection.fetch(statement, *values))

    async def after(self, tx: Tx, wish: Wish, cursor: str | None) -> tuple[list[Row], str | None]:
        """A page for programs: rows after a cursor, and the cursor to go on with (None at the end).

        Raises:
            OneCardError: the cursor is not one of this list in this order.
        """
        where, values = self._where(tx, wish)
        sort = self.fields[wish.sort or self.order]
        sign = "<" if self._down(wish) else ">"
        if cursor is not None:
            value, last = _open_cursor(cursor, sort)
            kind, place = _SQL_TYPES[sort.kind], len(values) + 1
            values += [value, last]
            beyond = _beyond(f"t.{sort.name}", f"t.{self.key}", kind, place, sign=sign, empty=value is None)
            if sort.name != self.order and sign == ">" and value is not None:
                # a listing's own order has no empty values, so that its index says where to go on
                beyond = f"({beyond} or t.{sort.name} is null)"
            where += (" and " if where else " where ") + beyond
        order = self._order(wish)
        statement = f"select {self._columns(wish)} from ({self._sql}) t{where}{order} limit {wish.most + 1}"
        rows = await tx.connection.fetch(statement, *values)
        more = rows[wish.most - 1] if len(rows) > wish.most else None
        return rows[: wish.most], more and _cursor(more[sort.name], more[self.key])

    async def all(self, tx: Tx, wish: Wish, *, portion: int = 2000) -> AsyncIterator[list[Row]]:
        """Every row, in portions, through one server-side cursor."""
        where, values = self._where(tx, wish)
        statement = f"select {self._columns(wish)} from ({self._sql}) t{where}{self._order(wish)}"
        cursor = await tx.connection.cursor(statement, *values)
        while rows := await cursor.fetch(portion):
            yield rows

    async def count(self, tx: Tx, wish: Wish) -> int:
        """How many rows there are."""
        where, values = self._where(tx, wish)
        return int(await tx.connection.fetchval(f"select count(*) from ({self._sql}) t{where}", *values))

    async def keys(self, tx: Tx, wish: Wish) -> list[int]:
        """The keys of all rows, for an action on everything that is found."""
        where, values = self._where(tx, wish)
        statement = f"select t.{self.key} from ({self._sql}) t{where}{self._order(wish)}"
        return [row[0] for row in await tx.connection.fetch(statement, *values)]

    def _columns(self, wish: Wish) -> str:
        return f"t.{self.key}, t.{wish.sort or self.order}" if self.slim else "*"

    def _down(self, wish: Wish) -> bool:
        return wish.descending if wish.sort else self.descending

    def _order(self, wish: Wish, *, turned: bool = False) -> str:
        sort = self.fields[wish.sort or self.order]
        if not sort.sort:
            raise OneCardError(say("The list cannot be ordered by {column}.", column=sort.name))
        # empty values stand last upwards and first downwards, so that one index serves both ways
        way = "desc" if self._down(wish) != turned else "asc"
        return f" order by t.{sort.name} {way}, t.{self.key} {way}"

    def _where(self, tx: Tx, wish: Wish) -> tuple[str, list[Any]]:
        given = {"tenant_id": tx.tenant_id, **wish.arguments}
        values = [given.get(name) for name in self._parameters]
        parts: list[str] = []
        for condition in wish.conditions:
            column = self.fields[condition.field]
            if condition.op not in column.ops:
                message = say("The list cannot be filtered by {column} this way.", column=column.name)
                raise OneCardError(message)
            values += _parameter(condition)
            parts.append(_condition(column, condition.op, len(values)))
        return (" where " + " and ".join(parts) if parts else ""), values


def _parameter(condition: Condition) -> list[Any]:
    if condition.op is Op.EMPTY:
        return []
    if condition.op is Op.IN:
        return [list(condition.values)]
    if condition.op is Op.HAS:
        return [_escaped(condition.values[0])]
    return [condition.values[0]]


def _escaped(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, "\\" + special)
    return f"%{text}%"


def _condition(column: Field, op: Op, number: int) -> str:
    name, kind = f"t.{column.name}", _SQL_TYPES[column.kind]
    return {
        Op.IS: f"{name} = ${number}::{kind}",
        Op.IN: f"{name} = any (${number}::{kind}[])",
        Op.HAS: f"{name} ilike ${number}::text",
        Op.STARTS: f"({name} >= ${number}::text and {name} < ${number}::text || chr(1114111))",
        Op.FROM: f"{name} >= ${number}::{kind}",
        Op.TO: f"{name} <= ${number}::{kind}",
        Op.EMPTY: f"({name} is null or {name}::text = '')",
    }[op]


def _cursor(value: Any, key: int) -> str:
    shown = value.isoformat() if isinstance(value, date | datetime) else value
    return base64.urlsafe_b64encode(json.dumps([shown, key]).encode()).decode().rstrip("=")


def _beyond(name: str, key: str, kind: str, place: int, *, sign: str, empty: bool) -> str:
    """Rows after (value, key); empty values are greater than any other and asked for by the caller."""
    value, last = f"${place}::{kind}", f"${place + 1}::bigint"
    if empty:
        here = f"({name} is null and {value} is null and {key} {sign} {last})"
        return here if sign == ">" else f"({here} or {name} is not null)"
    return f"({name}, {key}) {sign} ({value}, {last})"


_CURSOR_TYPES: dict[Kind, type] = {
    Kind.NUMBER: int,
    Kind.MONEY: int,
    Kind.ID: int,
    Kind.YES: bool,
}
_INT64 = 2**63


def _open_cursor(cursor: str, column: Field) -> tuple[Any, int]:
    """Value and key of the row a page ended with.

    Raises:
        OneCardError: somebody else made it, or for another order.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        value, key = json.loads(text)
        usable = type(value) in {_CURSOR_TYPES.get(column.kind, str), type(None)} and type(key) is int
        usable = usable and all(-_INT64 <= each < _INT64 for each in (value, key) if type(each) is int)
        value = _parsed(value, column.kind) if isinstance(value, str) else value
    except (ValueError, TypeError, RecursionError):
        usable = False
    if not usable:
        raise OneCardError(say("The cursor is not one of this list in this order."))
    return value, key


def _parsed(value: str, kind: Kind) -> Any:
    if kind is Kind.DATE:
        return date.fromisoformat(value)
    if kind is Kind.INSTANT:
        at = datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    value.encode()  # half a character cannot be compared with what is stored, nor can an end of strings
    if "\0" in value:
        raise ValueError(value)
    return value
