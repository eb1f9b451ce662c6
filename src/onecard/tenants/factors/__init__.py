"""Second factors of operators: codes of an app (TOTP), recovery codes, passkeys."""

from onecard.tenants.factors.model import Offered, Passkey, RelyingParty, Summary
from onecard.tenants.factors.passkeys import (
    begin_passkey,
    challenge_passkey,
    check_passkey,
    finish_passkey,
    remove_passkey,
    rename_passkey,
)
from onecard.tenants.factors.service import (
    available,
    begin_totp,
    check_code,
    finish_totp,
    new_recovery_codes,
    remove_totp,
    reset,
    summary,
)

__all__ = [
    "Offered",
    "Passkey",
    "RelyingParty",
    "Summary",
    "available",
    "begin_passkey",
    "begin_totp",
    "challenge_passkey",
    "check_code",
    "check_passkey",
    "finish_passkey",
    "finish_totp",
    "new_recovery_codes",
    "remove_passkey",
    "remove_totp",
    "rename_passkey",
    "reset",
    "summary",
]
