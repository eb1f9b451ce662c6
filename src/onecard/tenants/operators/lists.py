"""Lists of operators and roles, page by page."""

from onecard.base.db import load_queries
from onecard.base.listing import Field, Kind, Listing

_lists = load_queries(__package__, "lists.sql")

# arguments: search (start of an account or part of a name), departments (ids; None: all operators)
OPERATORS = Listing(
    _lists,
    "operators",
    Field("account"),
    Field("name"),
    Field("department_id", Kind.ID),
    Field("department"),
    Field("all_departments", Kind.YES),
    Field("roles"),
    Field("grants", Kind.NUMBER),
    Field("state", Kind.CHOICE),
    Field("locked", Kind.YES),
    Field("may_sign_in_on_devices", Kind.YES),
    Field("may_top_up", Kind.YES),
    Field("ends_on", Kind.DATE),
    Field("signed_in_at", Kind.INSTANT),
    Field("remark"),
    order="account",
)

# argument: search (part of a name)
ROLES = Listing(
    _lists,
    "roles",
    Field("name"),
    Field("remark"),
    Field("built_in", Kind.YES),
    Field("functions", Kind.NUMBER),
    Field("operators", Kind.NUMBER),
    order="name",
)
