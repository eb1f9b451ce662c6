"""People as a list that is searched while somebody types."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from onecard.base.db import Row, Tx, load_queries
from onecard.base.listing import Field, Kind, Listing, Page, Wish
from onecard.people.departments import subtree
from onecard.people.rules import compact, plain
from onecard.people.search_keys import normal

_sql = load_queries("onecard.people", "lists.sql")
_FEW = 1_500  # from here on testing one after the other fills a page sooner than fetching all who are found
_PHONE_LEAST = 3  # digits; fewer would find nearly everybody's
_UID_LEAST = 4
_CARD_MOST = 6  # digits of a card number


class _People(Listing):
    """Which people are on a page is decided on one table alone; what is shown of them is fetched afterwards.

    A search is decided by indexes when it finds few, and along the list's order when it finds many.
    """

    def __init__(self, *fields: Field) -> None:
        """`fields` as of every listing."""
        super().__init__(_sql, "people", *fields, order="number", slim=True)
        self._found, self._tested = (
            Listing(_sql, name, *fields, order="number", slim=True) for name in _SEARCHES
        )

    async def page(self, tx: Tx, wish: Wish) -> Page:
        """One page; what is found is counted once, which decides how it is fetched."""
        wish = await _placed(tx, wish)
        found = _as_search(wish)
        if found is None:
            return await super().page(tx, wish)
        total = await self.count(tx, wish)
        page = await self._chosen(total).page_of(tx, found, total)
        return Page(await _shown(tx, page.rows), page.total, page.first)

    async def slice(self, tx: Tx, wish: Wish, offset: int, most: int, *, turned: bool = False) -> list[Row]:
        """Rows from an offset on."""
        wish = await _placed(tx, wish)
        chosen, found = await self._decide(tx, wish)
        if chosen is self:
            return await _shown(tx, await super().slice(tx, wish, offset, most, turned=turned))
        return await _shown(tx, await chosen.slice(tx, found, offset, most, turned=turned))

    async def after(self, tx: Tx, wish: Wish, cursor: str | None) -> tuple[list[Row], str | None]:
        """Rows after a cursor."""
        wish = await _placed(tx, wish)
        chosen, found = await self._decide(tx, wish)
        rows, following = await (
            super().after(tx, wish, cursor) if chosen is self else chosen.after(tx, found, cursor)
        )
        return await _shown(tx, rows), following

    async def all(self, tx: Tx, wish: Wish, *, portion: int = 2000) -> AsyncIterator[list[Row]]:
        """Every row, in portions."""
        wish = await _placed(tx, wish)
        found = _as_search(wish)
        portions = (
            self._found.all(tx, found, portion=portion) if found else super().all(tx, wish, portion=portion)
        )
        async for rows in portions:
            yield await _shown(tx, rows)

    async def count(self, tx: Tx, wish: Wish) -> int:
        """How many there are."""
        wish = await _placed(tx, wish)
        found = _as_search(wish)
        if found is None:
            return await super().count(tx, wish)
        if wish.conditions:
            return await self._found.count(tx, found)
        prefixes = _prefixes(wish.arguments["search"])
        places = {name: wish.arguments.get(name) for name in _PLACES}
        if any(place is not None for place in places.values()):
            counted = _sql.count_found_in(tx.connection, tenant_id=tx.tenant_id, **places, **prefixes)
        else:
            counted = _sql.count_found(tx.connection, tenant_id=tx.tenant_id, **prefixes)
        return int(await counted)

    async def keys(self, tx: Tx, wish: Wish) -> list[int]:
        """The ids of all, for an action on everything that is found."""
        wish = await _placed(tx, wish)
        found = _as_search(wish)
        return await (self._found.keys(tx, found) if found else super().keys(tx, wish))

    async def _decide(self, tx: Tx, wish: Wish) -> tuple[Listing, Wish]:
        found = _as_search(wish)
        if found is None:
            return self, wish
        return self._chosen(await self.count(tx, wish)), found

    def _chosen(self, total: int) -> Listing:
        return self._found if total <= _FEW else self._tested


_SEARCHES = ("found", "tested")
_PLACES = ("departments", "department")


async def _placed(tx: Tx, wish: Wish) -> Wish:
    """The wish with the department it names as the ids of it and all below."""
    department = wish.arguments.get("department")
    if not isinstance(department, int):
        return wish
    return replace(wish, arguments={**wish.arguments, "department": await subtree(tx, department)})


async def _shown(tx: Tx, rows: Sequence[Row]) -> list[Row]:
    """What is shown of people, in the order of `rows`."""
    ids = [row["id"] for row in rows]
    found = _sql.rows(tx.connection, tenant_id=tx.tenant_id, ids=ids)
    by_id = {row["id"]: row async for row in found}
    return [by_id[each] for each in ids]


def _as_search(wish: Wish) -> Wish | None:
    """The wish with what was typed as each column would have it; None when nothing is searched."""
    search = str(wish.arguments.get("search") or "").strip()
    return replace(wish, arguments={**wish.arguments, **_prefixes(search)}) if search else None


def _prefixes(search: str) -> dict[str, Any]:
    """Nothing begins with None."""
    digits = compact(search)
    uid = digits.replace(":", "").upper()
    is_digits = digits.isascii() and digits.removeprefix("+").isdigit()
    is_uid = len(uid) >= _UID_LEAST and all(one in "0123456789ABCDEF" for one in uid)
    is_card = is_digits and digits.isdigit() and len(digits) <= _CARD_MOST
    return {
        "number": plain(search) or None,
        "phone": digits if is_digits and len(digits) >= _PHONE_LEAST else None,
        "name": None if is_digits else normal(search) or None,
        "card": int(digits) if is_card else None,
        "uid": uid if is_uid else None,
    }


PERSONS = _People(
    Field("number", Kind.CODE),
    Field("name", sort=False, filter=False),
    Field("pinyin", filter=False),
    Field("department_id", Kind.ID, sort=False),
    Field("department", sort=False, filter=False),
    Field("class_id", Kind.ID, sort=False),
    Field("class_name", sort=False, filter=False),
    Field("gender", Kind.CHOICE, sort=False),
    Field("phone", Kind.CODE, sort=False),
    Field("email", sort=False, filter=False),
    Field("state", Kind.CHOICE, sort=False),
    Field("entered_on", Kind.DATE),
    Field("leaves_on", Kind.DATE, sort=False),
    Field("left_on", Kind.DATE, sort=False),
    Field("changed_at", Kind.INSTANT, sort=False),
    Field("cards", sort=False, filter=False),
    Field("version", Kind.NUMBER, sort=False, filter=False),
)
"""Arguments: `search`, what a number, phone, name, its pinyin or initials, or a card begins with (a name also
from its second character on); `department`, the id of one, with all below it, or ids; `departments`, ids of
those whose people the caller may see; None or left out for all. Rows also have `custom`, a JSON object by
field id, and `photo`, slot and content of the first. Names are ordered by `pinyin` and found by `search`;
what has no index is neither sorted by nor compared letter by letter."""
