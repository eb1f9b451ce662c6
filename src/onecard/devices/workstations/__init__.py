"""Workstations: the desks of a tenant, and the keys their agents sign in with."""
