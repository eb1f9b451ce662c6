"""The list of API keys."""

from onecard.base.db import load_queries
from onecard.base.listing import Field, Kind, Listing

KEYS = Listing(
    load_queries("onecard.tenants.api_keys", "lists.sql"),
    "keys",
    Field("name"),
    Field("account"),
    Field("operator_name"),
    Field("functions", sort=False, filter=False),
    Field("function_count", Kind.NUMBER),
    Field("department_ids", sort=False, filter=False),
    Field("created_at", Kind.INSTANT),
    Field("ends_at", Kind.INSTANT),
    Field("used_at", Kind.INSTANT),
    Field("used_from"),
    Field("state", Kind.CHOICE),
    order="name",
)
"""Arguments: `now`, an aware datetime. States: `valid`, `expired`, `revoked`."""
