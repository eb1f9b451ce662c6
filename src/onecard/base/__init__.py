"""Ids, clock, settings, statuses, the one door to the database and the embedded server behind it."""
