"""People as a list that is searched while somebody types."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from onecard.base.db import Row, Tx, load_queries
from onecard.base.listing import Field, Kind, Listing, Page, Wish
from onecard.people.rules import compact, plain
from onecard.people.search_keys import normal

_sql = load_queries("onecard.people", "lists.sql")
_UID_LEAST = 4  # digits; fewer would be found in everybody's card


class _People(Listing):
    """Two statements: everybody, and who is found; a search that could be empty would cost both their index.

    Fewer conditions on what is found: its rows come from indexes first and are few.
    """

    def __init__(self, *fields: Field) -> None:
        super().__init__(_sql, "people", *fields, order="number")
        self._found = Listing(_sql, "people_found", *fields, order="number")

    async def page(self, tx: Tx, wish: Wish) -> Page:
        found = _found(wish)
        return await (self._found.page(tx, found) if found else super().page(tx, wish))

    async def after(self, tx: Tx, wish: Wish, cursor: str | None) -> tuple[list[Row], str | None]:
        found = _found(wish)
        return await (self._found.after(tx, found, cursor) if found else super().after(tx, wish, cursor))

    def all(self, tx: Tx, wish: Wish, *, portion: int = 2000) -> AsyncIterator[list[Row]]:
        found = _found(wish)
        if found:
            return self._found.all(tx, found, portion=portion)
        return super().all(tx, wish, portion=portion)

    async def count(self, tx: Tx, wish: Wish) -> int:
        found = _found(wish)
        return await (self._found.count(tx, found) if found else super().count(tx, wish))

    async def keys(self, tx: Tx, wish: Wish) -> list[int]:
        found = _found(wish)
        return await (self._found.keys(tx, found) if found else super().keys(tx, wish))


def _found(wish: Wish) -> Wish | None:
    """The wish with what was typed as each column would have it; None when nothing is searched."""
    search = str(wish.arguments.get("search") or "").strip()
    if not search:
        return None
    return replace(wish, arguments={**wish.arguments, **_prefixes(search)})


def _prefixes(search: str) -> dict[str, Any]:
    """Nothing begins with null."""
    digits, uid = compact(search), compact(search).replace(":", "").upper()
    is_digits = digits.isascii() and digits.lstrip("+").isdigit()
    is_uid = len(uid) >= _UID_LEAST and all(one in "0123456789ABCDEF" for one in uid)
    return {
        "number": plain(search) or None,
        "digits": digits if is_digits else None,
        "name": normal(search) or None,
        "uid": uid if is_uid else None,
    }


PERSONS = _People(
    Field("number"),
    Field("name", sort=False),
    Field("pinyin", filter=False),
    Field("department_id", Kind.ID, sort=False),
    Field("department", sort=False, filter=False),
    Field("class_id", Kind.ID, sort=False),
    Field("class_name", sort=False, filter=False),
    Field("gender", Kind.CHOICE, sort=False),
    Field("phone", sort=False),
    Field("email", sort=False),
    Field("state", Kind.CHOICE, sort=False),
    Field("entered_on", Kind.DATE),
    Field("leaves_on", Kind.DATE),
    Field("left_on", Kind.DATE),
    Field("changed_at", Kind.INSTANT),
    Field("cards", sort=False, filter=False),
    Field("has_photo", Kind.YES, sort=False),
    Field("version", Kind.NUMBER, sort=False, filter=False),
)
"""Arguments: `search`, what a number, phone, name, its pinyin or initials, or a card begins with (a name also
from its second character on); `department`, ids of a part of the tree; `departments`, whom the caller may
see; None or left out for all. Names are ordered by `pinyin`."""
