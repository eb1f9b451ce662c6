"""Lists of jobs."""

from onecard.base.db import load_queries
from onecard.base.listing import Field, Kind, Listing

JOBS = Listing(
    load_queries("onecard.base.jobs", "lists.sql"),
    "jobs",
    Field("id", Kind.NUMBER),
    Field("kind", Kind.CHOICE),
    Field("asked_by"),
    Field("asked_at", Kind.INSTANT),
    Field("state", Kind.CHOICE),
    Field("started_at", Kind.INSTANT),
    Field("ended_at", Kind.INSTANT),
    order="id",
    descending=True,
)
"""Newest first; argument `asked_by`: an actor's name, or None for everybody's. Title, step and sentence are
stored texts: `wording.load` makes them readable."""
