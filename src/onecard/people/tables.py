"""Short lists: departments, account classes, custom fields; people themselves are in `lists.py`."""

from onecard.base.db import load_queries
from onecard.base.listing import Field, Kind, Listing

_sql = load_queries("onecard.people", "tables.sql")

# arguments: search (part of a name or start of a code), departments (ids; None: all)
DEPARTMENTS = Listing(
    _sql,
    "departments",
    Field("name", sort=False),
    Field("code"),
    Field("path", sort=False, filter=False),
    Field("depth", Kind.NUMBER, sort=False, filter=False),
    Field("place", Kind.NUMBER, filter=False),
    Field("parent_id", Kind.ID, sort=False, filter=False),
    Field("people", Kind.NUMBER),
    Field("people_below", Kind.NUMBER),
    order="place",
)

# argument: search (part of a name or start of a number)
CLASSES = Listing(
    _sql,
    "classes",
    Field("number", Kind.NUMBER),
    Field("name"),
    Field("card_fee_fen", Kind.MONEY),
    Field("deposit_fen", Kind.MONEY),
    Field("floor_fen", Kind.MONEY),
    Field("transaction_limit_fen", Kind.MONEY),
    Field("meal_limit_fen", Kind.MONEY),
    Field("meal_limit_count", Kind.NUMBER),
    Field("day_limit_fen", Kind.MONEY),
    Field("day_limit_count", Kind.NUMBER),
    Field("overdraft_fen", Kind.MONEY),
    Field("pin_above_fen", Kind.MONEY),
    Field("valid_days", Kind.NUMBER),
    Field("valid_until", Kind.DATE),
    Field("cards_most", Kind.NUMBER),
    Field("version", Kind.NUMBER),
    Field("people", Kind.NUMBER),
    order="number",
)

# argument: search (part of a name)
FIELDS = Listing(
    _sql,
    "fields",
    Field("name"),
    Field("kind", Kind.CHOICE),
    Field("choices", sort=False, filter=False),
    Field("required", Kind.YES),
    Field("position", Kind.NUMBER, filter=False),
    order="position",
)
