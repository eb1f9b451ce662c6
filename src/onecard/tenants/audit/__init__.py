"""The audit: append-only, hash-chained per tenant; written by the use cases, read by lists and proofs."""

from onecard.tenants.audit.model import Entry, differing
from onecard.tenants.audit.service import write

__all__ = ["Entry", "differing", "write"]
