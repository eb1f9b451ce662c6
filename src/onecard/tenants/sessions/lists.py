"""The list of sessions of all operators."""

from onecard.base.db import load_queries
from onecard.base.listing import Field, Kind, Listing

SESSIONS = Listing(
    load_queries("onecard.tenants.sessions", "lists.sql"),
    "sessions",
    Field("id", Kind.ID, sort=False),
    Field("account"),
    Field("name"),
    Field("operator_id", Kind.ID),
    Field("address"),
    Field("agent"),
    Field("method", Kind.CHOICE),
    Field("second_factor", Kind.CHOICE),
    Field("began_at", Kind.INSTANT),
    Field("seen_at", Kind.INSTANT),
    order="seen_at",
    descending=True,
)
"""Arguments: `now`, an aware datetime. The key `id` with `operator_id` is what `end` takes."""
