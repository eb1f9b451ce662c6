"""Desk: use cases that combine people, cards and ledger; the import of people from workbooks."""
