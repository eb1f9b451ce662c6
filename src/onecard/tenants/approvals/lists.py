"""The list of requests for approval."""

from onecard.base.db import load_queries
from onecard.base.listing import Field, Kind, Listing

APPROVALS = Listing(
    load_queries("onecard.tenants.approvals", "lists.sql"),
    "approvals",
    Field("function", Kind.CHOICE),
    Field("summary", sort=False, filter=False),
    Field("state", Kind.CHOICE),
    Field("asked_by", Kind.ID),
    Field("asker"),
    Field("asked_at", Kind.INSTANT),
    Field("ends_at", Kind.INSTANT),
    Field("decider"),
    Field("decided_at", Kind.INSTANT),
    Field("remark"),
    Field("done_at", Kind.INSTANT),
    order="asked_at",
    descending=True,
)
"""Newest first. Arguments: `now`, an aware datetime. `summary_of(row)` is the text of the summary."""
