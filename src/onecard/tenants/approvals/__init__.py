"""Approvals: what one operator asks for, another decides, and is done once."""

from onecard.tenants.approvals.lists import APPROVALS
from onecard.tenants.approvals.model import Approval, Claimed, summary_of
from onecard.tenants.approvals.service import ask, claim, decide, get, waiting, withdraw

__all__ = [
    "APPROVALS",
    "Approval",
    "Claimed",
    "ask",
    "claim",
    "decide",
    "get",
    "summary_of",
    "waiting",
    "withdraw",
]
