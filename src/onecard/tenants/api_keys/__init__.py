"""API keys: programs that act in an operator's name, and answers kept for requests that are repeated."""

from onecard.tenants.api_keys.idempotency import Busy, Claim, Different, Kept, begin, finish, give_up
from onecard.tenants.api_keys.lists import KEYS
from onecard.tenants.api_keys.model import KeyDraft, NewKey
from onecard.tenants.api_keys.service import create, resume_key, revoke

__all__ = [
    "KEYS",
    "Busy",
    "Claim",
    "Different",
    "Kept",
    "KeyDraft",
    "NewKey",
    "begin",
    "create",
    "finish",
    "give_up",
    "resume_key",
    "revoke",
]
